/** Bits of a digit at most: 2,048 counters fit the first-level cache with the streams that they point to. */
const MOST_DIGIT_BITS = 11;

/** What a bucket's pairs look like: bits of the row within the bucket, and of the column. */
export interface PairBits {
  readonly row: number;
  readonly column: number;
}

/** Where the bucket's pairs go: columns, and values beside them, from `at` on; `offsets[firstRow + row]` of each row. */
export interface SortedPairs {
  readonly columns: Uint32Array;
  readonly values: Float64Array | undefined;
  readonly offsets: Uint32Array;
}

/**
 * A thread's scratch to sort the (row, column) pairs of a bucket by row, then column: a radix sort of least digits first.
 * Whatever order pairs come in, the result is the same; the cost does not depend on how even the rows are.
 */
export class BucketSort {
  /** Rows, columns and values to sort: filled by the caller after `reserve`. */
  rows = new Uint32Array(0);
  columns = new Uint32Array(0);
  values = new Float64Array(0);
  #rows = new Uint32Array(0);
  #columns = new Uint32Array(0);
  /** Place of each pair among `values`, and its twin. */
  #places = new Uint32Array(0);
  #otherPlaces = new Uint32Array(0);
  readonly #counters = new Uint32Array(1 << MOST_DIGIT_BITS);

  reserve(pairs: number, weighted: boolean): void {
    if (this.rows.length < pairs) {
      const room = Math.ceil(pairs * 1.25);
      this.rows = new Uint32Array(room);
      this.columns = new Uint32Array(room);
      this.#rows = new Uint32Array(room);
      this.#columns = new Uint32Array(room);
    }
    if (weighted && this.values.length < pairs) {
      this.values = new Float64Array(this.rows.length);
      this.#places = new Uint32Array(this.rows.length);
      this.#otherPlaces = new Uint32Array(this.rows.length);
    }
  }

  sort(pairs: number, bits: PairBits, weighted: boolean): void {
    if (weighted) for (let i = 0, places = this.#places; i < pairs; i++) places[i] = i;
    const passes = Math.ceil(bits.column / MOST_DIGIT_BITS);
    const digit = Math.ceil(bits.column / Math.max(1, passes));
    for (let pass = 0; pass < passes; pass++) this.#pass(pairs, false, pass * digit, digit, weighted);
    for (let done = 0; done < bits.row; done += MOST_DIGIT_BITS) {
      this.#pass(pairs, true, done, Math.min(MOST_DIGIT_BITS, bits.row - done), weighted);
    }
  }

  #pass(pairs: number, byRow: boolean, shift: number, bits: number, weighted: boolean): void {
    const counters = this.#counters;
    const fromRows = this.rows;
    const fromColumns = this.columns;
    const toRows = this.#rows;
    const toColumns = this.#columns;
    const keys = byRow ? fromRows : fromColumns;
    const mask = (1 << bits) - 1;
    counters.fill(0, 0, mask + 1);
    for (let i = 0; i < pairs; i++) counters[(keys[i]! >>> shift) & mask]!++;
    for (let digit = 0, sum = 0; digit <= mask; digit++) {
      const count = counters[digit]!;
      counters[digit] = sum;
      sum += count;
    }
    if (weighted) {
      const fromPlaces = this.#places;
      const toPlaces = this.#otherPlaces;
      for (let i = 0; i < pairs; i++) {
        const to = counters[(keys[i]! >>> shift) & mask]!++;
        toRows[to] = fromRows[i]!;
        toColumns[to] = fromColumns[i]!;
        toPlaces[to] = fromPlaces[i]!;
      }
      this.#places = toPlaces;
      this.#otherPlaces = fromPlaces;
    } else {
      for (let i = 0; i < pairs; i++) {
        const to = counters[(keys[i]! >>> shift) & mask]!++;
        toRows[to] = fromRows[i]!;
        toColumns[to] = fromColumns[i]!;
      }
    }
    this.rows = toRows;
    this.columns = toColumns;
    this.#rows = fromRows;
    this.#columns = fromColumns;
  }

  /**
   * Writes the sorted pairs from `at` on, of equal ones one with the least value, and the offsets of `count` rows.
   * Returns how many were written.
   */
  write(pairs: number, to: SortedPairs, at: number, firstRow: number, count: number): number {
    const { rows, columns } = this;
    const { columns: toColumns, values: toValues, offsets } = to;
    const places = this.#places;
    const values = this.values;
    let end = at;
    let row = 0;
    for (let i = 0; i < pairs; i++) {
      const column = columns[i]!;
      const before = row;
      const itsRow = rows[i]!;
      // Rows up to and with this one begin here; a row that has begun is passed over.
      while (row <= itsRow) offsets[firstRow + row++] = end;
      const isNew = row !== before || toColumns[end - 1] !== column;
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
