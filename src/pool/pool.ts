import { fileURLToPath } from 'node:url';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { monotonicMs } from '../base/clock.js';
import { AthanorError } from '../base/errors.js';
import { ControlFlag, Word } from '../schedule/control.js';
import type { Host } from '../schedule/host.js';
import type { EngineMemory } from './engine-memory.js';
import type { InspectResult, InspectTask } from './inspect.js';
import type { MapEnd, MapTask } from './map-task.js';
import type { JobTask, ParticipantEnd } from './participant.js';
import type { PoolTask } from './pool-task.js';
import { beforeRefill } from './refill.js';
import { freeOf, TaskQueue } from './task-queue.js';

const ENTRY = fileURLToPath(new URL('../../workers/main.js', import.meta.url));

export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly stackSizeMb?: number;
}

/** What the pool tells its owner. */
export interface PoolEvents {
  /** An applier task ended: something may be ready that nobody works on. */
  applierEnded(): void;
  /** A worker's exit was seen; its thread slot, and an error that says why it ended. */
  workerLost(thread: number, reason: unknown): void;
  /** Workers end before they have started, again and again. */
  cannotStart(reason: string): void;
}

/** A pool whose workers end while they start is started anew so often, unless one of them did some work meanwhile. */
const MOST_RESTARTS = 5;
/** A thread has started within this time, or never will. */
const START_MS = 5_000;
const START_LOOK_MS = 5;
/** Within this time a thread has compiled what a job made hot. */
const QUIET_MS = 50;
/** Threads that an engine starts with. Each costs some 9 MB and, on a busy machine, tens of milliseconds. */
const FIRST_THREADS = 1;
/** An inspection whose worker was lost is done again by another, so often. */
const MOST_INSPECTIONS = 5;

/** The threads of an engine and its event loop: Node's, or a simulator's. */
export interface World {
  readonly host: Host;
  readonly pool: Workers;
}

export interface Workers {
  /** Applier tasks submitted and not ended. */
  readonly active: number;
  ready(): Promise<void>;
  inspect(task: InspectTask): Promise<InspectResult>;
  /** Runs one participant of a job; rejects when its worker was lost. */
  participate(task: JobTask): Promise<ParticipantEnd>;
  /** Lets a worker map graphs, which takes the task's port; rejects when it was lost. */
  map(task: MapTask): Promise<MapEnd>;
  /** A task waits for a user's promise: what waits for a thread may have that one meanwhile. */
  offer(): void;
  /** Thread slots of the workers at present, and for how long the event loop of each was idle. */
  threads(): { thread: number; idleMs: number }[];
  /** Ends the worker with this slot, whatever it does; another takes its place. */
  end(thread: number): void;
  close(): Promise<void>;
}

/**
 * Main thread. The worker threads: a Piscina pool, the applier tasks in it, and the signs of their loss. It starts with one
 * thread; another starts when there are more tasks than threads, up to the option `workers`, and stays.
 */
export class Pool implements Workers {
  #piscina: Piscina;
  #queue: TaskQueue;
  /** Threads that may be there: less than was asked for when the system refused one. */
  #workers: number;
  readonly #resourceLimits: ResourceLimits;
  readonly #memory: EngineMemory;
  readonly #events: PoolEvents;
  readonly #watched = new Set<Worker>();
  #closing = false;
  /** The system has refused a thread: it may refuse any. */
  #refused = false;
  #restarts = 0;
  /** Resolves when the threads of all pools that were ended are gone. */
  #ended: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #appliers = 0;
  /** Tasks other than appliers that are submitted and not ended; and those of them for which shards stand still. */
  #guests = 0;
  #inspections = 0;
  #guestEndedAtMs = Number.NEGATIVE_INFINITY;
  #alive: NodeJS.Timeout | undefined;

  constructor(memory: EngineMemory, events: PoolEvents, options: { workers: number; resourceLimits: ResourceLimits }) {
    this.#memory = memory;
    this.#events = events;
    this.#workers = options.workers;
    this.#resourceLimits = options.resourceLimits;
    this.#queue = new TaskQueue();
    this.#piscina = this.#start(FIRST_THREADS);
    this.#watch();
  }

