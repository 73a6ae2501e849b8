import { type CopyHolder, GraphReader } from '../query/graph-reader.js';
import type { Applier } from './applier.js';
import type { EngineMemory } from './engine-memory.js';
import { GraphCopier } from './graph-copier.js';
import { type JobBoard, NO_CHUNK } from './job-board.js';
import { Call, live, type Participant, promised, tellStray } from './map-call.js';
import { failureOf } from './map-failure.js';
import { loadModule, type MapModule } from './map-module.js';
import { MapSender } from './map-sender.js';
import { DEADLY, LOADING, type MapEnd, type MapFailure, type MapMessage, type MapTask } from './map-task.js';
import { MapWait } from './map-wait.js';
import { beginTracing, callFor, endTracing, enter, leave, type Origin } from './strays.js';

/** As in `participant.ts`: time between two looks at the shards, and until the thread is given back to a task that waits. */
const BREATH_MS = 1;
const SLICE_MS = 10;
/** A result waits for others of its batch for so long, if the functions return. */
const BATCH_MS = 5;
/** After this long the thread is given back in any case: rows that are removed meanwhile are held until then. */
const TURN_MS = 1_000;

/** Jobs of which something was thrown in this thread that nobody caught. */
const traced = new Set<number>();

/** A function's promise, and whose it is. */
interface Pending {
  readonly name: string;
  readonly call: Call | undefined;
  readonly promise: Promise<unknown>;
  readonly holder: CopyHolder;
}

/** There is something to be sent, when the event loop has turned. */
const TURN = { why: 'turn' } as const;

/**
 * Worker thread. Calls the user's function for graph after graph, and applies ready shards between them and while a promise
 * is awaited: a job never stops ingest for longer than the function keeps the thread.
 */
export class Mapper implements Participant, Origin {
  readonly #task: MapTask;
  readonly #board: JobBoard;
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #applier: Applier;
  readonly #now: () => number;
  readonly #idleMs: () => number;
  readonly #copier: GraphCopier;
  readonly #sender: MapSender;
  readonly #wait: MapWait;
  readonly #startMs: number;
  #breathAtMs: number;
  #sentAtMs: number;
  #chunk = NO_CHUNK;
  /** The graphs of the chunk that are left. */
  #next = 0;
  #end = 0;
  #failLoading: ((error: unknown) => void) | undefined;
  /** Calls are traced; and what was thrown when they were not: it is thrown again, and known, or nobody's. */
  #traced = false;
  #unknown: MapFailure[] = [];
  #isRedone = false;
  /** Ends the wait for a promise. */
  #interrupt: (() => void) | undefined;

  /** `now`: monotonic milliseconds; `idleMs`: those that this thread's event loop was idle for. */
  constructor(parts: {
    task: MapTask;
    board: JobBoard;
    memory: EngineMemory;
    thread: number;
    applier: Applier;
    now: () => number;
    idleMs: () => number;
  }) {
    this.#task = parts.task;
    this.#board = parts.board;
    this.#memory = parts.memory;
    this.#thread = parts.thread;
    this.#applier = parts.applier;
    this.#now = parts.now;
    this.#idleMs = parts.idleMs;
    this.#copier = new GraphCopier(parts.memory, parts.thread, parts.task.kind, () => this.#breathe());
    this.#sender = new MapSender(parts.task.port);
    this.#startMs = parts.now();
    this.#breathAtMs = this.#startMs;
    this.#sentAtMs = this.#startMs;
    const { now, task, board, memory, thread } = parts;
    const step = (nowMs: number): boolean => this.#step(nowMs);
    const keepsIdsFromMs = this.#startMs + TURN_MS;
    this.#wait = new MapWait({ task, board, sender: this.#sender, memory, thread, now, step, keepsIdsFromMs });
  }

