import { BLOCK } from './layout.js';
import { type AdjacencyLists, Both, In, Out } from './lists.js';

/** Slots of the first table: enough for 128 entries without growing. */
const FIRST_SLOTS = 256;

/**
 * A thread's scratch to name each neighbour once: an open-addressed table with twice the slots that a question has
 * entries. A slot counts only when it bears the stamp of the question, so nothing is cleared between questions.
 */
export class NeighborScan {
  readonly #lists: AdjacencyLists;
  readonly #kinds: Uint32Array;
  #rows = new Uint32Array(FIRST_SLOTS);
  #stamps = new Uint32Array(FIRST_SLOTS);
  #stamp = 0;
  #mask = 0;

  constructor(lists: AdjacencyLists, kinds: Uint32Array) {
    this.#lists = lists;
    this.#kinds = kinds;
  }

  /**
   * Rows of the neighbours over edges of `kind` (-1: any) into `out` from `at` on. `isLive` tells ghosts apart and is
   * undefined when there are none. Returns the number found, of which as many as fit are written.
   */
  into(
    row: number,
    direction: number,
    kind: number,
    out: Uint32Array,
    at: number,
    isLive: ((edge: number) => boolean) | undefined,
  ): number {
    const { byRow } = this.#lists;
    // An edge is one of its source, target and kind: one list and one kind name nobody twice.
    const unique = direction !== Both && kind >= 0;
    if (!unique) {
      const most = (direction !== In ? byRow[Out].length[row]! : 0) + (direction !== Out ? byRow[In].length[row]! : 0);
      this.#begin(most);
    }
    let found = 0;
    if (direction !== In) found = this.#scan(Out, row, kind, out, at, found, unique, isLive);
    if (direction !== Out) found = this.#scan(In, row, kind, out, at, found, unique, isLive);
    return found;
  }

  #scan(
    direction: 0 | 1,
    row: number,
    kind: number,
    out: Uint32Array,
    at: number,
    foundBefore: number,
    unique: boolean,
    isLive: ((edge: number) => boolean) | undefined,
  ): number {
    const { entries, next } = this.#lists;
    const kinds = this.#kinds;
    const room = out.length - at;
    let found = foundBefore;
    let length = this.#lists.byRow[direction].length[row]!;
    let block = this.#lists.byRow[direction].head[row]!;
    while (length > 0) {
      const filled = ((length - 1) & (BLOCK - 1)) + 1;
      const first = (block - 1) * BLOCK;
      for (let place = first; place < first + filled; place++) {
        const edge = entries[place * 2]!;
        if (kind >= 0 && kinds[edge] !== kind) continue;
        if (isLive?.(edge) === false) continue;
        const neighbour = entries[place * 2 + 1]!;
        if (!unique && !this.#isNew(neighbour)) continue;
        if (found < room) out[at + found] = neighbour;
        found++;
      }
      length -= filled;
      block = next[block - 1]!;
    }
    return found;
  }

  #begin(most: number): void {
    let slots = 4;
    while (slots < most * 2) slots *= 2;
    if (slots > this.#rows.length) {
      this.#rows = new Uint32Array(slots);
      this.#stamps = new Uint32Array(slots);
      this.#stamp = 0;
    }
    if (this.#stamp === 0xffffffff) {
      this.#stamps.fill(0);
      this.#stamp = 0;
    }
    this.#stamp++;
    this.#mask = slots - 1;
  }

  #isNew(row: number): boolean {
    const rows = this.#rows;
    const stamps = this.#stamps;
    const mask = this.#mask;
    const hash = Math.imul(row, 0x9e3779b1);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (stamps[slot] === this.#stamp) {
      if (rows[slot] === row) return false;
      slot = (slot + 1) & mask;
    }
    stamps[slot] = this.#stamp;
    rows[slot] = row;
    return true;
  }
}
