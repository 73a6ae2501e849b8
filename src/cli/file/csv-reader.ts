import type { EngineEvent } from '../../index.js';
import { Problem } from '../problem.js';
import type { RunOptions } from '../source.js';
import { graphNameOf } from '../source-name.js';
import { ABSENT, type Columns, columnNames, columnsOf, foundIn, type Role, twiceNamed } from './columns.js';
import { CsvParser, type CsvRow } from './csv.js';
import type { Input } from './input.js';
import { MAX_LINE_BYTES } from './lines.js';
import type { FileRecord, RecordReader } from './records.js';
import { parseTime } from './time.js';

const COMMA = ',';
/** What may separate columns where it is not said. */
const GUESSES: ReadonlyArray<readonly [delimiter: string, name: string]> = [
  [COMMA, 'commas'],
  ['\t', 'tabs'],
  [';', 'semicolons'],
  ['|', 'bars'],
];
/** Longest id, in bytes of UTF-8: the engine's limit. */
const MAX_ID_BYTES = 1024;

/** Separated values with a header: each row moves the node it names, and with a kind upserts it. @throws Problem */
export function csvReader(options: RunOptions, notes: string[] = []): RecordReader {
  const names = columnNames(options);
  const graph = graphNameOf(options);
  const delimiter = delimiterAsked(options);
  return async function* read(input, signal) {
    const reading = new CsvReading(input, names, { graph, delimiter, notes });
    for await (const chunk of input.chunks(signal)) yield reading.push(chunk);
    if (signal?.aborted !== true) yield reading.end();
  };
}

/** @throws Problem */
function delimiterAsked({ delimiter, source }: RunOptions): string | undefined {
  if (delimiter === undefined) return /\.tsv(\.gz)?$/i.test(source) ? '\t' : undefined;
  const one = { tab: '\t', '\\t': '\t', comma: COMMA, semicolon: ';', space: ' ' }[delimiter] ?? delimiter;
  if (one.length !== 1 || one > '~' || /["\r\n]/.test(one)) {
    throw new Problem(`--delimiter "${delimiter}": it is not one ASCII character, nor tab, comma, semicolon or space`);
  }
  return one;
}

/** A file as it comes in: first its header, and with it the delimiter, then its rows. */
class CsvReading {
  readonly #input: Input;
  readonly #names: Record<Role, string | undefined>;
  readonly #graph: string;
  readonly #notes: string[];
  readonly #delimiters: ReadonlyArray<readonly [string, string]>;
  #records: FileRecord[] = [];
  /** Until the header is whole. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #parser: CsvParser | undefined;
  #columns: Columns | undefined;
  #width = 0;
  #isHeader = true;

  constructor(
    input: Input,
    names: Record<Role, string | undefined>,
    given: { graph: string; delimiter: string | undefined; notes: string[] },
  ) {
    this.#input = input;
    this.#names = names;
    this.#graph = given.graph;
    this.#notes = given.notes;
    this.#delimiters = given.delimiter === undefined ? GUESSES : [[given.delimiter, given.delimiter]];
  }

  push(chunk: Buffer): FileRecord[] {
    if (this.#head === undefined) {
      this.#parser!.push(chunk);
    } else {
      this.#head = Buffer.concat([this.#head, chunk]);
      this.#begin(this.#head, false);
    }
    return this.#taken();
  }

  end(): FileRecord[] {
    if (this.#head !== undefined) this.#begin(this.#head, true);
    if (this.#parser === undefined) {
      throw new Problem(`${this.#input.path} is empty: there is no header to find the columns in`);
    }
    this.#parser.end();
    return this.#taken();
  }

  #taken(): FileRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** Where the head of the file has a whole header: chooses the delimiter by which most of the columns are there. */
  #begin(head: Buffer, final: boolean): void {
    let best: { delimiter: string; name: string; header: string[]; found: number } | undefined;
    let fault: string | undefined;
    for (const [delimiter, name] of this.#delimiters) {
      const header = headerOf(head, delimiter, final);
      if (typeof header === 'string') fault ??= header;
      if (header === undefined || typeof header === 'string') continue;
      const found = foundIn(header, this.#names);
      if (best === undefined || found > best.found || (found === best.found && header.length > best.header.length)) {
        best = { delimiter, name, header, found };
      }
    }
    if (head.subarray(0, MAX_LINE_BYTES).includes(0)) {
      throw new Problem(`${this.#input.path} holds zeros: where it is UTF-16, --encoding utf-16le or utf-16be says so`);
    }
    if (best === undefined && fault !== undefined) {
      throw new Problem(`${this.#input.path} has no header that can be read: its first row is bad, ${fault}`);
    }
    if (best === undefined) return;
    const { header, delimiter, name } = best;
    this.#columns = columnsOf(this.#input.path, header, this.#names);
    this.#width = header.length;
    if (this.#delimiters.length > 1 && delimiter !== COMMA) {
      this.#notes.push(`The columns are separated by ${name}: that was guessed, --delimiter says otherwise.`);
    }
    const twice = twiceNamed(header);
    if (twice.length > 0)
      this.#notes.push(`Columns whose name stands twice, and which are not read: ${twice.join(', ')}.`);
    this.#head = undefined;
    this.#parser = new CsvParser(
      delimiter,
      (row, line) => this.#take(row, line),
      (line, reason) => this.#records.push({ line, reason }),
    );
    this.#parser.push(head);
  }

  #take(row: CsvRow, line: number): void {
    if (this.#isHeader) {
      this.#isHeader = false;
      return;
    }
    if (row.count === this.#width) {
      this.#records.push(recordOf(this.#graph, this.#columns!, row, line));
    } else {
      this.#records.push({ line, reason: `${row.count} columns where the header has ${this.#width}` });
    }
  }
}

