import { aborted, EndingSource, onAbort, unlessEnded } from '../base/ending.js';
import { AthanorError, InvariantError } from '../base/errors.js';
import type { PhasePlan } from '../base/kernel.js';
import { Memory } from '../memory/reserve.js';
import type { Host } from '../schedule/host.js';
import { JobBoard } from './job-board.js';
import type { JobTask, ParticipantEnd } from './participant.js';

/** Time between two calls of `onProgress`, at least. */
const PROGRESS_MS = 50;
/** A job that loses so many workers is given up: it may be what ends them. */
const MOST_LOSSES = 8;

/** Options of every job. */
export interface JobOptions {
  /** Ends the job: it rejects with ATHANOR_ABORTED at once. */
  readonly signal?: AbortSignal | undefined;
  /** Called at most every 50 ms, and at the end. Units are the job's own. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A stage: some phases of one kernel over the same memory. */
export interface Stage {
  readonly kernel: string;
  readonly data: unknown;
  readonly first: PhasePlan;
  /** The most chunks of any of its phases, where that is not the first. */
  readonly mostChunks?: number;
  readonly standStill?: boolean;
  /** Its chunks cannot be done twice: when a worker is lost in one, the job begins anew, with fresh memory. */
  readonly once?: boolean;
}

/** A worker was lost in a stage that cannot be repeated. */
class StageBroken extends Error {}

/** What jobs need of the engine. */
export interface JobWorld {
  readonly host: Host;
  readonly workers: number;
  /** Runs one participant; rejects when its worker was lost. */
  participate(task: JobTask): Promise<ParticipantEnd>;
  /** Keeps rows that are removed from now on from being used again, until the answer is called. */
  holdRows(): () => void;
}

/** Main thread. The jobs that are under way. */
export class Jobs {
  readonly #world: JobWorld;
  readonly #running = new Set<Job>();
  #closed: AthanorError | undefined;

  constructor(world: JobWorld) {
    this.#world = world;
  }

  /** Jobs that are not settled. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * Runs a job: `body` makes its stages one after the other and returns its result. It is called again when a worker was
   * lost in a stage that cannot be repeated. With `holdsRows` false it sees to rows that are removed meanwhile itself.
   * @throws AthanorError ATHANOR_ABORTED, ATHANOR_CLOSED, ATHANOR_WORKER_LOST, ATHANOR_CAPACITY.
   */
  async run<T>(
    name: string,
    options: JobOptions & { holdsRows?: boolean },
    body: (job: Job) => Promise<T>,
  ): Promise<T> {
    const { signal, onProgress, holdsRows = true } = options;
    if (this.#closed !== undefined) throw this.#closed;
    if (signal?.aborted) throw aborted(signal);
    const job = new Job(name, this.#world);
    const leaveSignal = signal === undefined ? undefined : onAbort(signal, () => job.fail(aborted(signal)));
    const releaseRows = holdsRows ? this.#world.holdRows() : undefined;
    const stopProgress = onProgress === undefined ? undefined : this.#watchProgress(job, onProgress);
    this.#running.add(job);
    try {
      const result = await unlessEnded(this.#runBody(job, body), [job.failed]);
      stopProgress?.();
      onProgress?.(job.total, job.total);
      return result;
    } catch (error) {
      job.fail(error);
      throw error;
    } finally {
      stopProgress?.();
      this.#running.delete(job);
      releaseRows?.();
      leaveSignal?.();
    }
  }

  async #runBody<T>(job: Job, body: (job: Job) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await body(job);
      } catch (error) {
        if (!(error instanceof StageBroken)) throw error;
        job.restart();
      }
    }
  }

  #watchProgress(job: Job, onProgress: (done: number, total: number) => void): () => void {
    let cancel: () => void;
    let last = -1;
    const look = (): void => {
      cancel = this.#world.host.after(PROGRESS_MS, look);
      const { done } = job;
      // Nothing is known of the whole before the job says what is left to do.
      if (done === last || job.total === 0) return;
      last = done;
      try {
        onProgress(done, job.total);
      } catch (error) {
        job.fail(error);
      }
    };
    cancel = this.#world.host.after(PROGRESS_MS, look);
    return () => cancel();
  }

