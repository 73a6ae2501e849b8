import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { monotonicMs } from '../base/clock.js';
import { ControlFlag, Word } from '../schedule/control.js';
import type { Host } from '../schedule/host.js';
import type { EngineMemory } from './engine-memory.js';

const APPLY = fileURLToPath(new URL('../../workers/apply.js', import.meta.url));
const INSPECT = fileURLToPath(new URL('../../workers/inspect.js', import.meta.url));

/** What the pool tells its owner. */
export interface PoolEvents {
  /** An applier task ended: something may be ready that nobody works on. */
  applierEnded(): void;
  /** A worker's exit was seen; its thread slot. */
  workerLost(thread: number): void;
}

/** Main thread. The worker threads: a Piscina pool, the applier tasks in it, and the signs of their loss. */
export class Pool {
  readonly #piscina: Piscina;
  readonly #memory: EngineMemory;
  readonly #events: PoolEvents;
  readonly #watched = new Set<Worker>();
  #closing = false;
  #pending = 0;
  #alive: NodeJS.Timeout | undefined;

  constructor(
    memory: EngineMemory,
    events: PoolEvents,
    options: { workers: number; resourceLimits: { maxOldGenerationSizeMb?: number; stackSizeMb?: number } },
  ) {
    this.#memory = memory;
    this.#events = events;
    this.#piscina = new Piscina({
      filename: APPLY,
      minThreads: options.workers,
      maxThreads: options.workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      workerData: memory.token,
      resourceLimits: options.resourceLimits,
    });
    this.#piscina.on('error', () => {
      // A worker that failed outside a task: its exit is what counts, and is watched.
    });
    this.#watch();
  }

  /** Resolves when every worker has attached the memory. */
  async ready(): Promise<void> {
    await Promise.all(this.#piscina.threads.map(() => this.submitApplier()));
    this.#watch();
  }

  /** Applier tasks submitted and not ended. */
  get active(): number {
    // Pairs with an applier's subtraction: what it did before it left is visible.
    return Atomics.load(this.#memory.control.engine, Word.active);
  }

  async submitApplier(): Promise<void> {
    const { control } = this.#memory;
    // Counted from here: who makes a shard ready meanwhile knows that somebody comes.
    Atomics.add(control.engine, Word.active, 1);
    this.#hold();
    try {
      await this.#piscina.run(undefined, { filename: APPLY });
    } catch {
      // Its worker was lost in mid-task and could not count itself out.
      Atomics.sub(control.engine, Word.active, 1);
      this.#watch();
    }
    this.#letGo();
    if (!this.#closing) this.#events.applierEnded();
  }

  /**
   * A task that waits for a worker to start (the first, or one in place of a lost one) would not keep the process alive by
   * itself: what was accepted has to be applied before it may end.
   */
  #hold(): void {
    if (this.#pending++ === 0) this.#alive = setInterval(() => undefined, 2 ** 30);
  }

  #letGo(): void {
    if (--this.#pending === 0) clearInterval(this.#alive);
  }

  /** Runs a task beside the appliers, which give way to it. */
  async inspect<T>(task: unknown): Promise<T> {
    const { control } = this.#memory;
    control.setFlag(ControlFlag.yieldWanted);
    this.wake();
    this.#hold();
    try {
      return (await this.#piscina.run(task, { filename: INSPECT })) as T;
    } finally {
      this.#letGo();
      control.clearFlag(ControlFlag.yieldWanted);
      this.#events.applierEnded();
    }
  }

  /** Wakes one parked applier; false when none was parked. */
  wake(): boolean {
    const { engine } = this.#memory.control;
    // The counter first: an applier about to wait on its old value does not sleep.
    Atomics.add(engine, Word.wake, 1);
    if (Atomics.load(engine, Word.parked) === 0) return false;
    return Atomics.notify(engine, Word.wake, 1) > 0;
  }

  /** Thread slots of the workers at present. */
  threads(): number[] {
    return this.#piscina.threads
      .map((worker) => this.#memory.threads.slotOf(worker.threadId))
      .filter((slot) => slot >= 0);
  }

  #watch(): void {
    for (const worker of this.#piscina.threads) {
      if (this.#watched.has(worker)) continue;
      this.#watched.add(worker);
      const { threadId } = worker;
      worker.once('exit', () => {
        this.#watched.delete(worker);
        if (this.#closing) return;
        this.#watch();
        const thread = this.#memory.threads.slotOf(threadId);
        if (thread > 0) this.#events.workerLost(thread);
      });
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    const { control } = this.#memory;
    control.setFlag(ControlFlag.closing);
    while (this.wake());
    await this.#piscina.destroy();
  }
}

/** The scheduler's host on Node's event loop. */
export function nodeHost(memory: EngineMemory, pool: () => Pool): Host {
  const { engine } = memory.control;
  return {
    now: monotonicMs,
    endOfTick: (task) => {
      setImmediate(task);
    },
    after: (delayMs, task) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    submitApplier: () => {
      void pool().submitApplier();
    },
    wakeApplier: () => pool().wake(),
    onProgress: (task) => {
      // A worker changes the counter before it notifies: a change since this load ends the wait at once. The wait keeps no
      // process alive; the applier task that will end it does.
      const seen = Atomics.load(engine, Word.progress);
      const wait = Atomics.waitAsync(engine, Word.progress, seen);
      if (wait.async) void wait.value.then(task);
      else setImmediate(task);
    },
  };
}
