import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf, type GraphCsr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** Nodes that are asked for their component, to guess the largest. */
const SAMPLES = 1024;
const BREATH_ARCS = 16_384;

const Phase = { begin: 0, second: 1, compress: 2, finish: 3, roots: 4, label: 5 } as const;

export interface ComponentsTask {
  readonly nodes: number;
  readonly both: Csr;
  readonly handles: Uint32Array;
  readonly rank: Uint32Array;
  /** u32 [nodes] a node of the same component, never a greater one; in the end the least. */
  readonly parents: Uint32Array;
  /** u32 [nodes] of a component's least node: the node of least rank, as ~rank, so that zeros are the greatest. */
  readonly least: Uint32Array;
  /** u32 [nodes] nodes by rank. */
  readonly byRank: Uint32Array;
  /** u32 [1] the component that is thought to be the largest. */
  readonly largest: Uint32Array;
  /** f64 [nodes] the handle of the component's node of least rank. */
  readonly values: Float64Array;
}

export function componentsTask(
  memory: Memory,
  graph: GraphCsr,
): { task: ComponentsTask; first: PhasePlan; mostChunks: number } {
  const { nodes, handles } = graph;
  const both = graph.both!;
  const task: ComponentsTask = {
    nodes,
    both,
    handles,
    rank: graph.rank!,
    parents: memory.u32('components.parents', nodes),
    least: memory.u32('components.least', nodes),
    byRank: memory.u32('components.byRank', nodes),
    largest: memory.u32('components.largest', 1),
    values: memory.f64('components.values', nodes),
  };
  const chunks = chunksOf(both);
  return { task, first: { phase: Phase.begin, chunks }, mostChunks: chunks };
}

/**
 * Weakly connected components by Afforest (Sutton, Ben-Nun, Barak, "Optimizing parallel graph connectivity computation via
 * subgraph sampling", 2018): two arcs of each node join most of the largest component; then only nodes outside it look at
 * the rest of theirs. About two gathers a node, and one for each arc outside the largest component.
 *
 * A parent is never greater than its child, so the root of a component is its least node, whoever joined it when.
 */
export class ComponentsKernel implements Kernel {
  readonly #task: ComponentsTask;
  readonly #breathe: Breathe;

  constructor(task: ComponentsTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    const { both } = this.#task;
    const first = both.bounds[chunk]!;
    const end = both.bounds[chunk + 1]!;
    if (phase === Phase.begin) this.#begin(first, end);
    else if (phase === Phase.second) this.#second(first, end);
    else if (phase === Phase.compress) this.#compress(first, end);
    else if (phase === Phase.finish) return this.#finish(first, end);
    else if (phase === Phase.roots) this.#findLeast(first, end);
    else this.#label(first, end);
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    if (phase === Phase.compress) this.#task.largest[0] = this.#mostFrequent();
    return phase === Phase.label ? undefined : { phase: phase + 1, chunks: chunksOf(this.#task.both) };
  }

  bytes(): number {
    return this.#task.nodes * 20;
  }

  /** Each node joins its least neighbour, if that is less than it: no two threads write one word. */
  #begin(first: number, end: number): void {
    const { both, parents, rank, byRank } = this.#task;
    const { offsets, targets } = both;
    for (let node = first; node < end; node++) {
      const at = offsets[node]!;
      const neighbour = at < offsets[node + 1]! ? targets[at]! : node;
      parents[node] = neighbour < node ? neighbour : node;
      byRank[rank[node]!] = node;
    }
  }

  #second(first: number, end: number): void {
    const { offsets, targets } = this.#task.both;
    for (let node = first; node < end; node++) {
      const last = offsets[node + 1]! - 1;
      if (last >= offsets[node]!) this.#join(node, targets[last]!);
    }
  }

  #join(a: number, b: number): void {
    const { parents } = this.#task;
    let one = parents[a]!;
    let other = parents[b]!;
    while (one !== other) {
      const high = one > other ? one : other;
      const low = one > other ? other : one;
      const parent = parents[high]!;
      if (parent === low) return;
      // Only a root is hung onto another, and only once: the exchange decides. Words read before it may be old, never wrong.
      if (parent === high && Atomics.compareExchange(parents, high, high, low) === high) return;
      one = parents[parents[high]!]!;
      other = parents[low]!;
    }
  }

  /** Every node to its root. Others do the same: a word read early leads to the root as well. */
  #compress(first: number, end: number): void {
    const { parents } = this.#task;
    for (let node = first; node < end; node++) {
      let parent = parents[node]!;
      let above = parents[parent]!;
      if (parent === above) continue;
      while (parent !== above) {
        parent = above;
        above = parents[parent]!;
      }
      parents[node] = parent;
    }
  }

  #mostFrequent(): number {
    const { nodes, parents } = this.#task;
    const counts = new Map<number, number>();
    let best = 0;
    let most = 0;
    const step = Math.max(1, Math.floor(nodes / SAMPLES));
    for (let node = 0; node < nodes; node += step) {
      const root = parents[node]!;
      const count = (counts.get(root) ?? 0) + 1;
      counts.set(root, count);
      if (count > most) {
        most = count;
        best = root;
      }
    }
    return best;
  }

  #finish(first: number, end: number): boolean {
    const { both, parents, largest } = this.#task;
    const { offsets, targets } = both;
    const skipped = largest[0]!;
    let looked = 0;
    for (let node = first; node < end; node++) {
      // An arc out of the largest component is joined from its other end, which stands in `both` as well.
      if (parents[node] === skipped) continue;
      const last = offsets[node + 1]!;
      for (let arc = offsets[node]!; arc < last; arc++) {
        this.#join(node, targets[arc]!);
        if (++looked % BREATH_ARCS === 0 && !this.#breathe()) return false;
      }
    }
    return true;
  }

  #findLeast(first: number, end: number): void {
    this.#compress(first, end);
    const { parents, rank, least } = this.#task;
    for (let node = first; node < end; node++) {
      const root = parents[node]!;
      const wanted = ~rank[node]! >>> 0;
      let seen = least[root]!;
      while (wanted > seen) {
        // The greater of two that write at once stays: the loser looks again.
        const found = Atomics.compareExchange(least, root, seen, wanted);
        if (found === seen) break;
        seen = found;
      }
    }
  }

  #label(first: number, end: number): void {
    const { parents, least, byRank, handles, values } = this.#task;
    for (let node = first; node < end; node++) {
      values[node] = handles[byRank[~least[parents[node]!]! >>> 0]!]!;
    }
  }
}
