import type { AsyncBuffer, Compressors, FileMetaData } from 'hyparquet';
import type { EngineEvent, NodeId } from '../../index.js';
import { firstLine, Problem } from '../problem.js';
import type { RunOptions } from '../source.js';
import { graphNameOf } from '../source-name.js';
import { type Columns, columnNames, columnsOf, ROLES, type Role } from './columns.js';
import { decimalOf } from './decimal.js';
import { isStandardInput } from './input.js';
import type { FileRecord, RecordReader } from './records.js';
import { instantOf, parseTime } from './time.js';

/** Rows that become records at once. */
const BATCH = 512;

type Module = typeof import('hyparquet');

export interface ParquetFile {
  file: AsyncBuffer;
  metadata: FileMetaData;
  compressors: Compressors;
  read: Module['parquetRead'];
}

/** What opens and reads Parquet, where it is installed. @throws Problem */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await installed('hyparquet', import('hyparquet'));
  const { compressors } = await installed('hyparquet-compressors', import('hyparquet-compressors'));
  try {
    const file = await asyncBufferFromFile(path);
    return { file, metadata: await parquetMetadataAsync(file), compressors, read: parquetRead };
  } catch (error) {
    throw new Problem(`cannot read ${path}: ${firstLine(error)}`);
  }
}

async function installed<T>(name: string, module: Promise<T>): Promise<T> {
  try {
    return await module;
  } catch {
    throw new Problem(
      `the npm package ${name} is not installed, which reads Parquet: npm install hyparquet hyparquet-compressors`,
    );
  }
}

/** Rows of a Parquet file, as those of a csv: one row group at a time, of the columns that are read only. @throws Problem */
export function parquetReader(options: RunOptions): RecordReader {
  const names = columnNames(options);
  const graph = graphNameOf(options);
  if (isStandardInput(options.source)) {
    throw new Problem('Parquet is read from its end: it needs a file, not the standard input');
  }
  return async function* read(input, signal) {
    const parquet = await openParquet(options.source);
    // Of a nested column the name of its root: such a one gives no number, and its rows say so.
    const columns = columnsOf(input.path, rootsOf(parquet.metadata), names);
    let row = 0;
    for (const { num_rows } of parquet.metadata.row_groups) {
      const values = await columnValues(parquet, names, row, row + Number(num_rows));
      const count = values.id!.length;
      for (let from = 0; from < count && signal?.aborted !== true; from += BATCH) {
        const records: FileRecord[] = [];
        const to = Math.min(count, from + BATCH);
        for (let i = from; i < to; i++) records.push(recordOf(graph, columns, values, i, row + i + 1));
        yield records;
      }
      if (signal?.aborted === true) return;
      row += count;
    }
  };
}

/** Names of the columns: of the tree of the schema, depth first, the children of its root. */
function rootsOf({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let i = 0; i < (schema[at]?.num_children ?? 0); i++) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) names.push(schema[at]!.name);
  return names;
}

type Values = Partial<Record<Role, unknown[]>>;

async function columnValues(
  { file, metadata, compressors, read }: ParquetFile,
  names: Record<Role, string | undefined>,
  rowStart: number,
  rowEnd: number,
): Promise<Values> {
  const values: Values = {};
  for (const role of ROLES) {
    const name = names[role];
    if (name === undefined) continue;
    const column: unknown[] = (values[role] = new Array(rowEnd - rowStart));
    const onChunk = ({ columnData, rowStart: at }: { columnData: ArrayLike<unknown>; rowStart: number }): void => {
      for (let i = 0; i < columnData.length; i++) {
        const to = at + i - rowStart;
        if (to >= 0 && to < column.length) column[to] = columnData[i];
      }
    };
    await read({ file, metadata, compressors, columns: [name], rowStart, rowEnd, onChunk });
  }
  return values;
}

function recordOf(graph: string, columns: Columns, values: Values, i: number, line: number): FileRecord {
  const bad = (reason: string): FileRecord => ({ line, reason });
  const node = idOf(values.id![i]);
  if (node === undefined) return bad(`id is ${shown(values.id![i])}, neither text nor a whole number`);
  if (node === '') return bad('the id is empty');
  const event = { type: 'node.moved', graph, node } as EngineEvent & { type: 'node.moved' };
  for (const axis of ['x', 'y', 'z'] as const) {
    if (columns[axis] < 0) continue;
    const value = numberOf(values[axis]![i]);
    if (!Number.isFinite(value)) return bad(`${axis} is ${shown(values[axis]![i])}, not a number`);
    event[axis] = value;
  }
  if (columns.time >= 0) {
    const time = timeOf(values.time![i]);
    if (Number.isNaN(time)) return bad(`time is ${shown(values.time![i])}, neither a time nor a number`);
    event.time = time;
  }
  const kind = columns.kind < 0 ? undefined : values.kind![i];
  if (kind === undefined || kind === null || kind === '') return { line, event };
  return { line, event: { ...event, type: 'node.upserted', kind: String(kind) } };
}

/** A number stays one: of a typed file 7 and '7' are two nodes. */
function idOf(value: unknown): NodeId | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function numberOf(value: unknown): number {
  if (typeof value === 'string') return decimalOf(value);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
}

function timeOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string') return parseTime(value);
  return typeof value === 'number' || typeof value === 'bigint' ? instantOf(Number(value)) : Number.NaN;
}

function shown(value: unknown): string {
  const text =
    typeof value === 'string' ? `"${value}"` : typeof value === 'object' && value !== null ? 'nested' : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
