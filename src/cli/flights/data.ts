import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseCsv } from 'csv-parse/sync';
import { openParquet, type ParquetFile } from '../file/parquet.js';
import { Problem } from '../problem.js';
import type { Place } from './sphere.js';

export interface Airport extends Place {
  iata: string;
  name: string;
  city: string;
  state: string;
}

/** Flights in order of departure, as columns; airports by their index in `FlightData.airports`. */
export interface FlightColumns {
  count: number;
  /** Departure, in milliseconds since the epoch as if the clock of the data were UTC: it states no zone. */
  departure: Float64Array;
  origin: Uint16Array;
  destination: Uint16Array;
}

/** The flights and airports of the npm package `vega-datasets`. */
export class FlightData {
  readonly airports: readonly Airport[];
  readonly flights: number;
  readonly #indexOf = new Map<string, number>();
  readonly #parquet: ParquetFile;

  private constructor(airports: Airport[], parquet: ParquetFile) {
    this.airports = airports;
    airports.forEach((airport, index) => {
      this.#indexOf.set(airport.iata, index);
    });
    this.#parquet = parquet;
    this.flights = Number(parquet.metadata.num_rows);
  }

  static async open(): Promise<FlightData> {
    const folder = await dataFolder();
    const airports = parseAirports(await readFile(join(folder, 'airports.csv'), 'utf8'));
    return new FlightData(airports, await openParquet(join(folder, 'flights-3m.parquet')));
  }

  airport(iata: string): number {
    const index = this.#indexOf.get(iata);
    if (index === undefined)
      throw new Problem(`the flights of vega-datasets name an airport it does not list: ${iata}`);
    return index;
  }

  /** One row group (273,000 flights) at a time: the whole file as JavaScript values takes 820 MB. */
  async *groups(): AsyncGenerator<FlightColumns> {
    let rowStart = 0;
    for (const group of this.#parquet.metadata.row_groups) {
      const count = Number(group.num_rows);
      const columns: FlightColumns = {
        count,
        departure: new Float64Array(count),
        origin: new Uint16Array(count),
        destination: new Uint16Array(count),
      };
      await this.#column('date', rowStart, count, (values) => columns.departure.set(values as number[]));
      await this.#column('origin', rowStart, count, (values) => this.#indexInto(values, columns.origin));
      await this.#column('destination', rowStart, count, (values) => this.#indexInto(values, columns.destination));
      yield columns;
      rowStart += count;
    }
  }

  async #column(name: string, rowStart: number, count: number, take: (values: ArrayLike<unknown>) => void) {
    const { file, metadata, compressors, read } = this.#parquet;
    await read({
      file,
      metadata,
      compressors,
      columns: [name],
      rowStart,
      rowEnd: rowStart + count,
      // Microseconds arrive as BigInt. Only distinct values are parsed: the column is a dictionary.
      parsers: { timestampFromMicroseconds: (micros) => Number(micros) / 1000 },
      onChunk: (chunk) => take(chunk.columnData),
    });
  }

  #indexInto(iatas: ArrayLike<unknown>, into: Uint16Array): void {
    for (let i = 0; i < iatas.length; i++) into[i] = this.airport(iatas[i] as string);
  }
}

function notInstalled(name: string): Problem {
  return new Problem(
    `the npm package ${name} is not installed: npm install vega-datasets hyparquet hyparquet-compressors`,
  );
}

/** The package's `exports` hides its data folder, so its main entry is resolved and the folder looked for above it. */
async function dataFolder(): Promise<string> {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve('vega-datasets')));
  } catch {
    throw notInstalled('vega-datasets');
  }
  for (;;) {
    const data = join(folder, 'data');
    try {
      await access(join(data, 'flights-3m.parquet'));
      return data;
    } catch {
      const parent = dirname(folder);
      if (parent === folder) throw notInstalled('vega-datasets (with its data/flights-3m.parquet)');
      folder = parent;
    }
  }
}

function parseAirports(text: string): Airport[] {
  const [header, ...rows] = parseCsv(text) as [string[], ...string[][]];
  const column = (name: string): number => header.indexOf(name);
  const [iata, name, city, state] = [column('iata'), column('name'), column('city'), column('state')];
  const [latitude, longitude] = [column('latitude'), column('longitude')];
  return rows.map((row) => ({
    iata: row[iata]!,
    name: row[name]!,
    city: row[city]!,
    state: row[state]!,
    latitude: Number(row[latitude]),
    longitude: Number(row[longitude]),
  }));
}
