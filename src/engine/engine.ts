/// <reference lib="esnext.disposable" preserve="true" />
import { AthanorError, show } from '../base/errors.js';
import type { EngineEvent, EngineOptions, EngineStats, GraphOptions } from '../base/types.js';
import { Memory } from '../memory/reserve.js';
import { Histogram } from '../observe/histogram.js';
import { EngineMemory } from '../pool/engine-memory.js';
import type { InspectResult, InspectTask } from '../pool/inspect.js';
import { aborted } from '../pool/jobs.js';
import { nodeWorld, type PoolEvents, type World } from '../pool/pool.js';
import { EdgeBudget } from '../publish/edge-budget.js';
import { DECLARATION_BYTES } from '../publish/event-writer.js';
import { GraphRefs } from '../publish/graph-refs.js';
import { GraphTable } from '../publish/graph-table.js';
import { KindTable } from '../publish/kinds.js';
import { NodeTable } from '../publish/node-table.js';
import { ShardWriter } from '../publish/shard-writer.js';
import { ZonePublisher } from '../publish/zones.js';
import { Count } from '../schedule/control.js';
import { Scheduler } from '../schedule/scheduler.js';
import { Caretaker } from './caretaker.js';
import { EngineCore } from './core.js';
import { Graph } from './graph.js';
import { GraphCatalog } from './graph-catalog.js';
import { planMemory } from './memory-plan.js';
import { type ResolvedOptions, resolveOptions } from './options.js';
import { refuseUnbuilt } from './unsupported.js';

/** Events between two calls of `onProgress`. */
const PROGRESS_EVENTS = 512;

/**
 * An engine: publishes events from this thread's event loop to worker threads, which keep graphs in shared memory that any
 * reader here sees at once. Made by `createEngine`.
 */
export class Engine implements AsyncDisposable {
  /** The graphs of this engine: totals, and pages by name, time of creation and number of nodes. */
  readonly graphs: GraphCatalog;
  readonly #core: EngineCore;
  readonly #caretaker: Caretaker;
  readonly #batches: Histogram;
  #closing: Promise<void> | undefined;

  private constructor(core: EngineCore, caretaker: Caretaker, batches: Histogram) {
    this.graphs = new GraphCatalog(core);
    this.#core = core;
    this.#caretaker = caretaker;
    this.#batches = batches;
  }

