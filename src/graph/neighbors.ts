import { BLOCK, BLOCK_ENTRIES, Both, type EdgeViews, In, listAt, Out } from './layout.js';

/** Slots of the first table: enough for 128 entries without growing. */
const FIRST_SLOTS = 256;

/**
 * A thread's scratch to name each neighbour once: an open-addressed table with twice the slots that a question has
 * entries. A slot counts only when it bears the stamp of the question, so nothing is cleared between questions.
 *
 * Neighbours stand in the edges' columns, each in a cache line of its own. So they are gathered first, in a loop whose
 * loads do not wait for each other, and told apart then.
 */
export class NeighborScan {
  readonly #lists: Uint32Array;
  readonly #views: EdgeViews;
  /** Neighbours as they stand in the lists; half as many as slots. */
  #gathered = new Uint32Array(FIRST_SLOTS / 2);
  #rows = new Uint32Array(FIRST_SLOTS);
  #stamps = new Uint32Array(FIRST_SLOTS);
  #stamp = 0;
  #mask = 0;

  constructor(lists: Uint32Array, views: EdgeViews) {
    this.#lists = lists;
    this.#views = views;
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
    // An edge is one of its source, target and kind: one list and one kind name nobody twice.
    if (direction !== Both && kind >= 0) return this.#gather(direction as 0 | 1, row, kind, out, at, isLive) - at;
    const lists = this.#lists;
    const outs = direction === In ? 0 : lists[listAt(row, Out) + 1]!;
    this.#begin(outs + (direction === Out ? 0 : lists[listAt(row, In) + 1]!));
    const gathered = this.#gathered;
    let end = 0;
    if (direction !== In) end = this.#gather(Out, row, kind, gathered, end, isLive);
    if (direction !== Out) end = this.#gather(In, row, kind, gathered, end, isLive);
    const room = out.length - at;
    let found = 0;
    for (let i = 0; i < end; i++) {
      const neighbour = gathered[i]!;
      if (!this.#isNew(neighbour)) continue;
      if (found < room) out[at + found] = neighbour;
      found++;
    }
    return found;
  }

  /** Neighbours over the edges of one list, in `into` from `at` on as far as it goes; the end of all of them. */
  #gather(
    direction: 0 | 1,
    row: number,
    kind: number,
    into: Uint32Array,
    at: number,
    isLive: ((edge: number) => boolean) | undefined,
  ): number {
    const { blocks, kind: kinds, source, target } = this.#views;
    const lists = this.#lists;
    const others = direction === Out ? target : source;
    const room = into.length;
    let end = at;
    let block = lists[listAt(row, direction)]!;
    let filled = ((lists[listAt(row, direction) + 1]! - 1) % BLOCK_ENTRIES) + 1;
    for (; block !== 0; filled = BLOCK_ENTRIES) {
      const first = (block - 1) * BLOCK + 1;
      for (let place = first; place < first + filled; place++) {
        const edge = blocks[place]!;
        if (kind >= 0 && kinds[edge] !== kind) continue;
        if (isLive?.(edge) === false) continue;
        if (end < room) into[end] = others[edge]!;
        end++;
      }
      block = blocks[first - 1]!;
    }
    return end;
  }

  #begin(most: number): void {
    let slots = 4;
    while (slots < most * 2) slots *= 2;
    if (slots > this.#rows.length) {
      this.#gathered = new Uint32Array(slots / 2);
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
