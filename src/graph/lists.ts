import { invariant } from '../base/errors.js';
import { BLOCK, type EdgeViews, type GraphRegions, Word } from './layout.js';

/** Which of a node's lists: edges that leave it, or that come to it. `Both` is for questions alone. */
export const Out = 0;
export const In = 1;
export const Both = 2;

/** A list: where its head (block + 1) and its length stand. A node's, or one of a cascade's record. */
export interface ListWords {
  readonly head: Uint32Array;
  readonly length: Uint32Array;
}

/**
 * The adjacency lists of one shard: chains of pooled blocks whose head block alone is partly filled. Writing methods are
 * for the shard's writer. An entry is named by its place: block * BLOCK + slot.
 */
export class AdjacencyLists {
  /** A node's lists, by direction and row. */
  readonly byRow: readonly [ListWords, ListWords];
  /** Place + 1 of an edge's entry, by direction and edge row. */
  readonly placeOf: readonly [Uint32Array, Uint32Array];
  readonly entries: Uint32Array;
  readonly next: Uint32Array;
  readonly #words: Uint32Array;

  constructor(regions: GraphRegions, views: EdgeViews) {
    const { outHead, outLength, inHead, inLength } = regions.rows;
    this.byRow = [
      { head: outHead, length: outLength },
      { head: inHead, length: inLength },
    ];
    this.placeOf = [views.outEntry, views.inEntry];
    this.entries = views.entries;
    this.next = views.next;
    this.#words = views.words;
  }

  append(direction: number, row: number, edge: number, neighbour: number): void {
    const { head, length } = this.byRow[direction as 0 | 1];
    const entries = this.entries;
    const filled = length[row]!;
    const slot = filled & (BLOCK - 1);
    if (slot === 0) {
      const block = this.takeBlock();
      this.next[block] = head[row]!;
      head[row] = block + 1;
    }
    const place = (head[row]! - 1) * BLOCK + slot;
    entries[place * 2] = edge;
    entries[place * 2 + 1] = neighbour;
    length[row] = filled + 1;
    this.placeOf[direction as 0 | 1][edge] = place + 1;
  }

  /** Takes the entry at `place` out of the row's list: the last entry moves into the hole. */
  takeOut(direction: number, row: number, place: number): void {
    const entries = this.entries;
    const { head, length } = this.byRow[direction as 0 | 1];
    const last = this.pop(head, row, length, row);
    if (last === place) return;
    const edge = entries[last * 2]!;
    entries[place * 2] = edge;
    entries[place * 2 + 1] = entries[last * 2 + 1]!;
    this.placeOf[direction as 0 | 1][edge] = place + 1;
  }

  /** Takes the last entry off a list that is not empty. Its place may be read until the next block is taken. */
  pop(head: Uint32Array, headAt: number, length: Uint32Array, lengthAt: number): number {
    const block = head[headAt]! - 1;
    const slot = --length[lengthAt]! & (BLOCK - 1);
    if (slot === 0) {
      head[headAt] = this.next[block]!;
      this.giveBlock(block);
    }
    return block * BLOCK + slot;
  }

  takeBlock(): number {
    const words = this.#words;
    const free = words[Word.blockFree]!;
    if (free !== 0) {
      words[Word.blockFree] = this.next[free - 1]!;
      return free - 1;
    }
    invariant(words[Word.blockBump]! < this.next.length, 'adjacency blocks beyond their derived bound');
    return words[Word.blockBump]!++;
  }

  giveBlock(block: number): void {
    this.next[block] = this.#words[Word.blockFree]!;
    this.#words[Word.blockFree] = block + 1;
  }

  /** Recovery: all blocks are free. The rows' lists are reset by `resetRow`. */
  clear(): void {
    this.#words[Word.blockFree] = 0;
    this.#words[Word.blockBump] = 0;
  }

  resetRow(row: number): void {
    for (const { head, length } of this.byRow) {
      // Read first: a row that has no list must not touch its pages.
      if (length[row] !== 0) length[row] = 0;
      if (head[row] !== 0) head[row] = 0;
    }
  }
}
