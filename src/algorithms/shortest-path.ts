import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { DistanceHeap } from './distance-heap.js';
import { checkWeights, hasBadWeight, weightOfArc } from './weights.js';

/** Arcs between two looks at the clock. */
const BREATH_ARCS = 32_768;
const REST = BREATH_ARCS - 1;

const Phase = { check: 0, search: 1 } as const;

/** How much a search knows of a node. */
const FOUND = 1;
const SETTLED = 2;

export interface ShortestPathTask {
  readonly nodes: number;
  readonly source: number;
  readonly target: number;
  /** Arcs by source, with weights, and by target; twice the same where arcs go both ways. */
  readonly forward: Csr;
  /** Without weights they are looked up in `forward`. */
  readonly backward: Csr;
  readonly rank: Uint32Array;
  readonly allowed: Uint8Array | undefined;
  /** u32 [chunks] first arc of the chunk whose weight is negative or NaN, plus one; 0: none. */
  readonly badArcs: Uint32Array;
  /** f64 [1] length of the path. */
  readonly length: Float64Array;
  /** u32 [1] nodes of the path; 0: there is none. */
  readonly count: Uint32Array;
  /** u32 [nodes] the path, source first. */
  readonly path: Uint32Array;
}

export interface ShortestPathOptions {
  /** Compact indexes. */
  readonly source: number;
  readonly target: number;
  /** By compact index, in shared memory: 1 = may be entered. Nothing leads from or to an end that may not. */
  readonly allowed?: Uint8Array | undefined;
  /** Default true; false where it is known that no weight is negative or NaN. */
  readonly isUnchecked?: boolean;
}

export function shortestPathTask(
  memory: Memory,
  { forward, backward, rank }: { forward: Csr; backward: Csr; rank: Uint32Array },
  { source, target, allowed, isUnchecked = true }: ShortestPathOptions,
): { task: ShortestPathTask; first: PhasePlan; mostChunks: number } {
  const { nodes } = forward;
  const chunks = chunksOf(forward);
  const task: ShortestPathTask = {
    nodes,
    source,
    target,
    forward,
    backward,
    rank,
    allowed,
    badArcs: memory.u32('path.badArcs', chunks),
    length: memory.f64('path.length', 1),
    count: memory.u32('path.count', 1),
    path: memory.u32('path.nodes', nodes),
  };
  const first = isUnchecked ? { phase: Phase.check, chunks } : { phase: Phase.search, chunks: 1 };
  return { task, first, mostChunks: chunks };
}

/** After the stage: compact indexes of the path's nodes, both ends included; undefined where there is none. */
export function shortestPathResult({
  length,
  count,
  path,
}: ShortestPathTask): { nodes: Uint32Array; length: number } | undefined {
  return count[0] === 0 ? undefined : { nodes: path.subarray(0, count[0]), length: length[0]! };
}

/** What a search from one end knows. Private: fresh memory is zero, and pages that nobody reached cost nothing. */
class Side {
  readonly known: Uint8Array;
  readonly distances: Float64Array;
  readonly heap = new DistanceHeap();

  constructor(nodes: number, start: number) {
    this.known = new Uint8Array(nodes);
    this.distances = new Float64Array(nodes);
    this.known[start] = FOUND;
    this.heap.push(0, start);
  }

  /** The nearest node that is not settled becomes so; -1: there is none. */
  settle(): number {
    const { known, heap } = this;
    while (heap.size > 0) {
      const node = heap.pop();
      if (known[node] === SETTLED) continue;
      known[node] = SETTLED;
      return node;
    }
    return -1;
  }
}

/**
 * One shortest path. Dijkstra's algorithm from both ends in turn (Pohl, "Bi-directional search", 1971), the end with fewer
 * open nodes first, until the least that is open at both ends together is no less than a path that was found. That path need
 * not be the one: sums of doubles depend on their order. So the search from the source goes on, among the nodes that lie on
 * a path not longer than that but for rounding, until all up to the target's distance are settled.
 *
 * The length is the least sum along a path from the source on: bit for bit what shortest paths from the source give for the
 * target. Of all paths of that length, every node of them at its least distance, it is one of the fewest nodes; of these the
 * first in the order of ids, node by node from the source on. Costs about the nodes nearer than half of the way from either end, with their arcs, times the logarithm
 * of how many; and a pass over all weights, where they have not been checked.
 *
 * One chunk, by one participant in memory of its own; shared is the result alone, so it may be done again.
 */
