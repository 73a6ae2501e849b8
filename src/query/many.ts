import { AthanorError } from '../base/errors.js';
import type { GraphBook } from '../memory/graph-book.js';
import type { ShardLock } from '../memory/lock.js';
import { type GraphColumns, GraphState } from '../project/graph-columns.js';
import type { NodeColumns } from '../project/node-columns.js';
import type { SpatialRegions } from '../spatial/layout.js';
import { ANY_KIND } from '../spatial/queries.js';
import type { ShardQueries } from '../spatial/shard-queries.js';

/**
 * Work that is done in one hold of the shard's read lock: a query counts as this much and each hit as 1. A dozen queries
 * of 30 hits, some 15 microseconds.
 */
const QUERY_WORK = 16;
const HOLD_WORK = 512;
/** Work between two looks at the clock. */
const BREATH_WORK = 4096;
/** A reader waits a quantum. One that waits for longer than this gives way: a lost writer's shard has to be recovered. */
const LOCK_MS = 20;

/**
 * A batch of queries. All arrays are over shared memory. Windows of chunks are searched one after the other into the
 * arena, in no order, and put from there into the result in query order: so only the result is as large as the answer.
 */
export interface ManyBatch {
  readonly queries: number;
  readonly perChunk: number;
  readonly chunks: number;
  readonly chunksPerWindow: number;
  readonly graph: number;
  readonly generation: number;
  readonly shard: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array | undefined;
  /** Of `within`, or undefined. */
  readonly radius: number | Float64Array | undefined;
  /** Of `nearest`, or 0. */
  readonly k: number;
  /** Hits by query. */
  readonly counts: Uint32Array;
  /** By chunk: hits; where they stand in the arena, -1 where they did not fit; and where they go. */
  readonly chunkHits: Float64Array;
  readonly chunkAt: Float64Array;
  readonly chunkStart: Float64Array;
  /** By window: where its hits go. One more for the end. */
  readonly windowStart: Float64Array;
  readonly arenaRows: Uint32Array;
  readonly arenaDistances: Float64Array | undefined;
  readonly offsets: Uint32Array;
  /** Room for the result; distances as long where there are any. */
  readonly handles: Uint32Array;
  readonly distances: Float64Array | undefined;
  /** Word 0: elements of the arena that are taken. */
  readonly taken: Uint32Array;
  /** Why the stage ended, and what was wanted; see ManyEnd. */
  readonly outcome: Float64Array;
}

/** Words of a batch's `outcome`. The stage ends early when the arena or the result is too small, and goes on with a larger. */
export const ManyEnd = { phase: 0, arenaWanted: 1, resultWanted: 2 } as const;

/** What of an engine's memory the queries read. */
export interface ManyMemory {
  readonly lock: ShardLock;
  readonly graphs: GraphColumns;
  readonly graphBook: GraphBook;
  readonly spatial: SpatialRegions;
  readonly nodes: NodeColumns;
  queriesOf(shard: number): ShardQueries;
}

/**
 * Worker thread. Phase 2 w searches window w, chunk by chunk: each query sees the shard between two events. Phase 2 w + 1
 * puts the window's hits into the result.
 */
export class ManyQueries {
  readonly #memory: ManyMemory;
  readonly #thread: number;
  readonly #batch: ManyBatch;
  readonly #breathe: () => boolean;
  readonly #queries: ShardQueries;
  #rows = new Uint32Array(8192);
  #distances = new Float64Array(0);
  #sinceBreath = 0;

  constructor(memory: ManyMemory, thread: number, batch: ManyBatch, breathe: () => boolean) {
    this.#memory = memory;
    this.#thread = thread;
    this.#batch = batch;
    this.#breathe = breathe;
    this.#queries = memory.queriesOf(batch.shard);
    if (batch.k > 0) this.#distances = new Float64Array(this.#rows.length);
  }

  chunk(phase: number, index: number): boolean {
    const chunk = (phase >>> 1) * this.#batch.chunksPerWindow + index;
    if ((phase & 1) === 0) return this.#search(chunk);
    this.#place(chunk);
    return true;
  }

