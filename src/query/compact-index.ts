import type { GraphCopy } from './graph-copy.js';

/** Rows of a block of the look-up; a power of two. Shards take rows in such blocks, so that most are whole. */
const BLOCK_SHIFT = 10;
/** Below so many nodes a search among all of them is as fast. */
const LEAST_FOR_BLOCKS = 64;

/** The nodes of a copied graph numbered by ascending handle, from 0 on. */
export class CompactIndex {
  /** Handles by compact index. */
  readonly handles: Uint32Array;
  /** Places in the copy by compact index; undefined where the two are the same. */
  readonly places: Uint32Array | undefined;
  readonly #first: number;
  readonly #contiguous: boolean;
  /** By block of rows, counted from that of the first: the index of the first of its rows; one more for the end. */
  readonly #blocks: Uint32Array | undefined;

  constructor({ rows, order }: GraphCopy) {
    const handles = rows.slice(0, order);
    let sorted = true;
    for (let i = 1; i < order && sorted; i++) sorted = handles[i - 1]! < handles[i]!;
    // Rows are bound in ascending order until some are used again.
    if (!sorted) handles.sort();
    this.handles = handles;
    this.#first = order === 0 ? 0 : handles[0]!;
    const last = order === 0 ? 0 : handles[order - 1]!;
    this.#contiguous = last - this.#first === order - 1;
    const blocks = (last >>> BLOCK_SHIFT) - (this.#first >>> BLOCK_SHIFT) + 1;
    // A table no longer than the rows: those that lie far apart are searched for among all.
    if (!this.#contiguous && order >= LEAST_FOR_BLOCKS && blocks <= order) this.#blocks = this.#table(blocks);
    if (sorted) return;
    const places = new Uint32Array(order);
    for (let place = 0; place < order; place++) places[this.indexOf(rows[place]!)] = place;
    this.places = places;
  }

  #table(blocks: number): Uint32Array {
    const { handles } = this;
    const base = this.#first >>> BLOCK_SHIFT;
    const table = new Uint32Array(blocks + 1);
    for (let i = 0; i < handles.length; i++) table[(handles[i]! >>> BLOCK_SHIFT) - base + 1]!++;
    for (let block = 0; block < blocks; block++) table[block + 1]! += table[block]!;
    return table;
  }

  /** Of a row that is among them. */
  indexOf(row: number): number {
    if (this.#contiguous) return row - this.#first;
    const { handles } = this;
    let low = 0;
    let high = handles.length - 1;
    if (this.#blocks !== undefined) {
      const block = (row >>> BLOCK_SHIFT) - (this.#first >>> BLOCK_SHIFT);
      low = this.#blocks[block]!;
      high = this.#blocks[block + 1]! - 1;
      // Without a gap between the block's rows the place is known.
      if (high - low === handles[high]! - handles[low]!) return low + row - handles[low]!;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (handles[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
