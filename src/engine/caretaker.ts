import { unlessEnded } from '../base/ending.js';
import { AthanorError } from '../base/errors.js';
import { GraphState } from '../project/graph-columns.js';
import { RowQueue } from '../publish/row-queue.js';
import { ShardState, ShardWord } from '../schedule/control.js';
import type { Host } from '../schedule/host.js';
import type { EngineCore } from './core.js';

/**
 * Ids that are unbound in one slice, and as many again that leave quarantine: each costs about a microsecond, so that nothing
 * else waits for longer than some milliseconds. While more is left a slice follows in each turn of the event loop.
 */
const SLICE_IDS = 4096;
/** Removed graphs that are looked at in one slice; one that is retired costs as much as so many ids. */
const SLICE_GRAPHS = 1024;
const GRAPH_IDS = 2;
/** Longest pause between two looks for room that depends on what workers reclaim, or on those who hold rows. */
const LOOK_MS = 20;
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

  constructor(core: EngineCore) {
    this.#core = core;
    core.publisher.onTick = () => this.#keepTidy();
  }

  // ------------------------------------------------------------ promises

  async flushed(): Promise<void> {
    const { scheduler, publisher, over, watchers } = this.#core;
    if (over.ended) throw over.error;
    // Asked for by a getter, in the middle of an array of events: what is half written is not sealed.
    if (publisher.isBusy) await undefined;
    scheduler.sealAll();
    const sequence = publisher.lastSequence;
    const waits = publisher.writers.map((writer) => scheduler.applied(writer.shard, writer.headPosition()));
    await unlessEnded(Promise.all(waits), [over, watchers.slow]);
    // What the events told is there for who reads it; first who was inside before them.
    watchers.tellAwaiting(sequence);
    watchers.drainAll();
    this.#keepTidy();
  }

  /** Resolves when there is room in the rings, and for all that was refused because room was to come back. */
  async drained(): Promise<void> {
    const { scheduler, publisher, host, closing, watchers } = this.#core;
    const { writers, room } = publisher;
    if (closing.ended) throw closing.error;
    if (publisher.isBusy) await undefined;
    scheduler.sealAll();
    const waits = writers
      .filter((writer) => !writer.isLow)
      .map((writer) => scheduler.applied(writer.shard, writer.lowWaterPosition));
    // A turn of the event loop at least: who tries again and again in a loop lets the engine's own work be done.
    if (waits.length === 0) await unlessEnded(turnOf(host), [closing]);
    else await unlessEnded(Promise.all(waits), [closing, watchers.slow]);
    this.#keepTidy();
    if (room.isThere) return;
    // Removals in flight make room for what was refused, if anything does: they first.
    const rest = writers.map((writer) => scheduler.applied(writer.shard, writer.headPosition()));
    await unlessEnded(Promise.all(rest), [closing, watchers.slow]);
    for (let looks = 0; ; looks++) {
      this.#keepTidy();
      if (room.isThere) return;
      const waitMs = this.#nextRoomMs(looks);
      if (waitMs === 0) await unlessEnded(turnOf(host), [closing]);
      else await this.#pause(waitMs);
      // Others may have published meanwhile, and wait as well.
      scheduler.sealAll();
    }
  }

  /** Ends with the engine, and leaves no timer behind. */
  async #pause(ms: number): Promise<void> {
    const { host, closing } = this.#core;
    let cancel: (() => void) | undefined;
    const passed = new Promise<void>((resolve) => {
      cancel = host.after(ms, resolve);
    });
    try {
      await unlessEnded(passed, [closing]);
    } finally {
      cancel?.();
    }
  }

  /** When it may pay to look for room again: exact where rows wait for nothing but their time. */
  #nextRoomMs(looks: number): number {
    const { nodes, graphs } = this.#core.publisher;
    if (this.#isLeft) return 0;
    const patience = Math.min(LOOK_MS, 1 + looks);
    if (nodes.leaving > 0 || graphs.isLeaving) return patience;
    const dueMs = Math.min(nodes.rows.nextReleaseMs, graphs.nextReleaseMs) - this.#core.host.now();
    // Past their time rows are held, by a job or unread entries: nobody says when that ends.
    return Number.isFinite(dueMs) && dueMs > 0 ? dueMs : patience;
  }

  // ------------------------------------------------------------ rows

  readonly #arrived: number[] = [];
  readonly #removedGraphs = new RowQueue();
  #areGraphsLeft = false;
  /** The last slice ended before its work did. */
  #isLeft = false;
  #isTurnAsked = false;

  /** A slice of tidying now; while more is left, another in each turn of the event loop. */
  #keepTidy(): void {
    this.tidy();
    if (!this.#isLeft || this.#isTurnAsked || this.#core.over.ended) return;
    this.#isTurnAsked = true;
    this.#core.host.endOfTick(() => {
      this.#isTurnAsked = false;
      this.#keepTidy();
    });
  }

  /** Gives back the ids and rows whose removal is applied: a slice of them, whatever they are of. */
  tidy(): void {
    const { publisher, host } = this.#core;
    const { nodes, graphs } = publisher;
    const now = host.now();
    // Half for single nodes, half for those of graphs, and what either leaves for the other.
    const half = SLICE_IDS / 2;
    let left = SLICE_IDS - this.#collectNodes(now, half);
    left -= this.#dropGraphs(now, left);
    left -= this.#collectNodes(now, left);
    const released = nodes.rows.releaseExpired(now, SLICE_IDS);
    graphs.releaseExpired(now, SLICE_IDS);
    this.#isLeft = left <= 0 || released === SLICE_IDS || this.#areGraphsLeft;
    this.#core.watchers.tidy(now);
  }

  #collectNodes(now: number, budget: number): number {
    const { writers, nodes } = this.#core.publisher;
    let done = 0;
    for (const writer of writers) {
      if (done >= budget) break;
      if (nodes.removals.isEmpty(writer.shard)) continue;
      done += nodes.collect(writer.shard, writer.appliedPosition(), now, budget - done);
    }
    return done;
  }

  /** Unbinds the nodes of graphs that are reclaimed, and retires the graphs. Returns the ids' worth of work done. */
  #dropGraphs(now: number, budget: number): number {
    const { publisher, memory } = this.#core;
    const { graphs, nodes, zones } = publisher;
    const queue = this.#removedGraphs;
    graphs.takeRemoved(this.#arrived);
    for (const graph of this.#arrived) queue.push(graph);
    this.#arrived.length = 0;
    let done = 0;
    const all = queue.length;
    for (let looks = Math.min(queue.length, SLICE_GRAPHS); looks > 0 && done < budget; looks--) {
      const graph = queue.shift();
      const shard = graphs.shardOf(graph);
      const applied = memory.rings[shard]!.appliedPosition();
      // The state may still be the row's from its former graph: only after the removal is it this one's.
      if (!graphs.isRemovalApplied(graph, applied) || memory.graphs.state[graph] !== GraphState.free) {
        // Shards do not reclaim them in the order of their removal: others have their turn first.
        queue.push(graph);
        continue;
      }
      const asked = budget - done;
      const dropped = nodes.dropGraph(graph, now, asked);
      done += dropped;
      if (dropped === asked) {
        queue.push(graph);
        break;
      }
      done += GRAPH_IDS;
      zones.dropGraph(graph, shard, applied);
      graphs.retire(graph, now);
    }
    // Where some were ready among those that were looked at, others may be.
    this.#areGraphsLeft = done > 0 && all > SLICE_GRAPHS;
    return done;
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
    // What was in flight is applied, and nobody may publish for long: what left makes room now.
    this.#keepTidy();
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
    this.#core.over.end(this.#failure);
    this.#core.closing.end(this.#failure);
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

/** Resolves in the next turn of the event loop. */
function turnOf(host: Host): Promise<void> {
  return new Promise((resolve) => {
    host.endOfTick(resolve);
  });
}
