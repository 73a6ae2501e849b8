/// <reference lib="esnext.disposable" preserve="true" />
import { MapError, show } from '../base/errors.js';
import type { Job } from '../pool/jobs.js';
import { MapRun, MOST_LOSSES_OF_A_GRAPH, whyLost } from '../pool/map-run.js';
import type { MapFailure, MapStray } from '../pool/map-task.js';
import type { EngineCore } from './core.js';
import { type MapOptions, type ResolvedMapOptions, resolveMapOptions } from './map-options.js';
import { allGraphs, chunksOf, type GraphList, namedGraphs } from './map-plan.js';
import { Turns } from './turns.js';

/** What `graphs.map` says of a graph. */
export interface MapResult<R> {
  /** Name of the graph. */
  graph: string;
  /** What the function returned for it. */
  result: R;
}

/** A kind that no edge has. */
const NO_KIND = -2;

interface Waiter<R> {
  readonly resolve: (result: IteratorResult<MapResult<R>>) => void;
  readonly reject: (error: unknown) => void;
  /** Who waits for a result is not garbage. */
  readonly owner: MapResults<R>;
}

/** Its results are not asked for any more, as far as anybody can: a loop that an error ended, say. */
const forgotten = new FinalizationRegistry<{ stop(): void }>((stream) => stream.stop());

/**
 * The results of `graphs.map`, in the order in which they come. Workers begin with the first `next()`; leaving the loop, or
 * `return()`, stops them.
 */
export class MapResults<R> implements AsyncIterableIterator<MapResult<R>> {
  readonly #stream: MapStream<R>;

