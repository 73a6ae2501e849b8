import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** Arcs between two looks at the clock, in a node that has many. */
const BREATH_ARCS = 65_536;

/** Words of `sums`. */
const DANGLING = 0;
const ITERATIONS = 2;

export interface PageRankTask {
  readonly nodes: number;
  /** Arcs by target: rank comes along them. */
  readonly in: Csr;
  /** u32 [nodes + 1] offsets of the arcs by source: their differences are the degrees by which rank is shared out. */
  readonly outOffsets: Uint32Array;
  readonly damping: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** f64 [nodes] each: ranks after an even and an odd number of rounds. */
  readonly ranks: readonly [Float64Array, Float64Array];
  /** f64 [nodes] each: what a node gives along each of its arcs; likewise. */
  readonly shares: readonly [Float64Array, Float64Array];
  /** f64 [chunks] rank of nodes without arcs, and L1 change, by chunk. */
  readonly dangling: Float64Array;
  readonly changes: Float64Array;
  /** f64 [3] rank of nodes without arcs after an even and an odd number of rounds; rounds done. */
  readonly sums: Float64Array;
}

export interface PageRankOptions {
  readonly damping: number;
  /** The rounds end when the L1 change of one is below it; 0: never before the last. */
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** `inward` and `outward`: arcs by target and by source; twice the same where arcs go both ways. */
export function pageRankTask(
  memory: Memory,
  inward: Csr,
  outward: Csr,
  options: PageRankOptions,
): { task: PageRankTask; first: PhasePlan; mostChunks: number } {
  const { nodes } = inward;
  const chunks = chunksOf(inward);
  const two = (name: string): [Float64Array, Float64Array] => [memory.f64(name, nodes), memory.f64(name, nodes)];
  const task: PageRankTask = {
    nodes,
    in: inward,
    outOffsets: outward.offsets,
    ...options,
    ranks: two('pageRank.ranks'),
    shares: two('pageRank.shares'),
    dangling: memory.f64('pageRank.dangling', chunks),
    changes: memory.f64('pageRank.changes', chunks),
    sums: memory.f64('pageRank.sums', 3),
  };
  return { task, first: { phase: 0, chunks }, mostChunks: chunks };
}

/** After the stage: ranks by compact index, which sum to 1, and the rounds that were made. */
export function pageRankResult(task: PageRankTask): { values: Float64Array; iterations: number } {
  const iterations = task.sums[ITERATIONS]!;
  return { values: task.ranks[(iterations & 1) as 0 | 1], iterations };
}

/**
 * PageRank by power iteration (Page, Brin, Motwani, Winograd, "The PageRank citation ranking", 1999), each node pulling from
 * its in-neighbours; rank of nodes without arcs is spread evenly. Phase 0 makes the first ranks, phase i the i-th round.
 * A round costs one gather for each arc. Sums go by node, then by chunk: they are the same for any number of workers.
 */
export class PageRankKernel implements Kernel {
  readonly #task: PageRankTask;
  readonly #breathe: Breathe;

  constructor(task: PageRankTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase > 0) return this.#round(phase, chunk);
    const { nodes, in: inward, outOffsets, ranks, shares, dangling } = this.#task;
    const end = inward.bounds[chunk + 1]!;
    let lost = 0;
    for (let node = inward.bounds[chunk]!; node < end; node++) {
      const degree = outOffsets[node + 1]! - outOffsets[node]!;
      ranks[0][node] = 1 / nodes;
      shares[0][node] = degree === 0 ? 0 : 1 / nodes / degree;
      if (degree === 0) lost += 1 / nodes;
    }
    dangling[chunk] = lost;
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    const { in: inward, tolerance, maxIterations, dangling, changes, sums } = this.#task;
    let lost = 0;
    let change = 0;
    for (let chunk = 0; chunk < dangling.length; chunk++) {
      lost += dangling[chunk]!;
      change += changes[chunk]!;
    }
    sums[DANGLING + (phase & 1)] = lost;
    sums[ITERATIONS] = phase;
    if (phase === maxIterations || (phase > 0 && change < tolerance)) return undefined;
    return { phase: phase + 1, chunks: chunksOf(inward) };
  }

  bytes(): number {
    return this.#task.nodes * 32;
  }

  #round(phase: number, chunk: number): boolean {
    const { nodes, in: inward, outOffsets, damping, dangling, changes, sums } = this.#task;
    const { offsets, targets: sources, bounds } = inward;
    const before = (phase - 1) & 1 ? 1 : 0;
    const ranksBefore = this.#task.ranks[before];
    const shares = this.#task.shares[before];
    const ranks = this.#task.ranks[(1 - before) as 0 | 1];
    const sharesAfter = this.#task.shares[(1 - before) as 0 | 1];
    const base = (1 - damping) / nodes + (damping * sums[DANGLING + before]!) / nodes;
    const end = bounds[chunk + 1]!;
    let lost = 0;
    let change = 0;
    let arc = offsets[bounds[chunk]!]!;
    for (let node = bounds[chunk]!; node < end; node++) {
      const last = offsets[node + 1]!;
      const stop = last - 3;
      let sum = 0;
      let second = 0;
      let third = 0;
      let fourth = 0;
      // Four a turn: with one, half of the time is the loop's own.
      for (let pause = arc + BREATH_ARCS; arc < stop; arc += 4) {
        sum += shares[sources[arc]!]!;
        second += shares[sources[arc + 1]!]!;
        third += shares[sources[arc + 2]!]!;
        fourth += shares[sources[arc + 3]!]!;
        if (arc < pause) continue;
        pause += BREATH_ARCS;
        if (!this.#breathe()) return false;
      }
      for (; arc < last; arc++) sum += shares[sources[arc]!]!;
      const rank = base + damping * (sum + second + (third + fourth));
      const degree = outOffsets[node + 1]! - outOffsets[node]!;
      ranks[node] = rank;
      sharesAfter[node] = degree === 0 ? 0 : rank / degree;
      if (degree === 0) lost += rank;
      change += Math.abs(rank - ranksBefore[node]!);
    }
    dangling[chunk] = lost;
    changes[chunk] = change;
    return true;
  }
}
