import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf, type GraphCsr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** Nodes that are asked for their component, to guess the largest. */
const SAMPLES = 1024;
const BREATH_ARCS = 16_384;

const Phase = { begin: 0, first: 1, last: 2, compress: 3, finish: 4, roots: 5, label: 6 } as const;

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
    else if (phase === Phase.first) this.#joinFirst(first, end);
    else if (phase === Phase.last) this.#joinLast(first, end);
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

  /** Each node a component of its own. */
  #begin(first: number, end: number): void {
    const { parents, rank, byRank } = this.#task;
    for (let node = first; node < end; node++) {
      parents[node] = node;
      byRank[rank[node]!] = node;
    }
  }

  /**
   * Each node joins its least neighbour, if that is less than it: no two threads write one word. The neighbour's parent stands
   * for it; in ascending order that is its root already, nearly always.
   */
  #joinFirst(first: number, end: number): void {
    const { both, parents } = this.#task;
    const { offsets, targets } = both;
    for (let node = first; node < end; node++) {
      const at = offsets[node]!;
      if (at === offsets[node + 1]!) continue;
      const neighbour = targets[at]!;
      if (neighbour < node) parents[node] = parents[neighbour]!;
    }
  }

  /** Each node joins its greatest neighbour. */
  #joinLast(first: number, end: number): void {
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
    if (one === other) return;
    for (;;) {
      let parent = parents[one]!;
      while (parent !== one) {
        one = parent;
        parent = parents[one]!;
      }
      parent = parents[other]!;
      while (parent !== other) {
        other = parent;
        parent = parents[other]!;
      }
      if (one === other) break;
      const high = one > other ? one : other;
      const low = one > other ? other : one;
      // Only a root is hung onto another, and only once: the exchange decides. Words read before it may be old, never wrong.
      if (Atomics.compareExchange(parents, high, high, low) === high) {
        one = low;
        break;
      }
    }
    // Short ways for who comes next. A node that has a parent is never a root again, and `one` is above both: plain stores will do.
    if (a !== one) parents[a] = one;
    if (b !== one) parents[b] = one;
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
    const { both, parents, rank, least, largest } = this.#task;
    const { offsets } = both;
    const most = largest[0]!;
    let mostWanted = 0;
    for (let node = first; node < end; node++) {
      const wanted = ~rank[node]! >>> 0;
      const root = parents[node]!;
      if (root === most) mostWanted = Math.max(mostWanted, wanted);
      // Without arcs nobody else is in its component.
      else if (offsets[node] === offsets[node + 1]) least[node] = wanted;
      else if (wanted > least[root]!) this.#raise(root, wanted);
    }
    this.#raise(most, mostWanted);
  }

  #raise(root: number, wanted: number): void {
    const { least } = this.#task;
    let seen = least[root]!;
    while (wanted > seen) {
      // The greater of two that write at once stays: the loser looks again.
      const found = Atomics.compareExchange(least, root, seen, wanted);
      if (found === seen) return;
      seen = found;
    }
  }

  #label(first: number, end: number): void {
    const { parents, least, byRank, handles, values } = this.#task;
    let root = -1;
    let label = 0;
    for (let node = first; node < end; node++) {
      if (parents[node] !== root) {
        root = parents[node]!;
        label = handles[byRank[~least[root]! >>> 0]!]!;
      }
      values[node] = label;
    }
  }
}
