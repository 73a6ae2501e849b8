import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/** Entries of a leaf and children of an inner node: 16 points are four cache lines, and what a radius query tests at once. */
export const FANOUT = 16;
/** A leaf with fewer points is dissolved, unless it is the root: bounds the number of leaves. */
export const LEAST_LEAF = 3;

/** Slabs of a packing, at most: beyond 16 million points they only grow. A record's way to one of more would miss the cache. */
export const SLABS = 1024;
/** Records of a chunk of a slab. */
export const CHUNK = 64;
/** Items that tell a packing where to cut its slabs. */
export const SAMPLE = 8192;

/*
 * Refs. A node ref is `leaf << 1` or `inner << 1 | 1`; a slot is `node * FANOUT + position`. What may be absent is stored
 * plus one, so that zeroed memory is a shard without trees.
 *
 * Index region, engine-wide:
 *   entry0, entry1  u32 [rows]    leaf slot + 1 of a row; a graph's tree uses the one that `column` names
 *   root            u32 [graphs]  node ref + 1
 *   count           u32 [graphs]  points
 *   inserts         u32 [graphs]  inserts and reinserts since the last packing (see `LARGE` in shard-trees.ts)
 *   packed          u32 [graphs]  points at the last packing
 *   column          u8  [graphs]  0 or 1
 */
const indexLayout = defineRegion({
  name: 'rtree-index',
  version: 1,
  buffers: 'column',
  params: ['rows', 'graphs'],
  fields: ({ rows, graphs }) => ({
    entry0: ['u32', rows],
    entry1: ['u32', rows],
    root: ['u32', graphs],
    count: ['u32', graphs],
    inserts: ['u32', graphs],
    packed: ['u32', graphs],
    column: ['u8', graphs],
  }),
});

/*
 * Pool of one shard for trees of `dims` axes:
 *   leafAt      f64 [leaves * 16 * (dims + 1)]  of each entry its coordinates, and its row behind them: a leaf is one
 *                                block of memory, since at a million points what a query waits for is pages
 *   leafCount   u8  [leaves]
 *   leafParent  u32 [leaves]       inner slot + 1; 0 = root. Of a discarded leaf: the next one's ref + 1
 *   leafGraph   u32 [leaves]       graph row + 1; 0 = free
 *   leafLimit   f32 [leaves]       half perimeter up to which moves may grow the leaf's box
 *   innerBox    f64 [inners * 16 * 2 * dims]  least coordinates, then greatest, of each child
 *   innerChild  u32 [inners * 16]  node ref
 *   innerCount  u8, innerParent u32: as of leaves
 *   innerOpen   u8  [inners]       1: its last leaf takes the new points of a burst; see burst.ts
 *   words       u32 [16]           Word, below
 *   pack*                          state and scratch of a packing under way, as described at `packFields`
 *
 * Bounds, by the points that the engine holds at one time (rows in quarantine are in no tree) and the graphs that may be the
 * shard's. A root leaf holds at least one point: at most one leaf a graph. Any other holds at least LEAST_LEAF when it is
 * touched; one of a packing that lost points meanwhile may hold fewer until then: counted is one for two points. A packing
 * under way makes one more for each 8 points. An inner node has at least two children, so there are fewer inner nodes than
 * leaves that are no roots.
 */
const poolLayout = defineRegion({
  name: 'rtree-pool',
  version: 2,
  buffers: 'column',
  params: ['points', 'graphs', 'dims'],
  fields: ({ points, graphs, dims }) => {
    const inners = Math.ceil(points / 2) + Math.ceil(points / 8) + 64;
    const leaves = inners + Math.min(points, graphs);
    return {
      leafAt: ['f64', leaves * FANOUT * (dims + 1)],
      leafCount: ['u8', leaves],
      leafParent: ['u32', leaves],
      leafGraph: ['u32', leaves],
      leafLimit: ['f32', leaves],
      innerBox: ['f64', inners * FANOUT * 2 * dims],
      innerChild: ['u32', inners * FANOUT],
      innerCount: ['u8', inners],
      innerOpen: ['u8', inners],
      innerParent: ['u32', inners],
      words: ['u32', 16],
      ...packFields(points, dims),
    };
  },
});

