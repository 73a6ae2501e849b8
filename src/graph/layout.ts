import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/** Entries of an adjacency block: 64 bytes, a cache line. */
export const BLOCK = 8;

/*
 * Adjacency region, engine-wide, by node row. A list is a chain of blocks; its head block alone is partly filled, and how
 * far follows from its length.
 *   outHead, inHead      u32  first block + 1; 0 = empty
 *   outLength, inLength  u32  entries, with those whose other end is gone and not yet reclaimed
 *   loops                u32  edges from the node to itself: they stand in both lists
 */
const rowLayout = defineRegion({
  name: 'adjacency',
  version: 2,
  // One buffer: a column of the default capacity alone is below 32 MiB, and glibc serves such from its heap, cleared by
  // hand and so committed, once a buffer of that size was freed before.
  buffers: 'one',
  params: ['rows'],
  fields: ({ rows }) => ({
    outHead: ['u32', rows],
    inHead: ['u32', rows],
    outLength: ['u32', rows],
    inLength: ['u32', rows],
    loops: ['u32', rows],
  }),
});

/*
 * Edges of one shard, by edge row. The truth:
 *   graph     u32  graph row + 1; 0 = free
 *   source    u32  node row; of a free edge the next free one + 1
 *   target    u32  node row
 *   kind      u32  number of the kind
 *   weight    f64
 *   time      f64  milliseconds since the Unix epoch
 *   sequence  f64  of the event that wrote the edge last
 * Derived:
 *   outEntry, inEntry  u32  place + 1 in the source's and the target's list: block * BLOCK + slot
 *   entries   u32 [blocks * BLOCK * 2]  (edge row, neighbour's row) pairs
 *   next      u32 [blocks]              next block + 1 of the list; of a free block the next free one + 1
 *   words     u32 [16]                  Word, below
 *
 * A cascade's record is a block of the pool: words 0 to 3 of its entries are head and length of the detached out list and
 * in list, `next` is the next record + 1.
 *
 * Bound of the blocks: an edge has two entries, and a list with n entries has at most n blocks, so lists of nodes take at
 * most two blocks an edge. Detached lists keep entries of edges that were freed by way of their other end and whose rows
 * were taken anew; but while there are such lists, making an edge takes as many entries off them as it adds, so entries
 * in all stay within two an edge. A record stands for more than 64 entries, which fill at most 10 blocks: it is within
 * the bound too. Address space is all that it costs.
 */
const edgeLayout = defineRegion({
  name: 'edges',
  version: 1,
  buffers: 'column',
  params: ['edges'],
  fields: ({ edges }) => ({
    graph: ['u32', edges],
    source: ['u32', edges],
    target: ['u32', edges],
    kind: ['u32', edges],
    weight: ['f64', edges],
    time: ['f64', edges],
    sequence: ['f64', edges],
    outEntry: ['u32', edges],
    inEntry: ['u32', edges],
    entries: ['u32', blocksOf(edges) * BLOCK * 2],
    next: ['u32', blocksOf(edges)],
    words: ['u32', 16],
  }),
});

/** The bound above, and two for a list that is begun while another's last block is not yet given back. */
function blocksOf(edges: number): number {
  return 2 * edges + 2;
}

/** Indexes of `words`. CASCADES counts removed nodes whose lists wait; CASCADE is the first of their records, a block + 1. */
export const Word = {
  edgeBump: 0,
  edgeFree: 1,
  blockBump: 2,
  blockFree: 3,
  count: 4,
  cascades: 5,
  cascade: 6,
} as const;

export type RowViews = Views<ReturnType<typeof rowLayout.fields>>;
export type EdgeViews = Views<ReturnType<typeof edgeLayout.fields>>;

export interface GraphToken {
  readonly rows: RegionToken;
  readonly edges: readonly RegionToken[];
}

/** The regions of all edges of an engine. Any shard may hold all edges. */
export class GraphRegions {
  readonly rows: RowViews;
  readonly edges: readonly EdgeViews[];
  readonly token: GraphToken;

  private constructor(rows: RowViews, edges: readonly EdgeViews[], token: GraphToken) {
    this.rows = rows;
    this.edges = edges;
    this.token = token;
  }

  static create(memory: Memory, params: { rows: number; edges: number; shards: number }): GraphRegions {
    const rows = createRegion(memory, rowLayout, { rows: params.rows });
    const edges = Array.from({ length: params.shards }, () =>
      createRegion(memory, edgeLayout, { edges: params.edges }),
    );
    return new GraphRegions(
      rows.views,
      edges.map((region) => region.views),
      { rows: rows.token, edges: edges.map((region) => region.token) },
    );
  }

  static attach(token: GraphToken): GraphRegions {
    return new GraphRegions(
      attachRegion(rowLayout, token.rows).views,
      token.edges.map((region) => attachRegion(edgeLayout, region).views),
      token,
    );
  }
}
