/** A cell that is not empty: how many nodes, and their mean position. */
export interface Cluster {
  /** Of the cell, from 0. */
  column: number;
  /** Row of the cell, from the lowest up. */
  row: number;
  /** Nodes in the cell. */
  count: number;
  /** Mean of their x. */
  x: number;
  /** Mean of their y. */
  y: number;
}

/** The cells of a grid that are not empty, by row and then by column. The same object for the same question: not to be written. */
export class Clusters implements Iterable<Cluster> {
  /** Cells that are not empty. */
  readonly length: number;
  /** Column of each cell. */
  readonly columns: Uint32Array;
  /** Row of each cell. */
  readonly rows: Uint32Array;
  /** Nodes in each cell. */
  readonly counts: Uint32Array;
  /** Mean of the x of its nodes, for each cell. */
  readonly x: Float64Array;
  /** Mean of the y of its nodes, for each cell. */
  readonly y: Float64Array;

  /** @internal */
  static readonly none = new Clusters(new Float64Array(0), new Float64Array(0), 1);

  /** @internal Numbers of cells in their order, and count and sums of each. */
  constructor(numbers: Float64Array, sums: Float64Array, columns: number) {
    this.length = numbers.length;
    this.columns = new Uint32Array(numbers.length);
    this.rows = new Uint32Array(numbers.length);
    this.counts = new Uint32Array(numbers.length);
    this.x = new Float64Array(numbers.length);
    this.y = new Float64Array(numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      const count = sums[3 * i]!;
      this.columns[i] = numbers[i]! % columns;
      this.rows[i] = Math.floor(numbers[i]! / columns);
      this.counts[i] = count;
      this.x[i] = sums[3 * i + 1]! / count;
      this.y[i] = sums[3 * i + 2]! / count;
    }
  }

  *[Symbol.iterator](): IterableIterator<Cluster> {
    for (let i = 0; i < this.length; i++) {
      yield {
        column: this.columns[i]!,
        row: this.rows[i]!,
        count: this.counts[i]!,
        x: this.x[i]!,
        y: this.y[i]!,
      };
    }
  }
}

/** Cells of a grid that get a word each in a table; of a finer one, those that are not empty are found by hashing. */
const TABLE_CELLS = 1 << 20;

/** Sums by cell, as they grow. One for all questions of a thread: the table is as it was after each. */
export class CellSums {
  /** Place + 1 by number of the cell; 0 = empty so far. */
  #table = new Uint32Array(0);
  readonly #map = new Map<number, number>();
  #numbers = new Float64Array(256);
  #sums = new Float64Array(256 * 3);
  #used = 0;
  #inTable = false;

  begin(cells: number): void {
    this.#clear();
    this.#inTable = cells <= TABLE_CELLS;
    if (this.#inTable && this.#table.length < cells) this.#table = new Uint32Array(cells);
  }

  add(number: number, count: number, x: number, y: number): void {
    let place = this.#inTable ? this.#table[number]! : (this.#map.get(number) ?? 0);
    if (place === 0) place = this.#open(number);
    const at = 3 * (place - 1);
    const sums = this.#sums;
    sums[at]! += count;
    sums[at + 1]! += x;
    sums[at + 2]! += y;
  }

  #open(number: number): number {
    if (this.#used === this.#numbers.length) {
      const numbers = new Float64Array(2 * this.#used);
      const sums = new Float64Array(6 * this.#used);
      numbers.set(this.#numbers);
      sums.set(this.#sums);
      this.#numbers = numbers;
      this.#sums = sums;
    }
    this.#numbers[this.#used] = number;
    this.#sums.fill(0, 3 * this.#used, 3 * this.#used + 3);
    const place = ++this.#used;
    if (this.#inTable) this.#table[number] = place;
    else this.#map.set(number, place);
    return place;
  }

  end(columns: number): Clusters {
    const numbers = this.#numbers.slice(0, this.#used).sort();
    const sums = new Float64Array(3 * numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i]!;
      const at = 3 * ((this.#inTable ? this.#table[number]! : this.#map.get(number)!) - 1);
      for (let k = 0; k < 3; k++) sums[3 * i + k] = this.#sums[at + k]!;
    }
    this.#clear();
    return new Clusters(numbers, sums, columns);
  }

  #clear(): void {
    if (this.#inTable) for (let i = 0; i < this.#used; i++) this.#table[this.#numbers[i]!] = 0;
    this.#map.clear();
    this.#used = 0;
  }
}
