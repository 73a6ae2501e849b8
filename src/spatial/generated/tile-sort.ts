// Derived from ../tile-sort.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import { CHUNK, type PackViews } from '../layout.js';
import { LEAF_FILL, PASSES, Pack, Phase, RADIX, RADIX_BITS } from '../packing-state.js';

const DIM = 2;
/** Words of a record. */
const ENTRY = 3;
const COUNTERS = PASSES * RADIX;

/**
 * Puts the records of a slab in the order of its tiles: sorted by y, and in space cut into strips that are sorted by z. What is
 * sorted are 32-bit keys with the records' numbers, by least-significant-digit radix sorts: every phase is a loop over items
 * that can stop anywhere. The order is that of packItemA.
 *
 *   slab: KEY y ▶ SORT (4 passes) ▶ in the plane EMIT; in space, strip by strip: KEY z ▶ SORT ▶ EMIT
 */
export class TileSort {
  readonly #views: PackViews;
  readonly #words: Uint32Array;

  constructor(views: PackViews) {
    this.#views = views;
    this.#words = views.packWords;
  }

  /** The first slab, once all records are in theirs. */
  begin(): void {
    this.#words[Pack.slab] = 0;
    this.#beginSlab();
  }

  #beginSlab(): void {
    const words = this.#words;
    words[Pack.axis] = 1;
    words[Pack.from] = 0;
    words[Pack.until] = this.#views.packSlabCount[words[Pack.slab]!]!;
    this.#beginKeys();
  }

  #beginKeys(): void {
    const words = this.#words;
    words[Pack.phase] = Phase.key;
    words[Pack.at] = words[Pack.from]!;
    this.#views.packCounts.fill(0, 0, COUNTERS);
  }

  /** The tiles that were sorted are made nodes of: on to the next ones. False when there are none. */
  next(): boolean {
    const words = this.#words;
    const slabItems = this.#views.packSlabCount[words[Pack.slab]!]!;
    if ((DIM as number) > 2 && words[Pack.until]! < slabItems) {
      words[Pack.from] = words[Pack.until]!;
      words[Pack.until] = Math.min(slabItems, words[Pack.from]! + words[Pack.stripItems]!);
      this.#beginKeys();
      return true;
    }
    if (++words[Pack.slab]! === words[Pack.slabs]) return false;
    this.#beginSlab();
    return true;
  }

  /** A slice of about `maxItems` items; for the phases KEY and SORT. */
  step(maxItems: number): void {
    if (this.#words[Pack.phase] === Phase.key) this.#key(maxItems);
    else this.#sort(maxItems);
  }

  #key(maxItems: number): void {
    const words = this.#words;
    const {
      packPoints,
      packKeyA: keys,
      packItemA: items,
      packNext,
      packSlabFirst,
      packRange,
      packCounts,
    } = this.#views;
    const axis = words[Pack.axis]!;
    const low = packRange[axis]!;
    const scale = this.#scale(axis);
    const until = words[Pack.until]!;
    let at = words[Pack.at]!;
    const end = Math.min(until, at + maxItems);
    while (at < end) {
      let stop = end;
      // What is sorted by y stands in the slab's chunks; what is sorted by z, where the sort by y has left it.
      if (axis === 1) {
        const inChunk = at % CHUNK;
        if (inChunk === 0)
          words[Pack.chunk] = at === 0 ? packSlabFirst[words[Pack.slab]!]! : packNext[words[Pack.chunk]!]!;
        stop = Math.min(end, at - inChunk + CHUNK);
        for (let i = at, record = words[Pack.chunk]! * CHUNK + inChunk; i < stop; i++) items[i] = record++;
      }
      for (let i = at; i < stop; i++) {
        const key = clampKey((packPoints[items[i]! * ENTRY + axis]! - low) * scale);
        keys[i] = key;
        packCounts[key & 0xff]!++;
        packCounts[RADIX + ((key >>> 8) & 0xff)]!++;
        packCounts[2 * RADIX + ((key >>> 16) & 0xff)]!++;
        packCounts[3 * RADIX + (key >>> 24)]!++;
      }
      at = stop;
    }
    words[Pack.at] = at;
    if (at < until) return;
    prefixSums(packCounts, words[Pack.from]!);
    words[Pack.phase] = Phase.sort;
    words[Pack.pass] = 0;
    words[Pack.at] = words[Pack.from]!;
  }

  #scale(axis: number): number {
    const range = this.#views.packRange;
    // 32 bits of the range; a range that overflows, or is nothing, sorts all alike: slower queries, no wrong ones.
    const scale = 0xffffffff / (range[DIM + axis]! - range[axis]!);
    return Number.isFinite(scale) ? scale : 0;
  }

  /** One slice of one of the passes; they go A → B → A → B → A. */
  #sort(maxItems: number): void {
    const words = this.#words;
    const { packKeyA, packKeyB, packItemA, packItemB, packCounts } = this.#views;
    const pass = words[Pack.pass]!;
    const fromA = (pass & 1) === 0;
    const keys = fromA ? packKeyA : packKeyB;
    const itemsIn = fromA ? packItemA : packItemB;
    const keysOut = fromA ? packKeyB : packKeyA;
    const itemsOut = fromA ? packItemB : packItemA;
    const shift = pass * RADIX_BITS;
    const base = pass * RADIX;
    const until = words[Pack.until]!;
    const end = Math.min(until, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      const key = keys[i]!;
      const to = packCounts[base + ((key >>> shift) & (RADIX - 1))]!++;
      keysOut[to] = key;
      itemsOut[to] = itemsIn[i]!;
    }
    words[Pack.at] = end;
    if (end < until) return;
    words[Pack.at] = words[Pack.from]!;
    if (pass + 1 < PASSES) words[Pack.pass] = pass + 1;
    else this.#endSort();
  }

  #endSort(): void {
    const words = this.#words;
    if (words[Pack.axis]! + 1 === DIM) {
      words[Pack.phase] = Phase.emit;
      return;
    }
    // As many strips as there are tiles in each. (The fill of a leaf for inner nodes too: what matters is their shape.)
    const nodes = Math.max(1, Math.ceil(words[Pack.until]! / LEAF_FILL));
    words[Pack.stripItems] = Math.ceil(nodes / Math.ceil(Math.sqrt(nodes))) * LEAF_FILL;
    words[Pack.axis] = 2;
    words[Pack.until] = Math.min(words[Pack.until]!, words[Pack.stripItems]!);
    this.#beginKeys();
  }
}

function clampKey(key: number): number {
  return key > 0 ? (key < 0xffffffff ? key : 0xffffffff) >>> 0 : 0;
}

/** Where the items of each digit go, the first of them to `start`. */
function prefixSums(counts: Uint32Array, start: number): void {
  for (let pass = 0; pass < PASSES; pass++) {
    let sum = start;
    for (let digit = pass * RADIX; digit < (pass + 1) * RADIX; digit++) {
      const here = counts[digit]!;
      counts[digit] = sum;
      sum += here;
    }
  }
}
