import { EndingSource } from '../base/ending.js';
import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { Memory } from '../memory/reserve.js';
import type { EngineMemory } from '../pool/engine-memory.js';
import { Jobs } from '../pool/jobs.js';
import type { Workers } from '../pool/pool.js';
import { GraphState } from '../project/graph-columns.js';
import { NodeFlag } from '../project/node-columns.js';
import type { EventPublisher } from '../publish/events.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { type IdSource, Slab } from '../query/node-set.js';
import { ReadLock } from '../query/read-lock.js';
import { ShardReader } from '../query/shard-reader.js';
import type { Host } from '../schedule/host.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { ClusterBook } from './clusters.js';
import { GraphSnapshots } from './graph-snapshots.js';
import type { ResolvedOptions } from './options.js';
import { Watchers } from './watch.js';
import { ZoneReads } from './zone-reads.js';

/** Thread slot of the main thread. */
const MAIN = 0;

/** The parts of an engine on the main thread, as its faces (`Engine`, `Graph`) share them. */
export class EngineCore {
  readonly options: ResolvedOptions;
  readonly ledger: Memory;
  readonly memory: EngineMemory;
  readonly publisher: EventPublisher;
  readonly scheduler: Scheduler;
  readonly pool: Workers;
  readonly host: Host;
  /** Sees to shards that are ready and have nobody. */
  readonly look: () => void;
  readonly jobs: Jobs;
  readonly clusters = new ClusterBook(this);
  readonly snapshots = new GraphSnapshots(this);
  readonly slab = new Slab();
  readonly idSource: IdSource;
  readonly zoneReads = new ZoneReads(this);
  readonly watchers: Watchers;
  /** The engine fails, or `close` was called: nothing that it would take or find out is waited for any more. */
  readonly closing = new EndingSource();
  /** The engine has failed or is closed: nothing more is applied. */
  readonly over = new EndingSource();
  #isClosed = false;
  /** By shard, made when it is first read: each compiles loops of its own. */
  readonly #readers: ShardReader[] = [];
  /** Graph row that was read last, and its shard's reader. */
  #readLast = NO_ROW;
  #readerOfLast: ShardReader | undefined;
  readonly #graphState: Uint8Array;
  readonly #generations: Uint32Array;

  constructor(parts: {
    options: ResolvedOptions;
    ledger: Memory;
    memory: EngineMemory;
    publisher: EventPublisher;
    scheduler: Scheduler;
    pool: Workers;
    host: Host;
    look: () => void;
  }) {
    this.options = parts.options;
    this.ledger = parts.ledger;
    this.memory = parts.memory;
    this.publisher = parts.publisher;
    this.#graphState = this.memory.graphs.state;
    this.#generations = this.memory.graphBook.generation;
    this.scheduler = parts.scheduler;
    this.pool = parts.pool;
    this.host = parts.host;
    this.look = parts.look;
    const { ids } = this.memory;
    const { rows } = this.publisher.nodes;
    this.jobs = new Jobs({
      host: this.host,
      workers: this.options.workers,
      participate: (task) => this.pool.participate(task),
      holdRows: () => this.holdRows(),
    });
    this.watchers = new Watchers(this);
    this.idSource = {
      idOf: (row) => ids.idOf(row),
      isStale: (row, epoch) => rows.isStale(row, epoch),
      get epoch() {
        return rows.epoch;
      },
    };
  }

  /** From here on nothing is read: the memory's locks may be left taken by threads that are ended. */
  closeReads(): void {
    this.#isClosed = true;
    this.#readers.length = 0;
  }

  /** @throws AthanorError ATHANOR_CLOSED */
  assertReadable(): void {
    if (this.#isClosed)
      throw new AthanorError('ATHANOR_CLOSED', 'the engine is closed: nothing is read from it any more');
  }

  shardOf(graph: number): number {
    return graph % this.memory.shards;
  }

  readerOf(graph: number): ShardReader {
    this.assertReadable();
    // The same graph is asked again and again: a remainder is a fifth of what a question costs beside its answer.
    if (graph === this.#readLast) return this.#readerOfLast!;
    const reader = this.#reader(graph % this.memory.shards);
    this.#readLast = graph;
    this.#readerOfLast = reader;
    return reader;
  }

  /** This thread's read lock of a shard. */
  lockOf(shard: number): ReadLock {
    return new ReadLock(this.memory.lock, shard, MAIN, this.options.readTimeoutMs);
  }

  #reader(shard: number): ShardReader {
    this.#readers[shard] ??= new ShardReader({
      lock: this.lockOf(shard),
      nodes: this.memory.nodes,
      queries: this.memory.queriesOf(shard),
      edges: this.memory.edgesOf(shard),
    });
    return this.#readers[shard];
  }

  /** Row of the graph of that name that is alive as applied, or NO_ROW. */
  readRow(ref: GraphRef): number {
    this.assertReadable();
    const states = this.#graphState;
    let row = ref.row;
    if (row !== NO_ROW && states[row] === GraphState.alive && this.#generations[row] === ref.generation) return row;
    const { graphBook } = this.memory;
    row = this.publisher.graphs.find(ref.name);
    while (row !== NO_ROW && states[row] !== GraphState.alive) {
      // Created anew and not applied yet: what was there before is still what readers see.
      const before = graphBook.previous[row]!;
      if (before === 0) return NO_ROW;
      row = before - 1;
    }
    return row;
  }

  /** Keeps rows that are removed from now on from being used again, until the answer is called. */
  holdRows(): () => void {
    const { rows } = this.publisher.nodes;
    // A little earlier than now: rows that retire at this very moment are held as well.
    const hold = rows.hold(this.host.now() - 1);
    return () => rows.unhold(hold);
  }

  isAlive(row: number): boolean {
    return (this.memory.nodes.flags[row]! & NodeFlag.alive) !== 0;
  }

  /** Whether the edge is there as applied. */
  edgeExists(shard: number, source: number, target: number, kind: number): boolean {
    const reader = this.#reader(shard);
    reader.lock();
    try {
      return reader.edges.find(source, target, kind) !== NO_ROW;
    } finally {
      reader.unlock();
    }
  }

  /** Number of a kind, or undefined when no event has named it. */
  kindOf(kind: string): number | undefined {
    const number = this.publisher.kinds.find(kind);
    return number < 0 ? undefined : number;
  }
}
