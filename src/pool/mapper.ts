import { once } from 'node:events';
import { GraphReader } from '../query/graph-reader.js';
import type { Applier } from './applier.js';
import type { EngineMemory } from './engine-memory.js';
import { GraphCopier } from './graph-copier.js';
import { type JobBoard, NO_CHUNK } from './job-board.js';
import { failureOf, MapSender } from './map-sender.js';
import { DEADLY, type MapData, type MapEnd, type MapMessage, type MapTask } from './map-task.js';

/** As in `participant.ts`: time between two looks at the shards, and until the thread is given back to a task that waits. */
const BREATH_MS = 1;
const SLICE_MS = 10;
/** A result waits for others of its batch for so long, if the functions return. */
const BATCH_MS = 5;
/** After this long the thread is given back in any case: rows that are removed meanwhile are held until then. */
const TURN_MS = 1_000;
/** What a module is waited for when its job is over: Node.js 20 does not survive a thread's end while it links. */
const LINK_MS = 5_000;

interface Module {
  readonly map: (graph: GraphReader, data: unknown) => unknown;
  readonly data: unknown;
}

/** What this thread keeps of jobs between its tasks: weakly, since it can be asked for again. */
const modules = new Map<number, WeakRef<Module>>();

/** A function's promise, and whose it is. */
interface Pending {
  readonly name: string;
  readonly promise: PromiseLike<unknown>;
  readonly holder: { copy: unknown };
}

/**
 * Worker thread. Calls the user's function for graph after graph, and applies ready shards between them and while a promise
 * is awaited: a job never stops ingest for longer than the function keeps the thread.
 */
export class Mapper {
  readonly #task: MapTask;
  readonly #board: JobBoard;
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #applier: Applier;
  readonly #now: () => number;
  readonly #copier: GraphCopier;
  readonly #sender: MapSender;
  readonly #startMs: number;
  #breathAtMs: number;
  #sentAtMs: number;
  #chunk = NO_CHUNK;
  /** The graphs of the chunk that are left. */
  #next = 0;
  #end = 0;

  constructor(parts: {
    task: MapTask;
    board: JobBoard;
    memory: EngineMemory;
    thread: number;
    applier: Applier;
    now: () => number;
  }) {
    this.#task = parts.task;
    this.#board = parts.board;
    this.#memory = parts.memory;
    this.#thread = parts.thread;
    this.#applier = parts.applier;
    this.#now = parts.now;
    this.#copier = new GraphCopier(parts.memory, parts.thread, parts.task.kind, () => this.#breathe());
    this.#sender = new MapSender(parts.task.port);
    this.#startMs = parts.now();
    this.#breathAtMs = this.#startMs;
    this.#sentAtMs = this.#startMs;
  }

