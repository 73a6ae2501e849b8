import { type Ending, onAbort } from '../base/ending.js';
import { AthanorError, show } from '../base/errors.js';
import { MAX_ROAMING, NO_ROW } from '../base/limits.js';
import type { RoamEvent, RoamingOptions, WatchOptions, ZoneDetect, ZoneEvent } from '../base/types.js';
import { Wanted } from '../memory/watch-book.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { Detect, OutboxEntry } from '../ring/outbox.js';
import { ShardState } from '../schedule/control.js';
import type { EngineCore } from './core.js';
import { EventQueue, QUEUE_EVENTS } from './event-queue.js';
import { RowHolds } from './row-holds.js';
import { checkRoaming, checkWatch } from './watch-options.js';
import type { Group, RoamWatcher, Stall, Watcher, ZoneWatcher } from './watcher.js';

/** A watcher that nothing was read from for so long is slow: `flush` does not wait for it. */
const SLOW_MS = 1_000;
const LOOK_MS = 100;

const DETECTS = Object.keys(Detect) as Array<keyof typeof Detect>;

/** Main thread. Takes the entries of the outboxes to those who watch graphs, and tells workers what is watched. */
export class Watchers {
  readonly #core: EngineCore;
  readonly #groups = new Map<string, Group>();
  readonly #byId: Array<Group | undefined> = [];
  readonly #freeIds: number[] = [];
  readonly #groupOfRow = new Map<number, Group>();
  readonly #roamers = new Array<RoamWatcher | undefined>(MAX_ROAMING);
  readonly #stalls: Array<Stall | undefined>;
  readonly #entry = new OutboxEntry();
  readonly #holds: RowHolds;
  readonly #pendingDrains = new Set<number>();
  /** Watchers that are still to be told who is inside. */
  readonly #awaiting = new Map<ZoneWatcher, Group>();
  #used = false;
  /** Events lost by watchers that asked for it. */
  dropped = 0;