/** The first row; why it is none, or undefined where it is not whole. */
function headerOf(head: Buffer, delimiter: string, final: boolean): string[] | string | undefined {
  let header: string[] | string | undefined;
  const parser = new CsvParser(
    delimiter,
    (row) => {
      header ??= row.texts();
    },
    (_line, reason) => {
      header ??= reason;
    },
  );
  parser.push(head);
  if (final) parser.end();
  return header;
}

function recordOf(graph: string, columns: Columns, row: CsvRow, line: number): FileRecord {
  const bad = (reason: string): FileRecord => ({ line, reason });
  if (row.length(columns.id) === 0) return bad('the id is empty');
  if (row.length(columns.id) > MAX_ID_BYTES) return bad(`the id is longer than ${MAX_ID_BYTES} bytes`);
  // Ids stay strings even where they look like numbers: '007' and '7' are two ships.
  const node = row.text(columns.id);
  const x = row.decimal(columns.x);
  if (!Number.isFinite(x)) return bad(notNumber('x', row.text(columns.x), x));
  const y = row.decimal(columns.y);
  if (!Number.isFinite(y)) return bad(notNumber('y', row.text(columns.y), y));
  const event: EngineEvent & { type: 'node.moved' | 'node.upserted' } = { type: 'node.moved', graph, node, x, y };
  if (columns.z !== ABSENT) {
    const z = row.decimal(columns.z);
    if (!Number.isFinite(z)) return bad(notNumber('z', row.text(columns.z), z));
    event.z = z;
  }
  if (columns.time !== ABSENT) {
    const text = row.text(columns.time);
    const time = parseTime(text);
    if (Number.isNaN(time)) return bad(`time is "${short(text)}", neither ISO 8601 nor a number`);
    event.time = time;
  }
  const kind = columns.kind === ABSENT ? '' : row.text(columns.kind);
  return { line, event: kind === '' ? event : { ...event, type: 'node.upserted', kind } };
}

function notNumber(column: string, text: string, value: number): string {
  return `${column} is "${short(text)}", ${Number.isNaN(value) ? 'not a number' : 'beyond the largest number'}`;
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
