import { invariant } from '../base/errors.js';
import { BLOCK, BLOCK_ENTRIES, type EdgeViews, type GraphRegions, ListWord, ROW_WORDS, Word } from './layout.js';

/** Which of a node's lists: edges that leave it, or that come to it. `Both` is for questions alone. */
export const Out = 0;
export const In = 1;
export const Both = 2;

/**
 * The adjacency lists of one shard: chains of pooled blocks whose head block alone is partly filled. Writing methods are
 * for the shard's writer. An entry is an edge row, named by its place: its index in `blocks`. A list is named by where its
 * two words stand: the first block + 1, and behind it the length.
 */
export class AdjacencyLists {
  readonly blocks: Uint32Array;
  /** List words by row; see `at`. */
  readonly rows: Uint32Array;
  /** Of an edge's entry, by direction and edge row. */
  readonly placeOf: readonly [Uint32Array, Uint32Array];
  readonly #words: Uint32Array;

  constructor(regions: GraphRegions, views: EdgeViews) {
    this.rows = regions.rows.lists;
    this.placeOf = [views.outPlace, views.inPlace];
    this.blocks = views.blocks;
    this.#words = views.words;
  }

  /** Where the words of a row's list stand in `rows`. */
  at(row: number, direction: number): number {
    return row * ROW_WORDS + (direction === Out ? ListWord.outHead : ListWord.inHead);
  }

  append(direction: 0 | 1, row: number, edge: number): void {
    const { rows, blocks } = this;
    const at = this.at(row, direction);
    const length = rows[at + 1]!;
    const slot = length % BLOCK_ENTRIES;
    let head = rows[at]!;
    if (slot === 0) {
      const block = this.takeBlock();
      blocks[block * BLOCK] = head;
      head = block + 1;
      rows[at] = head;
    }
    const place = (head - 1) * BLOCK + 1 + slot;
    blocks[place] = edge;
    rows[at + 1] = length + 1;
    this.placeOf[direction][edge] = place;
  }

  /** Takes the entry at `place` out of the row's list: the last entry moves into the hole. */
  takeOut(direction: 0 | 1, row: number, place: number): void {
    const blocks = this.blocks;
    const last = this.pop(this.rows, this.at(row, direction));
    if (last === place) return;
    const edge = blocks[last]!;
    blocks[place] = edge;
    this.placeOf[direction][edge] = place;
  }

  /** Takes the last entry off a list that is not empty. Its place may be read until the next block is taken. */
  pop(lists: Uint32Array, at: number): number {
    const block = lists[at]! - 1;
    const length = lists[at + 1]! - 1;
    const slot = length % BLOCK_ENTRIES;
    lists[at + 1] = length;
    if (slot === 0) {
      lists[at] = this.blocks[block * BLOCK]!;
      this.giveBlock(block);
    }
    return block * BLOCK + 1 + slot;
  }

  takeBlock(): number {
    const words = this.#words;
    const free = words[Word.blockFree]!;
    if (free !== 0) {
      words[Word.blockFree] = this.blocks[(free - 1) * BLOCK]!;
      return free - 1;
    }
    const block = words[Word.blockBump]!;
    invariant((block + 1) * BLOCK <= this.blocks.length, 'adjacency blocks beyond their derived bound');
    words[Word.blockBump] = block + 1;
    return block;
  }

  giveBlock(block: number): void {
    this.blocks[block * BLOCK] = this.#words[Word.blockFree]!;
    this.#words[Word.blockFree] = block + 1;
  }

  /** Recovery: all blocks are free. The rows' lists are reset by `resetRow`. */
  clear(): void {
    this.#words[Word.blockFree] = 0;
    this.#words[Word.blockBump] = 0;
  }

  resetRow(row: number): void {
    const rows = this.rows;
    const from = row * ROW_WORDS;
    // Read first: a row that has no list must not touch its pages.
    for (let at = from; at < from + ROW_WORDS; at++) if (rows[at] !== 0) rows[at] = 0;
  }
}
