import { MAX_NAME_BYTES } from '../base/limits.js';
import type { ByteHeap } from '../memory/byte-heap.js';
import { IdTag, type Interner } from '../memory/interner.js';

/**
 * A place in an order of graphs, the probe: of a row, or between rows. Rows are compared with it first by the numeric key
 * that an index keeps with them, and by what the row stands for where the keys are equal.
 */
export interface Order {
  /** Key of the probe. */
  readonly key: number;
  /** The probe is the place of the row. */
  aim(row: number): void;
  /** Whether a row that has the probe's key comes before the probe. */
  precedes(row: number): boolean;
}

/** Units of a probe: one more than a name has tells a longer text from all names that begin it. */
const PROBE_UNITS = MAX_NAME_BYTES + 1;
/** Bytes of a name's key: numbers hold 53 bits exactly. */
const KEY_BYTES = 6;

/**
 * Names, ascending by UTF-16 code unit: as strings compare in JavaScript. The key is the name's first bytes, where a unit
 * below 255 is one byte, and any other is 255 and its two bytes.
 */
export class NameOrder implements Order {
  key = 0;
  readonly #names: Interner;
  readonly #heap: ByteHeap;
  readonly #bytes: Uint8Array;
  readonly #units = new Uint16Array(PROBE_UNITS);
  #length = 0;

  constructor(names: Interner) {
    this.#names = names;
    this.#heap = names.heap;
    this.#bytes = names.heap.bytes;
  }

  aim(row: number): void {
    const ref = this.#names.refOf(row);
    const heap = this.#heap;
    const bytes = this.#bytes;
    const units = this.#units;
    const start = heap.startOf(ref);
    const length = heap.lengthOf(ref);
    if (heap.tagOf(ref) === IdTag.latin1) {
      for (let i = 0; i < length; i++) units[i] = bytes[start + i]!;
      this.#length = length;
    } else {
      for (let i = 0; 2 * i < length; i++) units[i] = bytes[start + 2 * i]! | (bytes[start + 2 * i + 1]! << 8);
      this.#length = length >>> 1;
    }
    this.key = this.#keyOfUnits();
  }

  /** The probe is the place of a name, or of any text; undefined is the place behind all names. */
  aimAt(text: string | undefined): void {
    if (text === undefined) {
      this.#length = 0;
      this.key = Number.POSITIVE_INFINITY;
      return;
    }
    const units = this.#units;
    this.#length = Math.min(text.length, PROBE_UNITS);
    for (let i = 0; i < this.#length; i++) units[i] = text.charCodeAt(i);
    this.key = this.#keyOfUnits();
  }

  precedes(row: number): boolean {
    const ref = this.#names.refOf(row);
    const heap = this.#heap;
    const bytes = this.#bytes;
    const units = this.#units;
    const start = heap.startOf(ref);
    const narrow = heap.tagOf(ref) === IdTag.latin1;
    const length = narrow ? heap.lengthOf(ref) : heap.lengthOf(ref) >>> 1;
    const probe = this.#length;
    const common = length < probe ? length : probe;
    if (narrow) {
      for (let i = 0; i < common; i++) {
        const unit = bytes[start + i]!;
        if (unit !== units[i]) return unit < units[i]!;
      }
    } else {
      for (let i = 0; i < common; i++) {
        const unit = bytes[start + 2 * i]! | (bytes[start + 2 * i + 1]! << 8);
        if (unit !== units[i]) return unit < units[i]!;
      }
    }
    return length < probe;
  }

  #keyOfUnits(): number {
    const units = this.#units;
    const length = this.#length;
    let key = 0;
    let bytes = 0;
    for (let i = 0; i < length && bytes < KEY_BYTES; i++) {
      const unit = units[i]!;
      if (unit < 0xff) {
        key = key * 256 + unit;
        bytes++;
        continue;
      }
      key = key * 256 + 0xff;
      if (++bytes < KEY_BYTES) {
        key = key * 256 + (unit >>> 8);
        bytes++;
      }
      if (bytes < KEY_BYTES) {
        key = key * 256 + (unit & 0xff);
        bytes++;
      }
    }
    return key * 256 ** (KEY_BYTES - bytes);
  }
}

/** The first text behind this one: there is none between them. */
export function behind(text: string): string {
  return `${text}\u0000`;
}

/** The first text behind all that begin with the prefix; undefined where there is none. */
export function behindPrefix(prefix: string): string | undefined {
  let end = prefix.length;
  // Behind 'az' is 'b', where z is the greatest unit.
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xffff) end--;
  if (end === 0) return undefined;
  return prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1);
}

/** Times of creation, ascending, and graphs of one time in the order in which their creation was published. */
export class TimeOrder implements Order {
  key = 0;
  readonly #created: Float64Array;
  readonly #born: Float64Array;
  #sequence = 0;

  /** Columns by graph row: time of its creation, and sequence of that event. */
  constructor(created: Float64Array, born: Float64Array) {
    this.#created = created;
    this.#born = born;
  }

  aim(row: number): void {
    this.aimAt(this.#created[row]!, this.#born[row]!);
  }

  /** The probe is the place of a creation at this time with this sequence. */
  aimAt(time: number, sequence: number): void {
    this.key = time;
    this.#sequence = sequence;
  }

  precedes(row: number): boolean {
    return this.#born[row]! < this.#sequence;
  }
}