  /** Repeatable: a window's sums depend on its chunks and on the window before alone. */
  next(phase: number): { phase: number; chunks: number } | undefined {
    const { chunks, chunksPerWindow, chunkHits, chunkAt, chunkStart, windowStart, outcome } = this.#batch;
    const window = phase >>> 1;
    const first = window * chunksPerWindow;
    const end = Math.min(chunks, first + chunksPerWindow);
    if ((phase & 1) === 1) {
      if (end === chunks) return undefined;
      // Nobody searches: the arena is free again.
      this.#batch.taken[0] = 0;
      return { phase: phase + 1, chunks: Math.min(chunksPerWindow, chunks - end) };
    }
    let at = windowStart[window]!;
    let missing = false;
    for (let chunk = first; chunk < end; chunk++) {
      chunkStart[chunk] = at;
      at += chunkHits[chunk]!;
      if (chunkAt[chunk]! < 0) missing = true;
    }
    windowStart[window + 1] = at;
    outcome[ManyEnd.phase] = missing ? phase : phase + 1;
    outcome[ManyEnd.arenaWanted] = missing ? at - windowStart[window]! : 0;
    outcome[ManyEnd.resultWanted] = at > this.#batch.handles.length ? at : 0;
    return missing || at > this.#batch.handles.length ? undefined : { phase: phase + 1, chunks: end - first };
  }

  bytes(): number {
    const { windowStart, arenaRows, distances } = this.#batch;
    // Starts grow from window to window; those of windows that were not searched are 0.
    const hits = windowStart.reduce((most, start) => (start > most ? start : most), 0);
    return (hits + Math.min(hits, arenaRows.length)) * (distances === undefined ? 4 : 12);
  }

  // ------------------------------------------------------------ search

