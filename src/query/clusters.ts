import { AthanorError } from '../base/errors.js';
import { GraphOption } from '../base/space.js';
import { holdsLongitude } from '../base/sphere.js';
import { FANOUT, type PoolViews, type SpatialRegions, Word } from '../spatial/layout.js';
import { poolOf } from '../spatial/walk.js';
import { CellSums, type Clusters } from './cell-sums.js';

/** Columns and rows of cells: the number of a cell stays below 2^52. */
export const MOST_CELLS = 2 ** 26;

/** A box cut into cells of `cellSize`, from its lower left corner on. */
export interface ClusterGrid {
  /** The box that the grid covers. */
  readonly minX: number;
  /** The box that the grid covers. */
  readonly minY: number;
  /** The box that the grid covers. */
  readonly maxX: number;
  /** The box that the grid covers. */
  readonly maxY: number;
  /** Side of a cell, in the unit of the coordinates. */
  readonly cellSize: number;
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

/** What a walk is of: it goes on only while all of this is the same. */
interface Moment {
  readonly graph: number;
  /** Of the last event applied to the graph. */
  readonly sequence: number;
  /** Of the pool: its trees are packed and recovered without an event. */
  readonly epoch: number;
}

/** Levels of a tree, at most (see `stack` of the queries). */
const MOST_LEVELS = 64;
/** Of a node that lies in no one cell: what is below it is to be looked at. */
const LOOK = -1;

/**
 * One thread's clusters of one shard's trees: a walk in slices, each under the shard's read lock. The points below an inner
 * node are counted when a cell first contains all of them, and remembered until the graph changes: a map that is moved or
 * zoomed between two changes reads counts, not points. Nothing is kept for the writer to maintain.
 */
export class TreeClusters {
  readonly #regions: SpatialRegions;
  readonly #shard: number;
  readonly #positions: { readonly x: Float64Array; readonly y: Float64Array };
  readonly #cells = new CellSums();
  /** By inner node: the version its sums are of, and the sums. */
  #versions = new Float64Array(0);
  #counts = new Uint32Array(0);
  #sumX = new Float64Array(0);
  #sumY = new Float64Array(0);
  #version = 0;
  #moment: Moment = { graph: -1, sequence: -1, epoch: -1 };
  // The walk: the pool that is looked into, its axes, the grid, and nodes that are still to be looked at.
  #pool!: PoolViews;
  #dims = 2;
  #onSphere = false;
  #grid!: ClusterGrid;
  #columns = 0;
  #rows = 0;
  /** Pairs: the node, and the cell that it lies in or LOOK. */
  readonly #stack: number[] = [];
  // The inner nodes whose points are being counted for a cell, from one that lies in it down.
  #depth = 0;
  #cell = 0;
  readonly #node = new Uint32Array(MOST_LEVELS);
  readonly #next = new Uint32Array(MOST_LEVELS);
  readonly #acc = new Float64Array(MOST_LEVELS * 3);
  readonly #leafSums = new Float64Array(3);

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

