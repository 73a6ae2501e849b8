import { AthanorError } from '../base/errors.js';
import { GraphOption } from '../base/space.js';
import { FANOUT, type PoolViews, type SpatialRegions, Word } from '../spatial/layout.js';
import { poolOf, rowsInOrder } from '../spatial/walk.js';

/** Columns and rows of cells: the number of a cell stays below 2^52. */
export const MOST_CELLS = 2 ** 26;

/** A box cut into cells of `cellSize`, from its lower left corner on. */
export interface ClusterGrid {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly cellSize: number;
}

/** A cell that is not empty: how many nodes, and their mean position. */
export interface Cluster {
  /** Of the cell, from 0. */
  column: number;
  row: number;
  count: number;
  x: number;
  y: number;
}

/** The cells of a grid that are not empty, by row and then by column. The same object for the same question: not to be written. */
export class Clusters implements Iterable<Cluster> {
  readonly length: number;
  readonly columns: Uint32Array;
  readonly rows: Uint32Array;
  readonly counts: Uint32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;

  static readonly none = new Clusters(new Float64Array(0), new Float64Array(0), 1);

  /** Numbers of cells in their order, and count and sums of each. */
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
class CellSums {
  /** Place + 1 by number of the cell; 0 = empty so far. */
  #table = new Uint32Array(0);
  readonly #map = new Map<number, number>();
  #numbers = new Float64Array(256);
  #sums = new Float64Array(256 * 3);
  #used = 0;
  #inTable = false;

  begin(cells: number): void {
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
      if (this.#inTable) this.#table[number] = 0;
    }
    this.#map.clear();
    this.#used = 0;
    return new Clusters(numbers, sums, columns);
  }
}

/** Cells along a side: one that only rounding would add is not there (2.1 is seven times 0.3). */
function cellsOf(length: number, cellSize: number): number {
  return Math.max(1, Math.ceil((length / cellSize) * (1 - 4 * Number.EPSILON)));
}

/** @throws AthanorError ATHANOR_INVALID_QUERY; the fields are finite numbers. */
export function checkGrid({ minX, minY, maxX, maxY, cellSize }: ClusterGrid): void {
  if (minX > maxX) throw new AthanorError('ATHANOR_INVALID_QUERY', `minX: ${minX} is above maxX (${maxX})`);
  if (minY > maxY) throw new AthanorError('ATHANOR_INVALID_QUERY', `minY: ${minY} is above maxY (${maxY})`);
  if (!(cellSize > 0)) throw new AthanorError('ATHANOR_INVALID_QUERY', `cellSize: ${cellSize} is not above 0`);
  for (const length of [maxX - minX, maxY - minY]) {
    if (length / cellSize <= MOST_CELLS) continue;
    throw new AthanorError(
      'ATHANOR_INVALID_QUERY',
      `cellSize: ${cellSize} cuts a side of ${length} into more than ${MOST_CELLS} cells`,
    );
  }
}

/**
 * One thread's clusters of one shard's trees, under the shard's read lock. The points below an inner node are counted when
 * a cell first contains all of them, and remembered until the graph changes: a map that is moved or zoomed between two
 * changes reads counts, not points. Nothing is kept for the writer to maintain.
 */
export class TreeClusters {
  readonly #regions: SpatialRegions;
  readonly #shard: number;
  readonly #positions: { readonly x: Float64Array; readonly y: Float64Array };
  /** The pool that is looked into, and its axes. */
  #pool!: PoolViews;
  #dims = 2;
  readonly #cells = new CellSums();
  /** By inner node: the version its sums are of, and the sums. */
  #versions = new Float64Array(0);
  #counts = new Uint32Array(0);
  #sumX = new Float64Array(0);
  #sumY = new Float64Array(0);
  #version = 0;
  #leafCount = 0;
  #leafX = 0;
  #leafY = 0;
  readonly #stamp = { sequence: -1, epoch: -1, graph: -1 };

  /** `positions`: node columns. */
  constructor(
    regions: SpatialRegions,
    shard: number,
    positions: { readonly x: Float64Array; readonly y: Float64Array },
  ) {
    this.#regions = regions;
    this.#shard = shard;
    this.#positions = positions;
  }

