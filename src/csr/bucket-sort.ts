import type { Breathe } from '../base/kernel.js';

/** Bits of a digit at most: 2,048 counters fit the first-level cache with the streams that they point to. */
const MOST_DIGIT_BITS = 11;
const DIGITS = 1 << MOST_DIGIT_BITS;
/** Pairs between two looks at the clock: a hub's row is one bucket, however long. */
const BREATH_PAIRS = 65_536;
/** A key of 32 bits has three digits. */
const MOST_DIGITS = 3;

/** Where a bucket's pairs go: columns, and values beside them; the offset of each row. */
export interface SortedPairs {
  readonly columns: Uint32Array;
  readonly values: Float64Array | undefined;
  readonly offsets: Uint32Array;
}

/**
 * A thread's scratch to sort the (row, column) pairs of a bucket by row, then column: a radix sort of least digits first.
 * Whatever order pairs come in, the result is the same; the cost does not depend on how even the rows are.
 *
 * A pair is one key of 32 bits, row << columnBits | column, where that fits. Where it does not, the key is the column, and
 * rows are looked up by the pair's place.
 */
export class BucketSort {
  readonly #columnBits: number;
  readonly #rowBits: number;
  readonly #packed: boolean;
  readonly #weighted: boolean;
  /** To be filled after `reserve`: keys, and by the same place rows where they are no part of the key, and values. */
  keys = new Uint32Array(0);
  rows = new Uint32Array(0);
  values = new Float64Array(0);
  #otherKeys = new Uint32Array(0);
  #places = new Uint32Array(0);
  #otherPlaces = new Uint32Array(0);
  readonly #counters = new Uint32Array(MOST_DIGITS * DIGITS);

  readonly #breathe: Breathe;

  constructor(rowBits: number, columnBits: number, weighted: boolean, breathe: Breathe) {
    this.#breathe = breathe;
    this.#rowBits = rowBits;
    this.#columnBits = columnBits;
    this.#packed = rowBits + columnBits <= 32;
    this.#weighted = weighted;
  }

