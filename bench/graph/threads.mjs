// Kernels on threads of their own.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Memory } from '../../dist/src/memory/reserve.js';
import { JobBoard } from '../../dist/src/pool/job-board.js';

export class Threads {
  #workers;

  constructor(count) {
    const url = new URL('../support/kernel-worker.mjs', import.meta.url);
    this.#workers = Array.from({ length: count }, () => new Worker(url));
  }

  /** Milliseconds that `name` of the module takes for a stage, from the call to the first worker that finds its end. */
  async run(module, name, { task, first, mostChunks }) {
    const board = JobBoard.create(new Memory(), mostChunks, first);
    const ends = this.#workers.map((worker) => once(worker, 'message'));
    const start = performance.now();
    this.#workers.forEach((worker, thread) => {
      worker.postMessage({ module: module.href, name, task, board: board.token, thread });
    });
    await Promise.race(ends);
    const ms = performance.now() - start;
    await Promise.all(ends);
    return ms;
  }

  async close() {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** A pass of random gathers over all arcs: what memory alone costs. */
export function gather({ offsets, targets, nodes }, x) {
  let sum = 0;
  for (let node = 0; node < nodes; node++) {
    const end = offsets[node + 1];
    for (let i = offsets[node]; i < end; i++) sum += x[targets[i]];
  }
  return sum;
}
