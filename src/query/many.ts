import { AthanorError } from '../base/errors.js';
import type { GraphBook } from '../memory/graph-book.js';
import type { ShardLock } from '../memory/lock.js';
import { type GraphColumns, GraphState } from '../project/graph-columns.js';
import type { NodeColumns } from '../project/node-columns.js';
import type { SpatialRegions } from '../spatial/layout.js';
import { ANY_KIND, TreeQueries } from '../spatial/queries.js';

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

/** Where workers put what they find, in no order. */
export interface Arena {
  readonly rows: Uint32Array;
  /** Of `nearest` alone. */
  readonly distances: Float64Array | undefined;
}

/** What a batch of queries is, and where each chunk of it stands. All arrays are over shared memory. */
export interface ManyBatch {
  readonly queries: number;
  readonly perChunk: number;
  /** Hits by query. */
  readonly counts: Uint32Array;
  /** By chunk: hits, the arena that holds them, and where; -1 where no arena does. */
  readonly chunkHits: Float64Array;
  readonly chunkArena: Uint32Array;
  readonly chunkAt: Float64Array;
}

/** One round of searching: into the arena of that number, until it is full. */
export interface SearchRound {
  readonly batch: ManyBatch;
  readonly graph: number;
  readonly generation: number;
  readonly shard: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array | undefined;
  /** `within`, or undefined. */
  readonly radius: number | Float64Array | undefined;
  /** `nearest`, or 0. */
  readonly k: number;
  /** The batch's chunks that this round is about; undefined = all. */
  readonly chunks: Uint32Array | undefined;
  readonly arenaNumber: number;
  readonly arena: Arena;
  /** One word: elements of the arena that are taken. */
  readonly taken: Uint32Array;
}

/** What of an engine's memory the queries read. */
export interface ManyMemory {
  readonly lock: ShardLock;
  readonly graphs: GraphColumns;
  readonly graphBook: GraphBook;
  readonly spatial: SpatialRegions;
  readonly nodes: NodeColumns;
}

/** Worker thread. Answers the queries of a round chunk by chunk; each sees the shard between two events. */
export class ManySearch {
  readonly #memory: ManyMemory;
  readonly #thread: number;
  readonly #round: SearchRound;
  readonly #breathe: () => boolean;
  readonly #trees: TreeQueries;
  #rows = new Uint32Array(4096);
  #distances = new Float64Array(0);
  #sinceBreath = 0;

  constructor(memory: ManyMemory, thread: number, round: SearchRound, breathe: () => boolean) {
    this.#memory = memory;
    this.#thread = thread;
    this.#round = round;
    this.#breathe = breathe;
    this.#trees = new TreeQueries(memory.spatial, round.shard, memory.nodes.kind);
    if (round.k > 0) this.#distances = new Float64Array(this.#rows.length);
  }

