import { ControlFlag, Count, ShardState, Word } from '../schedule/control.js';
import { EventType, type FrameView, Presence } from '../schema/frame.js';
import { Detector } from './detector.js';
import type { EngineMemory } from './engine-memory.js';
import { ShardProjections } from './projections.js';
import { recoverShard } from './recover.js';

/** A quantum: what is applied in one hold of the shard's lock ends after so many events, or so long. */
const QUANTUM_EVENTS = 64;
const QUANTUM_MS = 0.05;
/** Events between two looks at the clock inside a quantum: a look costs about as much as applying one event. */
const CLOCK_EVERY = 16;
/** After this long on one shard an applier looks whether another shard, or another pool task, waits. */
const SLICE_MS = 10;
/** What takes part in a job applies for this long between two chunks, at most: as long as a chunk lasts. */
const BRIEF_MS = 1;
/** How long an applier without work waits for more before it gives its thread back. */
export const LINGER_MS = 2;
/** Items that a packing step handles: about 50 microseconds. */
const PACK_ITEMS = 512;
/** While a shard is served the main thread is told of entries in its outbox so often at most: it costs some 20 microseconds. */
const TELL_MS = 2;

/** Why an applier gave its thread back. */
export type ApplierEnd = 'idle' | 'yield' | 'closing';

/**
 * Worker thread. Claims ready shards and applies their frames. It keeps no state of its own that matters: lost at any
 * instruction, its shard is recovered by another (see `recover.ts`), from the words in shared memory alone.
 */
export class Applier {
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #projections: ShardProjections[] = [];
  readonly #detectors: Detector[] = [];
  readonly #now: () => number;
  readonly #failed: (error: unknown) => void;
  #lastShard = 0;

  /**
   * `now`: monotonic milliseconds. `failed` ends the thread: applying threw, which no event may cause, and the shard that this
   * thread owns is in the middle of one. Another recovers it, and after a few on the same event the engine gives up.
   */
  constructor(memory: EngineMemory, thread: number, now: () => number, failed: (error: unknown) => void) {
    this.#memory = memory;
    this.#thread = thread;
    this.#now = now;
    this.#failed = failed;
    memory.latency.start(thread, now());
  }

