import type { Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';

/**
 * Piscina starts another worker as soon as it hears that one is lost, and a thread that the system refuses there ends the whole
 * process. Where threads are refused it starts none: the pool goes on with those that are left, and grows when there are more
 * tasks. Called before Piscina's own listeners.
 */
export function beforeRefill(worker: Worker, piscina: Piscina, areRefused: () => boolean): void {
  const leave = (): void => {
    // Once for each worker: after an `error` Piscina does not know it any more.
    if (!areRefused() || !piscina.threads.includes(worker)) return;
    const bounds = piscina.options as { minThreads: number; maxThreads: number };
    bounds.minThreads = piscina.threads.length - 1;
    bounds.maxThreads = Math.max(1, bounds.minThreads);
  };
  worker.prependOnceListener('error', leave);
  worker.prependOnceListener('exit', leave);
}