  /** One pool task. */
  async run(): Promise<MapEnd> {
    const module = await this.#load();
    if ('why' in module) return module;
    try {
      for (;;) {
        const next = this.#some(module);
        if ('why' in next) return next;
        if (!(await this.#settled(next.promise, 0))) return { why: 'over' };
        try {
          this.#sender.result(next.name, await next.promise);
        } catch (error) {
          this.#sender.failed(next.name, failureOf(error));
        }
        next.holder.copy = undefined;
        if (this.#pause()) return { why: 'yield', chunk: this.#chunk };
      }
    } finally {
      // Between its functions the thread is at no graph.
      Atomics.store(this.#task.current, this.#thread, 0);
    }
  }

  // ------------------------------------------------------------ graphs

  /** Graphs, until a function returns a promise or the thread is given back. */
  #some({ map, data }: Module): Pending | MapEnd {
    const { rows, generations, current } = this.#task;
    const { ids, names } = this.#memory;
    const sender = this.#sender;
    const copier = this.#copier;
    for (;;) {
      if (this.#next === this.#end && !this.#claim()) return { why: 'idle' };
      if (this.#board.cancelled) return { why: 'over' };
      const graph = this.#next++;
      const row = rows[graph]! & ~DEADLY;
      // Before the function: if it ends the thread, who sees the exit sees this.
      Atomics.store(current, this.#thread, graph + 1);
      if (rows[graph] !== row) {
        sender.deadly(String(names.idOf(row)));
        continue;
      }
      let name = '';
      try {
        const copied = copier.take(row, generations[graph]!);
        if (copied === 'over') return { why: 'over' };
        if (copied === 'gone') {
          sender.gone();
        } else {
          const holder = { copy: copier.copy };
          name = holder.copy.name;
          const result = map(new GraphReader(holder, ids), data);
          if (isPromise(result)) return { name, promise: result, holder };
          sender.result(name, result);
          holder.copy = undefined as never;
        }
      } catch (error) {
        sender.failed(name === '' ? String(names.idOf(row)) : name, failureOf(error));
      }
      if (this.#pause()) return { why: 'yield', chunk: this.#chunk };
    }
  }

  #claim(): boolean {
    const { starts, received } = this.#task;
    const sender = this.#sender;
    for (;;) {
      sender.send();
      const chunk = this.#board.claim(this.#thread);
      this.#chunk = chunk;
      if (chunk === NO_CHUNK) return false;
      // What one who had the chunk before has sent: the main thread wrote it before the chunk was free again.
      const from = received[chunk]!;
      sender.begin(chunk, from);
      this.#sentAtMs = this.#now();
      this.#next = starts[chunk]! + from;
      this.#end = starts[chunk + 1]!;
      if (this.#next < this.#end) return true;
    }
  }

  /** What is due between two graphs; true when the thread is to be given back. */
  #pause(): boolean {
    this.#copier.done();
    const now = this.#now();
    if (now - this.#breathAtMs >= BREATH_MS) this.#step(now);
    if (now - this.#sentAtMs >= BATCH_MS) {
      this.#sender.send();
      this.#sentAtMs = now;
    }
    const passedMs = now - this.#startMs;
    if (passedMs <= SLICE_MS || !(this.#memory.control.isAwaited() || passedMs > TURN_MS)) return false;
    this.#sender.send();
    return true;
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
    this.#memory.latency.work(this.#thread, now - this.#breathAtMs, 0);
    const worked = this.#applier.step(true);
    // A function may keep this thread for long: others are to go on with what is left.
    if (worked && !this.#task.alone && this.#applier.anyReady())
      this.#task.port.postMessage('ready' satisfies MapMessage);
    this.#breathAtMs = this.#now();
    return worked;
  }

  /**
   * Waits for a promise, and applies ready shards meanwhile. False when the job was over before, and for `graceMs` more.
   */
  async #settled(promise: PromiseLike<unknown>, graceMs: number): Promise<boolean> {
    let settled = false;
    let wake = (): void => undefined;
    const settle = (): void => {
      settled = true;
      wake();
    };
    Promise.resolve(promise).then(settle, settle);
    // Most that wait for nothing are settled within a few turns of the microtask queue.
    for (let turn = 0; turn < 4 && !settled; turn++) await undefined;
    let overAtMs: number | undefined;
    for (let worked = true; !settled; worked = this.#step(this.#now())) {
      // A wait is not work.
      this.#breathAtMs = this.#now();
      if (this.#sender.unsent > 0) this.#sender.send();
      if (this.#board.cancelled) {
        overAtMs ??= this.#now();
        if (this.#now() - overAtMs >= graceMs) return false;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (worked) setImmediate(resolve);
        else setTimeout(resolve, BREATH_MS);
      });
    }
    return true;
  }

  // ------------------------------------------------------------ the module

  async #load(): Promise<Module | MapEnd> {
    const { id, module: url, port } = this.#task;
    const known = modules.get(id)?.deref();
    if (known !== undefined) return known;
    for (const [other, reference] of modules) if (reference.deref() === undefined) modules.delete(other);
    const importing = import(url) as Promise<{ default?: unknown }>;
    if (!(await this.#settled(importing, LINK_MS))) return { why: 'over' };
    let map: unknown;
    try {
      map = (await importing).default;
    } catch (error) {
      return { why: 'module', failure: failureOf(error) };
    }
    if (typeof map !== 'function') {
      return { why: 'module', failure: failureOf(new TypeError('its default export is not a function')) };
    }
    port.postMessage('data' satisfies MapMessage);
    const answer = once(port, 'message') as Promise<[MapData]>;
    if (!(await this.#settled(answer, 0))) return { why: 'over' };
    const [{ data }] = await answer;
    const module: Module = { map: map as Module['map'], data };
    modules.set(id, new WeakRef(module));
    return module;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
