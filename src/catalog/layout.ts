import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/** Entries of a node of an ordered index: keys of 256 bytes, four cache lines. */
export const FANOUT = 32;
/** A node with fewer entries is joined with its neighbour, unless it is the last of its level: bounds the number of nodes. */
export const LEAST = 8;

/*
 * Ordered index of one shard: a B+ tree of its graphs by a numeric key, and by their order where keys are equal (orders.ts).
 * What may be absent is stored plus one, so that zeroed memory is an empty index.
 *
 *   leafKey    f64 [leaves * FANOUT]
 *   leafRow    u32 [leaves * FANOUT]  graph row
 *   leafCount  u8  [leaves]
 *   leafSkip   u8  [leaves]           units that all names of the leaf begin with: its keys are of what comes behind them
 *   leafNext   u32 [leaves]           next leaf + 1; of a free leaf the next free one + 1
 *   leafPrev   u32 [leaves]           leaf before it + 1
 *   innerKey   f64 [inners * FANOUT]  of each child the key of its first entry
 *   innerRow   u32 [inners * FANOUT]  and its row
 *   innerChild u32 [inners * FANOUT]  leaf on the lowest inner level, inner node above
 *   innerCount u8  [inners]
 *   innerSkip  u8  [inners]
 *   innerNext  u32 [inners]           of a free node the next free one + 1
 *   words      u32 [16]               Word, below
 *
 * Bounds. Every node but the last of its level has at least LEAST entries, so n graphs have at most n / LEAST + 1 leaves, and
 * a level of m nodes has at most m / LEAST + 1 above it. A split takes its node before it is linked: one more a level.
 */
const indexLayout = defineRegion({
  name: 'ordered-index',
  version: 1,
  buffers: 'one',
  params: ['graphs'],
  fields: ({ graphs }) => {
    const leaves = Math.ceil(graphs / LEAST) + 2;
    const inners = Math.ceil(leaves / (LEAST - 1)) + 2 * MAX_LEVELS;
    return {
      words: ['u32', 16],
      leafKey: ['f64', leaves * FANOUT],
      leafRow: ['u32', leaves * FANOUT],
      leafCount: ['u8', leaves],
      leafSkip: ['u8', leaves],
      leafNext: ['u32', leaves],
      leafPrev: ['u32', leaves],
      innerKey: ['f64', inners * FANOUT],
      innerRow: ['u32', inners * FANOUT],
      innerChild: ['u32', inners * FANOUT],
      innerCount: ['u8', inners],
      innerSkip: ['u8', inners],
      innerNext: ['u32', inners],
    };
  },
});

/** Levels of the highest tree: 2^31 graphs and LEAST entries a node make 11. */
export const MAX_LEVELS = 12;

/** Indexes of `words`; HEIGHT is 0 of an empty index and 1 where the root is a leaf. */
export const Word = { height: 0, root: 1, size: 2, leafBump: 3, leafFree: 4, innerBump: 5, innerFree: 6 } as const;

export type OrderedViews = Views<ReturnType<typeof indexLayout.fields>>;

/*
 * Counts of one shard: its graphs by number of nodes. All graphs of one count are a list, in no order; a local row is the
 * graph's row divided by the number of shards.
 *
 *   words  u32 [16]          CountWord, below
 *   link   u32 [2 * graphs]  of a local row: next and previous local row + 1 of its list; 0 = none
 *   head   u32 [counts]      first local row + 1 of the list of a count
 *   bits   u32 [...]         a bit a count: whether its list has graphs; then, level by level up to one word, a bit a word
 *                            of the level below: whether it is not 0
 *
 * Heads and bits are touched up to the greatest count that a graph ever had: 4.2 bytes a node of the largest graph.
 */
const countLayout = defineRegion({
  name: 'count-index',
  version: 1,
  buffers: 'one',
  params: ['graphs', 'counts'],
  fields: ({ graphs, counts }) => ({
    words: ['u32', 16],
    link: ['u32', 2 * graphs],
    head: ['u32', counts],
    bits: ['u32', bitLevels(counts).words],
  }),
});

/** Indexes of `words`: the shard's totals, and the greatest count that a list was ever kept for. */
export const CountWord = { graphs: 0, nodes: 1, edges: 2, most: 3 } as const;

/** Where each level of the bits begins, its words, and the words of all levels. */
export function bitLevels(counts: number): { starts: number[]; lengths: number[]; words: number } {
  const starts: number[] = [];
  const lengths: number[] = [];
  let words = 0;
  for (let bits = counts; ; bits = lengths.at(-1)!) {
    starts.push(words);
    lengths.push(Math.ceil(bits / 32));
    words += lengths.at(-1)!;
    if (lengths.at(-1) === 1) return { starts, lengths, words };
  }
}

export type CountViews = Views<ReturnType<typeof countLayout.fields>>;

export interface CatalogToken {
  readonly names: readonly RegionToken[];
  readonly times: readonly RegionToken[];
  readonly counts: readonly RegionToken[];
}

/** The catalogue's regions: of each shard two ordered indexes, and its counts. */
export class CatalogRegions {
  readonly names: readonly OrderedViews[];
  readonly times: readonly OrderedViews[];
  readonly counts: readonly CountViews[];
  readonly token: CatalogToken;

  private constructor(parts: Omit<CatalogRegions, never>) {
    this.names = parts.names;
    this.times = parts.times;
    this.counts = parts.counts;
    this.token = parts.token;
  }

  /** `graphs` and `rows`: rows of graphs and of nodes that exist in the engine. */
  static create(memory: Memory, params: { graphs: number; rows: number; shards: number }): CatalogRegions {
    const graphs = Math.ceil(params.graphs / params.shards);
    const counts = params.rows + 1;
    const each = <T>(make: () => T): T[] => Array.from({ length: params.shards }, make);
    const names = each(() => createRegion(memory, indexLayout, { graphs }));
    const times = each(() => createRegion(memory, indexLayout, { graphs }));
    const byCount = each(() => createRegion(memory, countLayout, { graphs, counts }));
    return new CatalogRegions({
      names: names.map((region) => region.views),
      times: times.map((region) => region.views),
      counts: byCount.map((region) => region.views),
      token: {
        names: names.map((region) => region.token),
        times: times.map((region) => region.token),
        counts: byCount.map((region) => region.token),
      },
    });
  }

  static attach(token: CatalogToken): CatalogRegions {
    return new CatalogRegions({
      names: token.names.map((region) => attachRegion(indexLayout, region).views),
      times: token.times.map((region) => attachRegion(indexLayout, region).views),
      counts: token.counts.map((region) => attachRegion(countLayout, region).views),
      token,
    });
  }
}
