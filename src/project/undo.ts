import { attachRegion, createRegion, defineRegion, type RegionToken } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';
import type { NodeColumns } from './node-columns.js';

/*
 * Undo slots: what an event is about to change, kept until the next event begins. One slot a shard, 32 f64 words,
 * written by the shard's owner:
 *
 *   word 0      SEQUENCE  of the event that is being applied
 *        1      NODES     node records that follow, 0 to 2
 *        2      PARTIAL   1: the first record is of a move, which changes flags, x, y, time and sequence alone; 2: and z
 *        4..14  first record: row, flags, kind, x, y, w, time, sequence, born, data, z
 *        15..25 second record (the other end of an edge)
 *
 * Plain stores: the slot is read by recovery alone, after the exit of its writer has been seen, and then every store is
 * there. Edges need no record: their events can be repeated on their columns alone (see graph/shard-edges.ts). The order
 * of the stores matters all the same, since a thread may be lost between any two: SEQUENCE comes after NODES = 0, and NODES
 * counts a record only when it is whole. The event is undone only when SEQUENCE is that of the event the ring's cursor
 * stands on: otherwise it was committed already.
 */
const layout = defineRegion({
  name: 'undo',
  version: 1,
  buffers: 'one',
  params: ['shards'],
  fields: ({ shards }) => ({ slots: ['f64', shards * 32] }),
});

const SLOT_WORDS = 32;
const SEQUENCE = 0;
const NODES = 1;
const PARTIAL = 2;
const FIRST_RECORD = 4;
const RECORD_WORDS = 11;

export class UndoSlots {
  readonly token: RegionToken;
  readonly #slots: Float64Array;

  private constructor(region: { views: { slots: Float64Array }; token: RegionToken }) {
    this.token = region.token;
    this.#slots = region.views.slots;
  }

  static create(memory: Memory, params: { shards: number }): UndoSlots {
    return new UndoSlots(createRegion(memory, layout, params));
  }

  static attach(token: RegionToken): UndoSlots {
    return new UndoSlots(attachRegion(layout, token));
  }

  /** The slot of one shard, for its owner. */
  slot(shard: number, nodes: NodeColumns): UndoSlot {
    return new UndoSlot(this.#slots.subarray(shard * SLOT_WORDS, (shard + 1) * SLOT_WORDS), nodes);
  }
}

export class UndoSlot {
  readonly #words: Float64Array;
  readonly #nodes: NodeColumns;

  constructor(words: Float64Array, nodes: NodeColumns) {
    this.#words = words;
    this.#nodes = nodes;
  }

  /** The event with this sequence begins; nothing of it is saved yet. */
  begin(sequence: number): void {
    const words = this.#words;
    words[NODES] = 0;
    words[SEQUENCE] = sequence;
  }

  /** As `save`, for a move without `w` of a node that is there: the columns that it leaves alone are not even loaded. */
  saveMove(row: number): void {
    const words = this.#words;
    const nodes = this.#nodes;
    words[FIRST_RECORD] = row;
    words[FIRST_RECORD + 1] = nodes.flags[row]!;
    words[FIRST_RECORD + 3] = nodes.x[row]!;
    words[FIRST_RECORD + 4] = nodes.y[row]!;
    words[FIRST_RECORD + 6] = nodes.time[row]!;
    words[FIRST_RECORD + 7] = nodes.sequence[row]!;
    words[PARTIAL] = 1;
    words[NODES] = 1;
  }

  /** As `saveMove`, in a solid. */
  saveMoveInSolid(row: number): void {
    const words = this.#words;
    this.saveMove(row);
    words[FIRST_RECORD + 10] = this.#nodes.z[row]!;
    words[PARTIAL] = 2;
  }

  /** Keeps a row before the event changes it. At most two an event. */
  save(row: number): void {
    const words = this.#words;
    const nodes = this.#nodes;
    const count = words[NODES]!;
    const at = FIRST_RECORD + count * RECORD_WORDS;
    words[PARTIAL] = 0;
    words[at] = row;
    words[at + 1] = nodes.flags[row]!;
    words[at + 2] = nodes.kind[row]!;
    words[at + 3] = nodes.x[row]!;
    words[at + 4] = nodes.y[row]!;
    words[at + 5] = nodes.w[row]!;
    words[at + 6] = nodes.time[row]!;
    words[at + 7] = nodes.sequence[row]!;
    words[at + 8] = nodes.born[row]!;
    words[at + 9] = nodes.data[row]!;
    words[at + 10] = nodes.z[row]!;
    words[NODES] = count + 1;
  }

  /** Whether the event with this sequence was begun here, and so may be half-done. */
  holds(sequence: number): boolean {
    return this.#words[SEQUENCE] === sequence;
  }

  /** Recovery: the saved rows as they were. */
  restore(): void {
    const words = this.#words;
    const nodes = this.#nodes;
    for (let record = 0; record < words[NODES]!; record++) {
      const at = FIRST_RECORD + record * RECORD_WORDS;
      const row = words[at]!;
      nodes.flags[row] = words[at + 1]!;
      nodes.x[row] = words[at + 3]!;
      nodes.y[row] = words[at + 4]!;
      nodes.time[row] = words[at + 6]!;
      nodes.sequence[row] = words[at + 7]!;
      if (words[PARTIAL] !== 1) nodes.z[row] = words[at + 10]!;
      if (words[PARTIAL] !== 0) continue;
      nodes.kind[row] = words[at + 2]!;
      nodes.w[row] = words[at + 5]!;
      nodes.born[row] = words[at + 8]!;
      nodes.data[row] = words[at + 9]!;
    }
    words[NODES] = 0;
  }
}
