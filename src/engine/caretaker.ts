import { AthanorError } from '../base/errors.js';
import { GraphState } from '../project/graph-columns.js';
import { GraphUse } from '../publish/graph-table.js';
import { ShardState, ShardWord } from '../schedule/control.js';
import type { EngineCore } from './core.js';

/** Ids that are unbound in one tick, at most: each costs about a microsecond. */
const COLLECT_IDS = 4096;
/** A shard whose workers are lost so often without progress is given up. */
const MOST_LOSSES = 8;

/**
 * Main thread. What has to be looked after beside publishing: rows whose removal was applied, shards of lost workers, and
 * promises for room and progress.
 */
export class Caretaker {
  readonly #core: EngineCore;
  readonly #lossPositions: number[] = [];
  readonly #lostThreads: number[] = [];
  #failure: AthanorError | undefined;
  readonly #failed: Promise<never>;
  #fail: (error: AthanorError) => void = () => undefined;

  constructor(core: EngineCore) {
    this.#core = core;
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
    core.publisher.onTick = () => this.tidy();
  }

  // ------------------------------------------------------------ promises

  async flushed(): Promise<void> {
    const { scheduler, publisher } = this.#core;
    if (this.#failure !== undefined) throw this.#failure;
    scheduler.sealAll();
    const waits = publisher.writers.map((writer) => scheduler.applied(writer.shard, writer.headPosition()));
    await this.#unlessSlow(Promise.all(waits));
    // What the events told is there for who reads it.
    this.#core.watchers.drainAll();
    this.tidy();
  }

  /** Rejects when the engine fails meanwhile, or a shard waits for a watcher that does not read. */
  async #unlessSlow(done: Promise<unknown>): Promise<void> {
    const slow = this.#core.watchers.slow();
    try {
      await Promise.race([done, this.#failed, slow.found]);
    } finally {
      slow.done();
    }
  }

  async drained(): Promise<void> {
    const { scheduler, publisher, host } = this.#core;
    if (this.#failure !== undefined) throw this.#failure;
    scheduler.sealAll();
    const waits = publisher.writers
      .filter((writer) => writer.ring.inFlight() > writer.ring.slots / 2)
      .map((writer) => scheduler.applied(writer.shard, writer.lowWaterPosition));
    // A turn of the event loop at least: who tries again and again in a loop lets the engine's own work be done.
    if (waits.length === 0) await new Promise<void>((resolve) => host.endOfTick(resolve));
    else await this.#unlessSlow(Promise.all(waits));
    this.tidy();
    const { rows } = publisher.nodes;
    if (rows.live < rows.capacity && rows.shortage === 'quarantine' && rows.isOut) {
      // Room in the rings, but no row for a new id: the oldest of those in quarantine is free soon.
      const waitMs = Math.max(1, rows.nextReleaseMs - host.now());
      if (Number.isFinite(waitMs)) await new Promise<void>((resolve) => host.after(waitMs, resolve));
    }
  }

  // ------------------------------------------------------------ rows

  readonly #removedGraphs: number[] = [];

  /** Gives back the ids and rows whose removal is applied, a bounded number of them. */
  tidy(): void {
    const { publisher, memory, host } = this.#core;
    const now = host.now();
    let budget = COLLECT_IDS;
    for (const writer of publisher.writers) {
      if (publisher.nodes.removals.isEmpty(writer.shard)) continue;
      publisher.nodes.collect(writer.shard, writer.appliedPosition(), now, budget);
    }
    publisher.nodes.rows.releaseExpired(now, COLLECT_IDS);
    publisher.graphs.takeRemoved(this.#removedGraphs);
    let kept = 0;
    for (const graph of this.#removedGraphs) {
      if (publisher.graphs.use[graph] !== GraphUse.removed) continue;
      const ring = memory.rings[publisher.graphs.shardOf(graph)]!;
      // The state may still be the row's from its former graph: only after the removal is it this one's.
      const applied = publisher.graphs.isRemovalApplied(graph, ring.appliedPosition());
      const reclaimed = applied && memory.graphs.state[graph] === GraphState.free;
      if (reclaimed && budget > 0 && !publisher.nodes.dropGraph(graph, now, budget)) {
        budget -= 64;
        const shard = publisher.graphs.shardOf(graph);
        publisher.zones.dropGraph(graph, shard, ring.appliedPosition());
        publisher.graphs.retire(graph, now);
        continue;
      }
      this.#removedGraphs[kept++] = graph;
    }
    this.#removedGraphs.length = kept;
    publisher.graphs.releaseExpired(now, COLLECT_IDS);
    this.#core.watchers.tidy(now);
  }

  // ------------------------------------------------------------ workers

  /** An applier task ended: sees to shards that are ready and have nobody. */
  look(): void {
    const { memory, scheduler } = this.#core;
    if (this.#failure !== undefined) return;
    for (let shard = 0; shard < memory.shards; shard++) {
      const state = memory.control.stateOf(shard);
      if (state === ShardState.ready || state === ShardState.lost) scheduler.dispatch();
    }
    if (this.#lostThreads.length > 0) this.#releaseRecovered();
    scheduler.progress();
  }

  /** The exit of a worker was seen: its shards are recovered by another. */
  recover(thread: number): void {
    const { memory, scheduler } = this.#core;
    memory.lock.clearThread(thread);
    const lost = memory.control.markLost(thread);
    this.#lostThreads.push(thread);
    for (const shard of lost) {
      if (this.#givenUp(shard)) continue;
      scheduler.dispatch();
    }
    this.#releaseRecovered();
    scheduler.progress();
  }

  /** Slots of lost threads are free for others as soon as no shard names them any more. */
  #releaseRecovered(): void {
    const { memory } = this.#core;
    const { control, lock, threads } = memory;
    let kept = 0;
    for (const thread of this.#lostThreads) {
      let named = false;
      for (let shard = 0; shard < memory.shards && !named; shard++) {
        const waits = control.stateOf(shard) === ShardState.lost && control.ownerOf(shard) === thread;
        // A recovery under way, or itself lost, may not yet have taken the lock over.
        named = waits || lock.writerOf(shard) === thread;
      }
      if (named) this.#lostThreads[kept++] = thread;
      else threads.release(thread);
    }
    this.#lostThreads.length = kept;
  }

  /** The threads cannot be kept alive: what is not applied stays so. */
  giveUp(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new AthanorError('ATHANOR_WORKER_LOST', reason);
    this.#fail(this.#failure);
    this.#core.publisher.fail(this.#failure);
    this.#core.watchers.end(this.#failure);
    this.#core.jobs.close(this.#failure);
  }

  /** Whether workers are lost on the same event again and again. */
  #givenUp(shard: number): boolean {
    const { memory } = this.#core;
    const ring = memory.rings[shard]!;
    const place = ring.appliedPosition() * 65_536 + ring.eventsApplied;
    const losses = memory.control.shard;
    const at = shard * ShardWord.stride + ShardWord.losses;
    // Only the main thread writes the word.
    losses[at] = this.#lossPositions[shard] === place ? losses[at]! + 1 : 1;
    this.#lossPositions[shard] = place;
    if (losses[at]! < MOST_LOSSES) return false;
    this.giveUp(
      `shard ${shard}: ${MOST_LOSSES} workers were lost on the same event; what was accepted and is not applied stays so`,
    );
    return true;
  }
}
