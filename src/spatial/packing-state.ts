import { FANOUT } from './layout.js';

/**
 * Words of a packing under way (packWords of the shard's pool). Zeros are no packing; everything a slice needs to go on
 * stands here or in the pack columns, so that any thread may take the next one.
 */
export const Pack = {
  /** Graph row + 1; 0 = no packing. */
  graph: 0,
  /** Phase. */
  phase: 1,
  /** Next item of the phase. */
  at: 2,
  /** 0 packs points, level k the nodes of level k - 1. */
  level: 3,
  /** Items of the level, as far as is known when it begins. */
  items: 4,
  /** Rows in packLate, and the next that goes into the tree. */
  lateCount: 5,
  lateAt: 6,
  /** Nodes of the level that are made; they stand in packMade. */
  made: 7,
  /** Nodes of the level below, in packLevel. */
  levelCount: 8,
  /** Node that EMIT fills, ref + 1, and the item that it ends before. */
  open: 9,
  openUntil: 10,
  /** Root of the new tree, ref + 1. */
  root: 11,
  /** Values in packSample, how many items one stands for, and how many go by before the next. */
  sampled: 12,
  stride: 13,
  skip: 14,
  /** Slabs, a power of two above them, the one that is sorted, and chunks of records in use. */
  slabs: 15,
  slabBound: 16,
  slab: 17,
  chunks: 18,
  /** Chunk that KEY reads. */
  chunk: 19,
  /** Axis that is sorted by. */
  axis: 20,
  /** Strip of the slab that is sorted by the axis: its items, from and until; and the items of each. */
  from: 21,
  until: 22,
  stripItems: 23,
  /** Pass of the sort. */
  pass: 24,
  /** 1 when the points are loaded: nothing changes meanwhile. */
  loading: 25,
} as const;

export const Phase = { sample: 0, gather: 1, key: 2, sort: 3, emit: 4, late: 5 } as const;

/**
 * Entries, in the new tree's column, of a point that was gathered; of one that moved after that; and of one that is inserted
 * at the end. No slot is as large as FIRST_MARK.
 *
 * Each pool has marks of its own. A row that was removed while its tree is packed may be another graph's before the packing
 * ends, and that graph may be packed at the same time by another pool, in the same column: its marks say nothing here.
 */
export interface Marks {
  readonly gathered: number;
  readonly late: number;
  readonly moved: number;
}

/** Two pools for each of 256 shards. */
const MOST_POOLS = 512;
export const FIRST_MARK = 2 ** 32 - 3 * MOST_POOLS;

/** Marks of the pool with this number. */
export function marksOf(pool: number): Marks {
  const first = FIRST_MARK + 3 * (pool % MOST_POOLS);
  return { gathered: first, late: first + 1, moved: first + 2 };
}

/**
 * Entries of a packed leaf and children of a packed inner node. Two places are left in a leaf for points that move in: full
 * leaves split in the first rounds of moves (first round 139 ns a move, not 210; later radius queries at worst 1.22, not
 * 1.31 times a fresh tree's). It costs fresh queries 5 %.
 * Inner nodes with 12 children have a tenth fewer boxes to look at than with 16, and do not split as soon as a leaf does.
 */
export const LEAF_FILL = FANOUT - 2;
export const INNER_FILL = 12;

/** Digits of the sorts: four passes of 8 bits; their counters and the streams they write stay in the first-level cache. */
export const RADIX_BITS = 8;
export const RADIX = 1 << RADIX_BITS;
export const PASSES = 4;

/** Forgets the range: nothing is in it. */
export function emptyRange(range: Float64Array, dims: number): void {
  range.fill(Number.POSITIVE_INFINITY, 0, dims);
  range.fill(Number.NEGATIVE_INFINITY, dims, 2 * dims);
}