  /** Begins a walk; under the lock. `options` are the graph's option bits, `sequence` is that of the last event applied to it. */
  begin(graph: number, options: number, sequence: number, grid: ClusterGrid): void {
    const { minX, minY, maxX, maxY, cellSize } = grid;
    this.#grid = grid;
    this.#columns = cellsOf(maxX - minX, cellSize);
    this.#rows = cellsOf(maxY - minY, cellSize);
    this.#pool = poolOf(this.#regions, this.#shard, options);
    this.#dims = (options & GraphOption.anySpace) === 0 ? 2 : 3;
    this.#onSphere = (options & GraphOption.sphere) !== 0;
    this.#depth = 0;
    const root = this.#regions.index.root[graph]! - 1;
    this.#stack.length = 0;
    if (root >= 0) this.#push(root, LOOK);
    this.#cells.begin(this.#columns * this.#rows);
    const epoch = this.#pool.words[Word.epoch]!;
    const moment = this.#moment;
    if (moment.graph !== graph || moment.sequence !== sequence || moment.epoch !== epoch) {
      this.#version++;
      this.#moment = { graph, sequence, epoch };
    }
    const { words, innerCount } = this.#pool;
    const inners = words[Word.innerBump]!;
    if (inners <= this.#versions.length) return;
    const room = Math.min(innerCount.length, 2 * inners);
    this.#versions = new Float64Array(room);
    this.#counts = new Uint32Array(room);
    this.#sumX = new Float64Array(room);
    this.#sumY = new Float64Array(room);
  }

  /** Whether the graph is still what it was when the walk began; under the lock. */
  stands(sequence: number): boolean {
    return this.#moment.sequence === sequence && this.#moment.epoch === this.#pool.words[Word.epoch];
  }

  /** Looks at about so many nodes; under the lock. The answer, once it has looked at all of them. */
  step(maxNodes: number): Clusters | undefined {
    for (let left = maxNodes; left > 0; ) {
      if (this.#depth > 0) {
        left = this.#count(left);
        continue;
      }
      if (this.#stack.length === 0) return this.#cells.end(this.#columns);
      const cell = this.#stack.pop()!;
      const ref = this.#stack.pop()!;
      if (cell !== LOOK) this.#beginCount(ref, cell);
      else if ((ref & 1) === 0) this.#addPoints(ref >>> 1);
      else this.#look(ref >>> 1);
      left--;
    }
    return undefined;
  }

  /** Each point of a leaf, to its cell. */
  #addPoints(leaf: number): void {
    const { leafAt, leafCount } = this.#pool;
    const { minX, minY, maxX, maxY, cellSize } = this.#grid;
    const { x: xs, y: ys } = this.#positions;
    const cells = this.#cells;
    const columns = this.#columns;
    const lastColumn = columns - 1;
    const lastRow = this.#rows - 1;
    const entry = this.#dims + 1;
    const first = leaf * FANOUT * entry;
    for (let at = first; at < first + leafCount[leaf]! * entry; at += entry) {
      let x = this.#onSphere ? xs[leafAt[at + entry - 1]!]! : leafAt[at]!;
      const y = this.#onSphere ? ys[leafAt[at + entry - 1]!]! : leafAt[at + 1]!;
      // 180 and -180 are one meridian.
      if (this.#onSphere && (x < minX || x > maxX) && Math.abs(x) === 180 && holdsLongitude(minX, maxX, x)) x = -x;
      if (x < minX || x > maxX || y < minY || y > maxY) continue;
      let column = ((x - minX) / cellSize) | 0;
      let row = ((y - minY) / cellSize) | 0;
      // Points on the far borders belong to the last cells.
      if (column > lastColumn) column = lastColumn;
      if (row > lastRow) row = lastRow;
      cells.add(row * columns + column, 1, x, y);
    }
  }

  /** The children of an inner node: those that lie in a cell are counted, what does not is to be looked at. */
  #look(inner: number): void {
    const { innerBox, innerChild, innerCount } = this.#pool;
    const { minX, minY, maxX, maxY, cellSize } = this.#grid;
    const dims = this.#dims;
    const lastColumn = this.#columns - 1;
    const lastRow = this.#rows - 1;
    const first = inner * FANOUT;
    // From the last: the first is taken from the stack next.
    for (let slot = first + innerCount[inner]! - 1; slot >= first; slot--) {
      const child = innerChild[slot]!;
      if (this.#onSphere) {
        // The tree's boxes are not of longitude and latitude.
        this.#push(child, LOOK);
        continue;
      }
      const at = slot * 2 * dims;
      const left = innerBox[at]!;
      const bottom = innerBox[at + 1]!;
      const right = innerBox[at + dims]!;
      const top = innerBox[at + dims + 1]!;
      if (left > maxX || right < minX || bottom > maxY || top < minY) continue;
      if (left < minX || right > maxX || bottom < minY || top > maxY) {
        this.#push(child, LOOK);
        continue;
      }
      const column = Math.min(lastColumn, ((left - minX) / cellSize) | 0);
      const row = Math.min(lastRow, ((bottom - minY) / cellSize) | 0);
      // Cells grow with coordinates: where two corners are, all between them is.
      const within =
        Math.min(lastColumn, ((right - minX) / cellSize) | 0) === column &&
        Math.min(lastRow, ((top - minY) / cellSize) | 0) === row;
      this.#push(child, within ? row * this.#columns + column : LOOK);
    }
  }

  #push(ref: number, cell: number): void {
    this.#stack.push(ref, cell);
  }

