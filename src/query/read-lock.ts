import { AthanorError } from '../base/errors.js';
import type { ShardLock } from '../memory/lock.js';

/** One thread's read lock of one shard. */
export class ReadLock {
  readonly #lock: ShardLock;
  readonly #shard: number;
  readonly #thread: number;
  readonly #timeoutMs: number;

  /** `thread`: admitted as a reader. */
  constructor(lock: ShardLock, shard: number, thread: number, timeoutMs: number) {
    this.#lock = lock;
    this.#shard = shard;
    this.#thread = thread;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws AthanorError ATHANOR_SHARD_BUSY when the shard's writer does not let go in time. */
  acquire(): void {
    if (this.#lock.acquireRead(this.#shard, this.#thread, this.#timeoutMs)) return;
    throw new AthanorError(
      'ATHANOR_SHARD_BUSY',
      `shard ${this.#shard}: its writer held it for longer than option readTimeoutMs (${this.#timeoutMs})`,
    );
  }

  /** As `acquire`; false when the writer does not let go in so many milliseconds. */
  tryAcquire(ms: number): boolean {
    return this.#lock.acquireRead(this.#shard, this.#thread, ms);
  }

  release(): void {
    this.#lock.releaseRead(this.#shard, this.#thread);
  }
}
