import { types } from 'node:util';
import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { unreadable } from '../base/option-names.js';
import { Space } from '../base/space.js';
import { type Memory, resultBytesLimit, weigh } from '../memory/reserve.js';
import type { Job, JobOptions } from '../pool/jobs.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkCount, checkDegrees, checkDistance, checkObject } from '../query/check.js';
import { readQuery } from '../query/fields.js';
import { COPY_CHUNK, checkResults, type ManyBatch, type ManyCopyTask, ManyEnd, MOST_HITS } from '../query/many.js';
import type { EngineCore } from './core.js';
import { readJobOptions } from './job-options.js';

/** Query i's answer is `handles.subarray(offsets[i], offsets[i + 1])`, and `distances` likewise. Over shared memory. */
export interface NodeSets {
  /** The answer of query i is what stands from `offsets[i]` to `offsets[i + 1]`. */
  offsets: Uint32Array;
  /** Handles of all answers, one query after another. */
  handles: Uint32Array;
  /** Distance of each node: of `nearestMany` only. */
  distances?: Float64Array;
}

/** Answers of `nearestMany`, each nearest first. */
export interface RankedNodeSets extends NodeSets {
  /** Distance of each node, in the order of the handles. */
  distances: Float64Array;
}

/** Queries of `withinMany` in columns; what is over a SharedArrayBuffer is used in place, the rest is copied once. */
export interface WithinManyQueries {
  /** One for each query. */
  x: Float64Array;
  /** One for each query. */
  y: Float64Array;
  /** One for each query, in graphs of 3 dimensions. */
  z?: Float64Array;
  /** In the unit of the graph, of all queries or one for each. */
  radius: number | Float64Array;
}

/** Queries of `nearestMany`, in columns of equal length. */
export interface NearestManyQueries {
  /** One for each query. */
  x: Float64Array;
  /** One for each query. */
  y: Float64Array;
  /** One for each query, in graphs of 3 dimensions. */
  z?: Float64Array;
  /** Nodes wanted, of all queries or one for each. */
  k: number;
}

/** Queries of a chunk, at most: about a tenth of a millisecond of them. */
const MOST_PER_CHUNK = 64;
/** And at least: a second worker for less would cost more than it helps. */
const LEAST_PER_CHUNK = 16;
const MOST_CHUNKS = 2 ** 20;
/** Queries whose hits stand in the arena at a time. */
const WINDOW_QUERIES = 65_536;
/** Hits a query that arena and result have room for at first: reserved, not touched. */
const HITS_FORESEEN = 256;
const LEAST_ROOM = 2 ** 14;
const MOST_FORESEEN = 2 ** 28;

/** Fields of single queries that batches do not have: ignored, they would change the answer in silence. */
const OF_SINGLE_QUERIES = ['kind', 'limit', 'sort', 'filter', 'maxDistance'];
function checkColumn(field: string, column: unknown, length: number): asserts column is Float64Array {
  if (!types.isFloat64Array(column)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(column)} is not a Float64Array`);
  }
  if (column.length !== length) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${column.length} values, and x has ${length}`);
  }
}

