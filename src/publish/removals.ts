/**
 * Main thread. Removals that are published and may not be applied yet, oldest first; one queue a shard. A removed id
 * stays bound, and so readable, until its removal is applied; published again before that, it keeps its row.
 *
 * An entry counts only if the row's stamp is still the entry's: a later event on the row clears the stamp.
 */
export class Removals {
  readonly #stamps: Uint32Array;
  readonly #queues: Queue[];
  #nextStamp = 1;

  /** `stamps` is zeroed memory of a word a row. */
  constructor(stamps: Uint32Array, shards: number) {
    this.#stamps = stamps;
    this.#queues = Array.from({ length: shards }, () => new Queue());
  }

  /** The row's removal stands in the frame before ring position `position` of the shard. */
  add(shard: number, row: number, position: number): void {
    const stamp = this.#nextStamp;
    this.#nextStamp = stamp === 0xffffffff ? 1 : stamp + 1;
    this.#stamps[row] = stamp;
    this.#queues[shard]!.push(row, stamp, position);
  }

  /** 0, or the stamp of the removal that the row waits for. */
  stampOf(row: number): number {
    return this.#stamps[row]!;
  }

  /** The row is wanted again, or (with a former stamp) was not wanted after all. */
  setStamp(row: number, stamp: number): void {
    this.#stamps[row] = stamp;
  }

  isEmpty(shard: number): boolean {
    return this.#queues[shard]!.length === 0;
  }

  /** Takes the next row whose removal is applied, or -1. */
  take(shard: number, appliedPosition: number): number {
    const queue = this.#queues[shard]!;
    for (; queue.length > 0; queue.shift()) {
      const row = queue.row;
      // What no longer counts goes whatever its position: that of an array which was taken back may never be applied.
      if (this.#stamps[row] !== queue.stamp) continue;
      if (((appliedPosition - queue.position) | 0) < 0) return -1;
      queue.shift();
      this.#stamps[row] = 0;
      return row;
    }
    return -1;
  }
}

/** Ring buffer of (row, stamp, position), doubling when full. */
class Queue {
  #words = new Uint32Array(3 * 256);
  #first = 0;
  length = 0;

  get row(): number {
    return this.#words[this.#first * 3]!;
  }
  get stamp(): number {
    return this.#words[this.#first * 3 + 1]!;
  }
  get position(): number {
    return this.#words[this.#first * 3 + 2]!;
  }

  push(row: number, stamp: number, position: number): void {
    const capacity = this.#words.length / 3;
    if (this.length === capacity) this.#grow();
    const at = ((this.#first + this.length) & (this.#words.length / 3 - 1)) * 3;
    this.#words[at] = row;
    this.#words[at + 1] = stamp;
    this.#words[at + 2] = position;
    this.length++;
  }

  shift(): void {
    this.#first = (this.#first + 1) & (this.#words.length / 3 - 1);
    this.length--;
  }

  #grow(): void {
    const old = this.#words;
    const capacity = old.length / 3;
    const words = new Uint32Array(old.length * 2);
    const head = old.subarray(this.#first * 3);
    words.set(head);
    words.set(old.subarray(0, this.#first * 3), head.length);
    this.#words = words;
    this.#first = 0;
    this.length = capacity;
  }
}
