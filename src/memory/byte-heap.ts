import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from './region.js';
import type { Memory } from './reserve.js';

/*
 * Byte heap: blocks of bytes of any length up to 2^24 - 1, in size classes with free lists. One writer at a time; all its
 * state is in the region.
 *
 *   state  u32 [1 + 2 * CLASSES]  word 0: units in use or free below the bump; then the first free block + 1 of each
 *                                 class; then the number of its free blocks
 *   words  u32                the blocks, in units of 8 bytes; a ref counts units, so 2^32 of them reach 32 GiB
 *
 *   block  u32 header: length in bytes | tag << 24;  bytes ...      a free block keeps its header, and in the second word
 *                                                                    the next free block + 1
 *
 * Classes: every unit up to 16 (128 bytes), then four an octave, so a block wastes at most a fifth. Blocks stay in their
 * class, so that the heap can be walked from its start; a program whose lengths come again leaves it flat.
 */
const layout = defineRegion({
  name: 'byte-heap',
  version: 1,
  buffers: 'column',
  params: ['units'],
  fields: ({ units }) => ({ state: ['u32', 1 + 2 * CLASSES], words: ['u32', units * 2] }),
});

const FINE_UNITS = 16;
const OCTAVES = 18;
const CLASSES = FINE_UNITS + OCTAVES * 4;
const HEADER_BYTES = 4;
const LENGTH_MASK = 0xffffff;

/** Class of a block of so many units. */
function classOf(units: number): number {
  if (units <= FINE_UNITS) return units - 1;
  const octave = 31 - Math.clz32(units - 1);
  return FINE_UNITS + (octave - 4) * 4 + (((units - 1) >>> (octave - 2)) & 3);
}

/** Units of a block of the class. */
function unitsOf(sizeClass: number): number {
  if (sizeClass < FINE_UNITS) return sizeClass + 1;
  const octave = ((sizeClass - FINE_UNITS) >> 2) + 4;
  return (5 + ((sizeClass - FINE_UNITS) & 3)) << (octave - 2);
}

export class ByteHeap {
  readonly token: RegionToken;
  readonly bytes: Uint8Array;
  readonly #state: Uint32Array;
  readonly #words: Uint32Array;
  readonly #units: number;

  private constructor(views: Views<ReturnType<typeof layout.fields>>, token: RegionToken) {
    this.token = token;
    this.#state = views.state;
    this.#words = views.words;
    this.#units = token.params.units!;
    this.bytes = new Uint8Array(views.words.buffer, views.words.byteOffset, views.words.byteLength);
  }

  static create(memory: Memory, params: { bytes: number }): ByteHeap {
    const region = createRegion(memory, layout, { units: Math.ceil(params.bytes / 8) });
    return new ByteHeap(region.views, region.token);
  }

  static attach(token: RegionToken): ByteHeap {
    return new ByteHeap(attachRegion(layout, token).views, token);
  }

  get capacityBytes(): number {
    return this.#units * 8;
  }

  /** Bytes that blocks have ever taken: the rest of the reservation is untouched. */
  get touchedBytes(): number {
    return this.#state[0]! * 8;
  }

  /** Bytes that blocks of this length take. */
  static blockBytes(length: number): number {
    return unitsOf(classOf((length + HEADER_BYTES + 7) >>> 3)) * 8;
  }

  /** Ref of a block for `length` bytes; -1 when the reservation is full. */
  allocate(length: number, tag: number): number {
    const sizeClass = classOf((length + HEADER_BYTES + 7) >>> 3);
    const free = this.#state[1 + sizeClass]!;
    let ref: number;
    if (free !== 0) {
      ref = free - 1;
      this.#state[1 + sizeClass] = this.#words[ref * 2 + 1]!;
      this.#state[1 + CLASSES + sizeClass]!--;
    } else {
      ref = this.#state[0]!;
      const units = unitsOf(sizeClass);
      if (ref + units > this.#units) return -1;
      this.#words[ref * 2] = length;
      this.#state[0] = ref + units;
    }
    this.#words[ref * 2] = length | (tag << 24);
    return ref;
  }

  free(ref: number): void {
    const sizeClass = classOf((this.lengthOf(ref) + HEADER_BYTES + 7) >>> 3);
    this.#words[ref * 2 + 1] = this.#state[1 + sizeClass]!;
    this.#state[1 + sizeClass] = ref + 1;
    this.#state[1 + CLASSES + sizeClass]!++;
  }

  /**
   * Whether a block for `length` bytes will be there after `ahead` bytes of other blocks, of whatever classes, have been
   * allocated. Any thread may ask; what is freed meanwhile only adds to it.
   */
  hasRoom(length: number, ahead: number): boolean {
    const sizeClass = classOf((length + HEADER_BYTES + 7) >>> 3);
    const wanted = ahead + unitsOf(sizeClass) * 8;
    if (this.#state[0]! * 8 + wanted <= this.#units * 8) return true;
    return this.#state[1 + CLASSES + sizeClass]! * unitsOf(sizeClass) * 8 >= wanted;
  }

  lengthOf(ref: number): number {
    return this.#words[ref * 2]! & LENGTH_MASK;
  }

  tagOf(ref: number): number {
    return this.#words[ref * 2]! >>> 24;
  }

  /** Where the block's bytes begin in `bytes`. */
  startOf(ref: number): number {
    return ref * 8 + HEADER_BYTES;
  }

  /** What is wrong, where every block should be in `used` (refs, ascending) or in the free list of its class. */
  verify(used: Uint32Array): string[] {
    const problems: string[] = [];
    const free = new Set<number>();
    for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
      let listed = 0;
      for (let next = this.#state[1 + sizeClass]!; next !== 0; next = this.#words[(next - 1) * 2 + 1]!, listed++) {
        if (free.has(next - 1)) return [`heap: the free list of class ${sizeClass} is a ring`];
        free.add(next - 1);
      }
      const counted = this.#state[1 + CLASSES + sizeClass]!;
      if (counted !== listed) problems.push(`heap: ${listed} free blocks of class ${sizeClass}, ${counted} counted`);
    }
    let next = 0;
    for (let ref = 0; ref < this.#state[0]!; ref += unitsOf(classOf((this.lengthOf(ref) + HEADER_BYTES + 7) >>> 3))) {
      const isUsed = next < used.length && used[next] === ref;
      if (isUsed) next++;
      if (isUsed === free.has(ref)) problems.push(`heap: block ${ref} is ${isUsed ? 'free and in use' : 'lost'}`);
    }
    if (next < used.length) problems.push(`heap: ref ${used[next]} is no block`);
    return problems;
  }

  /** Recovery: the free lists anew, from the refs in use (ascending). */
  rebuild(used: Uint32Array): void {
    this.#state.fill(0, 1);
    const end = this.#state[0]!;
    let next = 0;
    for (let ref = 0; ref < end; ) {
      const units = unitsOf(classOf((this.lengthOf(ref) + HEADER_BYTES + 7) >>> 3));
      if (next < used.length && used[next] === ref) next++;
      else this.free(ref);
      ref += units;
    }
  }
}