  reserve(pairs: number): void {
    if (this.keys.length >= pairs) return;
    const room = Math.ceil(pairs * 1.25);
    this.keys = new Uint32Array(room);
    this.#otherKeys = new Uint32Array(room);
    if (!this.#packed) this.rows = new Uint32Array(room);
    if (this.#weighted) this.values = new Float64Array(room);
    if (this.#packed && !this.#weighted) return;
    this.#places = new Uint32Array(room);
    this.#otherPlaces = new Uint32Array(room);
  }

  /** False when the job is over. */
  sort(pairs: number): boolean {
    if (!this.#packed || this.#weighted) for (let i = 0, places = this.#places; i < pairs; i++) places[i] = i;
    const bits = this.#packed ? this.#rowBits + this.#columnBits : this.#columnBits;
    return this.#sortBy(pairs, bits, false) && (this.#packed || this.#sortBy(pairs, this.#rowBits, true));
  }

  /** By `bits` of the key, or of the row that is looked up. */
  #sortBy(pairs: number, bits: number, byRow: boolean): boolean {
    const passes = Math.ceil(bits / MOST_DIGIT_BITS);
    const digit = Math.ceil(bits / Math.max(1, passes));
    const mask = (1 << digit) - 1;
    const counters = this.#counters;
    const all = byRow ? this.rows : this.keys;
    counters.fill(0);
    // How often each digit occurs does not depend on the order: all passes count at once, and fewer than three count too much.
    for (let from = 0; from < pairs; from += BREATH_PAIRS) {
      this.#count(all, from, Math.min(pairs, from + BREATH_PAIRS), digit);
      if (from + BREATH_PAIRS < pairs && !this.#breathe()) return false;
    }
    for (let pass = 0; pass < passes; pass++) {
      const first = pass * DIGITS;
      for (let at = first, sum = 0; at <= first + mask; at++) {
        const count = counters[at]!;
        counters[at] = sum;
        sum += count;
      }
      for (let from = 0; from < pairs; from += BREATH_PAIRS) {
        const end = Math.min(pairs, from + BREATH_PAIRS);
        if (byRow) this.#moveByRow(from, end, first, pass * digit, mask);
        else if (this.#packed && !this.#weighted) this.#move(from, end, first, pass * digit, mask);
        else this.#moveWithPlaces(from, end, first, pass * digit, mask);
        if (end < pairs && !this.#breathe()) return false;
      }
      this.#turn();
    }
    return true;
  }

  #count(all: Uint32Array, start: number, end: number, digit: number): void {
    const counters = this.#counters;
    const mask = (1 << digit) - 1;
    let i = start;
    for (const last = end - 1; i < last; i += 2) {
      const key = all[i]!;
      const other = all[i + 1]!;
      counters[key & mask]!++;
      counters[DIGITS + ((key >>> digit) & mask)]!++;
      counters[2 * DIGITS + ((key >>> (2 * digit)) & mask)]!++;
      counters[other & mask]!++;
      counters[DIGITS + ((other >>> digit) & mask)]!++;
      counters[2 * DIGITS + ((other >>> (2 * digit)) & mask)]!++;
    }
    for (; i < end; i++) {
      const key = all[i]!;
      counters[key & mask]!++;
      counters[DIGITS + ((key >>> digit) & mask)]!++;
      counters[2 * DIGITS + ((key >>> (2 * digit)) & mask)]!++;
    }
  }

  /** What was moved to is moved from next. */
  #turn(): void {
    [this.keys, this.#otherKeys] = [this.#otherKeys, this.keys];
    if (!this.#packed || this.#weighted) [this.#places, this.#otherPlaces] = [this.#otherPlaces, this.#places];
  }

  #move(start: number, end: number, first: number, shift: number, mask: number): void {
    const counters = this.#counters;
    const from = this.keys;
    const to = this.#otherKeys;
    let i = start;
    // Four a turn, as everywhere in loops over arcs: with one, half of the time is the loop's own.
    for (const last = end - 3; i < last; i += 4) {
      const a = from[i]!;
      const b = from[i + 1]!;
      const c = from[i + 2]!;
      const d = from[i + 3]!;
      to[counters[first + ((a >>> shift) & mask)]!++] = a;
      to[counters[first + ((b >>> shift) & mask)]!++] = b;
      to[counters[first + ((c >>> shift) & mask)]!++] = c;
      to[counters[first + ((d >>> shift) & mask)]!++] = d;
    }
    for (; i < end; i++) {
      const key = from[i]!;
      to[counters[first + ((key >>> shift) & mask)]!++] = key;
    }
  }

  #moveWithPlaces(start: number, end: number, first: number, shift: number, mask: number): void {
    const counters = this.#counters;
    const from = this.keys;
    const to = this.#otherKeys;
    const fromPlaces = this.#places;
    const toPlaces = this.#otherPlaces;
    let i = start;
    for (const last = end - 1; i < last; i += 2) {
      const a = from[i]!;
      const b = from[i + 1]!;
      const atA = counters[first + ((a >>> shift) & mask)]!++;
      const atB = counters[first + ((b >>> shift) & mask)]!++;
      to[atA] = a;
      to[atB] = b;
      toPlaces[atA] = fromPlaces[i]!;
      toPlaces[atB] = fromPlaces[i + 1]!;
    }
    for (; i < end; i++) {
      const key = from[i]!;
      const at = counters[first + ((key >>> shift) & mask)]!++;
      to[at] = key;
      toPlaces[at] = fromPlaces[i]!;
    }
  }

  #moveByRow(start: number, end: number, first: number, shift: number, mask: number): void {
    const counters = this.#counters;
    const rows = this.rows;
    const from = this.keys;
    const to = this.#otherKeys;
    const fromPlaces = this.#places;
    const toPlaces = this.#otherPlaces;
    for (let i = start; i < end; i++) {
      const place = fromPlaces[i]!;
      const at = counters[first + ((rows[place]! >>> shift) & mask)]!++;
      to[at] = from[i]!;
      toPlaces[at] = place;
    }
  }

  /**
   * Writes the sorted pairs from `at` on, of equal ones one with the least value, and the offsets of `count` rows.
   * Returns how many were written; -1 when the job is over.
   */
  write(pairs: number, to: SortedPairs, at: number, firstRow: number, count: number): number {
    const { keys, rows, values } = this;
    const { columns: toColumns, values: toValues, offsets } = to;
    const places = this.#places;
    const packed = this.#packed;
    const columnBits = this.#columnBits;
    // A shift by 32 is none.
    const mask = columnBits === 32 ? 0xffffffff : (1 << columnBits) - 1;
    const oneRow = columnBits === 32 && packed;
    let end = at;
    let row = 0;
    for (let i = 0; i < pairs; i++) {
      if (i % BREATH_PAIRS === BREATH_PAIRS - 1 && !this.#breathe()) return -1;
      const key = keys[i]!;
      const itsRow = packed ? (oneRow ? 0 : key >>> columnBits) : rows[places[i]!]!;
      const column = (key & mask) >>> 0;
      const isNew = row <= itsRow || toColumns[end - 1] !== column;
      // Rows up to and with this one begin here.
      while (row <= itsRow) offsets[firstRow + row++] = end;
      if (isNew) {
        toColumns[end] = column;
        if (toValues !== undefined) toValues[end] = values[places[i]!]!;
        end++;
      } else if (toValues !== undefined) {
        const value = values[places[i]!]!;
        if (value < toValues[end - 1]!) toValues[end - 1] = value;
      }
    }
    while (row < count) offsets[firstRow + row++] = end;
    return end - at;
  }
}