  /** @throws AthanorError ATHANOR_WORKER_LOST when the system refuses a thread. */
  #start(threads: number): Piscina {
    const started: Worker[] = [];
    const note = (worker: Worker): void => void started.push(worker);
    process.on('worker', note);
    let piscina: Piscina;
    try {
      piscina = new Piscina({
        filename: ENTRY,
        minThreads: threads,
        maxThreads: threads,
        taskQueue: this.#queue,
        stricterFIFO: true,
        loadBalancer: (_task, workers) => freeOf(workers, this.#memory, this.#piscina.threads.length >= this.#workers),
        idleTimeout: Number.POSITIVE_INFINITY,
        concurrentTasksPerWorker: 1,
        workerData: this.#memory.token,
        resourceLimits: this.#resourceLimits,
      });
    } catch (error) {
      // Those that were started before it: nobody else knows of them.
      this.#ended = this.#started(() => started).then(() => Promise.all(started.map((worker) => worker.terminate())));
      const message = `workers: a worker thread cannot be started: ${(error as Error).message}`;
      throw new AthanorError('ATHANOR_WORKER_LOST', message, { cause: error });
    } finally {
      process.off('worker', note);
    }
    piscina.on('error', () => {
      // A worker that failed outside a task: its exit is what counts, and is watched.
    });
    return piscina;
  }