  #search(chunk: number): boolean {
    const { queries, perChunk, counts } = this.#batch;
    const end = Math.min(queries, (chunk + 1) * perChunk);
    let found = 0;
    for (let query = chunk * perChunk; query < end; ) {
      const until = this.#hold(query, end, found);
      if (until < 0) return false;
      for (; query < until; query++) found += counts[query]!;
      if (this.#sinceBreath < BREATH_WORK) continue;
      this.#sinceBreath = 0;
      if (!this.#breathe()) return false;
    }
    this.#store(chunk, found);
    return true;
  }

  /** Some queries under one hold of the lock, their hits behind `found`. The first that is left, or -1 without the lock. */
  #hold(from: number, end: number, found: number): number {
    const { lock, graphs, graphBook } = this.#memory;
    const { shard, graph, generation, counts } = this.#batch;
    if (!lock.acquireRead(shard, this.#thread, LOCK_MS)) return -1;
    let query = from;
    let work = 0;
    try {
      // A graph that is removed meanwhile answers empty, and so does one that has its row since.
      const there = graphs.state[graph] === GraphState.alive && graphBook.generation[graph] === generation;
      for (let at = found; query < end && work < HOLD_WORK; query++) {
        const hits = there ? this.#ask(query, at) : 0;
        counts[query] = hits;
        at += hits;
        work += QUERY_WORK + hits;
      }
    } finally {
      lock.releaseRead(shard, this.#thread);
    }
    this.#sinceBreath += work;
    return query;
  }

  #ask(query: number, at: number): number {
    const { graph, x, y, z, radius, k } = this.#batch;
    const atX = x[query]!;
    const atY = y[query]!;
    const atZ = z === undefined ? 0 : z[query]!;
    // Checked before the job: what somebody has made of shared columns since is at no place.
    if (atX - atX !== 0 || atY - atY !== 0 || atZ - atZ !== 0) return 0;
    if (radius === undefined) {
      const most = Math.min(k, this.#memory.spatial.index.count[graph]!);
      if (most === 0) return 0;
      if (at + most > this.#rows.length) this.#grow(at, most);
      const far = Number.POSITIVE_INFINITY;
      return this.#queries.nearest(graph, atX, atY, atZ, most, far, ANY_KIND, this.#rows, this.#distances, at);
    }
    const reach = typeof radius === 'number' ? radius : radius[query]!;
    if (!(reach >= 0)) return 0;
    for (;;) {
      const rows = this.#rows;
      const hits = this.#queries.within(graph, atX, atY, atZ, reach, ANY_KIND, rows, at, rows.length);
      if (at + hits <= rows.length) return hits;
      this.#grow(at, hits);
    }
  }

  /** Room for `more` behind the first `kept`, and as much again. */
  #grow(kept: number, more: number): void {
    const rows = new Uint32Array(2 * (kept + more));
    rows.set(this.#rows.subarray(0, kept));
    this.#rows = rows;
    if (this.#batch.k === 0) return;
    const distances = new Float64Array(rows.length);
    distances.set(this.#distances.subarray(0, kept));
    this.#distances = distances;
  }

  /** Puts the chunk's hits into the arena, if they fit; how many they are is told either way. */
  #store(chunk: number, found: number): void {
    const { arenaRows, arenaDistances, taken, chunkHits, chunkAt } = this.#batch;
    const room = arenaRows.length;
    let at = -1;
    // Only the number is shared: which elements are whose. What is written there is published by the chunk's completion.
    for (let seen = Atomics.load(taken, 0); seen + found <= room; ) {
      const before = Atomics.compareExchange(taken, 0, seen, seen + found);
      if (before === seen) {
        at = seen;
        break;
      }
      seen = before;
    }
    chunkHits[chunk] = found;
    chunkAt[chunk] = at;
    if (at < 0) return;
    arenaRows.set(this.#rows.subarray(0, found), at);
    arenaDistances?.set(this.#distances.subarray(0, found), at);
  }

  // ------------------------------------------------------------ place

  #place(chunk: number): void {
    const { queries, perChunk, counts, chunkHits, chunkAt, chunkStart, offsets } = this.#batch;
    const { handles, distances, arenaRows, arenaDistances } = this.#batch;
    const start = chunkStart[chunk]!;
    const hits = chunkHits[chunk]!;
    const end = Math.min(queries, (chunk + 1) * perChunk);
    let at = start;
    for (let query = chunk * perChunk; query < end; query++) {
      at += counts[query]!;
      offsets[query + 1] = at;
    }
    const from = chunkAt[chunk]!;
    handles.set(arenaRows.subarray(from, from + hits), start);
    distances?.set(arenaDistances!.subarray(from, from + hits), start);
  }
}

/** Worker thread: what is done so far goes into a larger result. */
export class ManyCopy {
  readonly #copy: ManyCopyTask;

  constructor(copy: ManyCopyTask) {
    this.#copy = copy;
  }

  chunk(_phase: number, chunk: number): boolean {
    const { from, to, fromDistances, toDistances, count } = this.#copy;
    const end = Math.min(count, (chunk + 1) * COPY_CHUNK);
    to.set(from.subarray(chunk * COPY_CHUNK, end), chunk * COPY_CHUNK);
    if (fromDistances !== undefined) {
      toDistances!.set(fromDistances.subarray(chunk * COPY_CHUNK, end), chunk * COPY_CHUNK);
    }
    return true;
  }

  next(): undefined {}
}

export interface ManyCopyTask {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly fromDistances: Float64Array | undefined;
  readonly toDistances: Float64Array | undefined;
  readonly count: number;
}

/** Elements copied in one chunk. */
export const COPY_CHUNK = 65_536;

/** What an offset can name. */
export const MOST_HITS = 2 ** 32 - 1;

/** @throws AthanorError ATHANOR_CAPACITY when so many results cannot be held. */
export function checkResults(name: string, results: number, bytesEach: number, limitBytes: number): void {
  if (results > MOST_HITS) {
    throw new AthanorError('ATHANOR_CAPACITY', `${name}: ${results} results, and their numbers end at ${MOST_HITS}`);
  }
  if (results * bytesEach > limitBytes) {
    throw new AthanorError(
      'ATHANOR_CAPACITY',
      `${name}: ${results} results of ${bytesEach} bytes are more than ${limitBytes} bytes, half of the memory there is`,
    );
  }
}