  /** All points below a node, for the cell that it lies in. */
  #beginCount(ref: number, cell: number): void {
    const node = ref >>> 1;
    if ((ref & 1) === 0) {
      const sums = this.#sumsOf(node);
      this.#cells.add(cell, sums[0]!, sums[1]!, sums[2]!);
    } else if (this.#versions[node] === this.#version) {
      this.#cells.add(cell, this.#counts[node]!, this.#sumX[node]!, this.#sumY[node]!);
    } else {
      this.#cell = cell;
      this.#descend(node);
    }
  }

  #descend(node: number): void {
    const depth = this.#depth++;
    this.#node[depth] = node;
    this.#next[depth] = 0;
    this.#acc.fill(0, 3 * depth, 3 * depth + 3);
  }

  /** Goes on counting for about so many nodes; how many are left of these. */
  #count(maxNodes: number): number {
    const { innerChild, innerCount } = this.#pool;
    let left = maxNodes;
    for (; left > 0 && this.#depth > 0; left--) {
      const depth = this.#depth - 1;
      const inner = this.#node[depth]!;
      if (this.#next[depth] === innerCount[inner]) {
        this.#endCount(inner, depth);
        continue;
      }
      const child = innerChild[inner * FANOUT + this.#next[depth]!++]!;
      const node = child >>> 1;
      if ((child & 1) === 0) {
        const sums = this.#sumsOf(node);
        this.#addTo(depth, sums[0]!, sums[1]!, sums[2]!);
      } else if (this.#versions[node] === this.#version) {
        this.#addTo(depth, this.#counts[node]!, this.#sumX[node]!, this.#sumY[node]!);
      } else {
        this.#descend(node);
      }
    }
    return left;
  }

  #endCount(inner: number, depth: number): void {
    const count = this.#acc[3 * depth]!;
    const sumX = this.#acc[3 * depth + 1]!;
    const sumY = this.#acc[3 * depth + 2]!;
    this.#versions[inner] = this.#version;
    this.#counts[inner] = count;
    this.#sumX[inner] = sumX;
    this.#sumY[inner] = sumY;
    this.#depth = depth;
    if (depth === 0) this.#cells.add(this.#cell, count, sumX, sumY);
    else this.#addTo(depth - 1, count, sumX, sumY);
  }

  #addTo(depth: number, count: number, sumX: number, sumY: number): void {
    const acc = this.#acc;
    acc[3 * depth]! += count;
    acc[3 * depth + 1]! += sumX;
    acc[3 * depth + 2]! += sumY;
  }

  /** Count and sums of a leaf's points: the same array each time. */
  #sumsOf(leaf: number): Float64Array {
    const { leafAt, leafCount } = this.#pool;
    const entry = this.#dims + 1;
    const count = leafCount[leaf]!;
    const sums = this.#leafSums;
    sums.fill(0);
    sums[0] = count;
    for (let at = leaf * FANOUT * entry; at < (leaf * FANOUT + count) * entry; at += entry) {
      sums[1]! += leafAt[at]!;
      sums[2]! += leafAt[at + 1]!;
    }
    return sums;
  }
}
