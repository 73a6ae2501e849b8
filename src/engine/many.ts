import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { type Memory, resultBytesLimit } from '../memory/reserve.js';
import type { Job } from '../pool/jobs.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkCount, checkDistance, checkQuery, refuseZ } from '../query/check.js';
import { type Arena, checkHits, type ManyBatch, MOST_HITS, type Placing, type SearchRound } from '../query/many.js';
import type { EngineCore } from './core.js';

/** Query i's answer is `handles.subarray(offsets[i], offsets[i + 1])`, and `distances` likewise. Over shared memory. */
export interface NodeSets {
  offsets: Uint32Array;
  handles: Uint32Array;
  /** Of `nearestMany`. */
  distances?: Float64Array;
}

/** Queries of `withinMany` in columns; what is over a SharedArrayBuffer is used in place, the rest is copied once. */
export interface WithinManyQueries {
  x: Float64Array;
  y: Float64Array;
  z?: Float64Array;
  radius: number | Float64Array;
}

export interface NearestManyQueries {
  x: Float64Array;
  y: Float64Array;
  z?: Float64Array;
  k: number;
}

/** Queries of a chunk, at most: about a tenth of a millisecond of them. */
const MOST_PER_CHUNK = 64;
const MOST_CHUNKS = 2 ** 20;
/** Elements that the first arena has: reserved, not touched. What does not fit goes into a second that is large enough. */
const ARENA_PER_QUERY = 256;
const LEAST_ARENA = 2 ** 14;
const MOST_FIRST_ARENA = 2 ** 29;

function checkColumn(field: string, column: unknown, length: number): asserts column is Float64Array {
  if (!(column instanceof Float64Array)) {
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
  readonly radius: number | Float64Array | undefined;
  readonly k: number;
}

function checkPlaces(queries: { x: Float64Array; y: Float64Array; z?: Float64Array }): void {
  checkQuery(queries);
  const { x, y } = queries;
  if (!(x instanceof Float64Array)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `x: ${show(x)} is not a Float64Array`);
  }
  checkColumn('y', y, x.length);
  refuseZ(queries);
  checkValues('x', x, Number.NEGATIVE_INFINITY);
  checkValues('y', y, Number.NEGATIVE_INFINITY);
}

export function checkWithinMany(queries: WithinManyQueries): Queries {
  checkPlaces(queries);
  const { x, y, radius } = queries;
  if (radius instanceof Float64Array) {
    checkColumn('radius', radius, x.length);
    checkValues('radius', radius, 0);
  } else {
    checkDistance('radius', radius);
  }
  return { x, y, radius, k: 0 };
}

export function checkNearestMany(queries: NearestManyQueries): Queries {
  checkPlaces(queries);
  const { x, y, k } = queries;
  checkCount('k', k);
  return { x, y, radius: undefined, k };
}

/** Answers a batch of queries on the pool. */
export async function runMany(
  core: EngineCore,
  ref: GraphRef,
  name: string,
  queries: Queries,
  options: { signal?: AbortSignal },
): Promise<NodeSets> {
  return core.jobs.run(name, { signal: options.signal }, async (job) => {
    const { memory } = job;
    const count = queries.x.length;
    const graph = core.readRow(ref);
    const generation = graph === NO_ROW ? 0 : core.memory.graphBook.generation[graph]!;
    const withDistances = queries.k > 0;
    const offsets = memory.u32(`${name}.offsets`, count + 1);
    if (graph === NO_ROW || count === 0) return setsOf(memory, offsets, 0, withDistances);
    const batch = batchOf(memory, count);
    const chunks = batch.chunkHits.length;
    const places = {
      x: shared(memory, queries.x),
      y: shared(memory, queries.y),
      z: undefined,
      radius: queries.radius instanceof Float64Array ? shared(memory, queries.radius) : queries.radius,
    };
    const bytesEach = withDistances ? 12 : 4;
    const guess = withDistances ? Math.min(queries.k, core.memory.graphs.order[graph]!) : ARENA_PER_QUERY;
    let room = Math.min(MOST_FIRST_ARENA, Math.max(LEAST_ARENA, count * guess));
    const arenas: Arena[] = [];
    let left: Uint32Array | undefined;
    for (;;) {
      const arena = arenaOf(memory, room, withDistances);
      const round: SearchRound = {
        batch,
        ...places,
        graph,
        generation,
        shard: core.shardOf(graph),
        k: queries.k,
        chunks: left,
        arenaNumber: arenas.length,
        arena,
        taken: memory.u32(`${name}.taken`, 1),
      };
      arenas.push(arena);
      await job.stage({ kernel: 'many.search', data: round, first: { phase: 0, chunks: left?.length ?? chunks } });
      const { missing, missingHits, hits } = countHits(batch);
      checkHits(name, hits, 2 * bytesEach, resultBytesLimit());
      if (missing.length === 0) return place(job, batch, arenas, offsets, hits, withDistances);
      left = memory.u32(`${name}.left`, missing.length);
      left.set(missing);
      // Events applied meanwhile may bring more hits: a fourth more, and another round where that is not enough.
      room = Math.min(MOST_HITS, Math.max(LEAST_ARENA, Math.ceil(missingHits * 1.25)));
    }
  });
}

