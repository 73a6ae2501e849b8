// Derived from ../tile-sort.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import { MAX_GROUPS, type PoolViews, RADIX_BITS } from '../layout.js';
import { INNER_FILL, LEAF_FILL, Pack, Phase, RADIX } from '../packing-state.js';
import type { NodePool } from './nodes.js';

const DIM = 2;
/** Words of a leaf's entry. */
const ENTRY = 3;
/** Items that are looked up together. */
const BLOCK = 256;

/**
 * The sorting phases of a packing: items of packItemA (rows at level 0, else node refs) come out there again, tile by
 * tile. They are sorted by x and cut into slabs; each slab is sorted by y and cut into strips; each strip by z. (In the
 * plane a strip is a slab.) Every phase is a loop over items that can stop anywhere.
 *
 *   by x: key ▶ sort (3 passes)   by y and z: key ▶ sort (3 passes) ▶ group
 */
export class TileSort {
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;
  readonly #entriesOf: (graph: number) => Uint32Array;
  readonly #slots = new Uint32Array(BLOCK);
  readonly #places = new Float64Array(BLOCK);

  /** `entriesOf` answers the leaf slots + 1 by row of the tree that is being packed. */
  constructor(pool: NodePool, entriesOf: (graph: number) => Uint32Array) {
    this.#pool = pool;
    this.#views = pool.views;
    this.#words = pool.views.packWords;
    this.#entriesOf = entriesOf;
  }

  /** A slice of about `maxItems` items; for the phases from key to group. */
  step(graph: number, maxItems: number): void {
    switch (this.#words[Pack.phase]) {
      case Phase.key:
        this.#key(graph, maxItems);
        break;
      case Phase.group:
        this.#group(maxItems);
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
    const slabs = Math.min((MAX_GROUPS ** (1 / (DIM - 1))) | 0, Math.ceil(nodes ** (1 / DIM) - 1e-9));
    const slabNodes = Math.ceil(nodes / Math.max(1, slabs));
    words[Pack.slabItems] = slabNodes * fill;
    words[Pack.stripItems] = slabNodes * fill;
    // Along the second of three axes: as many strips as there are tiles in each.
    if (DIM > 2) words[Pack.stripItems] = Math.ceil(slabNodes / Math.max(1, Math.ceil(Math.sqrt(slabNodes)))) * fill;
    words[Pack.axis] = 0;
    words[Pack.pass] = 0;
    words[Pack.at] = 0;
    this.#views.packCounts.fill(0, 0, 3 * RADIX);
  }

  /**
   * Twice the places of a few items along an axis: of points their coordinates, of nodes the sums of their sides. Points
   * stand anywhere in memory: a loop for each look-up lets the processor wait for many of them at once (40 ns, not 165).
   */
  #placesOf(graph: number, items: Uint32Array, at: number, count: number, axis: number): void {
    const places = this.#places;
    if (this.#words[Pack.level] !== 0) {
      for (let i = 0; i < count; i++) places[i] = this.#pool.centre(items[at + i]!, axis);
      return;
    }
    const slots = this.#slots;
    const entries = this.#entriesOf(graph);
    const { leafAt } = this.#views;
    for (let i = 0; i < count; i++) slots[i] = entries[items[at + i]!]!;
    // One removed meanwhile has no slot: any place will do, EMIT passes it by.
    for (let i = 0; i < count; i++) places[i] = 2 * leafAt[(slots[i]! === 0 ? 0 : slots[i]! - 1) * ENTRY + axis]!;
  }

  #scale(axis: number): number {
    const range = this.#views.packRange;
    const width = range[DIM + axis]! - range[axis]!;
    // 32 bits of the range; a range that overflows, or is nothing, sorts all alike: slower queries, no wrong ones.
    const scale = 0xffffffff / (2 * width);
    return Number.isFinite(scale) ? scale : 0;
  }

  /** Keys along the axis. From the second on, what is sorted are places in packOrder, which holds the order so far. */
  #key(graph: number, maxItems: number): void {
    const words = this.#words;
    const { packItemA, packItemB, packKeyA, packOrder, packCounts, packRange } = this.#views;
    const axis = words[Pack.axis]!;
    const low = 2 * packRange[axis]!;
    const scale = this.#scale(axis);
    const items = words[Pack.items]!;
    const end = Math.min(items, words[Pack.at]! + maxItems);
    const from = axis === 1 ? packItemB : packItemA;
    for (let at = words[Pack.at]!; at < end; at += BLOCK) {
      const size = Math.min(BLOCK, end - at);
      this.#placesOf(graph, from, at, size, axis);
      const places = this.#places;
      for (let i = 0; i < size; i++) packKeyA[at + i] = count(packCounts, clampKey((places[i]! - low) * scale));
    }
    if (axis > 0) {
      for (let i = words[Pack.at]!; i < end; i++) {
        packOrder[i] = from[i]!;
        packItemA[i] = i;
      }
    }
    words[Pack.at] = end;
    if (end < items) return;
    prefixSums(packCounts);
    words[Pack.phase] = Phase.sort;
    words[Pack.pass] = 0;
    words[Pack.at] = 0;
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
    if (words[Pack.axis] === 0) this.#nextAxis();
    else this.#beginGroups();
  }

  #nextAxis(): void {
    const words = this.#words;
    words[Pack.at] = 0;
    if (++words[Pack.axis]! < DIM) {
      this.#views.packCounts.fill(0, 0, 3 * RADIX);
      words[Pack.phase] = Phase.key;
      return;
    }
    words[Pack.made] = 0;
    words[Pack.open] = 0;
    words[Pack.phase] = Phase.emit;
  }

  /** Items of a group that the axis is sorted in: a slab for y, a strip for z. */
  #groupItems(): number {
    return this.#words[Pack.axis] === 1 ? this.#words[Pack.slabItems]! : this.#words[Pack.stripItems]!;
  }

  /** Where each group begins. */
  #beginGroups(): void {
    const words = this.#words;
    const counts = this.#views.packCounts;
    const items = words[Pack.items]!;
    const slab = words[Pack.slabItems]!;
    const grouped = this.#groupItems();
    let group = 0;
    for (let start = 0; start < items; start += slab) {
      for (let at = 0; at < slab; at += grouped) counts[group++] = start + at;
    }
    words[Pack.phase] = Phase.group;
  }

  /** Stable, by group: each group then stands in order of the axis. */
  #group(maxItems: number): void {
    const words = this.#words;
    const { packItemA, packItemB, packCounts, packOrder } = this.#views;
    const slab = words[Pack.slabItems]!;
    const grouped = this.#groupItems();
    const inEach = Math.ceil(slab / grouped);
    const items = words[Pack.items]!;
    const end = Math.min(items, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      const place = packItemB[i]!;
      const inSlab = (place / slab) | 0;
      const group = inSlab * inEach + (((place - inSlab * slab) / grouped) | 0);
      packItemA[packCounts[group]!++] = packOrder[place]!;
    }
    words[Pack.at] = end;
    if (end === items) this.#nextAxis();
  }
}

/** First of the items of the innermost group (strip) that item `i` is in; tiles do not reach across groups. */
export function groupStart(words: Uint32Array, i: number): number {
  const inSlab = i % words[Pack.slabItems]!;
  return i - (inSlab % words[Pack.stripItems]!);
}

/** Where the group that begins with item `start` ends. */
export function groupEnd(words: Uint32Array, start: number): number {
  const slab = words[Pack.slabItems]!;
  const slabEnd = start - (start % slab) + slab;
  return Math.min(slabEnd, groupStart(words, start) + words[Pack.stripItems]!);
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