export class ShortestPathKernel implements Kernel {
  readonly #task: ShortestPathTask;
  readonly #breathe: Breathe;
  #ahead!: Side;
  #behind!: Side;
  /** The shortest way found from end to end. */
  #bound = Number.POSITIVE_INFINITY;
  #work = 0;

  constructor(task: ShortestPathTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    const { forward, badArcs } = this.#task;
    return phase === Phase.check ? checkWeights(forward, badArcs, chunk, this.#breathe) : this.#search();
  }

  next(phase: number): PhasePlan | undefined {
    if (phase === Phase.search || hasBadWeight(this.#task.badArcs)) return undefined;
    return { phase: Phase.search, chunks: 1 };
  }

  #search(): boolean {
    const { nodes, source, target, allowed, count } = this.#task;
    count[0] = 0;
    if (allowed !== undefined && (allowed[source] === 0 || allowed[target] === 0)) return true;
    this.#bound = Number.POSITIVE_INFINITY;
    this.#ahead = new Side(nodes, source);
    this.#behind = new Side(nodes, target);
    if (source === target) this.#bound = 0;
    if (!this.#meet()) return false;
    if (this.#bound === Number.POSITIVE_INFINITY) return true;
    if (!this.#finish()) return false;
    // A sum from the source on may go beyond the largest double where one from the middle does not.
    return this.#ahead.known[target] === SETTLED ? this.#trace() : true;
  }

  /** Adds to the work done; false when the job is over. */
  #go(arcs: number): boolean {
    this.#work += 1 + arcs;
    if (this.#work < BREATH_ARCS) return true;
    this.#work = 0;
    return this.#breathe();
  }

  // ------------------------------------------------------------ distances

  #meet(): boolean {
    const ahead = this.#ahead;
    const behind = this.#behind;
    while (ahead.heap.least + behind.heap.least < this.#bound) {
      const isAhead = ahead.heap.size <= behind.heap.size;
      const node = (isAhead ? ahead : behind).settle();
      if (node < 0) break;
      const { offsets } = isAhead ? this.#task.forward : this.#task.backward;
      for (let arc = offsets[node]!; arc < offsets[node + 1]!; ) {
        const stop = Math.min(offsets[node + 1]!, arc + BREATH_ARCS);
        if (isAhead) this.#relaxAhead(node, arc, stop);
        else this.#relaxBehind(node, arc, stop);
        if (!this.#go(stop - arc)) return false;
        arc = stop;
      }
    }
    return true;
  }

  #relaxAhead(node: number, first: number, end: number): void {
    const { forward, allowed } = this.#task;
    const { targets } = forward;
    const weights = forward.weights!;
    const { known, distances, heap } = this.#ahead;
    const { known: knownBehind, distances: distancesBehind } = this.#behind;
    const distance = distances[node]!;
    for (let arc = first; arc < end; arc++) {
      const target = targets[arc]!;
      const found = distance + weights[arc]!;
      if (known[target] === 0 ? found === Number.POSITIVE_INFINITY : found >= distances[target]!) continue;
      if (allowed !== undefined && allowed[target] === 0) continue;
      known[target] = FOUND;
      distances[target] = found;
      heap.push(found, target);
      if (knownBehind[target] === 0) continue;
      const whole = found + distancesBehind[target]!;
      if (whole < this.#bound) this.#bound = whole;
    }
  }

  #relaxBehind(node: number, first: number, end: number): void {
    const { forward, backward, allowed } = this.#task;
    const sources = backward.targets;
    const { weights } = backward;
    const { known, distances, heap } = this.#behind;
    const { known: knownAhead, distances: distancesAhead } = this.#ahead;
    const distance = distances[node]!;
    for (let arc = first; arc < end; arc++) {
      const source = sources[arc]!;
      if (known[source] === SETTLED) continue;
      const weight = weights === undefined ? weightOfArc(forward, source, node) : weights[arc]!;
      const found = weight + distance;
      if (known[source] === 0 ? found === Number.POSITIVE_INFINITY : found >= distances[source]!) continue;
      if (allowed !== undefined && allowed[source] === 0) continue;
      known[source] = FOUND;
      distances[source] = found;
      heap.push(found, source);
      if (knownAhead[source] === 0) continue;
      const whole = distancesAhead[source]! + found;
      if (whole < this.#bound) this.#bound = whole;
    }
  }

  /** Settles the target from the source, and all that is no farther and may lie on the way. */
  #finish(): boolean {
    const { nodes, target, forward } = this.#task;
    const { offsets, targets } = forward;
    const weights = forward.weights!;
    const { allowed } = this.#task;
    const ahead = this.#ahead;
    const behind = this.#behind;
    const { known, distances, heap } = ahead;
    // A sum of as many terms as there are nodes is off by a part of nodes * 2^-53 at most; here are three of them.
    const most = this.#bound * (1 + 8 * nodes * Number.EPSILON);
    // From whom the search behind has not settled it is at least this far.
    const rest = behind.heap.least;
    const { known: knownBehind, distances: distancesBehind } = behind;
    while (heap.least <= (known[target] === 0 ? most : distances[target]!)) {
      const node = ahead.settle();
      if (node < 0) break;
      const distance = distances[node]!;
      const end = offsets[node + 1]!;
      if (distance + (knownBehind[node] === SETTLED ? distancesBehind[node]! : rest) > most) continue;
      for (let arc = offsets[node]!; arc < end; arc++) {
        if ((arc & REST) === 0 && !this.#breathe()) return false;
        const next = targets[arc]!;
        const found = distance + weights[arc]!;
        if (found + (knownBehind[next] === SETTLED ? distancesBehind[next]! : rest) > most) continue;
        if (known[next] === 0 ? found === Number.POSITIVE_INFINITY : found >= distances[next]!) continue;
        if (allowed !== undefined && allowed[next] === 0) continue;
        known[next] = FOUND;
        distances[next] = found;
        heap.push(found, next);
      }
      if (!this.#go(end - offsets[node]!)) return false;
    }
    return true;
  }

  // ------------------------------------------------------------ the path

  /**
   * Counts hops to the target along arcs that are as long as the distances they join are apart, back from the target: cycles
   * of weight zero do no harm. Then walks them from the source on.
   */
  #trace(): boolean {
    const { nodes, source, target, forward, backward, rank, length, count, path } = this.#task;
    const { known, distances } = this.#ahead;
    const { offsets, targets: sources } = backward;
    /** Hops to the target, plus one. */
    const hops = new Uint32Array(nodes);
    const queue = [target];
    hops[target] = 1;
    for (let head = 0; hops[source] === 0; head++) {
      const node = queue[head]!;
      const end = offsets[node + 1]!;
      for (let arc = offsets[node]!; arc < end; arc++) {
        if ((arc & REST) === 0 && !this.#breathe()) return false;
        const before = sources[arc]!;
        if (known[before] !== SETTLED || hops[before] !== 0 || distances[before]! > distances[node]!) continue;
        const weight = backward.weights === undefined ? weightOfArc(forward, before, node) : backward.weights[arc]!;
        if (distances[before]! + weight !== distances[node]!) continue;
        hops[before] = hops[node]! + 1;
        queue.push(before);
      }
      if (!this.#go(end - offsets[node]!)) return false;
    }
    let at = 0;
    path[at++] = source;
    for (let node = source; node !== target; ) {
      let best = -1;
      for (let arc = forward.offsets[node]!; arc < forward.offsets[node + 1]!; arc++) {
        if ((arc & REST) === 0 && !this.#breathe()) return false;
        const next = forward.targets[arc]!;
        if (hops[next] !== hops[node]! - 1 || distances[node]! + forward.weights![arc]! !== distances[next]!) continue;
        if (best < 0 || rank[next]! < rank[best]!) best = next;
      }
      if (!this.#go(forward.offsets[node + 1]! - forward.offsets[node]!)) return false;
      path[at++] = best;
      node = best;
    }
    length[0] = distances[target]!;
    // Last: the path stands.
    count[0] = at;
    return true;
  }
}