  constructor(core: EngineCore) {
    this.#core = core;
    this.#stalls = new Array<Stall | undefined>(core.memory.shards);
    this.#holds = new RowHolds(core.publisher.nodes.rows, core.memory.outboxes);
    core.publisher.graphs.onCreate = (row, name) => this.#mark(row, this.#groups.get(name));
    core.scheduler.onProgress = () => {
      if (this.#used) this.drainAll();
    };
  }

  // ------------------------------------------------------------ watchers come and go

  watch(ref: GraphRef, options: WatchOptions): EventQueue<ZoneEvent> {
    const { zones, detect, initial, onSlow, signal } = checkWatch(options);
    this.#core.publisher.enter();
    let bits = 0;
    for (const kind of detect) bits |= 1 << Detect[kind];
    const group = this.#group(ref);
    const queue: EventQueue<ZoneEvent> = this.#queue(signal, () => {
      group.zones.delete(watcher);
      this.#awaiting.delete(watcher);
      this.#left(group, watcher);
    });
    const watcher: ZoneWatcher = {
      graph: ref.name,
      since: this.#core.publisher.lastSequence,
      waits: onSlow === 'wait',
      queue,
      bits,
      zones,
      awaitsInitial: initial,
    };
    group.zones.add(watcher);
    this.#joined(group, queue, signal);
    if (initial) this.#awaitInitial(group, watcher);
    return queue;
  }

  /**
   * Workers may have looked at events that were published before the watcher was made without knowing of it. So who is inside
   * is looked up when all of those are applied; or when an entry of a later one comes, before it is told.
   */
  #awaitInitial(group: Group, watcher: ZoneWatcher): void {
    const { scheduler, publisher } = this.#core;
    this.#awaiting.set(watcher, group);
    scheduler.sealAll();
    const applied = publisher.writers.map((writer) => scheduler.applied(writer.shard, writer.headPosition()));
    void Promise.all(applied).then(() => this.#tellInitial(group, watcher));
  }

  /** All events up to this one are applied: who was made before it and is still to be told who is inside, is told now. */
  tellAwaiting(sequence: number): void {
    for (const [watcher, group] of this.#awaiting) if (watcher.since <= sequence) this.#tellInitial(group, watcher);
  }

  /**
   * Tells who is inside at this moment of the shard. Entries of events up to the last one that is applied are in that already;
   * those of later ones are all told, for workers know of the watcher.
   */
  #tellInitial(group: Group, watcher: ZoneWatcher): void {
    this.#awaiting.delete(watcher);
    if (!watcher.awaitsInitial || watcher.queue.isEnded) return;
    watcher.awaitsInitial = false;
    const { nodes, ids } = this.#core.memory;
    try {
      const last = this.#core.zoneReads.snapshot(group.ref, group.rows, ({ zone, row }) => {
        if (watcher.zones?.has(zone) === false) return;
        const { x, y, time } = nodes;
        const node = ids.idOf(row)!;
        watcher.queue.push({ zone, node, detect: 'enter', x: x[row]!, y: y[row]!, time: time[row]! });
      });
      watcher.since = Math.max(watcher.since, last);
    } catch (error) {
      watcher.queue.end(error as Error);
    }
  }

  watchRoaming(ref: GraphRef, options: RoamingOptions): EventQueue<RoamEvent> {
    const { radius, signal } = checkRoaming(options);
    this.#core.publisher.enter();
    const { watch } = this.#core.memory;
    const group = this.#group(ref);
    const slot = watch.addRoamer(group.id, radius);
    if (slot < 0) {
      this.#drop(group);
      throw new AthanorError('ATHANOR_CAPACITY', `watchRoaming: an engine has at most ${MAX_ROAMING} roaming watchers`);
    }
    const queue: EventQueue<RoamEvent> = this.#queue(signal, () => {
      watch.removeRoamer(slot);
      this.#roamers[slot] = undefined;
      group.roaming.delete(watcher);
      this.#left(group, watcher);
    });
    const since = this.#core.publisher.lastSequence;
    const watcher: RoamWatcher = { graph: ref.name, since, waits: true, queue, slot };
    this.#roamers[slot] = watcher;
    group.roaming.add(watcher);
    this.#joined(group, queue, signal);
    return queue;
  }

  #queue<T>(signal: AbortSignal | undefined, onEnd: () => void): EventQueue<T> {
    const queue = new EventQueue<T>(
      QUEUE_EVENTS,
      this.#core.host,
      () => this.drainAll(),
      () => {
        leaveSignal?.();
        onEnd();
      },
    );
    const leaveSignal = signal === undefined ? undefined : onAbort(signal, () => queue.end());
    return queue;
  }

  #joined(group: Group, queue: { end(): void }, signal: AbortSignal | undefined): void {
    const row = this.#core.publisher.liveRow(group.ref);
    if (row !== NO_ROW) this.#mark(row, group);
    for (const other of group.rows) this.#mark(other, group);
    if (!this.#used) {
      // From here on for good: a worker may tell of a graph that nobody watches any more, and must not be held up by it.
      this.#used = true;
      this.#core.scheduler.listen();
      this.drainAll();
    }
    if (signal?.aborted === true) queue.end();
  }

  #left(group: Group, watcher: Watcher): void {
    for (const row of group.rows) this.#mark(row, group);
    this.#drop(group);
    for (let shard = 0; shard < this.#stalls.length; shard++) {
      if (this.#stalls[shard]?.watcher === watcher) this.#stalls[shard] = undefined;
    }
    // A shard may be blocked by entries that nobody wants any more.
    this.drainAll();
  }

  #group(ref: GraphRef): Group {
    let group = this.#groups.get(ref.name);
    if (group === undefined) {
      const id = this.#freeIds.pop() ?? this.#byId.length;
      group = { id, ref, rows: new Set(), zones: new Set(), roaming: new Set() };
      this.#byId[id] = group;
      this.#groups.set(ref.name, group);
    }
    return group;
  }

  #drop(group: Group): void {
    if (group.zones.size + group.roaming.size > 0) return;
    this.#byId[group.id] = undefined;
    this.#freeIds.push(group.id);
    for (const row of group.rows) this.#groupOfRow.delete(row);
    this.#groups.delete(group.ref.name);
  }

  /** Tells workers what is wanted of the graph in a row. */
  #mark(row: number, group: Group | undefined): void {
    let bits = 0;
    if (group !== undefined) {
      for (const watcher of group.zones) bits |= watcher.bits;
      if (group.roaming.size > 0) bits |= Wanted.roaming;
      if (bits !== 0) bits |= group.id << Wanted.groupShift;
    }
    this.#core.memory.watch.wanted[row] = bits;
    const before = this.#groupOfRow.get(row);
    if (before === group) return;
    before?.rows.delete(row);
    if (group === undefined) {
      this.#groupOfRow.delete(row);
    } else {
      group.rows.add(row);
      this.#groupOfRow.set(row, group);
    }
  }

  /** Ends every watcher: with an error, or (the engine is closed) without. */
  end(error?: AthanorError): void {
    if (!this.#used) return;
    this.drainAll();
    for (const group of [...this.#groups.values()]) {
      if (error === undefined) for (const watcher of group.zones) this.#tellInitial(group, watcher);
      for (const watcher of [...group.zones, ...group.roaming]) watcher.queue.end(error);
    }
  }

  // ------------------------------------------------------------ entries

  drainAll(): void {
    for (let shard = 0; shard < this.#stalls.length; shard++) this.#drain(shard);
  }

  #drain(shard: number): void {
    const { memory, scheduler, host } = this.#core;
    const outbox = memory.outboxes[shard]!;
    const entry = this.#entry;
    const unread = outbox.unread;
    let taken = 0;
    for (; taken < unread; taken++) {
      outbox.read(taken, entry);
      const full = entry.detect >= Detect.nearby ? this.#tellRoaming() : this.#tellZone();
      if (full === undefined) continue;
      this.#stall(shard, full);
      break;
    }
    if (taken > 0) outbox.take(taken);
    if (taken === unread) this.#stalls[shard] = undefined;
    // The tail first, then the look at the state: see Control.block.
    const room = taken > 0 || unread === 0;
    if (room && memory.control.stateOf(shard) === ShardState.blocked && memory.control.unblock(shard)) {
      scheduler.dispatch();
    }
    if (taken < unread) return;
    outbox.arm();
    if (outbox.unread === 0 || this.#pendingDrains.has(shard)) return;
    // More has come meanwhile: after others had their turn.
    this.#pendingDrains.add(shard);
    host.endOfTick(() => {
      this.#pendingDrains.delete(shard);
      this.#drain(shard);
    });
  }

  /** Hands the entry to those who want it; or, when one of those who wait has no room, to nobody, and returns that one. */
  #tellZone(): Watcher | undefined {
    const entry = this.#entry;
    const group = this.#byId[entry.group];
    if (group === undefined) return undefined;
    const { memory, publisher } = this.#core;
    const zone = publisher.zones.nameOf(entry.subject);
    const bit = 1 << entry.detect;
    for (const watcher of group.zones) {
      if (watcher.awaitsInitial && entry.sequence > watcher.since) this.#tellInitial(group, watcher);
    }
    const wants = (watcher: ZoneWatcher): boolean =>
      (watcher.bits & bit) !== 0 && entry.sequence > watcher.since && watcher.zones?.has(zone) !== false;
    for (const watcher of group.zones) {
      if (watcher.waits && watcher.queue.isFull && wants(watcher)) return watcher;
    }
    for (const watcher of group.zones) {
      if (!wants(watcher)) continue;
      if (watcher.queue.isFull) {
        this.dropped++;
        continue;
      }
      const { x, y, time } = entry;
      const node = memory.ids.idOf(entry.node)!;
      watcher.queue.push({ zone, node, detect: DETECTS[entry.detect] as ZoneDetect, x, y, time });
    }
    return undefined;
  }

  #tellRoaming(): Watcher | undefined {
    const entry = this.#entry;
    const watcher = this.#roamers[entry.subject];
    if (watcher === undefined || entry.sequence <= watcher.since) return undefined;
    if (watcher.queue.isFull) return watcher;
    const { ids } = this.#core.memory;
    const { x, y, otherX, otherY, distance, time } = entry;
    const detect = DETECTS[entry.detect] as 'nearby' | 'faraway';
    const node = ids.idOf(entry.node)!;
    const other = ids.idOf(entry.other)!;
    watcher.queue.push({ detect, node, other, distance, time, x, y, otherX, otherY });
    return undefined;
  }

  // ------------------------------------------------------------ slow watchers

  readonly #flushes = new Set<(error: unknown) => void>();
  #cancelLook: (() => void) | undefined;

  #stall(shard: number, watcher: Watcher): void {
    const before = this.#stalls[shard];
    if (before?.watcher !== watcher) {
      this.#stalls[shard] = { watcher, taken: watcher.queue.taken, sinceMs: this.#core.host.now() };
    }
    if (this.#flushes.size > 0) this.#lookLater();
  }

  /** Ends what waits when a shard waits for a watcher that does not read; looked after while something waits. */
  readonly slow: Ending = {
    ended: false,
    error: undefined,
    add: (onEnd) => {
      const entry = (error: unknown): void => onEnd(error);
      this.#flushes.add(entry);
      if (this.#stalls.some((stall) => stall !== undefined)) this.#lookLater();
      return () => {
        this.#flushes.delete(entry);
        if (this.#flushes.size > 0) return;
        this.#cancelLook?.();
        this.#cancelLook = undefined;
      };
    },
  };

  #lookLater(): void {
    this.#cancelLook ??= this.#core.host.after(LOOK_MS, () => {
      this.#cancelLook = undefined;
      this.#look();
    });
  }

  #look(): void {
    const { host, memory } = this.#core;
    let waiting = false;
    for (let shard = 0; shard < this.#stalls.length; shard++) {
      const stall = this.#stalls[shard];
      // What is not blocked has room in its outbox yet.
      if (stall === undefined) continue;
      waiting = true;
      const now = host.now();
      if (stall.taken !== stall.watcher.queue.taken) {
        stall.taken = stall.watcher.queue.taken;
        stall.sinceMs = now;
      }
      if (memory.control.stateOf(shard) !== ShardState.blocked || now - stall.sinceMs < SLOW_MS) continue;
      const error = new AthanorError(
        'ATHANOR_SLOW_CONSUMER',
        `a watcher of graph ${show(stall.watcher.graph)} was not read for ${SLOW_MS} ms: it holds ${QUEUE_EVENTS} events, and its shard waits`,
      );
      for (const onEnd of [...this.#flushes]) onEnd(error);
      return;
    }
    if (waiting && this.#flushes.size > 0) this.#lookLater();
  }

  // ------------------------------------------------------------ rows

  /** Keeps rows that unread entries name out of use, and frees those of zones that none names any more. */
  tidy(now: number): void {
    const { publisher, memory } = this.#core;
    publisher.zones.collect((shard) => memory.rings[shard]!.appliedPosition(), memory.outboxes);
    this.#holds.renew(now);
  }
}
