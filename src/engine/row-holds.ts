import type { RowAllocator } from '../publish/rows.js';
import type { Outbox } from '../ring/outbox.js';

interface Hold {
  readonly token: symbol;
  /** Outbox positions when it was taken: entries about rows retired before then stand before them. */
  readonly heads: readonly number[];
}

/**
 * Main thread. Rows of removed nodes stay out of use until every entry that names them is taken. An entry is handed over
 * before its event counts as applied, and a row retires after that: so a row retired before a hold was taken is free when
 * the outboxes have been read to where they stood then. Two holds at a time, the newer taking the older's place.
 */
export class RowHolds {
  readonly #rows: RowAllocator;
  readonly #outboxes: readonly Outbox[];
  #older: Hold | undefined;
  #newer: Hold | undefined;

  constructor(rows: RowAllocator, outboxes: readonly Outbox[]) {
    this.#rows = rows;
    this.#outboxes = outboxes;
  }

  /** After rows were retired at `nowMs`, in the same turn: none of them has been released yet. */
  renew(nowMs: number): void {
    if (this.#outboxes.every((outbox) => outbox.unread === 0)) {
      this.#older = this.#end(this.#older);
      this.#newer = this.#end(this.#newer);
      return;
    }
    this.#older ??= this.#take(nowMs);
    const { heads } = this.#newer ?? this.#older;
    if (!this.#outboxes.every((outbox, shard) => ((outbox.tailPosition - heads[shard]!) | 0) >= 0)) return;
    if (this.#newer !== undefined) {
      this.#end(this.#older);
      this.#older = this.#newer;
    }
    this.#newer = this.#take(nowMs);
  }

  #take(nowMs: number): Hold {
    // Before the rows that retired in this turn.
    return { token: this.#rows.hold(nowMs - 1), heads: this.#outboxes.map((outbox) => outbox.headPosition) };
  }

  #end(hold: Hold | undefined): undefined {
    if (hold !== undefined) this.#rows.unhold(hold.token);
  }
}
