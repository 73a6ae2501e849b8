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
  /** Items of a group of tiles that the sort by y, or z, is confined to; see `beginLevel` of the tile sort. */
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
  /** Axis that is sorted by. */
  axis: 14,
  /** Items of a slab: a group confined by x alone. */
  slabItems: 15,
} as const;

export const Phase = { gather: 0, key: 1, sort: 2, group: 3, emit: 4, late: 5 } as const;

/** Entry of a point that waits in the sort, and of one that is inserted at the end. */
export const GATHERED = 0xffffffff;
export const LATE = 0xfffffffe;

/**
 * Entries of a packed leaf and children of a packed inner node. Two places are left in a leaf for points that move in: full
 * leaves split in the first rounds of moves (first round 139 ns a move, not 210; later radius queries at worst 1.22, not
 * 1.31 times a fresh tree's). It costs fresh queries 5 %.
 * Inner nodes with 12 children have a tenth fewer boxes to look at than with 16, and do not split as soon as a leaf does.
 */
export const LEAF_FILL = 14;
export const INNER_FILL = 12;
export const RADIX = 1 << RADIX_BITS;

/** Forgets the range: nothing is in it. */
export function emptyRange(range: Float64Array, dims: number): void {
  range.fill(Number.POSITIVE_INFINITY, 0, dims);
  range.fill(Number.NEGATIVE_INFINITY, dims, 2 * dims);
}

/** Makes the range (least coordinates, then greatest) hold a coordinate along an axis. */
export function widen(range: Float64Array, dims: number, axis: number, value: number): void {
  if (value < range[axis]!) range[axis] = value;
  if (value > range[dims + axis]!) range[dims + axis] = value;
}
