/// <reference lib="esnext.disposable" preserve="true" />
import { abortOf, unlessEnded } from '../base/ending.js';
import { AthanorError, show } from '../base/errors.js';
import { readOptions } from '../base/option-names.js';
import type { EngineEvent, EngineStats, FlushOptions, GraphOptions, IngestOptions } from '../base/types.js';
import type { Histogram } from '../observe/histogram.js';
import type { InspectResult, InspectTask } from '../pool/inspect.js';
import { readGraphOptions } from '../publish/check.js';
import { Count } from '../schedule/control.js';
import type { Caretaker } from './caretaker.js';
import type { EngineCore } from './core.js';
import { exportGraphs } from './export.js';
import { Graph } from './graph.js';
import { GraphCatalog } from './graph-catalog.js';
import { checkSignal, ingest } from './ingest.js';
import { refuseUnbuilt } from './unsupported.js';

/** What `verify` found. */
export interface VerifyResult {
  /** Whether every index agrees with the columns. */
  ok: boolean;
  /** What does not: a defect of the library. */
  problems: string[];
}

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

  /** @internal */
  constructor(core: EngineCore, caretaker: Caretaker, batches: Histogram) {
    this.graphs = new GraphCatalog(core);
    this.#core = core;
    this.#caretaker = caretaker;
    this.#batches = batches;
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
  async flush(options: FlushOptions = {}): Promise<void> {
    const given: FlushOptions & { durable?: unknown } = options;
    const { signal, durable } = readOptions('ATHANOR_INVALID_OPTION', given, ['signal', 'durable']);
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
    options: IngestOptions = {},
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

  /** Counts and times as they are now. It costs some microseconds. */
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
  async verify(): Promise<VerifyResult> {
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

refuseUnbuilt(Engine, Graph);