function checkValues(field: string, column: Float64Array, least: number): void {
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    // Not finite, or below: one comparison each keeps this at a nanosecond a value.
    if (value - value === 0 && value >= least) continue;
    if (least === 0 && value === Number.POSITIVE_INFINITY) continue;
    const wanted = least === 0 ? 'a number from 0 up' : 'a finite number';
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}[${i}]: ${show(value)} is not ${wanted}`);
  }
}

/** The checked queries of either kind. */
interface Queries {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array | undefined;
  readonly radius: number | Float64Array | undefined;
  readonly k: number;
}

/** The fields as a plain object: each is read once. */
function readBatch<T extends WithinManyQueries | NearestManyQueries>(
  queries: T,
  names: ReadonlyArray<keyof T & string>,
): T {
  checkObject('query', queries);
  for (const name of OF_SINGLE_QUERIES) {
    if (!hasField(queries, name)) continue;
    throw new AthanorError('ATHANOR_INVALID_QUERY', `queries.${name}: batches of queries do not have it`);
  }
  return readQuery(queries, names, 'queries');
}

function hasField(queries: object, name: string): boolean {
  try {
    return name in queries;
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_QUERY', 'queries', error);
  }
}

function checkPlaces(space: number, queries: { x: Float64Array; y: Float64Array; z?: Float64Array }): void {
  const { x, y, z } = queries;
  if (!types.isFloat64Array(x)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `x: ${show(x)} is not a Float64Array`);
  }
  checkColumn('y', y, x.length);
  if (space === Space.solid) {
    checkColumn('z', z, x.length);
    checkValues('z', z, Number.NEGATIVE_INFINITY);
  } else if (z !== undefined) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', 'z: a column of it in a graph of 2 dimensions');
  }
  checkValues('x', x, Number.NEGATIVE_INFINITY);
  checkValues('y', y, Number.NEGATIVE_INFINITY);
  if (space !== Space.sphere) return;
  for (let i = 0; i < x.length; i++) checkDegrees(x[i]!, `x[${i}]`, y[i]!, `y[${i}]`);
}

export function checkWithinMany(space: number, given: WithinManyQueries): Queries {
  const queries = readBatch(given, ['x', 'y', 'z', 'radius']);
  checkPlaces(space, queries);
  const { x, y, z, radius } = queries;
  if (types.isFloat64Array(radius)) {
    checkColumn('radius', radius, x.length);
    checkValues('radius', radius, 0);
  } else {
    checkDistance('radius', radius);
  }
  return { x, y, z, radius, k: 0 };
}

export function checkNearestMany(space: number, given: NearestManyQueries): Queries {
  const queries = readBatch(given, ['x', 'y', 'z', 'k']);
  checkPlaces(space, queries);
  const { x, y, z, k } = queries;
  checkCount('k', k);
  return { x, y, z, radius: undefined, k };
}

/** Answers a batch of queries on the pool. */
export async function runMany(
  core: EngineCore,
  ref: GraphRef,
  name: string,
  queries: Queries,
  given: JobOptions,
): Promise<NodeSets> {
  const options = readJobOptions(given);
  return core.jobs.run(name, options, async (job) => {
    const graph = core.readRow(ref);
    const count = queries.x.length;
    if (graph !== NO_ROW && count > 0) return answer(job, batchOf(core, job, graph, queries));
    const offsets = job.memory.u32('many.offsets', count + 1);
    const handles = job.memory.u32('many.handles', 0);
    return queries.k === 0
      ? { offsets, handles }
      : { offsets, handles, distances: job.memory.f64('many.distances', 0) };
  });
}

async function answer(job: Job, first: ManyBatch): Promise<NodeSets> {
  let batch = first;
  const bytesEach = batch.distances === undefined ? 4 : 12;
  const windows = batch.windowStart.length - 1;
  for (let phase = 0; ; ) {
    const { chunks, chunksPerWindow, outcome } = batch;
    const from = (phase >>> 1) * chunksPerWindow;
    await job.stage({
      kernel: 'many.queries',
      data: batch,
      first: { phase, chunks: Math.min(chunksPerWindow, chunks - from) },
      mostChunks: chunksPerWindow,
    });
    const arenaWanted = outcome[ManyEnd.arenaWanted]!;
    const resultWanted = outcome[ManyEnd.resultWanted]!;
    if (arenaWanted === 0 && resultWanted === 0) break;
    phase = outcome[ManyEnd.phase]!;
    const soFar = batch.windowStart[phase >>> 1]!;
    checkResults(job.name, Math.max(soFar + arenaWanted, resultWanted), bytesEach, resultBytesLimit());
    // Events applied meanwhile may bring more hits: a fourth more, and once more where that is not enough.
    if (arenaWanted > 0) {
      batch = { ...batch, ...arenaOf(job.memory, arenaWanted * 1.25, arenaWanted, batch.k > 0) };
    }
    batch.taken[0] = 0;
    if (resultWanted > 0) {
      // As much for each window that is left as for those that are done, and at least twice as much as there was.
      const foreseen = (resultWanted / ((phase >>> 1) + 1)) * windows * 1.1;
      const wanted = Math.max(resultWanted, foreseen, 2 * batch.handles.length);
      batch = await enlarged(job, batch, soFar, wanted, resultWanted);
    }
  }
  const hits = batch.windowStart[windows]!;
  checkResults(job.name, hits, bytesEach, resultBytesLimit());
  const { offsets, handles, distances } = batch;
  weigh(handles.buffer, hits * bytesEach);
  if (distances === undefined) return { offsets, handles: handles.subarray(0, hits) };
  return { offsets, handles: handles.subarray(0, hits), distances: distances.subarray(0, hits) };
}

function batchOf(core: EngineCore, job: Job, graph: number, asked: Queries): ManyBatch {
  const { memory } = job;
  const queries = asked.x.length;
  const fewest = Math.ceil(queries / MOST_CHUNKS);
  const perChunk = Math.max(LEAST_PER_CHUNK, fewest, Math.min(MOST_PER_CHUNK, Math.ceil(queries / 64)));
  const chunks = Math.ceil(queries / perChunk);
  const chunksPerWindow = Math.min(chunks, Math.max(64, Math.ceil(WINDOW_QUERIES / perChunk)));
  const windows = Math.ceil(chunks / chunksPerWindow);
  const withDistances = asked.k > 0;
  const each = withDistances ? Math.max(1, Math.min(asked.k, core.memory.graphs.order[graph]!)) : HITS_FORESEEN;
  const column = (values: Float64Array): Float64Array => {
    if (values.buffer instanceof SharedArrayBuffer) return values;
    const copy = memory.f64('many.column', values.length);
    copy.set(values);
    return copy;
  };
  return {
    queries,
    perChunk,
    chunks,
    chunksPerWindow,
    graph,
    generation: core.memory.graphBook.generation[graph]!,
    shard: core.shardOf(graph),
    x: column(asked.x),
    y: column(asked.y),
    z: asked.z === undefined ? undefined : column(asked.z),
    radius: types.isFloat64Array(asked.radius) ? column(asked.radius) : asked.radius,
    k: asked.k,
    counts: memory.u32('many.counts', queries),
    chunkHits: memory.f64('many.chunkHits', chunks),
    chunkAt: memory.f64('many.chunkAt', chunks),
    chunkStart: memory.f64('many.chunkStart', chunks),
    windowStart: memory.f64('many.windowStart', windows + 1),
    offsets: memory.u32('many.offsets', queries + 1),
    taken: memory.u32('many.taken', 1),
    outcome: memory.f64('many.outcome', 3),
    ...arenaOf(memory, Math.min(MOST_FORESEEN, Math.min(queries, WINDOW_QUERIES) * each), 0, withDistances),
    ...resultOf(memory, Math.min(MOST_FORESEEN, queries * each), 0, withDistances),
  };
}

/** Rows, and distances where they are asked for, in one buffer. */
interface Room {
  readonly rows: Uint32Array;
  readonly distances: Float64Array | undefined;
}

/** Room for `wanted` elements, or as many as the system grants down to `least`. */
function roomOf(memory: Memory, name: string, wanted: number, least: number, withDistances: boolean): Room {
  const bytesEach = withDistances ? 12 : 4;
  const most = Math.min(MOST_HITS, Math.max(LEAST_ROOM, Math.ceil(wanted)));
  const fewest = Math.min(most, Math.max(LEAST_ROOM, Math.ceil(least)));
  const buffer = memory.reserveUpTo(name, most * bytesEach, fewest * bytesEach);
  const room = Math.min(most, Math.floor(buffer.byteLength / bytesEach));
  const shared = buffer as ArrayBufferLike as ArrayBuffer;
  // Distances first: rows behind them are aligned wherever they start.
  if (!withDistances) return { rows: new Uint32Array(shared, 0, room), distances: undefined };
  return { rows: new Uint32Array(shared, room * 8, room), distances: new Float64Array(shared, 0, room) };
}

function arenaOf(memory: Memory, wanted: number, least: number, withDistances: boolean) {
  const { rows, distances } = roomOf(memory, 'many.arena', wanted, least, withDistances);
  return { arenaRows: rows, arenaDistances: distances };
}

function resultOf(memory: Memory, wanted: number, least: number, withDistances: boolean) {
  const { rows, distances } = roomOf(memory, 'many.result', wanted, least, withDistances);
  return { handles: rows, distances };
}

/** The same batch with room for `wanted` results, or for `least` at least; the `count` that are there are copied. */
async function enlarged(job: Job, batch: ManyBatch, count: number, wanted: number, least: number): Promise<ManyBatch> {
  const result = resultOf(job.memory, wanted, least, batch.k > 0);
  const copy: ManyCopyTask = {
    from: batch.handles,
    to: result.handles,
    fromDistances: batch.distances,
    toDistances: result.distances,
    count,
  };
  if (count > 0) {
    const chunks = Math.ceil(count / COPY_CHUNK);
    await job.stage({ kernel: 'many.copy', data: copy, first: { phase: 0, chunks } });
  }
  return { ...batch, ...result };
}
