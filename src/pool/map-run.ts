import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { AthanorError, MapError, show } from '../base/errors.js';
import { MAX_THREADS } from '../base/limits.js';
import { weigh } from '../memory/reserve.js';
import { JobBoard } from './job-board.js';
import type { Job } from './jobs.js';
import { MapInbox } from './map-inbox.js';
import {
  DEADLY,
  LOADING,
  type MapBatch,
  type MapEnd,
  type MapFailure,
  type MapMessage,
  type MapStray,
  type MapTask,
} from './map-task.js';

/** Workers that are lost at one graph before it is taken for what ends them. */
export const MOST_LOSSES_OF_A_GRAPH = 3;
/** And in all: eight such graphs. */
const MOST_LOSSES = 24;
/** A function that has not returned so long after its job was over is ended with its worker. */
const ABANDONED_MS = 2_000;
/**
 * And a module that is not loaded. Node.js 20 does not survive the end of a thread that links: one that only waits has given
 * up by then (`LINK_MS`), so that the module's own code does not return.
 */
const ABANDONED_LOADING_MS = 3_500;
/** Rows are held for a participant that still waits for its thread from so long ago at most. */
const RENEW_MS = 1_000;
/** Time between two calls of `onProgress`, at least. */
const PROGRESS_MS = 50;

/** The graphs of one call, in chunks. Arrays are over shared memory; see `MapTask`. */
export interface MapPlan {
  readonly module: string;
  readonly data: unknown;
  readonly kind: number;
  readonly rows: Uint32Array;
  readonly generations: Uint32Array;
  readonly starts: Uint32Array;
  /** Chunks that may be claimed and not yet taken. */
  readonly window: number;
}

/** What it needs of the engine. */
export interface MapWorld {
  readonly workers: number;
  now(): number;
  after(delayMs: number, task: () => void): () => void;
  /** Ends the worker with this thread slot: `map` has it, and is to blame. */
  endWorker(thread: number, map: number): void;
  /** Number of the map that had the lost thread, or 0: any that was at a graph there may be to blame. */
  culprit(thread: number): number;
  map(task: MapTask): Promise<MapEnd>;
  holdRows(): () => void;
  /** A worker left shards ready that others may apply. */
  look(): void;
  /** A worker's task waits for a promise: its thread may take one of the tasks that wait. */
  offer(): void;
}

/** A task sent out, and the rows that are held for it. */
interface Participation {
  readonly seat: number;
  releaseRows: () => void;
}

let lastId = 0;

/** Main thread. One call of `graphs.map` under way: workers are asked for as there is something for them to do. */
export class MapRun {
  readonly inbox: MapInbox;
  /** Resolves when every result is taken, or it is stopped. */
  readonly ended: Promise<void>;
  readonly #job: Job;
  readonly #world: MapWorld;
  readonly #plan: MapPlan;
  readonly #board: JobBoard;
  readonly #task: Omit<MapTask, 'port' | 'seat'>;
  readonly #onMore: () => void;
  readonly #onStray: (stray: MapStray) => void;
  readonly #onProgress: ((done: number, total: number) => void) | undefined;
  #end: () => void = () => undefined;
  #over = false;
  /** Chunks that may be claimed; those whose results are all here; participants sent out. */
  #limit: number;
  #settled = 0;
  /** By seat. */
  readonly #seats: (Participation | undefined)[];
  #active = 0;
  #cancelRenewal: (() => void) | undefined;
  #losses = 0;
  #lossesLoading = 0;
  #cancelEnd: (() => void) | undefined;
  readonly #lossesOf = new Map<number, number>();
  /** By graph that ended its workers: why the last of them ended. */
  readonly reasons = new Map<number, unknown>();
  #toldAtMs: number;

