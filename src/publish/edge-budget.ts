import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { Room } from './room.js';

/** Looks for a moment in which no upsert is being applied. */
const LOOKS = 64;

/**
 * Main thread. Keeps the number of edges within the option: a worker cannot refuse what was accepted. An upsert may create
 * an edge or change one, which only its applying tells, so each one in flight counts as a new edge; near the limit an
 * upsert of an edge that is applied already is let through all the same.
 */
export class EdgeBudget {
  readonly #capacity: number;
  readonly #edges: () => number;
  readonly #upsertsApplied: () => number;
  readonly #exists: (shard: number, source: number, target: number, kind: number) => boolean;
  readonly #room: Room;
  readonly #isSettled: () => boolean;
  #published = 0;
  #saved = 0;
  /** Upserts that may be published before the shared words are looked at again. */
  #free = 0;

  constructor(parts: {
    capacity: number;
    /** Edges applied and alive. */
    edges: () => number;
    upsertsApplied: () => number;
    exists: (shard: number, source: number, target: number, kind: number) => boolean;
    /** Whether nothing is in flight or waits to be reclaimed. */
    isSettled: () => boolean;
    room: Room;
  }) {
    this.#capacity = parts.capacity;
    this.#edges = parts.edges;
    this.#upsertsApplied = parts.upsertsApplied;
    this.#exists = parts.exists;
    this.#isSettled = parts.isSettled;
    this.#room = parts.room;
  }

  /**
   * Room for one upsert, before it is written; rows may be NO_ROW, the kind -1: such an edge is new.
   * @throws AthanorError ATHANOR_CAPACITY, or ATHANOR_BACKPRESSURE while room may come back.
   */
  take(shard: number, source: number, target: number, kind: number): void {
    if (this.#free > 0 || this.#refill()) {
      this.#free--;
      return;
    }
    const known = source !== NO_ROW && target !== NO_ROW && kind >= 0;
    if (known && this.#exists(shard, source, target, kind)) return;
    const inFlight = this.#published - this.#upsertsApplied();
    const edges = this.#edges();
    const message = `edge: option capacity.edges allows ${this.#capacity}, and ${edges} are there`;
    // What is in flight may be no new edge after all, or remove some.
    if (this.#isSettled()) throw new AthanorError('ATHANOR_CAPACITY', message);
    this.#room.refuse(
      'edges',
      `${message}, with ${inFlight} in flight or removed ones not reclaimed yet`,
      (need) => this.room(need) >= need,
      () => !this.#isSettled(),
    );
  }

  /** The upsert that room was taken for is in its frame: until then it may still be refused for other reasons. */
  written(): void {
    this.#published++;
  }

  /** How many of `wanted` upserts, which may all be new, have room. */
  room(wanted: number): number {
    if (this.#free < wanted) this.#refill();
    return Math.min(this.#free, wanted);
  }

  /** Upserts that `room` found room for, about to be written. */
  takeMany(upserts: number): void {
    this.#free -= upserts;
    this.#published += upserts;
  }

  #refill(): boolean {
    let applied = this.#upsertsApplied();
    let edges = this.#edges();
    // An upsert that is applied between the two looks counts twice, which is on the safe side; near the limit it matters,
    // so that a still moment is waited for, if it comes soon.
    for (let look = 0; look < LOOKS; look++) {
      const again = this.#upsertsApplied();
      if (again === applied) break;
      applied = again;
      edges = this.#edges();
    }
    this.#free = Math.max(0, this.#capacity - edges - (this.#published - applied));
    return this.#free > 0;
  }

  save(): void {
    this.#saved = this.#published;
  }

  rollback(): void {
    this.#published = this.#saved;
    this.#free = 0;
  }
}