  /**
   * Resolves when the first worker has attached the memory.
   * @throws AthanorError ATHANOR_WORKER_LOST when they cannot.
   */
  async ready(): Promise<void> {
    let failure: unknown;
    await Promise.all(
      this.#piscina.threads.map(() =>
        this.submitApplier((error) => {
          failure = error;
        }),
      ),
    );
    if (failure !== undefined) {
      throw new AthanorError('ATHANOR_WORKER_LOST', 'workers: a worker thread ended while it started', {
        cause: failure,
      });
    }
    this.#watch();
  }

  /** Applier tasks submitted and not ended. */
  get active(): number {
    // Pairs with an applier's subtraction: what it did before it left is visible.
    return Atomics.load(this.#memory.control.engine, Word.active);
  }

  /** Resolves when the task has ended, whichever way; `failed` is told of a worker lost meanwhile. */
  async submitApplier(failed?: (error: unknown) => void): Promise<void> {
    const { engine } = this.#memory.control;
    // Counted from here: who makes a shard ready meanwhile knows that somebody comes.
    Atomics.add(engine, Word.active, 1);
    this.#appliers++;
    this.#hold();
    try {
      await this.#run(undefined);
      this.#restarts = 0;
    } catch (error) {
      // Its worker was lost in mid-task and could not count itself out.
      Atomics.sub(engine, Word.active, 1);
      failed?.(error);
    }
    if (--this.#appliers === 0) {
      // Nobody is in a task: what lost threads left in the counts (out twice, or parked for ever) ends here.
      Atomics.store(engine, Word.active, 0);
      Atomics.store(engine, Word.parked, 0);
    }
    this.#letGo();
    if (!this.#closing) this.#events.applierEnded();
  }

  /**
   * Runs a task, on one thread more when all have one. Piscina starts threads up to `maxThreads` whenever a task has to wait:
   * so that it starts one for each task and no more, its bounds are moved along.
   */
  #run(task: PoolTask | undefined, transferList: MessagePort[] = []): Promise<unknown> {
    const piscina = this.#piscina;
    // Piscina keeps the object and reads it anew each time; its type says that nobody else may write it.
    const bounds = piscina.options as { minThreads: number; maxThreads: number };
    const threads = piscina.threads.length;
    const most = Math.min(this.#workers, Math.max(threads, this.#pending));
    if (most <= threads) return piscina.run(task, { transferList });
    bounds.maxThreads = most;
    const queue = this.#queue;
    queue.note(true);
    try {
      return piscina.run(task, { transferList });
    } catch {
      // The system refused the thread. The task is in the queue, its promise lost: it is queued anew, for those that are there.
      queue.takeBack();
      this.#refused = true;
      this.#workers = Math.max(1, threads);
      bounds.maxThreads = bounds.minThreads = this.#workers;
      return piscina.run(task, { transferList });
    } finally {
      queue.note(false);
      const grown = piscina.threads.length;
      if (grown > threads) this.#watch();
      bounds.maxThreads = bounds.minThreads = Math.max(1, grown);
    }
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

  async inspect(task: InspectTask): Promise<InspectResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#runBeside({ kind: 'inspect', inspect: task }, true)) as InspectResult;
      } catch (error) {
        if (this.#closing || attempt === MOST_INSPECTIONS) {
          throw new AthanorError('ATHANOR_WORKER_LOST', `${task.what}: its worker was lost`, { cause: error });
        }
      }
    }
  }

  async participate(task: JobTask): Promise<ParticipantEnd> {
    return (await this.#runBeside({ kind: 'job', job: task }, task.standStill)) as ParticipantEnd;
  }

  async map(task: MapTask): Promise<MapEnd> {
    return (await this.#runBeside({ kind: 'map', map: task }, false, [task.port])) as MapEnd;
  }

  /** Runs a task beside the appliers, which give their threads to it; and, for `standStill`, their shards until it ends. */
  async #runBeside(task: PoolTask, standStill: boolean, transferList: MessagePort[] = []): Promise<unknown> {
    const { control } = this.#memory;
    this.#guests++;
    control.taskSubmitted();
    if (standStill && this.#inspections++ === 0) control.setFlag(ControlFlag.yieldWanted);
    this.wake();
    this.#hold();
    try {
      return await this.#run(task, transferList);
    } finally {
      this.#letGo();
      if (standStill && --this.#inspections === 0) control.clearFlag(ControlFlag.yieldWanted);
      this.#guestEndedAtMs = monotonicMs();
      if (--this.#guests === 0) control.noTasks();
      if (!this.#closing) this.#events.applierEnded();
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

  threads(): { thread: number; idleMs: number }[] {
    const { threads } = this.#memory;
    return this.#piscina.threads
      .map(({ threadId, performance }) => ({
        thread: threads.slotOf(threadId),
        idleMs: performance.eventLoopUtilization().idle,
      }))
      .filter(({ thread }) => thread >= 0);
  }

  /** Piscina looks at the tasks that wait when one ends. One that is run past them, and ends at once, makes it look. */
  offer(): void {
    const queue = this.#queue;
    const waiting = queue.tasks.length;
    if (this.#closing || waiting === 0) return;
    queue.isPassed = true;
    this.#piscina.run({ kind: 'look' } satisfies PoolTask).catch(() => undefined);
    queue.isPassed = false;
    // No worker could take it: it stands first, and is of no use any more.
    if (queue.tasks.length > waiting) queue.shift();
  }

  end(thread: number): void {
    for (const worker of this.#piscina.threads) {
      if (this.#memory.threads.slotOf(worker.threadId) === thread) void worker.terminate();
    }
  }

  #watch(): void {
    for (const worker of this.#piscina.threads) {
      if (this.#watched.has(worker)) continue;
      this.#watched.add(worker);
      const { threadId } = worker;
      let reason: unknown;
      beforeRefill(worker, this.#piscina, () => this.#refused && !this.#closing);
      worker.once('error', (error) => {
        reason = error;
      });
      worker.once('exit', (code) => {
        this.#watched.delete(worker);
        if (this.#closing) return;
        const thread = this.#memory.threads.slotOf(threadId);
        if (thread > 0) this.#events.workerLost(thread, reason ?? new Error(`it ended with exit code ${code}`));
        this.#refill();
        this.#watch();
      });
    }
  }

  /**
   * Piscina replaces a lost worker, unless that one was still starting: from then on it replaces none. Such a pool is
   * given up for a new one; what its other workers were about is recovered as with any lost worker.
   */
  #refill(): void {
    const threads = Math.max(1, this.#piscina.options.minThreads);
    if (this.#piscina.threads.length >= threads) return;
    if (++this.#restarts > MOST_RESTARTS) {
      this.#events.cannotStart(`workers: worker threads ended ${MOST_RESTARTS} times while they started`);
      this.#end(this.#piscina);
      return;
    }
    const crippled = this.#piscina;
    this.#queue = new TaskQueue();
    try {
      this.#piscina = this.#start(threads);
    } catch (error) {
      this.#events.cannotStart((error as Error).message);
    }
    this.#end(crippled);
  }

  #end(piscina: Piscina): void {
    this.#ended = Promise.all([this.#ended, this.#destroy(piscina)]);
  }

  async #destroy(piscina: Piscina): Promise<void> {
    await this.#started(() => piscina.threads);
    await piscina.destroy();
  }

  /** Node ends the whole process when a thread is terminated while it links its modules: those that start are waited for. */
  async #started(workers: () => readonly Worker[]): Promise<void> {
    const { threads } = this.#memory;
    const starting = ({ threadId }: Worker): boolean => threadId > 0 && threads.slotOf(threadId) < 0;
    for (let waitedMs = 0; waitedMs < START_MS && workers().some(starting); waitedMs += START_LOOK_MS) {
      await new Promise((resolve) => setTimeout(resolve, START_LOOK_MS));
    }
  }

  /**
   * Node.js 20 ends the whole process when a thread is terminated while a function of it is being compiled in the
   * background and its garbage is due: those of jobs that were cancelled a moment ago are given time to come to rest.
   */
  async #quiet(): Promise<void> {
    const deadlineMs = monotonicMs() + START_MS;
    while (monotonicMs() < deadlineMs && (this.#guests > 0 || monotonicMs() < this.#guestEndedAtMs + QUIET_MS)) {
      await new Promise((resolve) => setTimeout(resolve, START_LOOK_MS));
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    const { control } = this.#memory;
    control.setFlag(ControlFlag.closing);
    while (this.wake());
    await this.#quiet();
    this.#end(this.#piscina);
    await this.#ended;
    const { engine } = control;
    // The main thread's own wait for progress: nobody else ends it any more, and until then it keeps the engine alive.
    Atomics.add(engine, Word.progress, 1);
    Atomics.notify(engine, Word.progress);
  }
}