  /** One pool task: works until nothing is ready for a while, or until somebody else needs the thread. */
  run(): ApplierEnd {
    const { control } = this.#memory;
    const { engine } = control;
    // A task of this thread waits for a promise: it has its turn after a slice, and nothing is waited for here.
    const isShared = control.openTasks(this.#thread) > 0;
    const startMs = this.#now();
    for (;;) {
      let turn = this.turn();
      if (isShared) {
        if (turn === 'worked' && this.#now() - startMs <= SLICE_MS) continue;
        // What is left ready is seen by the main thread when this task has ended.
        Atomics.sub(engine, Word.active, 1);
        return turn === 'worked' ? 'yield' : turn;
      }
      if (turn === 'idle') {
        const wake = this.park();
        const woken = wake === undefined || Atomics.wait(engine, Word.wake, wake, LINGER_MS) !== 'timed-out';
        if (this.unpark() || woken) turn = 'worked';
      }
      if (turn !== 'worked' && this.leave()) return turn;
    }
  }

  /** Serves one ready shard. What is to be done next: go on, wait a while, or leave. */
  turn(): 'worked' | ApplierEnd {
    const { control } = this.#memory;
    if (this.step()) return control.yieldIsWanted() ? 'yield' : 'worked';
    if (control.hasFlag(ControlFlag.closing)) return 'closing';
    return control.yieldIsWanted() ? 'yield' : 'idle';
  }

  /** Counts among those who can be woken. The value of WAKE to wait on, or undefined when something is ready already. */
  park(): number | undefined {
    const { engine } = this.#memory.control;
    // PARKED before the look at the shards: a main thread that makes one ready afterwards sees somebody to wake, one that
    // did so before is found by the look. WAKE before the look: a wake-up in between changes it, and the wait ends at once.
    Atomics.add(engine, Word.parked, 1);
    const wake = Atomics.load(engine, Word.wake);
    return this.anyReady() ? undefined : wake;
  }

  /** The wait is over; whether something is ready. */
  unpark(): boolean {
    Atomics.sub(this.#memory.control.engine, Word.parked, 1);
    return this.anyReady();
  }

  /** Counts itself out. False when something has become ready that the main thread counts on this applier for. */
  leave(): boolean {
    const { engine } = this.#memory.control;
    // Before the last look at the shards' states: the main thread makes a shard ready first and then counts appliers, so
    // either it sees this one gone and submits another, or this one sees the shard.
    Atomics.sub(engine, Word.active, 1);
    if (!this.anyReady() || this.#memory.control.yieldIsWanted()) return true;
    Atomics.add(engine, Word.active, 1);
    return false;
  }

  /** Serves one ready shard for at most a slice, or `brief`ly; false when none is ready. */
  step(brief = false): boolean {
    try {
      return this.#step(brief);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #step(brief: boolean): boolean {
    const { control } = this.#memory;
    const shards = control.shards;
    for (let k = 1; k <= shards; k++) {
      const shard = (this.#lastShard + k) % shards;
      const state = control.stateOf(shard);
      if (state === ShardState.ready && control.claim(shard, this.#thread)) {
        this.#lastShard = shard;
        this.#serve(shard, brief);
        return true;
      }
      if (state === ShardState.lost) {
        const from = control.claimLost(shard, this.#thread);
        if (from < 0) continue;
        this.#lastShard = shard;
        recoverShard(this.#memory, this.#projectionsOf(shard), shard, from, this.#thread);
        this.#serve(shard, brief);
        return true;
      }
    }
    return false;
  }

  anyReady(): boolean {
    const { control } = this.#memory;
    for (let shard = 0; shard < control.shards; shard++) {
      const state = control.stateOf(shard);
      if (state === ShardState.ready || state === ShardState.lost) return true;
    }
    return false;
  }

  #projectionsOf(shard: number): ShardProjections {
    return (this.#projections[shard] ??= new ShardProjections(this.#memory, shard));
  }

  #detectorOf(shard: number): Detector {
    return (this.#detectors[shard] ??= new Detector(this.#memory, shard, this.#projectionsOf(shard).zones));
  }

  /** The shard is this thread's: applies until its ring is empty and nothing is untidy, or the slice is over. */
  #serve(shard: number, brief: boolean): void {
    const { control, rings, latency } = this.#memory;
    const ring = rings[shard]!;
    const projections = this.#projectionsOf(shard);
    const startMs = this.#now();
    const appliedBefore = control.counts[shard * Count.stride + Count.applied]!;
    let toldMs = startMs;
    let sliceOver = false;
    let blocked = false;
    const outbox = this.#memory.outboxes[shard]!;
    outbox.begin();
    for (;;) {
      const frame = ring.peek();
      if (frame !== undefined) {
        const beganMs = this.#now();
        blocked = this.#applyFrame(shard, projections) === 'blocked';
        if (blocked) break;
        control.announce(shard, ring.appliedPosition());
        // As much time for what is untidy as the frame took: a tree that is packed while thousands of points come is best
        // packed soon, since what came meanwhile is inserted into it one by one.
        const endedMs = this.#now();
        while (projections.untidy && this.#tidy(shard, projections) && this.#now() - endedMs < endedMs - beganMs);
      } else {
        projections.trees.calm();
        if (!(projections.untidy || projections.trees.packIdle()) || !this.#tidy(shard, projections)) break;
      }
      const now = this.#now();
      if (now - toldMs > TELL_MS || outbox.isHalfFull) {
        toldMs = now;
        if (outbox.mustTell()) control.announceProgress();
      }
      const passedMs = now - startMs;
      if (brief ? passedMs > BRIEF_MS : passedMs > SLICE_MS && this.#wantedElsewhere(shard)) {
        sliceOver = true;
        break;
      }
    }
    const applied = control.counts[shard * Count.stride + Count.applied]! - appliedBefore;
    latency.work(this.#thread, this.#now() - startMs, applied);
    if (outbox.mustTell()) control.announceProgress();
    if (blocked) {
      control.block(shard);
      // The consumer moves its tail first and then looks at the state: either it found `blocked`, or this look finds room.
      if (outbox.hasRoom) control.unblock(shard);
      return;
    }
    if (sliceOver) {
      control.giveBack(shard);
      return;
    }
    control.goIdle(shard);
    // The producer publishes the head first and then looks at the state: either it found `idle`, or this look finds its frame.
    if (!ring.isEmpty()) control.markReady(shard);
  }

  #wantedElsewhere(shard: number): boolean {
    const { control } = this.#memory;
    if (control.yieldIsWanted() || control.openTasks(this.#thread) > 0) return true;
    for (let other = 0; other < control.shards; other++) {
      if (other === shard) continue;
      const state = control.stateOf(other);
      if (state === ShardState.ready || state === ShardState.lost) return true;
    }
    return false;
  }

  /**
   * Applies what is left of the ring's current frame, a quantum at a time, and passes it. 'blocked': the outbox has no room
   * for what the next event tells; 'reclaim': the next event is larger than a quantum while cascades wait.
   */
  #applyFrame(shard: number, projections: ShardProjections): 'done' | 'blocked' | 'reclaim' {
    const { control, rings, lock, latency, outboxes } = this.#memory;
    const { wanted } = this.#memory.watch;
    const outbox = outboxes[shard]!;
    const thread = this.#thread;
    const ring = rings[shard]!;
    const frame = ring.peek()!;
    const count = frame.count;
    const base = frame.firstSequence;
    const { presence, type: types, graph: graphs, row: rows } = frame;
    const openedAtMs = frame.openedAtMs;
    const gatherMs = frame.sealedAtMs - openedAtMs;
    const counts = control.counts;
    const at = shard * Count.stride;
    control.beginFrame(shard, ring.appliedPosition());
    let i = ring.eventsApplied;
    let now = this.#now();
    let blocked = false;
    while (i < count && !blocked) {
      if (types[i] === EventType.nodeRemoved && projections.waitsForReclaim(rows[i]!)) break;
      const from = i;
      const until = i + QUANTUM_EVENTS < count ? i + QUANTUM_EVENTS : count;
      const deadlineMs = now + QUANTUM_MS;
      let implicit = 0;
      // What takes long is found out without the lock: the owner alone writes, so nothing changes meanwhile.
      let detected = -1;
      if (wanted[graphs[i]!] !== 0 && Detector.isHeavy(types[i]!)) {
        blocked = !this.#detect(shard, frame, i, base);
        if (blocked) break;
        detected = i;
      }
      // No finally: what throws here leaves an event half applied, and ends this thread. Who takes the shard over takes the lock
      // over, undoes that event and lets readers in.
      lock.acquireWrite(shard, thread);
      while (i < until) {
        if (i > from && types[i] === EventType.nodeRemoved && projections.waitsForReclaim(rows[i]!)) break;
        if (wanted[graphs[i]!] !== 0 && i !== detected) {
          if (i > from && Detector.isHeavy(types[i]!)) break;
          blocked = !this.#detect(shard, frame, i, base);
          if (blocked) break;
        }
        projections.apply(frame, i, base);
        implicit += (presence[i]! & Presence.implicit) !== 0 ? 1 : 0;
        i++;
        // The commit: an event before the cursor is applied for good.
        ring.eventsApplied = i;
        if (i % CLOCK_EVERY === 0 && this.#now() > deadlineMs) break;
      }
      lock.releaseWrite(shard, thread);
      outbox.publish();
      now = this.#now();
      // Events stand in a frame in the order and, nearly, at the pace in which they were published.
      const publishedAtMs = openedAtMs + (gatherMs * (from + i)) / (2 * count);
      const latencyMs = now - publishedAtMs;
      const events = i - from - implicit;
      counts[at + Count.applied]! += events;
      counts[at + Count.latencyMs] = latencyMs;
      if (events > 0) latency.record(thread, now, latencyMs, events);
    }
    if (i < count) {
      outbox.publish();
      return blocked ? 'blocked' : 'reclaim';
    }
    ring.release();
    return 'done';
  }

  #detect(shard: number, frame: FrameView, i: number, base: number): boolean {
    return this.#detectorOf(shard).detect(frame, i, base);
  }

  /** One slice of housekeeping; true when it did something. */
  #tidy(shard: number, projections: ShardProjections): boolean {
    const { lock } = this.#memory;
    const packed = projections.trees.packStep(PACK_ITEMS);
    const swap = packed === 'ready';
    if (swap || projections.reclaimable) {
      // No finally, as in `#applyFrame`: what throws leaves trees half made, and recovery makes them anew.
      lock.acquireWrite(shard, this.#thread);
      if (swap) projections.trees.packSwap();
      projections.reclaim();
      lock.releaseWrite(shard, this.#thread);
      return true;
    }
    return packed !== 'idle';
  }
}
