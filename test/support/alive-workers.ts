import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import type { Engine } from '../../dist/src/index.js';

/** Every worker thread that is started from here on, through the module that the pool takes its class from. */
export const alive = new Set<Worker>();
/** Whether those that are born are killed at once, or refused as a system without threads does. */
export const births = { kill: false, refuse: false };

/** Resolves when every worker that is alive, but those spared, has started: Node itself does not survive the end of one that starts. */
export async function allStarted(
  engine: Pick<Engine, 'stats'>,
  spared: ReadonlySet<Worker> = new Set(),
): Promise<void> {
  const started = (): boolean => {
    const workers = engine.stats().workers.length;
    return workers > 0 && workers >= [...alive].filter((worker) => !spared.has(worker)).length;
  };
  while (!started()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
threads.Worker = class extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    if (births.refuse) throw Object.assign(new Error('no thread'), { code: 'ERR_WORKER_INIT_FAILED' });
    super(...args);
    alive.add(this);
    this.once('exit', () => alive.delete(this));
    if (births.kill) void this.terminate();
  }
};
