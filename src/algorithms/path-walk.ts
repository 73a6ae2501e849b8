import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import type { Csr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** Arcs between two looks at the clock. */
const BREATH_ARCS = 32_768;

/** One shortest path, found from the distances of all nodes. Indexes are compact. */
export interface PathWalkTask {
  readonly nodes: number;
  readonly source: number;
  readonly target: number;
  /** Arcs by source and by target, both with weights; twice the same where arcs go both ways. */
  readonly forward: Csr;
  readonly backward: Csr;
  readonly rank: Uint32Array;
  /** f64 [nodes] distances from `source`; Infinity where there is none. */
  readonly values: Float64Array;
  /** u32 [nodes] the result: nodes of the path, both ends included. */
  readonly path: Uint32Array;
  /** u32 [1] how many; 0: no path. */
  readonly found: Uint32Array;
}

export function pathWalkTask(
  memory: Memory,
  of: Omit<PathWalkTask, 'nodes' | 'path' | 'found'>,
): { task: PathWalkTask; first: PhasePlan; mostChunks: number } {
  const { nodes } = of.forward;
  const task = { ...of, nodes, path: memory.u32('path.nodes', nodes), found: memory.u32('path.found', 1) };
  return { task, first: { phase: 0, chunks: 1 }, mostChunks: 1 };
}

/**
 * Worker thread, one chunk. An arc is tight when it leads to its end in that end's distance: a path is a shortest one when
 * all its arcs are tight. Tight arcs are followed back from the target, breadth first, so that weights of 0 lead nowhere
 * twice; then forward from the source, always to the node of least rank that is a hop nearer. So of all shortest paths the
 * one with the fewest nodes is chosen, and of those the first in the order of ids. O(nodes + edges) at most; touches the
 * nodes on shortest paths to the target alone.
 */
export class PathWalkKernel implements Kernel {
  readonly #task: PathWalkTask;
  readonly #breathe: Breathe;
  #looked = 0;

  constructor(task: PathWalkTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(): boolean {
    const { source, target, values, found, nodes } = this.#task;
    found[0] = 0;
    if (values[target] === Number.POSITIVE_INFINITY) return true;
    // Hops to the target + 1; 0: not met.
    const hops = new Uint32Array(nodes);
    if (!this.#goBack(hops)) return false;
    return hops[source] === 0 ? true : this.#goForward(hops);
  }

  next(): undefined {}

  bytes(): number {
    return this.#task.values.byteLength;
  }

  #pause(): boolean {
    return ++this.#looked % BREATH_ARCS !== 0 || this.#breathe();
  }

  #goBack(hops: Uint32Array): boolean {
    const { nodes, source, target, backward, values } = this.#task;
    const { offsets, targets: sources, weights } = backward;
    const queue = new Uint32Array(nodes);
    hops[target] = 1;
    queue[0] = target;
    for (let at = 0, end = 1; at < end && hops[source] === 0; at++) {
      const node = queue[at]!;
      const last = offsets[node + 1]!;
      for (let arc = offsets[node]!; arc < last; arc++) {
        const before = sources[arc]!;
        if (hops[before] === 0 && values[before]! + weights![arc]! === values[node]) {
          hops[before] = hops[node]! + 1;
          queue[end++] = before;
        }
        if (!this.#pause()) return false;
      }
    }
    return true;
  }

  #goForward(hops: Uint32Array): boolean {
    const { source, target, forward, values, rank, path, found } = this.#task;
    const { offsets, targets, weights } = forward;
    let node = source;
    let count = 0;
    path[count++] = node;
    while (node !== target) {
      const last = offsets[node + 1]!;
      let best = node;
      for (let arc = offsets[node]!; arc < last; arc++) {
        const after = targets[arc]!;
        // Not met: hops of 0, which none is followed by.
        if (hops[after] === hops[node]! - 1 && values[node]! + weights![arc]! === values[after]) {
          if (best === node || rank[after]! < rank[best]!) best = after;
        }
        if (!this.#pause()) return false;
      }
      node = best;
      path[count++] = node;
    }
    found[0] = count;
    return true;
  }
}
