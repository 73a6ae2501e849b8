import { basename } from 'node:path';
import { pipeline } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import type { EngineEvent, GraphOptions } from '../../index.js';
import { firstLine, Problem } from '../problem.js';
import type { RunOptions } from '../source.js';
import type { Input } from './input.js';
import { linesOf, MAX_LINE_BYTES } from './lines.js';
import { parseTime } from './time.js';

/** A row of a file: the event it became, or why it became none. */
export type FileRecord = { line: number; event: EngineEvent } | { line: number; reason: string };

/** Reads the records of a file one after the other. */
export type RecordReader = (input: Input) => AsyncGenerator<FileRecord>;

interface Columns {
  id: number;
  x: number;
  y: number;
  z: number;
  time: number;
  kind: number;
}

const ABSENT = -1;

/** Comma-separated values with a header: each row moves the node it names, and with a kind upserts it. */
export function csvReader(options: RunOptions): RecordReader {
  const { id, x, y } = options;
  if (id === undefined || x === undefined || y === undefined) {
    throw new Problem(`${options.source} needs --id COL --x COL --y COL, the columns to read`);
  }
  const names = { id, x, y, z: options.z, time: options.time, kind: options.kind };
  const graph = csvGraphOf(options);
  return async function* read(input) {
    const skipped: FileRecord[] = [];
    let lastSkipped = 0;
    const parser = pipeline(
      input.stream(),
      parse({
        bom: true,
        info: true,
        relax_column_count: true,
        skip_empty_lines: true,
        skip_records_with_error: true,
        max_record_size: MAX_LINE_BYTES,
        on_skip: (error: CsvError | undefined) => {
          const line = Number((error as { lines?: number } | undefined)?.lines ?? 0);
          // Each quote out of place is reported for itself; a row is bad once.
          if (line !== lastSkipped) skipped.push({ line, reason: firstLine(error) });
          lastSkipped = line;
          return undefined;
        },
      }),
      () => {},
    );
    let columns: Columns | undefined;
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (columns === undefined) columns = columnsOf(input.path, record, names);
      else yield csvRecord(graph, columns, record, info.lines);
      while (skipped.length > 0) yield skipped.shift()!;
    }
    yield* skipped;
    if (columns === undefined) throw new Problem(`${input.path} is empty: there is no header to find the columns in`);
  };
}

function columnsOf(path: string, header: string[], names: Record<keyof Columns, string | undefined>): Columns {
  const find = (option: keyof Columns): number => {
    const name = names[option];
    if (name === undefined) return ABSENT;
    const index = header.indexOf(name);
    if (index !== ABSENT) return index;
    throw new Problem(`${path} has no column "${name}" (--${option}); its columns are ${header.join(', ')}`);
  };
  return { id: find('id'), x: find('x'), y: find('y'), z: find('z'), time: find('time'), kind: find('kind') };
}

function csvRecord(graph: string, columns: Columns, record: string[], line: number): FileRecord {
  const bad = (reason: string): FileRecord => ({ line, reason });
  const needed = Math.max(...Object.values(columns)) + 1;
  if (record.length < needed) return bad(`${record.length} columns where ${needed} are needed`);
  // Ids stay strings even where they look like numbers: '007' and '7' are two ships.
  const node = record[columns.id]!;
  if (node === '') return bad('the id is empty');
  const x = coordinate(record[columns.x]!);
  if (Number.isNaN(x)) return bad(`x is "${record[columns.x]}", not a number`);
  const y = coordinate(record[columns.y]!);
  if (Number.isNaN(y)) return bad(`y is "${record[columns.y]}", not a number`);
  const z = columns.z === ABSENT ? undefined : coordinate(record[columns.z]!);
  if (Number.isNaN(z)) return bad(`z is "${record[columns.z]}", not a number`);
  const event: EngineEvent & { type: 'node.moved' | 'node.upserted' } = { type: 'node.moved', graph, node, x, y };
  if (z !== undefined) event.z = z;
  if (columns.time !== ABSENT) {
    const time = parseTime(record[columns.time]!);
    if (Number.isNaN(time)) return bad(`time is "${record[columns.time]}", neither ISO 8601 nor a number`);
    event.time = time;
  }
  const kind = columns.kind === ABSENT ? '' : record[columns.kind]!;
  return { line, event: kind === '' ? event : { ...event, type: 'node.upserted', kind } };
}

function coordinate(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** The one graph of a csv file: 'data/ais.csv.gz' → 'ais', where the options do not name it. */
export function csvGraphOf(options: RunOptions): string {
  return options.graph ?? (basename(options.source).replace(/(\.csv)?(\.gz)?$/i, '') || 'file');
}

/** One event of the public surface a line, as JSON; empty lines are skipped. The engine itself refuses what is no event. */
export function ndjsonReader(metric?: GraphOptions['metric']): RecordReader {
  return async function* read(input) {
    for await (const lines of linesOf(input.stream())) {
      for (const { number, text } of lines) {
        if (text === undefined) yield { line: number, reason: `longer than ${MAX_LINE_BYTES} bytes` };
        else if (text.trim() !== '') yield jsonRecord(number, text, metric);
      }
    }
  };
}

function jsonRecord(line: number, text: string, metric: GraphOptions['metric']): FileRecord {
  try {
    const event: unknown = JSON.parse(text);
    if (typeof event !== 'object' || event === null || Array.isArray(event))
      return { line, reason: 'not a JSON object' };
    return { line, event: measured(event as EngineEvent, metric) };
  } catch (error) {
    return { line, reason: `not JSON: ${firstLine(error)}` };
  }
}

/** A graph that is created without a metric gets the one asked for. */
function measured(event: EngineEvent, metric: GraphOptions['metric']): EngineEvent {
  if (metric === undefined || event.type !== 'graph.created' || event.options?.metric !== undefined) return event;
  return { ...event, options: { ...event.options, metric } };
}
