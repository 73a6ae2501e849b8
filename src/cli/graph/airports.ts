import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import type { Engine, EngineEvent, GraphOptions } from '../../index.js';
import { Input, unreadable } from '../file/input.js';
import { publishAll } from '../pace.js';
import { codeOf, Problem } from '../problem.js';
import { BadRows } from '../source.js';
import { distanceBetween } from '../space/distance.js';
import { spaceOf } from '../space/space.js';
import type { GraphSource } from './source.js';

const ON_EARTH: GraphOptions = { metric: 'haversine' };
/** Stands for what is not known. */
const NULL = '\\N';
/** Events that are published at once. */
const BATCH = 512;

interface Airport {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  known: boolean;
}

/**
 * The routes of OpenFlights in ATHANOR_DATA: airports that have one are nodes, by their code; an airline's route is an edge
 * of the airline's kind, its weight the great circle in kilometres.
 */
export class AirportsSource implements GraphSource {
  readonly name = 'airports';
  readonly graph = 'airports';
  readonly graphOptions = ON_EARTH;
  readonly capacity = {};
  readonly notes: string[] = [
    "Weights are great circles in kilometres, kinds the airlines' codes. Data: openflights.org, ODbL.",
  ];
  readonly badRows = new BadRows();
  rows = 0;
  edges = 0;
  readonly #airports: Input;
  readonly #routes: Input;

  private constructor(airports: Input, routes: Input) {
    this.#airports = airports;
    this.#routes = routes;
  }

  static async open(): Promise<AirportsSource> {
    const folder = process.env.ATHANOR_DATA;
    if (folder === undefined || folder === '') {
      throw new Problem('airports are not here: set ATHANOR_DATA to the folder of openflights/routes.dat.gz');
    }
    const open = (file: string): Promise<Input> => Input.open(join(folder, 'openflights', file));
    return new AirportsSource(await open('airports.dat.gz'), await open('routes.dat.gz'));
  }

  async load(engine: Engine, signal: AbortSignal): Promise<void> {
    const airports = new Map<string, Airport>();
    for await (const [number, name, , , iata, icao, latitude, longitude] of rowsOf(this.#airports)) {
      const id = [iata, icao].find((code) => code !== NULL && code !== '') ?? `#${number}`;
      airports.set(number!, { id, name: name!, x: Number(longitude), y: Number(latitude), known: false });
    }
    const space = spaceOf(ON_EARTH);
    let events: EngineEvent[] = [];
    let unresolved = 0;
    const meet = (airport: Airport): void => {
      if (airport.known) return;
      airport.known = true;
      const { id: node, x, y, name } = airport;
      events.push({ type: 'node.upserted', graph: this.graph, node, x, y, data: { name } });
    };
    for await (const [airline, , , from, , to] of rowsOf(this.#routes)) {
      if (signal.aborted) break;
      this.rows++;
      const [source, target] = [airports.get(from!), airports.get(to!)];
      if (source === undefined || target === undefined) {
        unresolved++;
        continue;
      }
      meet(source);
      meet(target);
      const weight = distanceBetween(space, { ...source, z: 0 }, { ...target, z: 0 }) / 1000;
      const kind = airline!;
      events.push({ type: 'edge.upserted', graph: this.graph, source: source.id, target: target.id, kind, weight });
      this.edges++;
      if (events.length < BATCH) continue;
      await publishAll(engine, events);
      events = [];
    }
    await publishAll(engine, events);
    if (unresolved > 0) this.notes.push(`${unresolved} routes name an airport that is not in the list: left out.`);
  }

  done(): number {
    return this.#routes.done;
  }
}

async function* rowsOf(input: Input): AsyncGenerator<string[]> {
  try {
    const rows = parse({ relax_column_count: true, skip_empty_lines: true });
    yield* pipeline(Readable.from(input.chunks()), rows, () => {}) as AsyncIterable<string[]>;
  } catch (error) {
    throw codeOf(error).startsWith('ATHANOR') ? error : unreadable(input.path, error);
  }
}