  /** @internal */
  constructor(core: EngineCore, options: ResolvedMapOptions, graphs: GraphList | undefined) {
    this.#stream = new MapStream(core, options, graphs);
    forgotten.register(this, this.#stream);
  }

  /** Rejects with a graph's `MapError` and may then be called again; any other error ends it. */
  next(): Promise<IteratorResult<MapResult<R>>> {
    return this.#stream.next(this);
  }

  /** Ends the map: workers stop at the next graph. */
  return(): Promise<IteratorResult<MapResult<R>>> {
    this.#stream.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** The main thread's end of a map. It knows nothing of its `MapResults` but while that waits. */
class MapStream<R> {
  readonly #core: EngineCore;
  readonly #options: ResolvedMapOptions;
  readonly #graphs: GraphList | undefined;
  readonly #waiters: Waiter<R>[] = [];
  readonly #errors: MapError[] = [];
  /** Of what functions left behind, to be met one at a time. */
  readonly #strays: MapError[] = [];
  readonly #turns: Turns;
  #run: MapRun | undefined;
  #begun = false;
  #ended = false;
  /** To be met once, at the end. */
  #error: unknown;

  constructor(core: EngineCore, options: ResolvedMapOptions, graphs: GraphList | undefined) {
    this.#core = core;
    this.#options = options;
    this.#graphs = graphs;
    this.#turns = new Turns(core.host);
  }

  next(owner: MapResults<R>): Promise<IteratorResult<MapResult<R>>> {
    if (!this.#begun && !this.#ended) this.#begin();
    if (this.#waiters.length === 0) {
      const next = this.#take();
      // Results that are here already are taken in one go: others have their turn meanwhile.
      if (next !== undefined && !this.#ended && this.#turns.isDue) {
        // It may be an error, which is not met before the turn is over.
        next.catch(() => undefined);
        return this.#turns.take().then(() => next);
      }
      if (next !== undefined) return next;
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject, owner });
    });
  }

  stop(): void {
    this.#finish();
  }

  // ------------------------------------------------------------ the job

  #begin(): void {
    this.#begun = true;
    const { signal } = this.#options;
    this.#core.jobs
      .run('graphs.map', { signal, holdsRows: false }, (job) => this.#map(job))
      .then(
        () => this.#finish(),
        (error: unknown) => this.#finish(error),
      );
  }

  async #map(job: Job): Promise<void> {
    const { core, options } = { core: this.#core, options: this.#options };
    const list = this.#graphs ?? (await allGraphs(core));
    if (this.#ended) return;
    if (list.rows.length === 0) {
      options.onProgress?.(0, 0);
      return;
    }
    const { workers } = core.options;
    const chunks = await chunksOf(core, job.memory, list, options.ahead);
    if (this.#ended) return;
    const run = new MapRun({
      job,
      world: {
        workers,
        now: () => core.host.now(),
        after: (delayMs, task) => core.host.after(delayMs, task),
        endWorker: (thread, map) => {
          core.memory.control.atWork[thread] = map;
          core.pool.end(thread);
        },
        culprit: (thread) => core.memory.control.atWork[thread]!,
        map: (task) => core.pool.map(task),
        holdRows: () => core.holdRows(),
        look: () => core.look(),
        offer: () => core.pool.offer(),
      },
      plan: {
        ...chunks,
        module: options.module,
        data: options.data,
        kind: options.kind === undefined ? -1 : (core.kindOf(options.kind) ?? NO_KIND),
      },
      onMore: () => this.#settle(),
      onStray: (stray) => this.#stray(stray),
      onProgress: options.onProgress,
    });
    this.#run = run;
    await run.ended;
  }

  /** The end, with an error or without; only the first counts. Who waits hears of it. */
  #finish(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (error === undefined && this.#errors.length > 0) this.#error = this.#collected();
    this.#run?.stop();
    this.#settle();
  }

  // ------------------------------------------------------------ results

  #settle(): void {
    while (this.#waiters.length > 0) {
      const next = this.#take();
      if (next === undefined) return;
      const { resolve, reject } = this.#waiters.shift()!;
      next.then(resolve, reject);
    }
  }

  #stray({ graph, failure }: MapStray): void {
    const whose = graph === undefined ? 'something that a function left behind threw' : `graph ${show(graph)}`;
    const when = graph === undefined ? '' : 'when its function had returned: ';
    const error = new MapError(`${whose}: ${when}${failure.message}`, graph, [], { cause: causeOf(failure) });
    (this.#options.collects ? this.#errors : this.#strays).push(error);
    this.#settle();
  }

  /** The next result, or the end; undefined when that is not known yet. */
  #take(): Promise<IteratorResult<MapResult<R>>> | undefined {
    for (;;) {
      if (this.#strays.length > 0) return Promise.reject(this.#strays.shift());
      if (this.#ended) return this.#last();
      const run = this.#run;
      if (run === undefined) return undefined;
      const { inbox } = run;
      const before = inbox.batchesTaken;
      const found = inbox.advance();
      if (inbox.batchesTaken !== before) run.taken();
      if (!found) {
        // The last was taken: the end comes when the job hears of it.
        return undefined;
      }
      const { name, failure } = inbox;
      if (failure === undefined) {
        return Promise.resolve({ done: false, value: { graph: name, result: inbox.value as R } });
      }
      const error = failure === 'deadly' ? deadly(name, run.reasons.get(inbox.graph)) : errorOf(name, failure);
      if (!this.#options.collects) return Promise.reject(error);
      this.#errors.push(error);
    }
  }

  #last(): Promise<IteratorResult<MapResult<R>>> {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  #collected(): MapError {
    const errors = this.#errors;
    const [first] = errors;
    const more = errors.length === 1 ? '' : `, and ${errors.length - 1} more`;
    return new MapError(`${first!.message}${more}`, undefined, errors);
  }
}

function deadly(graph: string, reason: unknown): MapError {
  const message = `graph ${show(graph)}: its workers were lost ${MOST_LOSSES_OF_A_GRAPH} times: ${whyLost(reason)}`;
  return new MapError(message, graph, [], { cause: reason });
}

function errorOf(graph: string, failure: MapFailure): MapError {
  return new MapError(`graph ${show(graph)}: ${failure.message}`, graph, [], { cause: causeOf(failure) });
}

/** What was thrown, with what cloning takes from an error. */
function causeOf({ cause, code, name }: MapFailure): unknown {
  if (!(cause instanceof Error)) return cause;
  if (code !== undefined && !('code' in cause)) Object.assign(cause, { code });
  if (typeof name === 'string' && cause.name !== name) {
    Object.defineProperty(cause, 'name', { value: name, configurable: true, writable: true });
  }
  return cause;
}

/**
 * Runs the module's default export, `(graph: GraphReader, data) => result`, for each graph on the worker threads. The
 * module is an absolute path or a file: URL, imported once a thread; the function may return a promise, which is awaited.
 * Results are cloned as they are returned, and come in any order, one a graph; graphs that are removed before their turn are
 * left out. Each graph is seen as it was at one moment. While the function runs it has its thread for itself: ingest goes on
 * between graphs; while a promise is awaited the thread does everything else. One that does not return keeps it until two
 * seconds after the map was aborted or left (a module that is not loaded: three and a half): then its worker is ended and
 * replaced. A graph whose workers end three times (`process.exit`, memory) is an error like one that a function threw. So is
 * what a function leaves behind that throws (a timer, a promise that nobody awaits): of the graph, or, where its result was sent
 * before, an error beside the results, with `graph` undefined when it is not known whose it is.
 * @throws AthanorError ATHANOR_INVALID_OPTION, ATHANOR_UNKNOWN_GRAPH, ATHANOR_CLOSED, before anything is begun. `next()` rejects
 * with ATHANOR_MAP_FAILED (a `MapError`) for a graph, and as the end of it with ATHANOR_INVALID_OPTION (the module cannot be
 * used), ATHANOR_ABORTED, ATHANOR_CLOSED, ATHANOR_CAPACITY or ATHANOR_WORKER_LOST.
 */
export function mapGraphs<R>(core: EngineCore, module: URL | string, options: MapOptions = {}): MapResults<R> {
  core.publisher.assertOpen();
  const resolved = resolveMapOptions(module, options);
  const graphs = resolved.graphs === undefined ? undefined : namedGraphs(core, resolved.graphs);
  return new MapResults<R>(core, resolved, graphs);
}