function batchOf(memory: Memory, queries: number): ManyBatch {
  const perChunk = Math.max(Math.min(MOST_PER_CHUNK, Math.ceil(queries / 64)), Math.ceil(queries / MOST_CHUNKS));
  const chunks = Math.ceil(queries / perChunk);
  return {
    queries,
    perChunk,
    counts: memory.u32('many.counts', queries),
    chunkHits: memory.f64('many.chunkHits', chunks),
    chunkArena: memory.u32('many.chunkArena', chunks),
    chunkAt: memory.f64('many.chunkAt', chunks),
  };
}

/** The system may refuse what was guessed: then a smaller one, and more rounds. */
function arenaOf(memory: Memory, room: number, withDistances: boolean): Arena {
  const bytesEach = withDistances ? 12 : 4;
  const buffer = memory.reserveUpTo('many.arena', room * bytesEach, LEAST_ARENA * bytesEach);
  const fits = Math.floor(Math.min(room, buffer.byteLength / bytesEach) / 2) * 2;
  // Distances first: rows behind them need no alignment of their own.
  const rows = new Uint32Array(buffer as ArrayBufferLike as ArrayBuffer, fits * (bytesEach - 4), fits);
  if (!withDistances) return { rows, distances: undefined };
  return { rows, distances: new Float64Array(buffer as ArrayBufferLike as ArrayBuffer, 0, fits) };
}

function shared(memory: Memory, column: Float64Array): Float64Array {
  if (column.buffer instanceof SharedArrayBuffer) return column;
  const copy = memory.f64('many.column', column.length);
  copy.set(column);
  return copy;
}

function countHits(batch: ManyBatch): { missing: number[]; missingHits: number; hits: number } {
  const { chunkHits, chunkAt } = batch;
  const missing: number[] = [];
  let missingHits = 0;
  let hits = 0;
  for (let chunk = 0; chunk < chunkHits.length; chunk++) {
    hits += chunkHits[chunk]!;
    if (chunkAt[chunk]! >= 0) continue;
    missing.push(chunk);
    missingHits += chunkHits[chunk]!;
  }
  return { missing, missingHits, hits };
}

function setsOf(memory: Memory, offsets: Uint32Array, hits: number, withDistances: boolean): NodeSets {
  const handles = memory.u32('many.handles', hits);
  if (!withDistances) return { offsets, handles };
  return { offsets, handles, distances: memory.f64('many.distances', hits) };
}

async function place(
  job: Job,
  batch: ManyBatch,
  arenas: Arena[],
  offsets: Uint32Array,
  hits: number,
  withDistances: boolean,
): Promise<NodeSets> {
  const sets = setsOf(job.memory, offsets, hits, withDistances);
  const chunks = batch.chunkHits.length;
  const chunkStart = job.memory.f64('many.chunkStart', chunks);
  let at = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    chunkStart[chunk] = at;
    at += batch.chunkHits[chunk]!;
  }
  const placing: Placing = { batch, arenas, chunkStart, offsets, handles: sets.handles, distances: sets.distances };
  await job.stage({ kernel: 'many.place', data: placing, first: { phase: 0, chunks } });
  return sets;
}
