import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';

/** Every worker thread that is started from here on, through the module that the pool takes its class from. */
export const alive = new Set<Worker>();
/** Whether those that are born are killed at once. */
export const births = { kill: false };

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
threads.Worker = class extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    alive.add(this);
    this.once('exit', () => alive.delete(this));
    if (births.kill) void this.terminate();
  }
};
