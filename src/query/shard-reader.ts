import { AthanorError } from '../base/errors.js';
import { Both, In, Out, type ShardEdges } from '../graph/shard-edges.js';
import type { ShardLock } from '../memory/lock.js';
import { type NodeColumns, NodeFlag } from '../project/node-columns.js';
import type { SpatialRegions } from '../spatial/layout.js';
import { ANY_KIND, TreeQueries } from '../spatial/queries.js';
import type { Slab } from './node-set.js';

/**
 * One thread's synchronous reads of one shard: each sees the shard between two events, under its read lock. Rows and graph
 * rows come in; nothing here knows ids.
 */
export class ShardReader {
  readonly edges: ShardEdges;
  readonly #lock: ShardLock;
  readonly #shard: number;
  readonly #thread: number;
  readonly #timeoutMs: number;
  readonly #nodes: NodeColumns;
  readonly #trees: TreeQueries;

  constructor(parts: {
    lock: ShardLock;
    shard: number;
    /** Admitted as a reader. */
    thread: number;
    timeoutMs: number;
    nodes: NodeColumns;
    spatial: SpatialRegions;
    edges: ShardEdges;
  }) {
    this.#lock = parts.lock;
    this.#shard = parts.shard;
    this.#thread = parts.thread;
    this.#timeoutMs = parts.timeoutMs;
    this.#nodes = parts.nodes;
    this.#trees = new TreeQueries(parts.spatial, parts.shard, parts.nodes.kind);
    this.edges = parts.edges;
  }

  /** @throws AthanorError ATHANOR_SHARD_BUSY when the shard's writer does not let go in time. */
  lock(): void {
    if (this.#lock.acquireRead(this.#shard, this.#thread, this.#timeoutMs)) return;
    throw new AthanorError(
      'ATHANOR_SHARD_BUSY',
      `shard ${this.#shard}: its writer held it for longer than option readTimeoutMs (${this.#timeoutMs})`,
    );
  }

  unlock(): void {
    this.#lock.releaseRead(this.#shard, this.#thread);
  }

  isAlive(row: number): boolean {
    return (this.#nodes.flags[row]! & NodeFlag.alive) !== 0;
  }

  /** Into a caller's array: the number found, of which as many as fit are written. */
  withinInto(graph: number, x: number, y: number, radius: number, out: Uint32Array): number {
    this.lock();
    const found = this.#trees.within(graph, x, y, radius, ANY_KIND, out, 0, out.length);
    this.unlock();
    return found;
  }

  nearestInto(graph: number, x: number, y: number, k: number, rows: Uint32Array, distances: Float64Array): number {
    this.lock();
    const found = this.#trees.nearest(graph, x, y, k, Number.POSITIVE_INFINITY, ANY_KIND, rows, distances, 0);
    this.unlock();
    return found;
  }

  /** Into the slab behind `at`; the number found, at most `limit`. */
  within(graph: number, x: number, y: number, radius: number, kind: number, limit: number, slab: Slab): number {
    this.lock();
    let end = Math.min(slab.rows.length, slab.at + limit);
    let found = this.#trees.within(graph, x, y, radius, kind, slab.rows, slab.at, end);
    if (found > end - slab.at && end - slab.at < limit) {
      slab.reserve(Math.min(found, limit));
      end = slab.at + Math.min(found, limit);
      found = this.#trees.within(graph, x, y, radius, kind, slab.rows, slab.at, end);
    }
    this.unlock();
    return Math.min(found, limit);
  }

  /** As `within`, nearest first with distances: sorted before the limit is applied. */
  withinSorted(graph: number, x: number, y: number, radius: number, kind: number, limit: number, slab: Slab): number {
    this.lock();
    let found = this.#trees.within(graph, x, y, radius, kind, slab.rows, slab.at, slab.rows.length);
    if (found > slab.rows.length - slab.at) {
      slab.reserve(found);
      found = this.#trees.within(graph, x, y, radius, kind, slab.rows, slab.at, slab.rows.length);
    }
    slab.reserveDistances(found);
    const start = slab.at;
    const rows = Array.from(slab.rows.subarray(start, start + found));
    const { x: xs, y: ys } = this.#nodes;
    const squares = new Map<number, number>();
    for (const row of rows) squares.set(row, (xs[row]! - x) ** 2 + (ys[row]! - y) ** 2);
    this.unlock();
    rows.sort((a, b) => squares.get(a)! - squares.get(b)!);
    for (let i = 0; i < found; i++) {
      slab.rows[start + i] = rows[i]!;
      slab.distances[start + i] = Math.sqrt(squares.get(rows[i]!)!);
    }
    return Math.min(found, limit);
  }

  box(
    graph: number,
    box: { minX: number; minY: number; maxX: number; maxY: number },
    kind: number,
    limit: number,
    slab: Slab,
  ): number {
    const { minX, minY, maxX, maxY } = box;
    this.lock();
    let end = Math.min(slab.rows.length, slab.at + limit);
    let found = this.#trees.box(graph, minX, minY, maxX, maxY, kind, slab.rows, slab.at, end);
    if (found > end - slab.at && end - slab.at < limit) {
      slab.reserve(Math.min(found, limit));
      end = slab.at + Math.min(found, limit);
      found = this.#trees.box(graph, minX, minY, maxX, maxY, kind, slab.rows, slab.at, end);
    }
    this.unlock();
    return Math.min(found, limit);
  }

  /** Into the slab behind `at`, which has room for k rows and distances. */
  nearest(graph: number, x: number, y: number, k: number, maxDistance: number, kind: number, slab: Slab): number {
    this.lock();
    const found = this.#trees.nearest(graph, x, y, k, maxDistance, kind, slab.rows, slab.distances, slab.at);
    this.unlock();
    return found;
  }

  /** Each neighbour once, into the slab; `kind` -1 takes edges of every kind. */
  neighbors(row: number, direction: 'out' | 'in' | 'both', kind: number, slab: Slab): number {
    const edges = this.edges;
    const which = direction === 'out' ? Out : direction === 'in' ? In : Both;
    let found = 0;
    this.lock();
    if (this.isAlive(row)) {
      slab.reserve(edges.entriesOf(row));
      found = edges.neighborsInto(row, which, kind, slab.rows, slab.at);
    }
    this.unlock();
    return found;
  }
}
