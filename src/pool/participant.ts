import { AthanorError, type ErrorCode } from '../base/errors.js';
import type { Breathe, Kernel } from '../base/kernel.js';
import type { RegionToken } from '../memory/region.js';
import type { Applier } from './applier.js';
import type { EngineMemory } from './engine-memory.js';
import { type JobBoard, NO_CHUNK } from './job-board.js';

/** After this long a participant looks whether another pool task waits for its thread. */
const SLICE_MS = 10;
/** What a chunk is cut to: shards that are ready wait no longer. */
const BREATH_MS = 1;
/** How long a participant without a chunk waits before it looks at the shards again. */
export const PAUSE_MS = 0.5;

export type KernelFactory<D> = (memory: EngineMemory, thread: number, data: D, breathe: Breathe) => Kernel;

/** What the main thread asks of a worker: to take part in a stage of a job. */
export interface JobTask {
  readonly board: RegionToken;
  /** Name of the kernel, and what its factory gets: plain data and views of shared memory. */
  readonly kernel: string;
  readonly data: unknown;
  /** A shard has to stand still for it: appliers give way until the stage is over. */
  readonly standStill: boolean;
}

/** Why a participant gave its thread back: the stage is done, was cancelled, or another task waits; or the kernel failed. */
export type ParticipantEnd = 'done' | 'cancelled' | 'yield' | { readonly code: ErrorCode | undefined; message: string };

/** Worker thread. Does chunks of a job's phases, and applies ready shards between them: a job never stops ingest. */
export class Participant {
  readonly #board: JobBoard;
  readonly #makeKernel: (breathe: Breathe) => Kernel;
  #kernel: Kernel | undefined;
  readonly #applier: Applier;
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #now: () => number;
  readonly #startMs: number;
  #breathAtMs: number;

  constructor(parts: {
    board: JobBoard;
    kernel: (breathe: Breathe) => Kernel;
    applier: Applier;
    memory: EngineMemory;
    thread: number;
    now: () => number;
  }) {
    this.#board = parts.board;
    this.#applier = parts.applier;
    this.#memory = parts.memory;
    this.#thread = parts.thread;
    this.#now = parts.now;
    this.#startMs = parts.now();
    this.#breathAtMs = this.#startMs;
    this.#makeKernel = parts.kernel;
  }

  #breathe(): boolean {
    if (this.#board.cancelled) return false;
    const now = this.#now();
    if (now - this.#breathAtMs < BREATH_MS) return true;
    this.#applier.step(true);
    this.#breathAtMs = this.#now();
    return true;
  }

  /** Of the job's memory, what was touched, about. */
  get bytes(): number {
    return this.#kernel?.bytes?.() ?? 0;
  }

  /** One pool task. */
  run(): ParticipantEnd {
    try {
      for (;;) {
        const turn = this.turn();
        if (turn === 'idle') this.#board.pause(PAUSE_MS);
        else if (turn !== 'worked') return turn;
      }
    } catch (error) {
      return failureOf(error);
    }
  }

  /** One chunk or one move to the next phase, and a look at the shards. */
  turn(): 'worked' | 'idle' | ParticipantEnd {
    const board = this.#board;
    if (board.finished) return 'done';
    if (board.cancelled) return 'cancelled';
    const startMs = this.#now();
    let worked = this.#advance();
    const now = this.#now();
    if (worked) this.#memory.latency.work(this.#thread, now - startMs, 0);
    if (board.finished) return 'done';
    // Also when nothing was done: the chunk that the others wait for may need a shard that this thread has to recover.
    if (now - this.#breathAtMs >= BREATH_MS || !worked) {
      if (this.#applier.step(true)) worked = true;
      this.#breathAtMs = this.#now();
    }
    const { control } = this.#memory;
    // A task that waits for a promise in this thread has its turn too.
    if (now - this.#startMs > SLICE_MS && (control.isAwaited() || control.openTasks(this.#thread) > 0)) return 'yield';
    return worked ? 'worked' : 'idle';
  }

  #advance(): boolean {
    const board = this.#board;
    const kernel = (this.#kernel ??= this.#makeKernel(() => this.#breathe()));
    const chunk = board.claim(this.#thread);
    if (chunk !== NO_CHUNK) {
      if (kernel.chunk(board.claimedPhase, chunk)) {
        board.complete(chunk);
        return true;
      }
      // What it waits for may need another's turn.
      board.giveBack(chunk);
      return false;
    }
    if (!board.beginMove(this.#thread)) return false;
    board.endMove(kernel.next(board.claimedPhase));
    return true;
  }
}

function failureOf(error: unknown): ParticipantEnd {
  if (error instanceof AthanorError) return { code: error.code, message: error.message };
  if (error instanceof RangeError) return { code: 'ATHANOR_CAPACITY', message: `a worker's memory: ${error.message}` };
  return { code: undefined, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
