import type { Breathe, Kernel } from '../base/kernel.js';
import type { ArcArrays } from '../csr/array-arcs.js';
import { CHUNK_END, NOT_NOW } from '../csr/build.js';
import { GraphState } from '../project/graph-columns.js';
import { arcChunks, ColumnArcs, type ColumnArcsTask, isListed } from './column-arcs.js';
import { CsrNodes, type CsrNodesTask, firstNodePhase } from './csr-nodes.js';
import type { EngineMemory } from './engine-memory.js';
import { tryStill } from './still.js';

/** Bytes between two touched words: a page. */
const PAGE_WORDS = 1024;
/** Pages of a chunk of touching: the first touch of a page may cost some microseconds. */
const CHUNK_PAGES = 128;

/** Two stages: the shard need not stand still for the first. */
export const StillPhase = { touch: 0, copy: 1 } as const;

/**
 * A graph that was changed while its edges were being read: its nodes and edges are copied while its shard stands still.
 * The copy's memory is touched before, so that this takes some 5 nanoseconds an edge row of the shard; a small graph is read
 * by its nodes' lists.
 */
export interface CsrStillTask {
  readonly generation: number;
  readonly nodes: CsrNodesTask;
  readonly arcs: Omit<ColumnArcsTask, 'nodes' | 'edges' | 'byList'>;
  readonly copy: Omit<ArcArrays, 'arcs'>;
  /** f64 [3] version of the graph, its nodes, its edges; these may be more than there is room for. Version 0: it is gone. */
  readonly found: Float64Array;
}

export function touchChunks(task: CsrStillTask): number {
  return Math.ceil(task.copy.sources.length / (PAGE_WORDS * CHUNK_PAGES));
}

/** Worker thread. */
export class CsrStill implements Kernel {
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #task: CsrStillTask;
  readonly #breathe: Breathe;

  constructor(memory: EngineMemory, thread: number, task: CsrStillTask, breathe: Breathe) {
    this.#memory = memory;
    this.#thread = thread;
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === StillPhase.touch) {
      this.#touch(chunk);
      return true;
    }
    return tryStill(this.#memory, this.#task.arcs.shard, this.#thread, this.#breathe, () => this.#copy());
  }

  next(): undefined {}

  #touch(chunk: number): void {
    const { sources, targets, weights } = this.#task.copy;
    const from = chunk * PAGE_WORDS * CHUNK_PAGES;
    const end = Math.min(sources.length, from + PAGE_WORDS * CHUNK_PAGES);
    for (let at = from; at < end; at += PAGE_WORDS) {
      sources[at] = 0;
      targets[at] = 0;
    }
    const weightsEnd = Math.min(weights.length, end);
    for (let at = from; at < weightsEnd; at += PAGE_WORDS / 2) weights[at] = 0;
  }

  #copy(): void {
    const { graphs, graphBook } = this.#memory;
    const { generation, nodes, arcs, found } = this.#task;
    const { graph } = nodes;
    // Done again after a loss: what the lost worker left.
    if (found[0] !== 0) nodes.indexOf.fill(0);
    found.fill(0);
    if (graphs.state[graph] !== GraphState.alive || graphBook.generation[graph] !== generation) return;
    found[0] = graphs.topology[graph]!;
    found[1] = graphs.order[graph]!;
    const scan = new CsrNodes(this.#memory, nodes, () => true);
    for (let plan = firstNodePhase(nodes) as ReturnType<CsrNodes['next']>; plan !== undefined; ) {
      for (let chunk = 0; chunk < plan.chunks; chunk++) scan.chunk(plan.phase, chunk);
      plan = scan.next(plan.phase);
    }
    if (nodes.found[0] !== found[1] || nodes.handles.length < found[1]!) return;
    const edges = this.#memory.edgesOf(arcs.shard).end;
    const shape = { nodes: found[1]!, edges, byList: isListed(graphs.size[graph]!, edges) };
    const reader = new ColumnArcs(this.#memory, this.#thread, { ...arcs, ...shape });
    let at = 0;
    for (let chunk = 0; chunk < arcChunks(shape); chunk++) {
      reader.begin(chunk);
      at = this.#copyChunk(reader, at);
    }
    found[2] = at;
  }

  /** Copies a chunk of edges to `from` on: where the next goes. */
  #copyChunk(reader: ColumnArcs, from: number): number {
    const { copy } = this.#task;
    let at = from;
    for (let count = reader.next(); count !== CHUNK_END; count = reader.next()) {
      // Nobody else may write: the lock is to be had in the end.
      if (count === NOT_NOW) continue;
      if (at + count <= copy.sources.length) {
        copy.sources.set(reader.sources.subarray(0, count), at);
        copy.targets.set(reader.targets.subarray(0, count), at);
        if (copy.weights.length > 0) copy.weights.set(reader.weights.subarray(0, count), at);
      }
      at += count;
    }
    return at;
  }
}
