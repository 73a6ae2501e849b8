import { invariant } from '../base/errors.js';
import type { Memory } from '../memory/reserve.js';

/** Proposals of a block: 6 KB. */
const BLOCK_SHIFT = 9;
const BLOCK = 1 << BLOCK_SHIFT;
const REST = BLOCK - 1;

/** So many streams that are written in turn stay in the cache. */
export const MOST_RANGES = 32;
/** Beyond it nodes wait for the next step: memory that stays warm, and is touched but once. */
const MOST_PROPOSALS = 4 * 2 ** 20;
/** Writers whose blocks may stand open beside that. */
const WRITERS = 64;

/**
 * Distances proposed to nodes, by ranges of nodes. JavaScript has no atomic minimum of doubles: who finds a shorter way does
 * not write it, but whoever has the node's range in the phase after that. All in shared memory.
 *
 *   targets, distances  u32, f64 [blocks * 512]  proposals; the i-th of block b at 512 b + i
 *   ranges              u32 [blocks]             range of the block's targets
 *   counts              u32 [blocks]             its proposals
 *   used                u32 [1]                  blocks given out, and those that were asked for in vain
 *
 * Blocks are given to a writer for a range, by Atomics.add. Their order differs from run to run, the least of what they hold
 * does not. A lost writer leaves proposals that are true, and others will make again.
 */
export interface Proposals {
  /** Node n is in range n >>> shift. */
  readonly shift: number;
  readonly targets: Uint32Array;
  readonly distances: Float64Array;
  readonly ranges: Uint32Array;
  readonly counts: Uint32Array;
  readonly used: Uint32Array;
}

/** `shift` at least; `arcs`: the most that can be proposed at once. */
export function makeProposals(
  memory: Memory,
  {
    nodes,
    arcs,
    leastShift,
    most = MOST_PROPOSALS,
  }: { nodes: number; arcs: number; leastShift: number; most?: number },
): Proposals {
  let shift = leastShift;
  while (nodes > MOST_RANGES * 2 ** shift) shift++;
  const blocks = Math.ceil(Math.min(arcs, most) / BLOCK) + Math.min(Math.ceil(most / BLOCK), WRITERS * MOST_RANGES);
  return {
    shift,
    targets: memory.u32('proposals.targets', blocks * BLOCK),
    distances: memory.f64('proposals.distances', blocks * BLOCK),
    ranges: memory.u32('proposals.ranges', blocks),
    counts: memory.u32('proposals.counts', blocks),
    used: memory.u32('proposals.used', 1),
  };
}

export function rangesOf(nodes: number, { shift }: Proposals): number {
  const ranges = Math.ceil(nodes / 2 ** shift);
  invariant(ranges <= MOST_RANGES, 'a range has its stream');
  return ranges;
}

/** Between phases: all is forgotten. */
export function clearProposals({ used }: Proposals): void {
  used[0] = 0;
}

/** A worker's. */
export class ProposalWriter {
  readonly #proposals: Proposals;
  /** By range: where the next proposal goes. At a multiple of BLOCK: into a new block. */
  readonly #open = new Uint32Array(MOST_RANGES);

  constructor(proposals: Proposals) {
    this.#proposals = proposals;
  }

  /** After `clearProposals`. */
  begin(): void {
    this.#open.fill(0);
  }

  /** `distance` + weight to each target of the arcs `first` to `end` that `values` have farther. False: no room for all. */
  propose(
    distance: number,
    targets: Uint32Array,
    weights: Float64Array,
    values: Float64Array,
    first: number,
    end: number,
  ): boolean {
    const { targets: proposed, distances, counts, shift } = this.#proposals;
    const open = this.#open;
    for (let arc = first; arc < end; arc++) {
      const target = targets[arc]!;
      const found = distance + weights[arc]!;
      if (found >= values[target]!) continue;
      const range = target >>> shift;
      let at = open[range]!;
      if ((at & REST) === 0) {
        at = this.#newBlock(range);
        if (at < 0) return false;
      }
      proposed[at] = target;
      distances[at++] = found;
      open[range] = at;
      if ((at & REST) === 0) counts[(at - 1) >>> BLOCK_SHIFT] = BLOCK;
    }
    return true;
  }

  /** Tells what stands in open blocks. Before that nothing may depend on it. */
  flush(): void {
    const { counts } = this.#proposals;
    const open = this.#open;
    for (let range = 0; range < MOST_RANGES; range++) {
      const at = open[range]!;
      if ((at & REST) !== 0) counts[at >>> BLOCK_SHIFT] = at & REST;
    }
  }

  #newBlock(range: number): number {
    const { ranges, counts, used } = this.#proposals;
    // No block is two writers'. What it holds is seen when the phase has ended.
    const block = Atomics.add(used, 0, 1);
    if (block >= ranges.length) return -1;
    ranges[block] = range;
    counts[block] = 0;
    return block * BLOCK;
  }
}

/** Reads the proposals of a range, in runs from `start` to `end`. */
export class ProposalReader {
  readonly #proposals: Proposals;
  #block = 0;
  start = 0;
  end = 0;

  constructor(proposals: Proposals) {
    this.#proposals = proposals;
  }

  begin(): void {
    this.#block = 0;
  }

  next(range: number): boolean {
    const { ranges, counts, used } = this.#proposals;
    const blocks = Math.min(used[0]!, ranges.length);
    while (this.#block < blocks) {
      const block = this.#block++;
      if (ranges[block] !== range) continue;
      this.start = block * BLOCK;
      this.end = this.start + counts[block]!;
      return true;
    }
    return false;
  }
}