/*
 * Scratch of a packing of at most `points` points; see slabs.ts and tile-sort.ts.
 *   packWords      u32 [32]        Pack, in packing-state.ts
 *   packRange      f64 [8]         least coordinates, then greatest, of the level's items; not along x
 *   packSample     f64 [SAMPLE]    x of some items
 *   packSplit      f64 [SLABS]     where slabs begin
 *   packSlab*      u32 [SLABS]     records of a slab; its first and its last chunk
 *   packNext       u32 [chunks]    chunk of the same slab behind a full one
 *   packPoints     f64 [chunks * CHUNK * (dims + 1)]  records: coordinates, and row or node ref, as in leaves. One chunk of
 *                                  a slab is not full: touched are 24 or 32 bytes a point
 *   packKey*, packItem*  u32 [points]  sides of the sort; touched are as many as the largest slab has records
 *   packCounts     u32 [1024]      items by digit, of four digits
 *   packLate       u32 [points]    rows that came too late for the slabs
 *   packMade, packLevel  u32       nodes of the level, and of the level below
 */
function packFields(points: number, dims: number) {
  const chunks = Math.ceil(points / CHUNK) + Math.min(points + 1, SLABS);
  return {
    packWords: ['u32', 32],
    packRange: ['f64', 8],
    packSample: ['f64', SAMPLE],
    packSplit: ['f64', SLABS],
    packSlabCount: ['u32', SLABS],
    packSlabFirst: ['u32', SLABS],
    packSlabLast: ['u32', SLABS],
    packNext: ['u32', chunks],
    packPoints: ['f64', chunks * CHUNK * (dims + 1)],
    packKeyA: ['u32', points + 64],
    packKeyB: ['u32', points + 64],
    packItemA: ['u32', points + 64],
    packItemB: ['u32', points + 64],
    packCounts: ['u32', 1024],
    packLate: ['u32', points + 64],
    packMade: ['u32', Math.ceil(points / 8) + 64],
    packLevel: ['u32', Math.ceil(points / 8) + 64],
  } as const;
}

export type PackViews = Views<ReturnType<typeof packFields>>;

/**
 * Indexes of `words`: nodes that were ever taken, how many of them are free, and where the search for one goes on; the
 * discarded nodes (a ref plus one); changes of trees without an event; the graph inserted into last (a row plus one); points that
 * came one after another, and their graph.
 */
export const Word = {
  leafBump: 0,
  leafFree: 1,
  innerBump: 2,
  innerFree: 3,
  discarded: 4,
  epoch: 5,
  leafScan: 6,
  innerScan: 7,
  recent: 8,
  burst: 9,
  burstGraph: 10,
} as const;

export type IndexViews = Views<ReturnType<typeof indexLayout.fields>>;
export type PoolViews = Views<ReturnType<typeof poolLayout.fields>>;

export interface SpatialToken {
  readonly index: RegionToken;
  readonly planes: readonly RegionToken[];
  readonly spaces: readonly RegionToken[];
}

/** The regions of all trees of an engine: of each shard a pool for trees of two axes, and one for trees of three. */
export class SpatialRegions {
  readonly index: IndexViews;
  readonly planes: readonly PoolViews[];
  readonly spaces: readonly PoolViews[];
  readonly token: SpatialToken;

  private constructor(
    index: IndexViews,
    planes: readonly PoolViews[],
    spaces: readonly PoolViews[],
    token: SpatialToken,
  ) {
    this.index = index;
    this.planes = planes;
    this.spaces = spaces;
    this.token = token;
  }

  /** `points`: most that are in trees at one time; as many as rows where not given. Graphs go round the shards by their row. */
  static create(
    memory: Memory,
    params: { rows: number; graphs: number; shards: number; points?: number },
  ): SpatialRegions {
    const { rows, graphs, shards, points = rows } = params;
    const ownGraphs = Math.ceil(graphs / shards);
    const index = createRegion(memory, indexLayout, { rows, graphs });
    const pools = (dims: number) =>
      Array.from({ length: shards }, () => createRegion(memory, poolLayout, { points, graphs: ownGraphs, dims }));
    const planes = pools(2);
    const spaces = pools(3);
    return new SpatialRegions(
      index.views,
      planes.map((pool) => pool.views),
      spaces.map((pool) => pool.views),
      { index: index.token, planes: planes.map((pool) => pool.token), spaces: spaces.map((pool) => pool.token) },
    );
  }

  static attach(token: SpatialToken): SpatialRegions {
    const views = (pool: RegionToken): PoolViews => attachRegion(poolLayout, pool).views;
    return new SpatialRegions(
      attachRegion(indexLayout, token.index).views,
      token.planes.map(views),
      token.spaces.map(views),
      token,
    );
  }
}
