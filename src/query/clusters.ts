import { AthanorError } from '../base/errors.js';
import { FANOUT, type SpatialRegions, Word } from '../spatial/layout.js';

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

  static readonly none = new Clusters({ byNumber: new Map(), counts: [], sumX: [], sumY: [] }, 1);

  constructor(cells: CellSums, columns: number) {
    const numbers = Float64Array.from(cells.byNumber.keys()).sort();
    this.length = numbers.length;
    this.columns = new Uint32Array(numbers.length);
    this.rows = new Uint32Array(numbers.length);
    this.counts = new Uint32Array(numbers.length);
    this.x = new Float64Array(numbers.length);
    this.y = new Float64Array(numbers.length);
    numbers.forEach((number, i) => {
      const at = cells.byNumber.get(number)!;
      this.columns[i] = number % columns;
      this.rows[i] = Math.floor(number / columns);
      this.counts[i] = cells.counts[at]!;
      this.x[i] = cells.sumX[at]! / cells.counts[at]!;
      this.y[i] = cells.sumY[at]! / cells.counts[at]!;
    });
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

interface CellSums {
  readonly byNumber: ReadonlyMap<number, number>;
  readonly counts: readonly number[];
  readonly sumX: readonly number[];
  readonly sumY: readonly number[];
}

/** Sums by cell, as they grow. */
class Cells implements CellSums {
  readonly byNumber = new Map<number, number>();
  readonly counts: number[] = [];
  readonly sumX: number[] = [];
  readonly sumY: number[] = [];

  add(number: number, count: number, x: number, y: number): void {
    let at = this.byNumber.get(number);
    if (at === undefined) {
      at = this.counts.length;
      this.byNumber.set(number, at);
      this.counts.push(0);
      this.sumX.push(0);
      this.sumY.push(0);
    }
    this.counts[at]! += count;
    this.sumX[at]! += x;
    this.sumY[at]! += y;
  }
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

  constructor(regions: SpatialRegions, shard: number) {
    this.#regions = regions;
    this.#shard = shard;
  }

  /** `sequence` is the graph's version: of the last event applied to it. */
  clusters(graph: number, sequence: number, grid: ClusterGrid): Clusters {
    const { minX, minY, maxX, maxY, cellSize } = grid;
    const columns = Math.max(1, Math.ceil((maxX - minX) / cellSize));
    const rows = Math.max(1, Math.ceil((maxY - minY) / cellSize));
    const cells = new Cells();
    this.#begin(graph, sequence);
    const { leafXY, leafCount, innerBox, innerChild, innerCount } = this.#regions.pools[this.#shard]!;
    const root = this.#regions.index.root[graph]! - 1;
    const stack = root < 0 ? [] : [root];
    // Points on the far borders belong to the last cells.
    const cellOf = (x: number, y: number): number =>
      Math.min(rows - 1, Math.floor((y - minY) / cellSize)) * columns +
      Math.min(columns - 1, Math.floor((x - minX) / cellSize));
    while (stack.length > 0) {
      const ref = stack.pop()!;
      const first = (ref >>> 1) * FANOUT;
      if ((ref & 1) === 0) {
        const end = first + leafCount[ref >>> 1]!;
        for (let slot = first; slot < end; slot++) {
          const x = leafXY[slot * 2]!;
          const y = leafXY[slot * 2 + 1]!;
          if (x >= minX && x <= maxX && y >= minY && y <= maxY) cells.add(cellOf(x, y), 1, x, y);
        }
        continue;
      }
      const end = first + innerCount[ref >>> 1]!;
      for (let slot = first; slot < end; slot++) {
        const left = innerBox[slot * 4]!;
        const bottom = innerBox[slot * 4 + 1]!;
        const right = innerBox[slot * 4 + 2]!;
        const top = innerBox[slot * 4 + 3]!;
        if (left > maxX || right < minX || bottom > maxY || top < minY) continue;
        const inside = left >= minX && right <= maxX && bottom >= minY && top <= maxY;
        const child = innerChild[slot]!;
        if (!inside || cellOf(left, bottom) !== cellOf(right, top)) {
          stack.push(child);
          continue;
        }
        this.#sum(child);
        cells.add(cellOf(left, bottom), this.#leafCount, this.#leafX, this.#leafY);
      }
    }
    return new Clusters(cells, columns);
  }

  /** Forgets what is of another version: of the graph, or of its tree, which is packed and recovered without an event. */
  #begin(graph: number, sequence: number): void {
    const { words, innerCount } = this.#regions.pools[this.#shard]!;
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
    const { leafXY, leafCount, innerChild, innerCount } = this.#regions.pools[this.#shard]!;
    const node = ref >>> 1;
    let count = 0;
    let sumX = 0;
    let sumY = 0;
    if ((ref & 1) === 0) {
      count = leafCount[node]!;
      for (let at = node * FANOUT * 2; at < (node * FANOUT + count) * 2; at += 2) {
        sumX += leafXY[at]!;
        sumY += leafXY[at + 1]!;
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
