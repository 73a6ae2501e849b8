import { Both, In, Out, type ShardEdges } from '../graph/shard-edges.js';
import { type NodeColumns, NodeFlag } from '../project/node-columns.js';
import { ANY_KIND } from '../spatial/queries.js';
import type { ShardQueries } from '../spatial/shard-queries.js';
import type { Ball } from './ball.js';
import type { Slab } from './node-set.js';
import type { ReadLock } from './read-lock.js';

/** A place, in the coordinates of the graph that is asked; z counts in a solid alone. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export interface Box {
  readonly minX: number;
  readonly minY: number;
  readonly minZ: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly maxZ: number;
}

/**
 * One thread's synchronous reads of one shard: each sees the shard between two events, under its read lock. Rows and graph
 * rows come in; nothing here knows ids.
 */
export class ShardReader {
  readonly edges: ShardEdges;
  /** To be asked under the lock. */
  readonly queries: ShardQueries;
  readonly #lock: ReadLock;
  readonly #nodes: NodeColumns;

  constructor(parts: {
    lock: ReadLock;
    nodes: NodeColumns;
    queries: ShardQueries;
    edges: ShardEdges;
  }) {
    this.#lock = parts.lock;
    this.#nodes = parts.nodes;
    this.queries = parts.queries;
    this.edges = parts.edges;
  }

  /** @throws AthanorError ATHANOR_SHARD_BUSY when the shard's writer does not let go in time. */
  lock(): void {
    this.#lock.acquire();
  }

  /** As `lock`; false when the writer does not let go in so many milliseconds. */
  tryLock(ms: number): boolean {
    return this.#lock.tryAcquire(ms);
  }

  unlock(): void {
    this.#lock.release();
  }

  isAlive(row: number): boolean {
    return (this.#nodes.flags[row]! & NodeFlag.alive) !== 0;
  }

  /** Into a caller's array: the number found, of which as many as fit are written. */
  withinInto(graph: number, x: number, y: number, z: number, radius: number, out: Uint32Array): number {
    this.lock();
    try {
      return this.queries.within(graph, x, y, z, radius, ANY_KIND, out, 0, out.length);
    } finally {
      this.unlock();
    }
  }

  nearestInto(
    graph: number,
    x: number,
    y: number,
    z: number,
    k: number,
    rows: Uint32Array,
    distances: Float64Array,
  ): number {
    this.lock();
    try {
      return this.queries.nearest(graph, x, y, z, k, Number.POSITIVE_INFINITY, ANY_KIND, rows, distances, 0);
    } finally {
      this.unlock();
    }
  }

  /** Into the slab behind `at`; the number found, at most `limit`. */
  within(graph: number, at: Point, radius: number, kind: number, limit: number, slab: Slab): number {
    const { x, y, z } = at;
    this.lock();
    try {
      let end = Math.min(slab.rows.length, slab.at + limit);
      let found = this.queries.within(graph, x, y, z, radius, kind, slab.rows, slab.at, end);
      if (found > end - slab.at && end - slab.at < limit) {
        slab.reserve(Math.min(found, limit));
        end = slab.at + Math.min(found, limit);
        found = this.queries.within(graph, x, y, z, radius, kind, slab.rows, slab.at, end);
      }
      return Math.min(found, limit);
    } finally {
      this.unlock();
    }
  }

  /** As `within`, nearest first with distances: sorted before the limit is applied. */
  withinSorted(graph: number, at: Point, radius: number, kind: number, limit: number, slab: Slab): number {
    const { x, y, z } = at;
    this.lock();
    try {
      const inside = this.queries.within(graph, x, y, z, radius, kind, slab.rows, slab.at, slab.at);
      slab.reserveDistances(Math.min(inside, limit));
      const k = Math.min(inside, limit);
      const found =
        k === 0 ? 0 : this.queries.nearest(graph, x, y, z, k, radius, kind, slab.rows, slab.distances, slab.at);
      return found;
    } finally {
      this.unlock();
    }
  }

  box(graph: number, box: Box, kind: number, limit: number, slab: Slab): number {
    this.lock();
    try {
      let end = Math.min(slab.rows.length, slab.at + limit);
      let found = this.queries.box(graph, box, kind, slab.rows, slab.at, end);
      if (found > end - slab.at && end - slab.at < limit) {
        slab.reserve(Math.min(found, limit));
        end = slab.at + Math.min(found, limit);
        found = this.queries.box(graph, box, kind, slab.rows, slab.at, end);
      }
      return Math.min(found, limit);
    } finally {
      this.unlock();
    }
  }

  /** Into the slab behind `at`, which has room for k rows and distances. */
  nearest(graph: number, at: Point, k: number, maxDistance: number, kind: number, slab: Slab): number {
    const { x, y, z } = at;
    this.lock();
    try {
      return this.queries.nearest(graph, x, y, z, k, maxDistance, kind, slab.rows, slab.distances, slab.at);
    } finally {
      this.unlock();
    }
  }

  /** Each neighbour once, into the slab; `kind` -1 takes edges of every kind, `ball` nodes inside it alone. */
  neighbors(row: number, direction: 'out' | 'in' | 'both', kind: number, slab: Slab, ball: Ball | undefined): number {
    const edges = this.edges;
    const which = direction === 'out' ? Out : direction === 'in' ? In : Both;
    this.lock();
    try {
      if (!this.isAlive(row)) return 0;
      slab.reserve(edges.entriesOf(row));
      const found = edges.neighborsInto(row, which, kind, slab.rows, slab.at);
      return ball === undefined ? found : keepInside(ball, slab, found);
    } finally {
      this.unlock();
    }
  }
}

/** Of the rows behind the slab's `at` those in the ball; how many. */
function keepInside(ball: Ball, slab: Slab, found: number): number {
  const { rows, at } = slab;
  let kept = 0;
  for (let i = at; i < at + found; i++) if (ball.has(rows[i]!)) rows[at + kept++] = rows[i]!;
  return kept;
}