  /** `options` are the graph's option bits, `sequence` is its version: of the last event applied to it. */
  clusters(graph: number, options: number, sequence: number, grid: ClusterGrid): Clusters {
    const { minX, minY, maxX, maxY, cellSize } = grid;
    const columns = cellsOf(maxX - minX, cellSize);
    const rows = cellsOf(maxY - minY, cellSize);
    const cells = this.#cells;
    const lastColumn = columns - 1;
    const lastRow = rows - 1;
    cells.begin(columns * rows);
    const root = this.#regions.index.root[graph]! - 1;
    this.#pool = poolOf(this.#regions, this.#shard, options);
    if ((options & GraphOption.sphere) !== 0) {
      this.#addAll(root, (x, y) => {
        if (x < minX || x > maxX || y < minY || y > maxY) return;
        const column = Math.min(lastColumn, ((x - minX) / cellSize) | 0);
        const row = Math.min(lastRow, ((y - minY) / cellSize) | 0);
        cells.add(row * columns + column, 1, x, y);
      });
      return cells.end(columns);
    }
    const dims = (options & GraphOption.solid) === 0 ? 2 : 3;
    this.#dims = dims;
    this.#begin(graph, sequence);
    const { leafAt, leafCount, innerBox, innerChild, innerCount } = this.#pool;
    const stack = root < 0 ? [] : [root];
    while (stack.length > 0) {
      const ref = stack.pop()!;
      const first = (ref >>> 1) * FANOUT;
      if ((ref & 1) === 0) {
        const end = (first + leafCount[ref >>> 1]!) * (dims + 1);
        for (let at = first * (dims + 1); at < end; at += dims + 1) {
          const x = leafAt[at]!;
          const y = leafAt[at + 1]!;
          if (x < minX || x > maxX || y < minY || y > maxY) continue;
          let column = ((x - minX) / cellSize) | 0;
          let row = ((y - minY) / cellSize) | 0;
          // Points on the far borders belong to the last cells.
          if (column > lastColumn) column = lastColumn;
          if (row > lastRow) row = lastRow;
          cells.add(row * columns + column, 1, x, y);
        }
        continue;
      }
      const end = first + innerCount[ref >>> 1]!;
      for (let slot = first; slot < end; slot++) {
        const at = slot * 2 * dims;
        const left = innerBox[at]!;
        const bottom = innerBox[at + 1]!;
        const right = innerBox[at + dims]!;
        const top = innerBox[at + dims + 1]!;
        if (left > maxX || right < minX || bottom > maxY || top < minY) continue;
        const child = innerChild[slot]!;
        if (left < minX || right > maxX || bottom < minY || top > maxY) {
          stack.push(child);
          continue;
        }
        const column = Math.min(lastColumn, ((left - minX) / cellSize) | 0);
        const row = Math.min(lastRow, ((bottom - minY) / cellSize) | 0);
        // Cells grow with coordinates: where two corners are, all between them is.
        if (
          Math.min(lastColumn, ((right - minX) / cellSize) | 0) !== column ||
          Math.min(lastRow, ((top - minY) / cellSize) | 0) !== row
        ) {
          stack.push(child);
          continue;
        }
        this.#sum(child);
        cells.add(row * columns + column, this.#leafCount, this.#leafX, this.#leafY);
      }
    }
    return cells.end(columns);
  }

  /** Every point by its columns: on the sphere the tree's boxes are not of longitude and latitude. */
  #addAll(root: number, add: (x: number, y: number) => void): void {
    let rows = new Uint32Array(1024);
    let found = rowsInOrder(this.#pool, root + 1, rows);
    if (found > rows.length) {
      rows = new Uint32Array(found);
      found = rowsInOrder(this.#pool, root + 1, rows);
    }
    const { x, y } = this.#positions;
    for (let i = 0; i < found; i++) add(x[rows[i]!]!, y[rows[i]!]!);
  }

  /** Forgets what is of another version: of the graph, or of its tree, which is packed and recovered without an event. */
  #begin(graph: number, sequence: number): void {
    const { words, innerCount } = this.#pool;
    const epoch = words[Word.epoch]!;
    const stamp = this.#stamp;
    if (stamp.graph !== graph || stamp.sequence !== sequence || stamp.epoch !== epoch) {
      this.#version++;
      Object.assign(stamp, { graph, sequence, epoch });
    }
    const inners = words[Word.innerBump]!;
    if (inners <= this.#versions.length) return;
    const room = Math.min(innerCount.length, 2 * inners);
    this.#versions = new Float64Array(room);
    this.#counts = new Uint32Array(room);
    this.#sumX = new Float64Array(room);
    this.#sumY = new Float64Array(room);
  }

  /** Count and sums of all points below a node, into `#leafCount`, `#leafX` and `#leafY`. */
  #sum(ref: number): void {
    const { leafAt, leafCount, innerChild, innerCount } = this.#pool;
    const node = ref >>> 1;
    let count = 0;
    let sumX = 0;
    let sumY = 0;
    if ((ref & 1) === 0) {
      count = leafCount[node]!;
      const entry = this.#dims + 1;
      for (let at = node * FANOUT * entry; at < (node * FANOUT + count) * entry; at += entry) {
        sumX += leafAt[at]!;
        sumY += leafAt[at + 1]!;
      }
    } else if (this.#versions[node] === this.#version) {
      count = this.#counts[node]!;
      sumX = this.#sumX[node]!;
      sumY = this.#sumY[node]!;
    } else {
      for (let slot = node * FANOUT; slot < node * FANOUT + innerCount[node]!; slot++) {
        this.#sum(innerChild[slot]!);
        count += this.#leafCount;
        sumX += this.#leafX;
        sumY += this.#leafY;
      }
      this.#versions[node] = this.#version;
      this.#counts[node] = count;
      this.#sumX[node] = sumX;
      this.#sumY[node] = sumY;
    }
    this.#leafCount = count;
    this.#leafX = sumX;
    this.#leafY = sumY;
  }
}
