import { MAX_NAME_BYTES } from '../base/limits.js';
import type { ByteHeap } from '../memory/byte-heap.js';
import { IdTag, type Interner } from '../memory/interner.js';

/**
 * An order of graphs' rows, and a place in it, the probe: of a row, or between rows. Indexes compare numeric keys first, and
 * what the rows stand for where those are equal. In an order of names the keys of a node leave out what all its names begin
 * with, as in a prefix B-tree (Bayer and Unterauer, "Prefix B-trees", 1977): so they differ in families of names too.
 */
export interface Order {
  /** The probe is the place of the row. */
  aim(row: number): void;
  /**
   * The probe's key among rows that begin with the first `skip` units of `row`, into `key`: 0. Or it comes before all such
   * rows: -1; or behind them: 1.
   */
  enter(row: number, skip: number): number;
  /** Set by `enter`. */
  readonly key: number;
  /** Whether the row comes before the probe. */
  precedes(row: number): boolean;
  /** Key of the row behind its first `skip` units. */
  keyOf(row: number, skip: number): number;
  /** How many units two different rows begin with that are the same; at most 255. */
  shared(row: number, other: number): number;
}

/** Units of a probe: one more than a name has tells a longer text from all names that begin it. */
const PROBE_UNITS = MAX_NAME_BYTES + 1;
/** Bytes of a name's key: numbers hold 53 bits exactly. */
const KEY_BYTES = 6;
/** Nodes keep what their names share in a byte; two different names share no more. */
const MOST_SHARED = 255;
const NO_KEY = -1;
/** More units than there are. */
const NEVER = 0x7fffffff;

/**
 * Names, ascending by UTF-16 code unit: as strings compare in JavaScript.
 */
export class NameOrder implements Order {
  key = 0;
  readonly #names: Interner;
  readonly #heap: ByteHeap;
  readonly #bytes: Uint8Array;
  readonly #units = new Uint16Array(PROBE_UNITS);
  readonly #others = new Uint16Array(PROBE_UNITS + KEY_BYTES);
  readonly #others2 = new Uint16Array(PROBE_UNITS);
  #length = 0;
  /** Behind all names. */
  #atEnd = false;
  /** What `key` leaves out. */
  #skip = NO_KEY;

  constructor(names: Interner) {
    this.#names = names;
    this.#heap = names.heap;
    this.#bytes = names.heap.bytes;
  }

  aim(row: number): void {
    this.#length = this.#unitsOf(row, PROBE_UNITS, this.#units);
    this.#skip = NO_KEY;
    this.#atEnd = false;
  }

  /** The probe is the place of a name, or of any text; undefined is the place behind all names. */
  aimAt(text: string | undefined): void {
    this.#skip = NO_KEY;
    this.#atEnd = text === undefined;
    if (text === undefined) return;
    const units = this.#units;
    this.#length = Math.min(text.length, PROBE_UNITS);
    for (let i = 0; i < this.#length; i++) units[i] = text.charCodeAt(i);
  }

  enter(row: number, skip: number): number {
    if (this.#atEnd) return 1;
    if (skip !== 0) {
      const side = this.#compare(row, skip);
      if (side !== 0) return -side;
    }
    if (skip !== this.#skip) {
      this.#skip = skip;
      this.key = keyOfUnits(this.#units, skip, this.#length);
    }
    return 0;
  }

  precedes(row: number): boolean {
    return this.#atEnd || this.#compare(row, NEVER) < 0;
  }

  /** -1, 0 or 1: the row's name against the probe; with `skip`, its first `skip` units, which it has, against the probe's. */
  #compare(row: number, skip: number): number {
    const heap = this.#heap;
    const bytes = this.#bytes;
    const units = this.#units;
    const ref = this.#names.refOf(row);
    const start = heap.startOf(ref);
    const narrow = heap.tagOf(ref) === IdTag.latin1;
    const whole = narrow ? heap.lengthOf(ref) : heap.lengthOf(ref) >>> 1;
    const length = whole < skip ? whole : skip;
    const probe = this.#length < skip ? this.#length : skip;
    const common = length < probe ? length : probe;
    if (narrow) {
      for (let i = 0; i < common; i++) {
        const unit = bytes[start + i]!;
        if (unit !== units[i]) return unit < units[i]! ? -1 : 1;
      }
    } else {
      for (let i = 0; i < common; i++) {
        const unit = bytes[start + 2 * i]! | (bytes[start + 2 * i + 1]! << 8);
        if (unit !== units[i]) return unit < units[i]! ? -1 : 1;
      }
    }
    return length === probe ? 0 : length < probe ? -1 : 1;
  }

  keyOf(row: number, skip: number): number {
    const length = this.#unitsOf(row, skip + KEY_BYTES, this.#others);
    return keyOfUnits(this.#others, skip, length);
  }

  shared(row: number, other: number): number {
    const length = this.#unitsOf(row, MOST_SHARED, this.#others);
    const otherLength = this.#unitsOf(other, MOST_SHARED, this.#others2);
    const common = length < otherLength ? length : otherLength;
    let same = 0;
    while (same < common && this.#others[same] === this.#others2[same]) same++;
    return same;
  }

  /** The first units of the row's name, `most` of them, into `out`. Returns how many there are. */
  #unitsOf(row: number, most: number, out: Uint16Array): number {
    const heap = this.#heap;
    const bytes = this.#bytes;
    const ref = this.#names.refOf(row);
    const start = heap.startOf(ref);
    const bytesLong = heap.lengthOf(ref);
    if (heap.tagOf(ref) === IdTag.latin1) {
      const length = bytesLong < most ? bytesLong : most;
      for (let i = 0; i < length; i++) out[i] = bytes[start + i]!;
      return length;
    }
    const length = bytesLong >>> 1 < most ? bytesLong >>> 1 : most;
    for (let i = 0; i < length; i++) out[i] = bytes[start + 2 * i]! | (bytes[start + 2 * i + 1]! << 8);
    return length;
  }
}

/** The first bytes of units[from, to), where a unit below 255 is one byte, and any other is 255 and its two bytes. */
function keyOfUnits(units: Uint16Array, from: number, to: number): number {
  let key = 0;
  let bytes = 0;
  for (let i = from; i < to && bytes < KEY_BYTES; i++) {
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
  for (; bytes < KEY_BYTES; bytes++) key *= 256;
  return key;
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

  enter(): number {
    return 0;
  }

  precedes(row: number): boolean {
    const time = this.#created[row]!;
    return time < this.key || (time === this.key && this.#born[row]! < this.#sequence);
  }

  keyOf(row: number): number {
    return this.#created[row]!;
  }

  shared(): number {
    return 0;
  }
}