  chunk(_phase: number, index: number): boolean {
    const { batch, chunks } = this.#round;
    const chunk = chunks === undefined ? index : chunks[index]!;
    const end = Math.min(batch.queries, (chunk + 1) * batch.perChunk);
    let found = 0;
    for (let query = chunk * batch.perChunk; query < end; ) {
      const until = this.#hold(query, end, found);
      if (until < 0) return false;
      for (; query < until; query++) found += batch.counts[query]!;
      if (this.#sinceBreath < BREATH_WORK) continue;
      this.#sinceBreath = 0;
      if (!this.#breathe()) return false;
    }
    this.#store(chunk, found);
    return true;
  }

  next(): undefined {}

  /** Some queries under one hold of the lock, their hits behind `found`. The first that is left, or -1 without the lock. */
  #hold(from: number, end: number, found: number): number {
    const { lock, graphs, graphBook } = this.#memory;
    const { shard, graph, generation, batch } = this.#round;
    if (!lock.acquireRead(shard, this.#thread, LOCK_MS)) return -1;
    let query = from;
    let work = 0;
    try {
      // A graph that is removed meanwhile answers empty, and so does one that has its row since.
      const there = graphs.state[graph] === GraphState.alive && graphBook.generation[graph] === generation;
      for (let at = found; query < end && work < HOLD_WORK; query++) {
        const hits = there ? this.#ask(query, at) : 0;
        batch.counts[query] = hits;
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
    const { graph, x, y, radius, k } = this.#round;
    if (radius === undefined) {
      const most = Math.min(k, this.#memory.spatial.index.count[graph]!);
      if (most === 0) return 0;
      if (at + most > this.#rows.length) this.#grow(at, most);
      const far = Number.POSITIVE_INFINITY;
      return this.#trees.nearest(graph, x[query]!, y[query]!, most, far, ANY_KIND, this.#rows, this.#distances, at);
    }
    const reach = typeof radius === 'number' ? radius : radius[query]!;
    for (;;) {
      const rows = this.#rows;
      const hits = this.#trees.within(graph, x[query]!, y[query]!, reach, ANY_KIND, rows, at, rows.length);
      if (at + hits <= rows.length) return hits;
      this.#grow(at, hits);
    }
  }

  /** Room for `more` behind the first `kept`, and as much again. */
  #grow(kept: number, more: number): void {
    const rows = new Uint32Array(2 * (kept + more));
    rows.set(this.#rows.subarray(0, kept));
    this.#rows = rows;
    if (this.#round.k === 0) return;
    const distances = new Float64Array(rows.length);
    distances.set(this.#distances.subarray(0, kept));
    this.#distances = distances;
  }

  /** Puts the chunk's hits into the arena, if they fit; how many they are is told either way. */
  #store(chunk: number, found: number): void {
    const { batch, arena, arenaNumber, taken } = this.#round;
    const room = arena.rows.length;
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
    batch.chunkHits[chunk] = found;
    batch.chunkAt[chunk] = at;
    if (at < 0) return;
    batch.chunkArena[chunk] = arenaNumber;
    arena.rows.set(this.#rows.subarray(0, found), at);
    arena.distances?.set(this.#distances.subarray(0, found), at);
  }
}

/** The second part: every chunk's hits go to their place in query order. */
export interface Placing {
  readonly batch: ManyBatch;
  readonly arenas: readonly Arena[];
  /** By chunk: where its hits go. */
  readonly chunkStart: Float64Array;
  readonly offsets: Uint32Array;
  readonly handles: Uint32Array;
  readonly distances: Float64Array | undefined;
}

/** Worker thread. */
export class ManyPlace {
  readonly #placing: Placing;

  constructor(placing: Placing) {
    this.#placing = placing;
  }

  chunk(_phase: number, chunk: number): boolean {
    const { batch, arenas, chunkStart, offsets, handles, distances } = this.#placing;
    const start = chunkStart[chunk]!;
    const hits = batch.chunkHits[chunk]!;
    const end = Math.min(batch.queries, (chunk + 1) * batch.perChunk);
    let at = start;
    for (let query = chunk * batch.perChunk; query < end; query++) {
      at += batch.counts[query]!;
      offsets[query + 1] = at;
    }
    if (hits === 0) return true;
    const arena = arenas[batch.chunkArena[chunk]!]!;
    const from = batch.chunkAt[chunk]!;
    handles.set(arena.rows.subarray(from, from + hits), start);
    distances?.set(arena.distances!.subarray(from, from + hits), start);
    return true;
  }

  next(): undefined {}
}

/** Elements of an arena, and of a result: what an offset can name. */
export const MOST_HITS = 2 ** 32 - 1;

/** @throws AthanorError ATHANOR_CAPACITY when so many hits cannot be held twice: as they are found, and in their place. */
export function checkHits(name: string, hits: number, bytesEach: number, limitBytes: number): void {
  if (hits > MOST_HITS) {
    throw new AthanorError('ATHANOR_CAPACITY', `${name}: ${hits} results, and offsets count to ${MOST_HITS}`);
  }
  if (hits * bytesEach > limitBytes) {
    throw new AthanorError(
      'ATHANOR_CAPACITY',
      `${name}: ${hits} results of ${bytesEach} bytes are more than ${limitBytes} bytes, half of the memory there is: ask for less at a time`,
    );
  }
}
