import type { PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { makeProposals, type Proposals, rangesOf } from './proposals.js';

/** Nodes that share a least pending distance. Chunks of a step and ranges of proposals begin and end between blocks. */
export const BLOCK_SHIFT = 7;
export const BLOCK = 1 << BLOCK_SHIFT;

/** Chunks of the rows that are one chunk of a step, in which few of their nodes have something to do. */
const STEP_CHUNKS = 4;

/**
 * A step of fewer arcs is walked alone: its two phases cost two threads as much as 20,000 arcs. Also the arcs between two looks
 * at the clock.
 */
const HEAVY_ARCS = 65_536;

/** Weights that are looked at for delta, about. */
const SAMPLES = 4096;

export const SsspPhase = { fill: 0, finish: 1, firstStep: 4 } as const;
export const SsspWalk = { alone: 0, relax: 1, apply: 2 } as const;

/** Words of `guide`, for steps of even and of odd number: how far a step goes, beyond the nearest and in all. */
export const Guide = { width: 0, limit: 2, size: 4 } as const;

export interface SsspTask {
  readonly nodes: number;
  readonly source: number;
  /** With weights. */
  readonly forward: Csr;
  readonly allowed: Uint8Array | undefined;
  /** Whether weights are to be looked at. */
  readonly isUnchecked: boolean;
  readonly heavyArcs: number;
  /** f64 [nodes] the result: the least distance found so far, Infinity where there is none. -Infinity: may not be entered. */
  readonly values: Float64Array;
  /** u8 [nodes, whole blocks] 1 = has a distance that its targets have not been told. */
  readonly pending: Uint8Array;
  /** f64 [blocks] no pending node of the block is nearer; Infinity: none is pending. */
  readonly nearest: Float64Array;
  readonly proposals: Proposals;
  /** u32 [step chunks + 1] first block of each chunk of a step. */
  readonly stepBounds: Uint32Array;
  /** f64 [step chunks] arcs of the nodes that the chunk relaxed last. */
  readonly relaxedArcs: Float64Array;
  /** u32 [chunks] first arc of the chunk whose weight is negative or NaN, plus one; 0: none. */
  readonly badArcs: Uint32Array;
  /** f64 [samples] weights, some of each chunk. */
  readonly samples: Float64Array;
  /** f64 [4] */
  readonly guide: Float64Array;
}

export interface SsspOptions {
  /** Compact index. */
  readonly source: number;
  /** By compact index, in shared memory: 1 = may be entered. A source that may not reaches nothing, itself included. */
  readonly allowed?: Uint8Array | undefined;
  /** Default true; false where it is known that no weight is negative or NaN. */
  readonly isUnchecked?: boolean;
  /** For tests, which have small graphs. */
  readonly heavyArcs?: number;
  readonly mostProposals?: number;
}

/** `forward`: arcs by source, with weights. */
export function ssspTask(
  memory: Memory,
  forward: Csr,
  options: SsspOptions,
): { task: SsspTask; first: PhasePlan; mostChunks: number } {
  const { nodes, arcs, bounds } = forward;
  const { source, allowed, isUnchecked = true, heavyArcs = HEAVY_ARCS, mostProposals } = options;
  const chunks = chunksOf(forward);
  const steps = Math.ceil(chunks / STEP_CHUNKS);
  const blocks = Math.ceil(nodes / BLOCK);
  const stepBounds = memory.u32('sssp.stepBounds', steps + 1);
  for (let chunk = 1; chunk < steps; chunk++) stepBounds[chunk] = bounds[chunk * STEP_CHUNKS]! >>> BLOCK_SHIFT;
  stepBounds[steps] = blocks;
  const most = mostProposals === undefined ? {} : { most: mostProposals };
  const task: SsspTask = {
    nodes,
    source,
    forward,
    allowed,
    isUnchecked,
    heavyArcs,
    values: memory.f64('sssp.values', nodes),
    pending: memory.u8('sssp.pending', blocks * BLOCK),
    nearest: memory.f64('sssp.nearest', blocks),
    proposals: makeProposals(memory, { nodes, arcs, leastShift: BLOCK_SHIFT, ...most }),
    stepBounds,
    relaxedArcs: memory.f64('sssp.relaxedArcs', steps),
    badArcs: memory.u32('sssp.badArcs', chunks),
    samples: memory.f64('sssp.samples', chunks * Math.max(1, Math.floor(SAMPLES / chunks))),
    guide: memory.f64('sssp.guide', Guide.size),
  };
  const first = { phase: SsspPhase.fill, chunks };
  return { task, first, mostChunks: Math.max(chunks, rangesOf(nodes, task.proposals)) };
}
