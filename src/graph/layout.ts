import { webcrypto } from 'node:crypto';
import { AthanorError } from '../base/errors.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';
import { levelsOf } from './free-rows.js';

/** Which of a node's lists: edges that leave it, or that come to it. `Both` is for questions alone. */
export const Out = 0;
export const In = 1;
export const Both = 2;

/** What makes a row a node, kept by others: ALIVE is bit 0 of `flags`; `born` is the sequence at which it last became one. */
export interface NodeLife {
  readonly flags: Uint8Array;
  readonly born: Float64Array;
}

/** Words of an adjacency block: 64 bytes, a cache line. Word 0 is the next block of the list, the others are entries. */
export const BLOCK = 16;
export const BLOCK_ENTRIES = BLOCK - 1;

/**
 * A row's list words, and those of a cascade's record. A list is a chain of blocks; its head block alone is partly filled,
 * and how far follows from its length.
 */
export const ROW_WORDS = 4;
export const ListWord = { outHead: 0, outLength: 1, inHead: 2, inLength: 3 } as const;

/** Where the words of a row's list stand. */
export function listAt(row: number, direction: number): number {
  return row * ROW_WORDS + (direction === Out ? ListWord.outHead : ListWord.inHead);
}

/*
 * Adjacency region, engine-wide, by node row.
 *   lists  u32 [rows * 4]  ListWord: of both lists the first block + 1 (0 = empty), and the entries, with those whose other
 *                          end is gone and not yet reclaimed
 *   loops  u32 [rows]      edges from the node to itself: they stand in both lists
 */
const rowLayout = defineRegion({
  name: 'adjacency',
  version: 3,
  // One buffer: a column of the default capacity alone is below 32 MiB, and glibc serves such from its heap, cleared by
  // hand and so committed, once a buffer of that size was freed before.
  buffers: 'one',
  params: ['rows'],
  fields: ({ rows }) => ({
    lists: ['u32', rows * ROW_WORDS],
    loops: ['u32', rows],
  }),
});

/** `source` of a row that holds no edge. */
export const FREE = 0xffffffff;

/*
 * Edges of one shard, by edge row below `words[edgeBump]`. The truth:
 *   source    u32  node row; FREE: the row holds no edge
 *   target    u32  node row
 *   kind      u16  number of the kind
 *   weight    f64
 *   time      f64  milliseconds since the Unix epoch
 *   sequence  f64  of the event that wrote the edge last
 * Which graph an edge is of follows from its source, by the node book.
 * Derived:
 *   outPlace, inPlace  u32  where the edge stands in the source's and the target's list: index in `blocks`
 *   blocks    u32 [blocks * 16]   word 0: next block + 1 of the list, or of the free ones; 1 to 15: edge rows
 *   buckets   u32 [buckets * 16]  the hash table, see edge-store.ts
 *   free      u32                 which rows are free, see free-rows.ts
 *   words     u32 [16]            Word, below
 *
 * A cascade's record is a block of the pool: words 1 to 4 are the row's list words as they were, word 0 is the next record
 * + 1.
 *
 * Bound of the blocks. An edge has two entries. Detached lists keep entries of edges that were freed by way of their other
 * end and whose rows were taken anew; but while there are such lists, making an edge takes as many entries off them as it
 * adds, so entries in all stay within two an edge. Full blocks hold 15. Beside them each node has at most two partly filled
 * ones, and so has each record, which takes a block itself and stood for more than 64 entries: three blocks for each 32
 * edges, and an eighth of the edges is more. Where nodes outnumber edges two blocks an edge are enough for the lists.
 * Address space is all that it costs.
 */
const edgeLayout = defineRegion({
  name: 'edges',
  version: 3,
  buffers: 'column',
  params: ['edges', 'rows'],
  fields: ({ edges, rows }) => ({
    source: ['u32', edges],
    target: ['u32', edges],
    kind: ['u16', edges],
    weight: ['f64', edges],
    time: ['f64', edges],
    sequence: ['f64', edges],
    outPlace: ['u32', edges],
    inPlace: ['u32', edges],
    blocks: ['u32', blocksOf(edges, rows) * BLOCK],
    buckets: ['u32', bucketsOf(edges) * BUCKET],
    free: ['u32', levelsOf(edges).words],
    words: ['u32', 16],
  }),
});

/** The bound above, and two for a list that is begun while another's last block is not yet given back. */
function blocksOf(edges: number, rows: number): number {
  return Math.ceil((2 * edges) / BLOCK_ENTRIES) + 2 * Math.min(edges, rows) + Math.ceil(edges / 8) + 2;
}

/** Words of a bucket, a cache line: head, three words of tags, and the edges; the head's low bits count these. */
export const BUCKET = 16;
export const Bucket = { tags: 1, edges: 4, countBits: 4 } as const;
/** Edges that a bucket holds. */
export const BUCKET_EDGES = 12;
/** Edges a bucket at which the table grows by one; buckets of the smallest table. */
export const BUCKET_LOAD = 9;
export const FIRST_BUCKETS = 16;

/** Buckets that hashes lead to. */
export function homesOf(edges: number): number {
  return Math.ceil(edges / BUCKET_LOAD) + FIRST_BUCKETS;
}

/** All of them: a chain with n overflowing buckets holds more than n times 12 edges, and one may be taken before another is given back. */
function bucketsOf(edges: number): number {
  return homesOf(edges) + Math.ceil(edges / BUCKET_EDGES) + 2;
}

/** Places of entries, and links between buckets with four bits beside them, are 32 bits. */
const MAX_BLOCKS = 2 ** 28;

/** Indexes of `words`. CASCADES counts removed nodes whose lists wait; CASCADE is the first of their records, a block + 1. */
export const Word = {
  edgeBump: 0,
  blockBump: 1,
  blockFree: 2,
  count: 3,
  cascades: 4,
  cascade: 5,
  /** Buckets added to the first ones. */
  split: 6,
  bucketBump: 7,
  bucketFree: 8,
  /** The first of HASH_KEYS words that are drawn when the region is made, and stay. */
  hashKey: 9,
} as const;
export const HASH_KEYS = 3;

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

  /** @throws AthanorError ATHANOR_CAPACITY */
  static create(memory: Memory, params: { rows: number; edges: number; shards: number }): GraphRegions {
    if (Math.max(blocksOf(params.edges, params.rows), bucketsOf(params.edges)) > MAX_BLOCKS) {
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `option capacity.edges: ${params.edges - 1} with ${params.rows} rows of nodes needs more than ${MAX_BLOCKS} adjacency blocks`,
      );
    }
    const rows = createRegion(memory, rowLayout, { rows: params.rows });
    const edges = Array.from({ length: params.shards }, () => {
      const region = createRegion(memory, edgeLayout, { edges: params.edges, rows: params.rows });
      // Not from shared memory, which it refuses.
      region.views.words.set(webcrypto.getRandomValues(new Uint32Array(HASH_KEYS)), Word.hashKey);
      return region;
    });
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
