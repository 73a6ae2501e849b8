import { RADIX_BITS } from './layout.js';

/*
 * State of a packing under way: the words of `packWords`, shared by those who take its slices.
 */
export const Pack = {
  /** Graph row + 1; 0 = no packing. */
  graph: 0,
  /** Phase. */
  phase: 1,
  /** Next item of the phase. */
  at: 2,
  /** Items of the level. */
  items: 3,
  /** Rows in packLate. */
  lateCount: 4,
  /** Pass of the sort. */
  pass: 5,
  /** Items of a strip of tiles. */
  stripItems: 6,
  /** Nodes that EMIT has made of the level; they stand in packItemB. */
  made: 7,
  /** Nodes of the level below, in packLevel. */
  levelCount: 8,
  /** Node that EMIT fills, ref + 1. */
  open: 9,
  /** What it holds. */
  openCount: 10,
  /** Next row of packLate. */
  lateAt: 11,
  /** Root of the new tree, ref + 1. */
  root: 12,
  /** 0 sorts points. */
  level: 13,
} as const;

export const Phase = { gather: 0, keyX: 1, sortX: 2, keyY: 3, sortY: 4, strip: 5, emit: 6, late: 7 } as const;

/**
 * Entries of a packed leaf and children of a packed inner node. Two places are left in a leaf for points that move in: full
 * leaves split in the first rounds of moves (first round 139 ns a move, not 210; later radius queries at worst 1.22, not
 * 1.31 times a fresh tree's). It costs fresh queries 5 %.
 */
export const LEAF_FILL = 14;
export const INNER_FILL = 16;
export const RADIX = 1 << RADIX_BITS;

/** Makes minX, minY, maxX, maxY hold the point. */
export function widen(range: Float64Array, x: number, y: number): void {
  if (x < range[0]!) range[0] = x;
  if (y < range[1]!) range[1] = y;
  if (x > range[2]!) range[2] = x;
  if (y > range[3]!) range[3] = y;
}