  /** `world` is another than Node's in simulations alone. */
  static async create(
    options?: EngineOptions,
    world: (memory: EngineMemory, events: PoolEvents, options: ResolvedOptions) => World = nodeWorld,
  ): Promise<Engine> {
    const resolved = resolveOptions(options);
    const ledger = new Memory();
    const plan = planMemory(resolved, DECLARATION_BYTES);
    const memory = EngineMemory.create(ledger, plan);
    const { shards } = plan;
    const batches = new Histogram();
    let core: EngineCore | undefined;
    let caretaker: Caretaker | undefined;
    const { pool, host } = world(
      memory,
      {
        applierEnded: () => caretaker?.look(),
        workerLost: (thread) => {
          core?.jobs.release(thread);
          caretaker?.recover(thread);
        },
        cannotStart: (reason) => caretaker?.giveUp(reason),
      },
      resolved,
    );
    const writers = memory.rings.map(
      (ring, shard) => new ShardWriter(shard, ring, memory.heaps[shard]!, (events) => batches.record(events)),
    );
    const { control } = memory;
    const scheduler = new Scheduler({
      control,
      host,
      limits: resolved.batch,
      targets: writers,
      workers: resolved.workers,
      active: () => pool.active,
    });
    const scratch = planScratch(ledger, plan.nodeRows, plan.graphRows);
    const graphs = new GraphTable({
      names: memory.names,
      book: memory.graphBook,
      use: scratch.graphUse,
      shards,
      capacity: resolved.capacity.graphs,
      reserved: plan.graphRows,
    });
    const nodes = new NodeTable({
      ids: memory.ids,
      book: memory.nodeBook,
      boundEpoch: scratch.boundEpoch,
      removalStamps: scratch.removalStamps,
      attention: scratch.attention,
      nodes: resolved.capacity.nodes,
      reserved: plan.nodeRows,
      shards,
      shardOfGraph: (graph) => graphs.shardOf(graph),
    });
    const sum = (word: number): number => {
      let total = 0;
      for (let shard = 0; shard < shards; shard++) total += control.counts[shard * Count.stride + word]!;
      return total;
    };
    const edges = memory.rings.map((_, shard) => memory.edgesOf(shard));
    const publisher = new ZonePublisher({
      nodes,
      graphs,
      refs: new GraphRefs(graphs, (row) => ({
        bits: memory.graphs.options[row]!,
        radius: memory.graphs.radius[row]!,
      })),
      kinds: new KindTable(),
      writers,
      edgeBudget: new EdgeBudget({
        capacity: resolved.capacity.edges,
        edges: () => edges.reduce((total, shard) => total + shard.count, 0),
        upsertsApplied: () => sum(Count.edgeUpserts),
        exists: (shard, source, target, kind) => core!.edgeExists(shard, source, target, kind),
      }),
      scheduler,
      clock: resolved.clock,
      host,
      maxPayloadBytes: resolved.maxPayloadBytes,
    });
    core = new EngineCore({
      options: resolved,
      ledger,
      memory,
      publisher,
      scheduler,
      pool,
      host,
      look: () => caretaker?.look(),
    });
    caretaker = new Caretaker(core);
    try {
      await pool.ready();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return new Engine(core, caretaker, batches);
  }

  // ------------------------------------------------------------ graphs and events

  /**
   * The named graph; created, with an event, on first write.
   * @throws AthanorError ATHANOR_INVALID_OPTION for options that are not those of an existing graph.
   */
  graph(name: string, options?: GraphOptions): Graph {
    if (typeof name !== 'string' || name === '' || (name.length * 3 > 256 && Buffer.byteLength(name) > 256)) {
      throw new AthanorError(
        'ATHANOR_INVALID_OPTION',
        `name: ${show(name)} is not a non-empty string of at most 256 bytes`,
      );
    }
    const { refs } = this.#core.publisher;
    if (options !== undefined) refs.declare(refs.of(name), options, 'ATHANOR_INVALID_OPTION');
    return new Graph(this.#core, name);
  }

  /**
   * Publishes events in order. Returns false above the high-water mark: all were accepted, wait for `drained()`.
   * @throws AthanorError, with none of the events accepted: ATHANOR_INVALID_EVENT, ATHANOR_BACKPRESSURE, ATHANOR_CAPACITY,
   * ATHANOR_PAYLOAD_TOO_LARGE, ATHANOR_CLOSED, ATHANOR_UNSUPPORTED.
   */
  publish(events: EngineEvent | readonly EngineEvent[]): boolean {
    return this.#core.publisher.publish(events);
  }

  /** Resolves when there is room again. */
  drained(): Promise<void> {
    return this.#caretaker.drained();
  }

  /** Resolves when all that was accepted before the call is applied and readable. */
  async flush(options: { signal?: AbortSignal; durable?: boolean } = {}): Promise<void> {
    if (typeof options !== 'object' || options === null) {
      throw new AthanorError('ATHANOR_INVALID_OPTION', `options: ${show(options)} is not an object`);
    }
    if (options.durable === true)
      throw new AthanorError('ATHANOR_UNSUPPORTED', 'durable: the journal is not built yet');
    checkSignal(options.signal);
    await abortable(this.#caretaker.flushed(), options.signal);
  }

  /**
   * Publishes from any iterable, each event as it comes, waiting when the rings are full; resolves with the number of
   * events. When the source, an event or the signal ends it early it rejects, and what came before stays accepted.
   * @throws AthanorError ATHANOR_INVALID_EVENT, ATHANOR_CAPACITY, ATHANOR_PAYLOAD_TOO_LARGE, ATHANOR_CLOSED, ATHANOR_ABORTED.
   */
  async ingest(
    events: Iterable<EngineEvent> | AsyncIterable<EngineEvent>,
    options: { signal?: AbortSignal; onProgress?: (published: number) => void } = {},
  ): Promise<number> {
    const { signal, onProgress } = options;
    checkSignal(signal);
    let published = 0;
    const source = iteratorOf(events);
    try {
      for (;;) {
        if (signal?.aborted) throw aborted(signal);
        // An iterator that answers at once is not waited for: a turn of the microtask queue would cost more than the event.
        const next = source.next();
        const { done, value } = 'then' in next ? await abortable(next, signal) : next;
        if (done === true) break;
        while (!this.#accepted(value)) {
          await abortable(this.drained(), signal);
          if (signal?.aborted) throw aborted(signal);
        }
        published++;
        if (!this.#core.publisher.hasRoom) await abortable(this.drained(), signal);
        if (published % PROGRESS_EVENTS === 0) onProgress?.(published);
      }
    } catch (error) {
      // As leaving a for-of loop does; what the source answers to that is of no use to anybody.
      void Promise.resolve(source.return?.()).catch(() => undefined);
      throw error;
    }
    if (published % PROGRESS_EVENTS !== 0) onProgress?.(published);
    return published;
  }

  /** False when there is no room; whatever else is wrong with the event is thrown. */
  #accepted(event: EngineEvent): boolean {
    try {
      this.publish(event);
      return true;
    } catch (error) {
      if (error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE') return false;
      throw error;
    }
  }

  // ------------------------------------------------------------ insight

  stats(): EngineStats {
    const { memory, publisher, scheduler, ledger, pool, host } = this.#core;
    const { counts } = memory.control;
    let applied = publisher.appliedHere;
    let late = 0;
    for (let shard = 0; shard < memory.shards; shard++) {
      applied += counts[shard * Count.stride + Count.applied]!;
      late += counts[shard * Count.stride + Count.late]!;
    }
    const now = host.now();
    const latency = memory.latency.recent(now);
    const batches = this.#batches;
    return {
      published: publisher.published,
      applied,
      rejected: publisher.rejected,
      late,
      frames: scheduler.frames,
      batchEvents: { mean: batches.mean, p50: batches.quantile(0.5), p99: batches.quantile(0.99) },
      latencyMs: {
        p50: latency.quantile(0.5) / 1000,
        p95: latency.quantile(0.95) / 1000,
        p99: latency.quantile(0.99) / 1000,
        p999: latency.quantile(0.999) / 1000,
        max: latency.max / 1000,
      },
      queuedEvents: Math.max(0, publisher.published - applied),
      watchersDropped: this.#core.watchers.dropped,
      workers: pool.threads().map((id) => ({ id, ...memory.latency.workOf(id, now) })),
      memoryBytes: { reserved: ledger.reservedBytes, resident: process.memoryUsage.rss() },
    };
  }

  /** Holds every derived index against the columns. */
  async verify(): Promise<{ ok: boolean; problems: string[] }> {
    const { problems } = await this.#inspect('verify');
    return { ok: problems.length === 0, problems: [...problems] };
  }

  /** A digest of the state by graph and id: equal for equal event logs, whatever the workers, shards and batch sizes. */
  async digest(): Promise<string> {
    const { digest } = await this.#inspect('digest');
    return digest.map((lane) => lane.toString(16).padStart(8, '0')).join('');
  }

  async #inspect(what: InspectTask['what']): Promise<InspectResult> {
    this.#core.publisher.assertOpen();
    await this.#caretaker.flushed();
    const { publisher, pool } = this.#core;
    return pool.inspect({
      what,
      kinds: publisher.kinds.names(),
      zones: publisher.zones.names(),
      nodeRows: publisher.nodes.rows.highWater,
      graphRows: publisher.graphs.highWater,
    });
  }

  // ------------------------------------------------------------ the end

  /** Applies what was accepted, then stops the workers. Again: the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { publisher, scheduler, pool, jobs } = this.#core;
    publisher.close();
    // First those who may hold a shard back.
    this.#core.watchers.end();
    jobs.close(new AthanorError('ATHANOR_CLOSED', 'the engine is closed'));
    try {
      await this.#caretaker.flushed();
    } finally {
      scheduler.stop();
      await pool.close();
      this.#core.snapshots.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Main-thread tables by row: shared memory because its pages are committed as they are touched. */
function planScratch(ledger: Memory, rows: number, graphs: number) {
  return {
    graphUse: new Uint8Array(ledger.reserve('publish.graphUse', graphs)),
    boundEpoch: new Uint32Array(ledger.reserve('publish.boundEpoch', rows * 4)),
    removalStamps: new Uint32Array(ledger.reserve('publish.removalStamps', rows * 4)),
    attention: new Uint8Array(ledger.reserve('publish.attention', rows)),
  };
}

function iteratorOf(
  events: Iterable<EngineEvent> | AsyncIterable<EngineEvent>,
): Iterator<EngineEvent> | AsyncIterator<EngineEvent> {
  const source = events as Partial<Iterable<EngineEvent> & AsyncIterable<EngineEvent>> | null | undefined;
  const iterator = source?.[Symbol.asyncIterator]?.() ?? source?.[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw new AthanorError('ATHANOR_INVALID_EVENT', `events: ${show(events)} is neither iterable nor async iterable`);
  }
  return iterator;
}

function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new AthanorError('ATHANOR_INVALID_OPTION', `signal: ${show(signal)} is not an AbortSignal`);
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) throw aborted(signal);
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Starts an engine: reserves its memory and starts its worker threads. */
export function createEngine(options?: EngineOptions): Promise<Engine> {
  return Engine.create(options);
}

refuseUnbuilt(Engine, Graph);
