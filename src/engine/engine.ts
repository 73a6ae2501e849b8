/// <reference lib="esnext.disposable" preserve="true" />
import { abortOf, unlessEnded } from '../base/ending.js';
import { AthanorError, show } from '../base/errors.js';
import { readOptions } from '../base/option-names.js';
import type { EngineEvent, EngineOptions, EngineStats, GraphOptions } from '../base/types.js';
import { addressSpace } from '../memory/address-space.js';
import { Memory, memoryBytesLimit } from '../memory/reserve.js';
import { Histogram } from '../observe/histogram.js';
import { EngineMemory } from '../pool/engine-memory.js';
import type { InspectResult, InspectTask } from '../pool/inspect.js';
import { nodeWorld } from '../pool/node-world.js';
import type { PoolEvents, World } from '../pool/pool.js';
import { readGraphOptions } from '../publish/check.js';
import { EdgeBudget } from '../publish/edge-budget.js';
import { DECLARATION_BYTES } from '../publish/event-writer.js';
import { EventPublisher } from '../publish/events.js';
import { GraphRefs } from '../publish/graph-refs.js';
import { GraphTable } from '../publish/graph-table.js';
import { KindTable } from '../publish/kinds.js';
import { NodeTable } from '../publish/node-table.js';
import { Room } from '../publish/room.js';
import { createScratch } from '../publish/scratch.js';
import { ShardWriter } from '../publish/shard-writer.js';
import { Count } from '../schedule/control.js';
import { Scheduler } from '../schedule/scheduler.js';
import { Caretaker } from './caretaker.js';
import { EngineCore } from './core.js';
import { exportGraphs } from './export.js';
import { fitCapacity } from './fit-memory.js';
import { Graph } from './graph.js';
import { GraphCatalog } from './graph-catalog.js';
import { checkSignal, ingest } from './ingest.js';
import { planMemory } from './memory-plan.js';
import { type ResolvedOptions, resolveOptions } from './options.js';
import { refuseUnbuilt } from './unsupported.js';

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
    const asked = resolveOptions(options);
    const resolved = { ...asked, capacity: fitCapacity(asked, addressSpace(), memoryBytesLimit()) };
    const ledger = new Memory('lower the option capacity, or shards', 'sharing');
    const plan = planMemory(resolved, DECLARATION_BYTES);
    const memory = EngineMemory.create(ledger, plan);
    const { shards } = plan;
    const batches = new Histogram();
    const room = new Room();
    let core: EngineCore | undefined;
    let caretaker: Caretaker | undefined;
    const { pool, host } = world(
      memory,
      {
        applierEnded: () => caretaker?.look(),
        workerLost: (thread, reason) => {
          core?.jobs.release(thread, reason);
          caretaker?.recover(thread);
        },
        cannotStart: (reason) => caretaker?.giveUp(reason),
      },
      resolved,
    );
    const writers = memory.rings.map(
      (ring, shard) => new ShardWriter(shard, ring, memory.heaps[shard]!, room, (events) => batches.record(events)),
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
    const scratch = createScratch(ledger, { rows: plan.nodeRows, graphs: plan.graphRows });
    const graphs = new GraphTable({
      names: memory.names,
      book: memory.graphBook,
      use: scratch.graphUse,
      shards,
      capacity: resolved.capacity.graphs,
      reserved: plan.graphRows,
      room,
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
      room,
    });
    const sum = (word: number): number => {
      let total = 0;
      for (let shard = 0; shard < shards; shard++) total += control.counts[shard * Count.stride + word]!;
      return total;
    };
    const edges = memory.rings.map((_, shard) => memory.edgesOf(shard));
    // A shard whose frames are applied and whose removed things are reclaimed: what is there is live.
    const isSettled = (writer: ShardWriter): boolean =>
      writer.isStill && !graphs.isLeaving && edges[writer.shard]!.pendingCascades === 0;
    for (const writer of writers) writer.isSettled = () => isSettled(writer);
    const publisher = new EventPublisher({
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
        isSettled: () => writers.every(isSettled),
        room,
      }),
      room,
      scheduler,
      clock: resolved.clock,
      host,
      maxPayloadBytes: resolved.maxPayloadBytes,
      zones: resolved.capacity.zones,
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
   * @throws AthanorError ATHANOR_INVALID_OPTION for options that are not those of an existing graph, ATHANOR_CLOSED.
   */
  graph(name: string, options?: GraphOptions): Graph {
    if (typeof name !== 'string' || name === '' || (name.length * 3 > 256 && Buffer.byteLength(name) > 256)) {
      throw new AthanorError(
        'ATHANOR_INVALID_OPTION',
        `name: ${show(name)} is not a non-empty string of at most 256 bytes`,
      );
    }
    this.#core.assertReadable();
    if (options !== undefined) {
      const plain = readGraphOptions(options, 'ATHANOR_INVALID_OPTION');
      const { publisher } = this.#core;
      publisher.enter();
      publisher.refs.declare(publisher.refs.of(name), plain, 'ATHANOR_INVALID_OPTION');
    }
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

  /**
   * Resolves when there is room: in the rings, and for whatever ATHANOR_BACKPRESSURE was thrown for. Then the refused call is
   * accepted, or refused with ATHANOR_CAPACITY, unless others have taken the room first.
   * @throws AthanorError ATHANOR_CLOSED, ATHANOR_SLOW_CONSUMER.
   */
  async drained(): Promise<void> {
    this.#core.publisher.assertOpen();
    return this.#caretaker.drained();
  }

  /** Resolves when all that was accepted before the call is applied and readable. */
  async flush(options: { signal?: AbortSignal; durable?: boolean } = {}): Promise<void> {
    const { signal, durable } = readOptions('ATHANOR_INVALID_OPTION', options, ['signal', 'durable']);
    if (durable === true) throw new AthanorError('ATHANOR_UNSUPPORTED', 'durable: the journal is not built yet');
    checkSignal(signal);
    this.#core.publisher.assertOpen();
    await unlessEnded(this.#caretaker.flushed(), [signal && abortOf(signal)]);
  }

  /**
   * Publishes from any iterable, each event as it comes, waiting while there is no room; resolves with the number of events.
   * It lets the event loop go on every few milliseconds, whatever the source. When the source, an event, the signal or
   * `close()` ends it early it rejects, and what came before stays accepted.
   * @throws AthanorError ATHANOR_INVALID_EVENT, ATHANOR_INVALID_OPTION, ATHANOR_CAPACITY, ATHANOR_PAYLOAD_TOO_LARGE,
   * ATHANOR_CLOSED, ATHANOR_ABORTED, ATHANOR_SLOW_CONSUMER.
   */
  async ingest(
    events: Iterable<EngineEvent> | AsyncIterable<EngineEvent>,
    options: { signal?: AbortSignal; onProgress?: (published: number) => void } = {},
  ): Promise<number> {
    return ingest(this.#core, () => this.#caretaker.drained(), events, options);
  }

  /**
   * The events that make all graphs anew, graph after graph by name, each as `Graph.export`. A graph that is created meanwhile may
   * be left out.
   */
  export(): IterableIterator<EngineEvent> {
    return exportGraphs(this.#core, this.graphs);
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
      workers: pool.threads().map(({ thread, idleMs }) => ({
        id: thread,
        ...memory.latency.workOf(thread, now, idleMs),
      })),
      capacity: this.#core.options.capacity,
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
    const { publisher, pool, closing } = this.#core;
    publisher.assertOpen();
    await unlessEnded(this.#caretaker.flushed(), [closing]);
    const found = pool.inspect({
      what,
      kinds: publisher.kinds.names(),
      zones: publisher.zones.names(),
      nodeRows: publisher.nodes.rows.highWater,
      graphRows: publisher.graphs.highWater,
    });
    return unlessEnded(found, [closing]);
  }

  // ------------------------------------------------------------ the end

  /**
   * Applies what was accepted, then stops the workers. Again: the same promise. From the call on nothing more is taken, and
   * what waits (`ingest`, `drained`, `verify`, jobs, watchers) ends at once; reads go on until it has resolved.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { publisher, scheduler, pool, jobs, closing, over, watchers, snapshots } = this.#core;
    const closed = new AthanorError('ATHANOR_CLOSED', 'the engine is closed');
    publisher.close();
    closing.end(closed);
    // Called by a getter or the clock: the call that it is read for is refused first.
    if (publisher.isBusy) await undefined;
    // First those who may hold a shard back.
    watchers.end();
    jobs.close(closed);
    try {
      await this.#caretaker.flushed();
    } finally {
      this.#core.closeReads();
      over.end(closed);
      scheduler.stop();
      await pool.close();
      snapshots.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Starts an engine: reserves its memory and starts its worker threads. */
export function createEngine(options?: EngineOptions): Promise<Engine> {
  return Engine.create(options);
}

refuseUnbuilt(Engine, Graph);