  constructor(parts: {
    job: Job;
    world: MapWorld;
    plan: MapPlan;
    /** Called when there may be something to take. */
    onMore: () => void;
    /** Called with what a function left behind threw. */
    onStray: (stray: MapStray) => void;
    onProgress: ((done: number, total: number) => void) | undefined;
  }) {
    const { job, plan, world } = parts;
    const { rows, generations, starts, module, kind } = plan;
    const chunks = starts.length - 1;
    this.#job = job;
    this.#world = world;
    this.#plan = plan;
    this.#onMore = parts.onMore;
    this.#onStray = parts.onStray;
    this.#seats = new Array<undefined>(world.workers).fill(undefined);
    this.#onProgress = parts.onProgress;
    this.#toldAtMs = world.now();
    this.#limit = Math.min(chunks, plan.window);
    this.#board = JobBoard.create(job.memory, chunks, { phase: 0, chunks });
    this.#board.raise(this.#limit);
    const received = job.memory.u32('map.received', chunks);
    const current = new Int32Array(job.memory.u32('map.current', MAX_THREADS).buffer, 0, MAX_THREADS);
    this.inbox = new MapInbox(starts, received);
    const begun = new Int32Array(job.memory.u32('map.begun', world.workers).buffer, 0, world.workers);
    const alone = world.workers === 1;
    const board = this.#board.token;
    this.#task = { id: ++lastId, board, module, kind, rows, generations, starts, received, current, begun, alone };
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    // What of its memory is touched.
    weigh(rows.buffer, rows.byteLength + generations.byteLength + 3 * starts.byteLength);
    job.adopt(this.#board);
    job.failed.add(() => this.stop());
    job.onLoss = (thread, reason) => this.#blame(thread, reason);
    this.#dispatch();
  }

  /** Nothing more is wanted. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#board.cancel();
    this.inbox.clear();
    this.#end();
    if (this.#active === 0) return;
    const { after } = this.#world;
    this.#cancelEnd = after(ABANDONED_MS, () => {
      this.#endAbandoned((current) => current > 0);
      this.#cancelEnd = after(ABANDONED_LOADING_MS - ABANDONED_MS, () =>
        this.#endAbandoned((current) => current !== 0),
      );
    });
  }

  /** To be called when batches were taken from the inbox. */
  taken(): void {
    const { inbox } = this;
    if (inbox.chunksTaken === this.#plan.starts.length - 1) {
      this.stop();
      return;
    }
    const limit = Math.min(this.#plan.starts.length - 1, inbox.chunksTaken + this.#plan.window);
    if (limit > this.#limit) {
      this.#limit = limit;
      this.#board.raise(limit);
    }
    this.#dispatch();
  }

  /** Sends participants to chunks that nobody is at, as far as is known here. */
  #dispatch(): void {
    if (this.#over) return;
    const open = this.#limit - this.#settled - this.#active;
    const left = this.#plan.starts.length - 1 - this.#settled - this.#active;
    // Not for each chunk that is taken: a task costs as much as a small chunk.
    const worthIt = open >= Math.min(left, this.#plan.window / 2) || (this.#active === 0 && this.inbox.isEmpty);
    if (!worthIt) return;
    const more = Math.min(this.#world.workers - this.#active, open);
    for (let k = 0; k < more; k++) void this.#participate();
  }

  async #participate(): Promise<void> {
    const seat = this.#seats.indexOf(undefined);
    const participation = { seat, releaseRows: this.#world.holdRows() };
    this.#seats[seat] = participation;
    // Nobody has the seat: who had it has ended.
    Atomics.store(this.#task.begun, seat, 0);
    if (this.#active++ === 0) this.#renewLater();
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: MapMessage) => this.#receive(message, port1, participation));
    port1.on('messageerror', (error) => this.#unreadable(error));
    let end: MapEnd | undefined;
    try {
      end = await this.#world.map({ ...this.#task, seat, port: port2 });
    } catch (error) {
      this.#lost(error);
    }
    this.#receiveRest(port1, participation);
    port1.close();
    participation.releaseRows();
    this.#seats[seat] = undefined;
    if (--this.#active === 0) this.#cancelRenewal?.();
    if (this.#over) {
      if (this.#active === 0) this.#cancelEnd?.();
      return;
    }
    if (end?.why === 'module') {
      this.#job.fail(moduleError(this.#plan.module, end.failure));
      return;
    }
    // After its batches, so that who claims it next goes on behind them.
    if (end?.why === 'yield' && !this.inbox.isWhole(end.chunk)) this.#board.giveBack(end.chunk);
    // Another one is in that thread, and tells when it has ended.
    if (end?.why !== 'crowded') this.#dispatch();
  }

  /** What a worker sent before its end, whichever it was, is here by now. */
  #receiveRest(port: MessagePort, participation: Participation): void {
    try {
      for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port)) {
        this.#receive(left.message as MapMessage, port, participation);
      }
    } catch (error) {
      this.#unreadable(error);
    }
  }

  /** Results that this thread cannot make anew: it has less stack than the library reckons with, or no memory. */
  #unreadable(error: unknown): void {
    const why = error instanceof Error ? error.message : show(error);
    this.#job.fail(new MapError(`results of a worker cannot be read: ${why}`, undefined, [], { cause: error }));
  }

  /** Those that have not begun look at no row: the rows that are held for them are those removed from now on. */
  #renewLater(): void {
    this.#cancelRenewal = this.#world.after(RENEW_MS, () => {
      for (const participation of this.#seats) {
        if (participation === undefined) continue;
        const release = this.#world.holdRows();
        // After the new hold is taken: a participant that begins from here on looks at rows that it covers; one that had
        // begun before is seen, and keeps its own.
        if (Atomics.load(this.#task.begun, participation.seat) !== 0) {
          release();
          continue;
        }
        participation.releaseRows();
        participation.releaseRows = release;
      }
      this.#renewLater();
    });
  }

  #receive(message: MapMessage, port: MessagePort, participation: Participation): void {
    if (message === 'data') port.postMessage({ data: this.#plan.data });
    else if (message === 'ready') this.#world.look();
    else if (message === 'open') this.#world.offer();
    else if (message === 'rows') participation.releaseRows();
    else if (this.#over) return;
    else if ('failure' in message) this.#onStray(message);
    else this.#batch(message);
  }

  #batch(batch: MapBatch): void {
    const before = this.inbox.isWhole(batch.chunk);
    this.inbox.put(batch);
    if (!before && this.inbox.isWhole(batch.chunk)) {
      this.#board.settle(batch.chunk);
      this.#settled++;
    }
    this.#progress();
    this.#onMore();
  }

  #progress(): void {
    if (this.#onProgress === undefined) return;
    const now = this.#world.now();
    const total = this.#plan.rows.length;
    const done = this.inbox.received;
    if (done < total && now - this.#toldAtMs < PROGRESS_MS) return;
    this.#toldAtMs = now;
    try {
      this.#onProgress(done, total);
    } catch (error) {
      this.#job.fail(error);
    }
  }

  /** Those that wait for a promise have given up; the others are still in a function that does not return. */
  #endAbandoned(isAbandoned: (current: number) => boolean): void {
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      // Pairs with the worker's store before it called the function, or loaded the module.
      if (isAbandoned(Atomics.load(this.#task.current, thread))) this.#world.endWorker(thread, this.#task.id);
    }
  }

  // ------------------------------------------------------------ lost workers

  #lost(error: unknown): void {
    if (this.#over || ++this.#losses < MOST_LOSSES) return;
    const message = `${this.#job.name}: ${MOST_LOSSES} workers were lost while they took part in it`;
    this.#job.fail(new AthanorError('ATHANOR_WORKER_LOST', message, { cause: error }));
  }

  /** The thread's exit was seen; what it had is not yet free again. */
  #blame(thread: number, reason: unknown): void {
    // Pairs with the worker's store before it called the function, or loaded the module.
    const current = Atomics.exchange(this.#task.current, thread, 0);
    const culprit = this.#world.culprit(thread);
    // It waited for a promise there, and another was at work.
    if (culprit !== 0 && culprit !== this.#task.id) {
      this.#losses--;
      return;
    }
    if (current === LOADING && ++this.#lossesLoading === MOST_LOSSES_OF_A_GRAPH) {
      const message = `its workers were lost ${MOST_LOSSES_OF_A_GRAPH} times while they loaded it: ${whyLost(reason)}`;
      this.#job.fail(moduleError(this.#plan.module, { message, cause: reason }));
    }
    const graph = current - 1;
    if (graph < 0) return;
    const losses = (this.#lossesOf.get(graph) ?? 0) + 1;
    this.#lossesOf.set(graph, losses);
    this.reasons.set(graph, reason);
    // Who claims the graph's chunk again sees it: the chunk is released after this.
    if (losses >= MOST_LOSSES_OF_A_GRAPH) this.#plan.rows[graph]! |= DEADLY;
  }
}

/** In words: Node's own for a thread that ran out of memory, or with which code it ended. */
export function whyLost(reason: unknown): string {
  return reason instanceof Error ? reason.message : show(reason);
}

function moduleError(module: string, { message, cause }: Pick<MapFailure, 'message' | 'cause'>): AthanorError {
  return new AthanorError('ATHANOR_INVALID_OPTION', `module: ${show(module)}: ${message}`, { cause });
}
