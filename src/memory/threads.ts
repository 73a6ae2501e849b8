import { threadId as ownThreadId } from 'node:worker_threads';
import { AthanorError } from '../base/errors.js';
import { MAX_THREADS } from '../base/limits.js';
import { attachRegion, createRegion, defineRegion, type RegionToken } from './region.js';
import type { Memory } from './reserve.js';

/*
 * Thread slots: the small numbers under which threads own shards, locks and windows of statistics. Slot 0 is the main
 * thread's.
 *
 *   owners  i32 [MAX_THREADS]  Node's thread id + 1 of the slot's owner; 0 = free
 */
const layout = defineRegion({
  name: 'threads',
  version: 1,
  buffers: 'one',
  params: [],
  fields: () => ({ owners: ['i32', MAX_THREADS] }),
});

export class ThreadSlots {
  readonly token: RegionToken;
  readonly #owners: Int32Array;

  private constructor(region: { views: { owners: Int32Array }; token: RegionToken }) {
    this.token = region.token;
    this.#owners = region.views.owners;
  }

  /** Main thread (the one that makes the engine, which may be a worker of another program): it takes slot 0. */
  static create(memory: Memory): ThreadSlots {
    const slots = new ThreadSlots(createRegion(memory, layout, {}));
    slots.#owners[0] = ownThreadId + 1;
    return slots;
  }

  static attach(token: RegionToken): ThreadSlots {
    return new ThreadSlots(attachRegion(layout, token));
  }

  /** A slot for the thread with this id. */
  claim(threadId: number): number {
    for (let slot = 1; slot < MAX_THREADS; slot++) {
      // The exchange decides between threads that claim at once; nothing else hangs on it.
      if (Atomics.compareExchange(this.#owners, slot, 0, threadId + 1) === 0) return slot;
    }
    throw new AthanorError('ATHANOR_CAPACITY', `workers: more than ${MAX_THREADS} threads take part in one engine`);
  }

  /** Main thread, after the exit of the slot's thread has been seen and all that it owned was taken over. */
  release(slot: number): void {
    Atomics.store(this.#owners, slot, 0);
  }

  /** The slot of a thread, or -1. */
  slotOf(threadId: number): number {
    for (let slot = 0; slot < MAX_THREADS; slot++) {
      if (Atomics.load(this.#owners, slot) === threadId + 1) return slot;
    }
    return -1;
  }
}