  /** The exit of a worker was seen, and why: what it had of jobs is free again. Before its slot is given to another. */
  release(thread: number, reason: unknown): void {
    for (const job of this.#running) job.release(thread, reason);
  }

  /** Ends all jobs, and refuses new ones. */
  close(error: AthanorError): void {
    this.#closed ??= error;
    for (const job of this.#running) job.fail(error);
  }
}

/** Main thread. One job under way. Nothing of it outlives its promise but participants that find it cancelled. */
export class Job {
  readonly name: string;
  /** What it reserves goes with it, but for what its result holds. */
  readonly memory: Memory;
  /** The job is aborted or fails. */
  readonly failed = new EndingSource();
  /** Chunks of all phases, for progress. */
  total = 0;
  readonly #world: JobWorld;
  #board: JobBoard | undefined;
  #isOnce = false;
  #break: (reason: StageBroken) => void = () => undefined;
  /** Called when a worker was lost, before what it had is free again. */
  onLoss: (thread: number, reason: unknown) => void = () => undefined;
  #doneBefore = 0;
  #prepared = 0;
  #losses = 0;

  constructor(name: string, world: JobWorld) {
    this.name = name;
    this.memory = new Memory(`${name} asks for less at a time`);
    this.#world = world;
  }

  get done(): number {
    return Math.max(0, Math.min(this.total, this.#doneBefore - this.#prepared + (this.#board?.done ?? 0)));
  }

  /** The job is over, whatever is left of it. */
  fail(error: unknown): void {
    if (this.failed.ended) return;
    this.#board?.cancel();
    this.failed.end(error);
  }

  release(thread: number, reason: unknown): void {
    this.onLoss(thread, reason);
    const board = this.#board;
    if (board?.release(thread) !== true || !this.#isOnce || board.finished) return;
    board.cancel();
    this.#break(new StageBroken(`${this.name}: a worker was lost in a stage that cannot be repeated`));
  }

  /** What is left to do is so many chunks: stages before this were preparation, of which nobody knew how long it takes. */
  expect(chunks: number): void {
    this.total = chunks;
    this.#prepared = this.#doneBefore;
  }

  /** Before the body is called again. */
  restart(): void {
    this.#board = undefined;
    this.#doneBefore = 0;
    this.#prepared = 0;
    this.total = 0;
  }

  /** A board of the job's own: cancelled when the job fails, and told of lost workers. */
  adopt(board: JobBoard): void {
    if (this.failed.ended) board.cancel();
    this.#board = board;
  }

  /** Resolves when all phases of the stage are done. */
  async stage(stage: Stage): Promise<void> {
    if (this.failed.ended) throw this.failed.error;
    const chunks = Math.max(stage.first.chunks, stage.mostChunks ?? 0);
    const board = JobBoard.create(this.memory, chunks, stage.first);
    this.#board = board;
    const { kernel, data, standStill = false, once = false } = stage;
    this.#isOnce = once;
    const task: JobTask = { board: board.token, kernel, data, standStill };
    // The first that finds the stage done ends it here: nobody waits for those that have not begun.
    const done = new Promise<void>((resolve, reject) => {
      this.#break = reject;
      const participants = Math.max(1, Math.min(this.#world.workers, chunks));
      for (let k = 0; k < participants; k++) void this.#participate(board, task).then(resolve, reject);
    });
    await unlessEnded(done, [this.failed]);
    this.#doneBefore += board.done;
    this.#board = undefined;
  }

  /** Resolves when the stage is done; what else a participant ends for, it is sent again. */
  async #participate(board: JobBoard, task: JobTask): Promise<void> {
    while (!this.failed.ended && this.#board === board) {
      let end: ParticipantEnd;
      try {
        end = await this.#world.participate(task);
      } catch (error) {
        if (board.finished) return;
        if (++this.#losses < MOST_LOSSES) continue;
        const message = `${this.name}: ${MOST_LOSSES} workers were lost while they took part in it`;
        throw new AthanorError('ATHANOR_WORKER_LOST', message, { cause: error });
      }
      if (end === 'done') return;
      if (typeof end !== 'string') {
        throw end.code === undefined
          ? new InvariantError(`${this.name}: ${end.message}`)
          : new AthanorError(end.code, end.message);
      }
    }
    // Over by another participant, or failed: either has settled the stage.
  }
}