  /** One pool task. */
  async run(): Promise<MapEnd> {
    const { id, current } = this.#task;
    const { latency } = this.#memory;
    // It has all chunks that are to be had, and `current` names one graph of a thread.
    if (live.has(id)) return { why: 'crowded' };
    if (live.size === 0 && !traced.has(id)) traced.clear();
    live.set(id, this);
    enter(this);
    if (traced.has(id)) this.#trace();
    latency.stretch(this.#thread, this.#startMs, this.#idleMs());
    try {
      const end = await this.#run();
      // What its functions left behind for the next turn of the event loop is still told.
      await turned();
      this.#tellUnknown();
      return end;
    } finally {
      if (this.#traced) endTracing();
      latency.endStretch(this.#thread, this.#now(), this.#idleMs());
      leave(this);
      live.delete(id);
      // Between its functions the thread is at no graph.
      Atomics.store(current, this.#thread, 0);
      this.#memory.control.atWork[this.#thread] = 0;
    }
  }

  async #run(): Promise<MapEnd> {
    const task = this.#task;
    // Before the module: a thread that never comes back from loading it is found by this.
    Atomics.store(task.current, this.#thread, LOADING);
    const module = await this.#load();
    if ('why' in module) return module;
    // Before any row is looked at: the main thread takes a hold and then looks whether this is set (`MapRun`).
    Atomics.store(task.begun, task.seat, 1);
    for (;;) {
      const next = this.#some(module);
      if ('why' in next) {
        if (!(await this.#send()) || next.why === 'turn') continue;
        return next;
      }
      const end = await this.#awaited(next);
      if (end === 'over') return { why: 'over' };
      if (end === 'again') this.#redo();
      else if (this.#pause() && (await this.#send())) return { why: 'yield', chunk: this.#chunk };
    }
  }

  /**
   * What is unsent, after a turn of the event loop: a promise that nobody awaits is known as rejected by then, and fails the
   * graph whose function left it behind. False when that is not known: what is unsent is done again.
   */
  async #send(): Promise<boolean> {
    if (this.#sender.unsent === 0) return true;
    await turned();
    if (this.#isRedone) {
      this.#redo();
      return false;
    }
    this.#sender.send();
    this.#tellUnknown();
    this.#sentAtMs = this.#now();
    return true;
  }

  /** The next outcome is that of the call. */
  #outcomeOf(call: Call | undefined): void {
    if (call === undefined) return;
    call.reject = undefined;
    call.sender = this.#sender;
    call.place = this.#sender.place;
  }

  /** Adds the outcome of a promise. */
  async #awaited({ name, call, promise, holder }: Pending): Promise<'done' | 'over' | 'again'> {
    const sender = this.#sender;
    let outcome = promise;
    // Most that wait for nothing are settled within a few turns of the microtask queue.
    let isSoon = false;
    const soon = (): void => {
      isSoon = true;
    };
    promise.then(soon, soon);
    for (let turn = 0; turn < 4 && !isSoon; turn++) await undefined;
    if (!isSoon) {
      outcome = new Promise((resolve, reject) => {
        this.#interrupt = () => reject(undefined);
        if (call !== undefined) call.reject = reject;
        promise.then(resolve, reject);
      });
      const isSettled = await this.#wait.settled(outcome, 0, holder);
      this.#interrupt = undefined;
      if (!isSettled) return 'over';
    }
    let value: unknown;
    let failure: MapFailure | undefined;
    try {
      value = await outcome;
    } catch (error) {
      failure = failureOf(error);
    }
    holder.copy = undefined;
    if (this.#isRedone) return 'again';
    this.#outcomeOf(call);
    if (failure === undefined) {
      sender.result(name, value);
    } else {
      this.#isKnown(failure);
      sender.failed(name, failure);
    }
    return 'done';
  }

  // ------------------------------------------------------------ what is thrown when nobody is there

  /**
   * It is not known whose it is: the module's, while it is loaded; or a function's. Then calls are traced from now on, and
   * what is not sent is done again: if it was of these, it is thrown again.
   */
  stray(error: unknown): void {
    if (this.#failLoading !== undefined) {
      this.#failLoading(error);
    } else if (this.#traced) {
      tellStray(this.#task.id, error);
    } else {
      this.#unknown.push(failureOf(error));
      this.#isRedone = true;
      this.#interrupt?.();
    }
  }

  tell(failure: MapFailure, call: Call | undefined): void {
    this.#isKnown(failure);
    if (this.#board.cancelled) return;
    // Its task may have ended, and another have come.
    if (call?.sender === this.#sender && this.#sender.amend(call.place, failure)) return;
    this.#sender.stray(call?.name, failure);
  }

  #trace(): void {
    if (this.#traced) return;
    this.#traced = true;
    traced.add(this.#task.id);
    beginTracing();
  }

  /** From the first graph that is not sent. */
  #redo(): void {
    this.#isRedone = false;
    this.#trace();
    this.#sender.drop();
    this.#next = this.#task.starts[this.#chunk]! + this.#sender.from;
  }

  /** Thrown again, and its graph has it. */
  #isKnown({ message }: MapFailure): void {
    const at = this.#unknown.findIndex((failure) => failure.message === message);
    if (at >= 0) this.#unknown.splice(at, 1);
  }

  /** All that may have thrown it has been done again: it is of a graph that was sent before. */
  #tellUnknown(): void {
    while (this.#unknown.length > 0) this.tell(this.#unknown[0]!, undefined);
  }

  // ------------------------------------------------------------ graphs

  /** Graphs, until a function returns a promise, a batch is due, or the thread is given back. */
  #some({ map, data }: MapModule): Pending | MapEnd | typeof TURN {
    const { id, rows, generations, current } = this.#task;
    const { ids, names } = this.#memory;
    const sender = this.#sender;
    const copier = this.#copier;
    this.#memory.control.atWork[this.#thread] = id;
    for (;;) {
      if (this.#next === this.#end) {
        if (sender.unsent > 0) return TURN;
        if (!this.#claim()) return { why: 'idle' };
      }
      if (this.#board.cancelled) return { why: 'over' };
      const graph = this.#next++;
      const row = rows[graph]! & ~DEADLY;
      // Before the function: if it ends the thread, who sees the exit sees this.
      Atomics.store(current, this.#thread, graph + 1);
      if (rows[graph] !== row) {
        sender.deadly(String(names.idOf(row)));
        continue;
      }
      const call = this.#traced ? new Call(id) : undefined;
      let name = '';
      try {
        const copied = copier.take(row, generations[graph]!);
        if (copied === 'over') return { why: 'over' };
        if (copied === 'gone') {
          sender.gone();
        } else {
          const holder = { copy: copier.copy, ids: undefined };
          name = holder.copy.name;
          const reader = new GraphReader(holder, ids);
          if (call !== undefined) call.name = name;
          const result = call === undefined ? map(reader, data) : callFor(call, map, reader, data);
          if (typeof result === 'object') {
            const promise = promised(call, result);
            if (promise !== undefined) return { name, call, promise, holder };
          }
          if (call !== undefined) this.#outcomeOf(call);
          sender.result(name, result);
          holder.copy = undefined as never;
        }
      } catch (error) {
        this.#outcomeOf(call);
        sender.failed(name === '' ? String(names.idOf(row)) : name, failureOf(error));
      }
      if (this.#pause()) return { why: 'yield', chunk: this.#chunk };
      if (this.#breathAtMs - this.#sentAtMs >= BATCH_MS) return TURN;
    }
  }

  #claim(): boolean {
    const { starts, received } = this.#task;
    for (;;) {
      const chunk = this.#board.claim(this.#thread);
      this.#chunk = chunk;
      if (chunk === NO_CHUNK) return false;
      // What one who had the chunk before has sent: the main thread wrote it before the chunk was free again.
      const from = received[chunk]!;
      this.#sender.begin(chunk, from);
      this.#sentAtMs = this.#now();
      this.#next = starts[chunk]! + from;
      this.#end = starts[chunk + 1]!;
      if (this.#next < this.#end) return true;
    }
  }

  /** What is due between two graphs; true when the thread is to be given back. */
  #pause(): boolean {
    this.#copier.done();
    const { control } = this.#memory;
    const now = this.#now();
    if (now - this.#breathAtMs >= BREATH_MS) this.#step(now);
    const passedMs = now - this.#startMs;
    if (passedMs <= SLICE_MS) return false;
    return passedMs > TURN_MS || control.isAwaited() || control.openTasks(this.#thread) > 0;
  }

  // ------------------------------------------------------------ shards

  /** False when the job is over. */
  #breathe(): boolean {
    if (this.#board.cancelled) return false;
    const now = this.#now();
    if (now - this.#breathAtMs >= BREATH_MS) this.#step(now);
    return true;
  }

  /** Applies a ready shard; true when there was one. */
  #step(now: number): boolean {
    this.#memory.latency.stretch(this.#thread, now, this.#idleMs());
    const worked = this.#applier.step(true);
    // A function may keep this thread for long: others are to go on with what is left.
    if (worked && !this.#task.alone && this.#applier.anyReady()) this.#post('ready');
    this.#breathAtMs = this.#now();
    return worked;
  }

  #post(message: MapMessage): void {
    this.#task.port.postMessage(message);
  }

  // ------------------------------------------------------------ the module

  async #load(): Promise<MapModule | MapEnd> {
    const failed = new Promise<MapEnd>((resolve) => {
      this.#failLoading = (error) => resolve({ why: 'module', failure: failureOf(error) });
    });
    // Who settles it first counts: a module whose timer throws may never be loaded.
    const loading = loadModule(this.#task, this, (promise, graceMs) => this.#wait.settled(promise, graceMs));
    const end = await Promise.race([loading, failed]);
    this.#failLoading = undefined;
    return end;
  }
}

/** The event loop has turned. */
function turned(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
