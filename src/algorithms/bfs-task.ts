import type { PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** Nodes that share a flag: sixteen words of marks. Chunks begin and end between blocks. */
export const BLOCK_SHIFT = 6;
export const BLOCK = 1 << BLOCK_SHIFT;

/**
 * A level with fewer arcs than this one walks alone: a phase costs two threads as much as 10,000 to 20,000 arcs. Also the
 * arcs between two looks at the clock.
 */
const HEAVY_ARCS = 65_536;

/** A phase is one of these, or firstLevel + 4 * hops from the source + how the level is walked. */
export const BfsPhase = { mask: 0, finish: 1, firstLevel: 4 } as const;
export const BfsWalk = { alone: 0, down: 1, up: 2 } as const;

/**
 * Words of `words`: the next node of the queue, and its end; the phase whose level stands in it; nodes of levels of even and
 * of odd number.
 */
export const BfsWord = { head: 0, tail: 1, gathered: 2, sizes: 3, size: 5 } as const;

export interface BfsTask {
  readonly nodes: number;
  readonly source: number;
  /** Arcs by source and by target; twice the same where arcs go both ways. */
  readonly forward: Csr;
  readonly backward: Csr;
  readonly allowed: Uint8Array | undefined;
  readonly heavyArcs: number;
  /** u8 [nodes, whole blocks] marks: 0 = not reached, 255 = never will be, others go round with the hops. */
  readonly marks: Uint8Array;
  /** u8 [blocks] each: mark of the last even, odd level that has a node in the block. */
  readonly flags: readonly [Uint8Array, Uint8Array];
  /** u32 [nodes] nodes in the order in which one participant finds them. */
  readonly queue: Uint32Array;
  /** u32 [chunks] hops of the last nodes that the chunk found. */
  readonly found: Uint32Array;
  /** f64 [chunks] each: how many, and how many arcs they have. They only guide: a chunk done again may tell too few. */
  readonly foundNodes: Float64Array;
  readonly foundArcs: Float64Array;
  /** f64 [chunks] arcs to nodes that the last walk up did not reach. */
  readonly leftArcs: Float64Array;
  /** u32 [5] */
  readonly words: Uint32Array;
  /** f64 [nodes] the result: hops from the source, Infinity where it does not reach. */
  readonly values: Float64Array;
}

export interface BfsOptions {
  /** Compact index. */
  readonly source: number;
  /** By compact index, in shared memory: 1 = may be entered. A source that may not reaches nothing, itself included. */
  readonly allowed?: Uint8Array | undefined;
  /** For tests, which have small graphs. */
  readonly heavyArcs?: number;
}

/** `forward` and `backward`: arcs by source and by target; twice the same where arcs go both ways. */
export function bfsTask(
  memory: Memory,
  forward: Csr,
  backward: Csr,
  options: BfsOptions,
): { task: BfsTask; first: PhasePlan; mostChunks: number } {
  const { nodes } = forward;
  const { source, allowed, heavyArcs = HEAVY_ARCS } = options;
  const chunks = Math.max(chunksOf(forward), chunksOf(backward));
  const blocks = Math.ceil(nodes / BLOCK);
  const task: BfsTask = {
    nodes,
    source,
    forward,
    backward,
    allowed,
    heavyArcs,
    marks: memory.u8('bfs.marks', blocks * BLOCK),
    flags: [memory.u8('bfs.flags', blocks), memory.u8('bfs.flags', blocks)],
    queue: memory.u32('bfs.queue', nodes),
    found: memory.u32('bfs.found', chunks),
    foundNodes: memory.f64('bfs.foundNodes', chunks),
    foundArcs: memory.f64('bfs.foundArcs', chunks),
    leftArcs: memory.f64('bfs.leftArcs', chunks),
    words: memory.u32('bfs.words', BfsWord.size),
    values: memory.f64('bfs.values', nodes),
  };
  const first =
    allowed === undefined ? levelPlan(task, 0, BfsWalk.alone) : { phase: BfsPhase.mask, chunks: chunksOf(forward) };
  return { task, first, mostChunks: chunks };
}

export function levelPlan({ forward, backward }: BfsTask, hops: number, walk: number): PhasePlan {
  const chunks = walk === BfsWalk.alone ? 1 : chunksOf(walk === BfsWalk.up ? backward : forward);
  return { phase: BfsPhase.firstLevel + 4 * hops + walk, chunks };
}
