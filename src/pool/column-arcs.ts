import { type ArcReader, CHUNK_END, NOT_NOW } from '../csr/build.js';
import { Out, type ShardEdges } from '../graph/shard-edges.js';
import type { EngineMemory } from './engine-memory.js';

/** Edge rows of a chunk of a scan, and of one hold of the lock: some 15 microseconds. */
const CHUNK_EDGES = 65_536;
const BATCH_EDGES = 4096;
/** Nodes of a chunk of lists, each read in one hold of the lock. */
const CHUNK_NODES = 1024;
/** Edges of a graph that is read by its nodes' lists, at most: one node may have them all, and the lock is held meanwhile. */
const MOST_LISTED = 131_072;
/** Longest wait for the shard's writer. */
const LOCK_MS = 5;

/** Edges of any kind. */
export const EVERY_KIND = -1;

/** The edges between the nodes of one graph, as they stand in the edge columns. */
export interface ColumnArcsTask {
  readonly shard: number;
  readonly kind: number;
  readonly nodes: number;
  readonly handles: Uint32Array;
  readonly indexOf: Uint32Array;
  /** Edge rows from here on were never used. */
  readonly edges: number;
  /** Whether the edges are few among all of the shard: then they are found by the nodes' lists. */
  readonly byList: boolean;
}

/** Whether a graph of `size` edges is read by its nodes' lists, in a shard with so many edge rows. */
export function isListed(size: number, edgeRows: number): boolean {
  return size <= MOST_LISTED && size * 8 < edgeRows;
}

export function arcChunks(task: { nodes: number; edges: number; byList: boolean }): number {
  return task.byList ? Math.ceil(task.nodes / CHUNK_NODES) : Math.ceil(task.edges / CHUNK_EDGES);
}

/**
 * Worker thread. Each batch is read between two events, under the read lock; that the batches are of one moment is told by
 * the graph's version, which has to be the same before the first and after the last.
 */
export class ColumnArcs implements ArcReader {
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #task: ColumnArcsTask;
  readonly #edges: ShardEdges;
  #at = 0;
  #end = 0;

  constructor(memory: EngineMemory, thread: number, task: ColumnArcsTask) {
    this.#memory = memory;
    this.#thread = thread;
    this.#task = task;
    this.#edges = memory.edgesOf(task.shard);
    const room = task.byList ? MOST_LISTED : BATCH_EDGES;
    this.sources = new Uint32Array(room);
    this.targets = new Uint32Array(room);
    this.weights = new Float64Array(room);
  }

  begin(chunk: number): void {
    const { nodes, edges, byList } = this.#task;
    const each = byList ? CHUNK_NODES : CHUNK_EDGES;
    this.#at = chunk * each;
    this.#end = Math.min(byList ? nodes : edges, this.#at + each);
  }

  next(): number {
    if (this.#at >= this.#end) return CHUNK_END;
    const { lock } = this.#memory;
    const { shard, byList } = this.#task;
    // Its writer was lost, or the machine is busy: the chunk is begun again, and this thread may be the one to recover the shard.
    if (!lock.acquireRead(shard, this.#thread, LOCK_MS)) return NOT_NOW;
    try {
      return byList ? this.#readLists() : this.#scan();
    } finally {
      lock.releaseRead(shard, this.#thread);
    }
  }

  #scan(): number {
    const { kind, indexOf } = this.#task;
    const { source, target, weight, kind: kinds } = this.#edges.views;
    const { sources, targets, weights } = this;
    const ghosts = this.#edges.pendingCascades !== 0;
    const end = Math.min(this.#end, this.#at + BATCH_EDGES);
    const rows = indexOf.length;
    let count = 0;
    for (let edge = this.#at; edge < end; edge++) {
      const from = source[edge]!;
      const to = target[edge]!;
      // Beyond the index: a row without an edge, or a node that came since the nodes were read. Those of other graphs, and
      // likewise nodes that came since, have index 0.
      if (from >= rows || to >= rows || indexOf[from] === 0 || indexOf[to] === 0) continue;
      if (kind !== EVERY_KIND && kinds[edge] !== kind) continue;
      if (ghosts && !this.#edges.isLive(edge)) continue;
      sources[count] = indexOf[from]! - 1;
      targets[count] = indexOf[to]! - 1;
      weights[count++] = weight[edge]!;
    }
    this.#at = end;
    return count;
  }

  #readLists(): number {
    const { kind, handles, indexOf } = this.#task;
    const { views } = this.#edges;
    const node = this.#at++;
    const row = handles[node]!;
    const { sources, targets, weights } = this;
    let count = 0;
    this.#edges.each(row, Out, (edge, neighbour) => {
      const to = neighbour < indexOf.length ? indexOf[neighbour]! : 0;
      if (to === 0 || (kind !== EVERY_KIND && views.kind[edge] !== kind) || count === sources.length) return;
      sources[count] = node;
      targets[count] = to - 1;
      weights[count++] = views.weight[edge]!;
    });
    return count;
  }
}
