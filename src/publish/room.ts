import { AthanorError } from '../base/errors.js';

/** What calls are refused for while it comes back by itself. */
export type Shortage = 'frames' | 'nodes' | 'graphs' | 'zones' | 'edges' | 'data';

/** What a refused call lacked. */
interface Want {
  readonly what: Shortage;
  readonly message: string;
  /** Whether there is room for so many. */
  readonly isThere: (need: number) => boolean;
  /** Whether more comes back without the caller. If not, the next try tells that there is none. */
  readonly comesBack: () => boolean;
  /** How many of it the refused call needs, as far as it is known. */
  need: number;
}

/**
 * Main thread. What was refused because there is no room at the moment, and when there is room again.
 *
 * Room is taken by what is live, and for a while by what is gone: frames that are in flight, rows and ids whose removal is
 * not applied or that are in quarantine, edges and data of what is not reclaimed. A call is refused with ATHANOR_CAPACITY
 * when the live things fill the capacity; with ATHANOR_BACKPRESSURE, noted here, when room comes back without the caller.
 */
export class Room {
  readonly #wants = new Map<string, Want>();
  /** The last refusal. */
  last: Want | undefined;

  /** @throws AthanorError ATHANOR_BACKPRESSURE; `of` tells apart what each shard has of its own. */
  refuse(what: Shortage, message: string, isThere: (need: number) => boolean, comesBack: () => boolean, of = 0): never {
    this.last = { what, message, isThere, comesBack, need: 1 };
    this.#wants.set(`${what} ${of}`, this.last);
    throw new AthanorError('ATHANOR_BACKPRESSURE', `${message}: wait for drained()`);
  }

  /** Whether there is room for all that was refused. What there is room for is forgotten. */
  get isThere(): boolean {
    for (const [key, want] of this.#wants) {
      if (want.isThere(want.need) || !want.comesBack()) this.#wants.delete(key);
    }
    return this.#wants.size === 0;
  }
}
