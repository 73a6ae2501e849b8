import { CHUNK, type PackViews, SAMPLE, SLABS } from './layout.js';
import { emptyRange, Pack } from './packing-state.js';

const DIM = 3;
/** Words of a record: its coordinates, and its row or node. */
const ENTRY = 4;
const Z = 2;
/** Records that go to their slabs together. */
export const BLOCK = 256;

/**
 * The slabs of a packing's level: its items cut along x. Where the cuts are is estimated from a sample; then each item's
 * record (coordinates, and row or node ref) goes to its slab, a list of chunks in packPoints. What a slab holds fits the
 * caches, which is what makes its sorts fast; and the chunks that are being filled lie close together, which makes this pass fast.
 */
export class Slabs {
  /** The records of a block, for `scatter`. */
  readonly block = new Float64Array(BLOCK * ENTRY);
  readonly #views: PackViews;
  readonly #words: Uint32Array;
  readonly #slabOf = new Uint32Array(BLOCK);

  constructor(views: PackViews) {
    this.#views = views;
    this.#words = views.packWords;
  }

  // ------------------------------------------------------------ the sample

  /** Begins the sample of a level of about so many items, of about `most` of them. Where all are taken slabs are exact. */
  beginSample(items: number, most: number): void {
    const words = this.#words;
    words[Pack.items] = items;
    words[Pack.at] = 0;
    words[Pack.sampled] = 0;
    words[Pack.stride] = Math.max(1, Math.ceil(items / most));
    words[Pack.skip] = 0;
  }

  /** How many items may go by before the next that is taken. */
  get skip(): number {
    return this.#words[Pack.skip]!;
  }

  /** So many items went by. */
  pass(items: number): void {
    this.#words[Pack.skip]! -= items;
  }

  /** Takes an item's x. */
  take(x: number): void {
    const words = this.#words;
    const { packSample } = this.#views;
    if (words[Pack.sampled] === SAMPLE) {
      // More came than was thought: every other one is dropped.
      for (let i = 0; i < SAMPLE / 2; i++) packSample[i] = packSample[2 * i]!;
      words[Pack.sampled] = SAMPLE / 2;
      words[Pack.stride]! *= 2;
    }
    packSample[words[Pack.sampled]!++] = x;
    words[Pack.skip]! += words[Pack.stride]!;
  }

  /** The cuts; `fill` items are a node. As many slabs as there are nodes along a side. */
  endSample(fill: number): void {
    const words = this.#words;
    const { packSample, packSplit, packSlabCount, packRange } = this.#views;
    const sampled = words[Pack.sampled]!;
    const items = words[Pack.items]!;
    const nodes = Math.max(1, Math.ceil(items / fill));
    const wanted = Math.min(SLABS, Math.ceil(nodes ** (1 / DIM) - 1e-9));
    const slabItems = Math.ceil(nodes / wanted) * fill;
    const slabs = Math.max(1, Math.ceil(items / slabItems));
    const bound = 1 << (32 - Math.clz32(slabs - 1));
    const sample = packSample.subarray(0, sampled).sort();
    for (let slab = 0; slab < slabs; slab++) {
      // The first slab has what is before the second, whatever stands here.
      packSplit[slab] = sample[Math.floor((slab * slabItems * sampled) / items)] ?? 0;
    }
    packSplit.fill(Number.POSITIVE_INFINITY, slabs, bound);
    packSlabCount.fill(0, 0, slabs);
    emptyRange(packRange, DIM);
    words[Pack.slabs] = slabs;
    words[Pack.slabBound] = bound;
    words[Pack.chunks] = 0;
    words[Pack.at] = 0;
  }

  // ------------------------------------------------------------ records

  /** The first records of `block` go to their slabs. */
  scatter(count: number): void {
    const words = this.#words;
    const { packSplit, packSlabCount, packSlabFirst, packSlabLast, packNext, packPoints, packRange } = this.#views;
    const block = this.block;
    const slabOf = this.#slabOf;
    // Loops of their own: the processor works at many items at once.
    const top = words[Pack.slabBound]! >>> 1;
    for (let i = 0; i < count; i++) {
      const x = block[i * ENTRY]!;
      let slab = 0;
      for (let half = top; half > 0; half >>>= 1) slab += half & -(x >= packSplit[slab + half]!);
      slabOf[i] = slab;
    }
    let chunks = words[Pack.chunks]!;
    for (let i = 0; i < count; i++) {
      const slab = slabOf[i]!;
      const inSlab = packSlabCount[slab]!;
      if (inSlab % CHUNK === 0) {
        if (inSlab === 0) packSlabFirst[slab] = chunks;
        else packNext[packSlabLast[slab]!] = chunks;
        packSlabLast[slab] = chunks++;
      }
      packSlabCount[slab] = inSlab + 1;
      const from = i * ENTRY;
      const to = (packSlabLast[slab]! * CHUNK + (inSlab % CHUNK)) * ENTRY;
      packPoints[to] = block[from]!;
      packPoints[to + 1] = block[from + 1]!;
      packPoints[to + Z] = block[from + Z]!;
      packPoints[to + ENTRY - 1] = block[from + ENTRY - 1]!;
    }
    words[Pack.chunks] = chunks;
    for (let axis = 1; axis < DIM; axis++) {
      let min = packRange[axis]!;
      let max = packRange[DIM + axis]!;
      for (let i = axis; i < count * ENTRY; i += ENTRY) {
        const value = block[i]!;
        if (value < min) min = value;
        if (value > max) max = value;
      }
      packRange[axis] = min;
      packRange[DIM + axis] = max;
    }
  }
}
