import type { PoolViews } from './layout.js';
import { RADIX_BITS } from './layout.js';
import type { NodePool } from './nodes.js';
import { INNER_FILL, LEAF_FILL, Pack, Phase, RADIX } from './packing-state.js';

/**
 * The sorting phases of a packing: items of packItemA (rows at level 0, else node refs) come out as places in packOrder,
 * strip by strip in order of y. Every phase is a loop over items that can stop anywhere.
 */
export class TileSort {
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;
  readonly #entriesOf: (graph: number) => Uint32Array;

  /** `entriesOf` answers the leaf slots + 1 by row of the tree that is being packed. */
  constructor(pool: NodePool, entriesOf: (graph: number) => Uint32Array) {
    this.#pool = pool;
    this.#views = pool.views;
    this.#words = pool.views.packWords;
    this.#entriesOf = entriesOf;
  }

  /** A slice of about `maxItems` items; for the phases from keyX to strip. */
  step(graph: number, maxItems: number): void {
    switch (this.#words[Pack.phase]) {
      case Phase.keyX:
        this.#keyX(graph, maxItems);
        break;
      case Phase.keyY:
        this.#keyY(graph, maxItems);
        break;
      case Phase.strip:
        this.#sortStrip(maxItems);
        break;
      default:
        this.#sort(maxItems);
    }
  }

  /** Counts and tile sizes of the level whose items stand in packItemA. */
  beginLevel(): void {
    const words = this.#words;
    const fill = words[Pack.level] === 0 ? LEAF_FILL : INNER_FILL;
    const nodes = Math.ceil(words[Pack.items]! / fill);
    const strips = Math.min(RADIX, Math.ceil(Math.sqrt(nodes)));
    words[Pack.stripItems] = Math.ceil(nodes / Math.max(1, strips)) * fill;
    words[Pack.pass] = 0;
    words[Pack.at] = 0;
    this.#views.packCounts.fill(0);
  }

  /** Twice the item's place along an axis: a point's coordinate, or the sum of a node's sides. */
  #place(graph: number, item: number, axis: number): number {
    if (this.#words[Pack.level] === 0) {
      const slot = this.#entriesOf(graph)[item]!;
      // Removed meanwhile: any place will do, EMIT passes it by.
      return slot === 0 ? 0 : 2 * this.#views.leafXY[(slot - 1) * 2 + axis]!;
    }
    return this.#pool.centre(item, axis);
  }

  #scale(axis: number): number {
    const range = this.#views.packRange;
    const width = range[2 + axis]! - range[axis]!;
    // 32 bits of the range; a range that overflows, or is nothing, sorts all alike: slower queries, no wrong ones.
    const scale = 0xffffffff / (2 * width);
    return Number.isFinite(scale) ? scale : 0;
  }

  #keyX(graph: number, maxItems: number): void {
    const words = this.#words;
    const { packItemA, packKeyA, packCounts, packRange } = this.#views;
    const low = 2 * packRange[0]!;
    const scale = this.#scale(0);
    const items = words[Pack.items]!;
    const end = Math.min(items, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      packKeyA[i] = count(packCounts, clampKey((this.#place(graph, packItemA[i]!, 0) - low) * scale));
    }
    words[Pack.at] = end;
    if (end === items) this.#beginSort(Phase.sortX);
  }

  #beginSort(phase: number): void {
    prefixSums(this.#views.packCounts);
    this.#words[Pack.phase] = phase;
    this.#words[Pack.pass] = 0;
    this.#words[Pack.at] = 0;
  }

  /** One slice of one of the three passes; they go A → B → A → B. */
  #sort(maxItems: number): void {
    const words = this.#words;
    const views = this.#views;
    const pass = words[Pack.pass]!;
    const fromA = (pass & 1) === 0;
    const keys = fromA ? views.packKeyA : views.packKeyB;
    const itemsIn = fromA ? views.packItemA : views.packItemB;
    const keysOut = fromA ? views.packKeyB : views.packKeyA;
    const itemsOut = fromA ? views.packItemB : views.packItemA;
    const counts = views.packCounts;
    const base = pass << RADIX_BITS;
    const shift = pass * RADIX_BITS;
    const items = words[Pack.items]!;
    const end = Math.min(items, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      const key = keys[i]!;
      const to = counts[base + ((key >>> shift) & (RADIX - 1))]!++;
      keysOut[to] = key;
      itemsOut[to] = itemsIn[i]!;
    }
    words[Pack.at] = end;
    if (end < items) return;
    words[Pack.at] = 0;
    if (pass < 2) {
      words[Pack.pass] = pass + 1;
      return;
    }
    views.packCounts.fill(0);
    if (words[Pack.phase] === Phase.sortX) {
      words[Pack.phase] = Phase.keyY;
      return;
    }
    const strip = words[Pack.stripItems]!;
    for (let i = 0; i * strip < items; i++) counts[i] = i * strip;
    words[Pack.phase] = Phase.strip;
  }

  /** Items in order of x go to packOrder; what is sorted from here on is their place in it. */
  #keyY(graph: number, maxItems: number): void {
    const words = this.#words;
    const { packItemA, packItemB, packKeyA, packOrder, packCounts, packRange } = this.#views;
    const low = 2 * packRange[1]!;
    const scale = this.#scale(1);
    const items = words[Pack.items]!;
    const end = Math.min(items, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      const item = packItemB[i]!;
      packOrder[i] = item;
      packItemA[i] = i;
      packKeyA[i] = count(packCounts, clampKey((this.#place(graph, item, 1) - low) * scale));
    }
    words[Pack.at] = end;
    if (end === items) this.#beginSort(Phase.sortY);
  }

  /** Stable, by strip: each strip then stands in order of y. */
  #sortStrip(maxItems: number): void {
    const words = this.#words;
    const { packItemA, packItemB, packCounts } = this.#views;
    const strip = words[Pack.stripItems]!;
    const items = words[Pack.items]!;
    const end = Math.min(items, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      const item = packItemB[i]!;
      packItemA[packCounts[Math.floor(item / strip)]!++] = item;
    }
    words[Pack.at] = end;
    if (end < items) return;
    words[Pack.at] = 0;
    words[Pack.made] = 0;
    words[Pack.open] = 0;
    words[Pack.phase] = Phase.emit;
  }
}

function clampKey(key: number): number {
  return key > 0 ? (key < 0xffffffff ? key : 0xffffffff) >>> 0 : 0;
}

/** Counts the key's three digits; the key is returned. */
function count(counts: Uint32Array, key: number): number {
  counts[key & (RADIX - 1)]!++;
  counts[RADIX + ((key >>> RADIX_BITS) & (RADIX - 1))]!++;
  counts[2 * RADIX + (key >>> (2 * RADIX_BITS))]!++;
  return key;
}

function prefixSums(counts: Uint32Array): void {
  for (let pass = 0; pass < 3; pass++) {
    let sum = 0;
    for (let digit = pass * RADIX; digit < (pass + 1) * RADIX; digit++) {
      const here = counts[digit]!;
      counts[digit] = sum;
      sum += here;
    }
  }
}
