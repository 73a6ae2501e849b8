import { MAX_THREADS } from '../base/limits.js';
import { attachRegion, createRegion, defineRegion, type RegionToken } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/*
 * Control region: the words through which the main thread and the appliers find each other. Words that different threads
 * write stand 128 bytes (32 words) apart.
 *
 *   engine  i32 [6 * 32]       WAKE      counter; parked appliers wait on it
 *                              PARKED    appliers in Atomics.wait
 *                              ACTIVE    applier tasks submitted and not ended
 *                              PROGRESS  counter; the main thread waits on it (Atomics.waitAsync)
 *                              FLAGS     ControlFlag bits
 *                              WAITING   pool tasks other than appliers that are submitted and have not begun
 *   shard   i32 [shards * 32]  STATE     ShardState, with the owner's thread slot in the bits above 8
 *                              ARMED     1 while the main thread wants to be told of a position
 *                              TARGET    ring position it wants to be told of
 *                              LOSSES    workers lost on this shard since it last made progress
 *   counts  f64 [shards * 16]  APPLIED   the user's events applied
 *                              LATE      moves ignored
 *                              LATENCY   publish → applied of the last quantum, milliseconds
 *                              EDGE_UPSERTS  events of that type applied
 *                              FRAME_POSITION, FRAME_APPLIED, FRAME_UPSERTS  ring position of the frame that was begun
 *                                last, and the two counts as they were then: from them and the ring's cursor a recovery
 *                                counts again what a lost owner had not counted yet
 *                              all written by the shard's owner alone, read at any time: each is right by itself
 *   open    i32 [MAX_THREADS]  by thread slot: tasks of that thread that wait for a user's promise, so that it may take another
 *   atWork  i32 [MAX_THREADS]  by thread slot: number of the `graphs.map` whose function has the thread; 0 = none, or one whose
 *                              promise is awaited. Read when the thread was lost: its exit comes after all that it wrote
 */
const layout = defineRegion({
  name: 'control',
  version: 3,
  buffers: 'one',
  params: ['shards'],
  fields: ({ shards }) => ({
    engine: ['i32', 6 * 32],
    shard: ['i32', shards * 32],
    counts: ['f64', shards * 16],
    open: ['i32', MAX_THREADS],
    atWork: ['i32', MAX_THREADS],
  }),
});

export const Word = { wake: 0, parked: 32, active: 64, progress: 96, flags: 128, waiting: 160 } as const;
export const ShardWord = { stride: 32, state: 0, armed: 1, target: 2, losses: 3 } as const;
export const Count = {
  stride: 16,
  applied: 0,
  late: 1,
  latencyMs: 2,
  edgeUpserts: 3,
  framePosition: 4,
  frameApplied: 5,
  frameUpserts: 6,
} as const;

/** Low byte of a shard's state word. */
/** `blocked`: the shard's outbox has no room for what its next event tells; see `block`. */
export const ShardState = { idle: 0, ready: 1, running: 2, lost: 3, blocked: 4 } as const;
const OWNER_SHIFT = 8;

export const ControlFlag = {
  /** The engine closes: appliers end as soon as nothing is ready. */
  closing: 1,
  /** A pool task wants shards to stand still: appliers give theirs back. */
  yieldWanted: 2,
} as const;

/** Any thread. The protocol of shard states and parked appliers; see ARCHITECTURE.md, "Scheduling". */
export class Control {
  readonly token: RegionToken;
  readonly shards: number;
  readonly engine: Int32Array;
  readonly shard: Int32Array;
  readonly counts: Float64Array;
  readonly #open: Int32Array;
  readonly atWork: Int32Array;

  private constructor(region: {
    views: { engine: Int32Array; shard: Int32Array; counts: Float64Array; open: Int32Array; atWork: Int32Array };
    token: RegionToken;
  }) {
    this.token = region.token;
    this.engine = region.views.engine;
    this.shard = region.views.shard;
    this.counts = region.views.counts;
    this.#open = region.views.open;
    this.atWork = region.views.atWork;
    this.shards = this.shard.length / ShardWord.stride;
  }

  static create(memory: Memory, params: { shards: number }): Control {
    return new Control(createRegion(memory, layout, params));
  }

  static attach(token: RegionToken): Control {
    return new Control(attachRegion(layout, token));
  }

  stateOf(shard: number): number {
    // Pairs with the store of whoever changed the state; what it stands for was written before that store.
    return Atomics.load(this.shard, shard * ShardWord.stride) & 0xff;
  }

  ownerOf(shard: number): number {
    return Atomics.load(this.shard, shard * ShardWord.stride) >> OWNER_SHIFT;
  }

  /** Idle → ready. True when the caller made the change and so has to see to an applier. */
  markReady(shard: number): boolean {
    // The ring's head was stored before: an applier that claims this state sees the frame. Sequential consistency with
    // `goIdle`: either this exchange finds `idle`, or the applier's second look at the ring finds the frame.
    return (
      Atomics.compareExchange(this.shard, shard * ShardWord.stride, ShardState.idle, ShardState.ready) ===
      ShardState.idle
    );
  }

  /** Ready → running by `thread`. */
  claim(shard: number, thread: number): boolean {
    // The exchange pairs with the previous owner's store: all that it wrote to the shard is visible from here on.
    const running = ShardState.running | (thread << OWNER_SHIFT);
    return (
      Atomics.compareExchange(this.shard, shard * ShardWord.stride, ShardState.ready, running) === ShardState.ready
    );
  }

  /** Idle, ready or blocked → running by `thread`: for those who want the shard to stand still. */
  claimAny(shard: number, thread: number): boolean {
    const at = shard * ShardWord.stride;
    const running = ShardState.running | (thread << OWNER_SHIFT);
    return (
      Atomics.compareExchange(this.shard, at, ShardState.idle, running) === ShardState.idle ||
      Atomics.compareExchange(this.shard, at, ShardState.ready, running) === ShardState.ready ||
      // Whoever serves the shard next finds out again that there is no room.
      Atomics.compareExchange(this.shard, at, ShardState.blocked, running) === ShardState.blocked
    );
  }

  /** Lost → running by `thread`, who then recovers the shard. Returns the lost owner, or -1 when another was faster. */
  claimLost(shard: number, thread: number): number {
    const at = shard * ShardWord.stride;
    const seen = Atomics.load(this.shard, at);
    if ((seen & 0xff) !== ShardState.lost) return -1;
    const running = ShardState.running | (thread << OWNER_SHIFT);
    return Atomics.compareExchange(this.shard, at, seen, running) === seen ? seen >> OWNER_SHIFT : -1;
  }

  /** Main thread, after the exit of `thread` has been seen: its shards wait for recovery. Returns those. */
  markLost(thread: number): number[] {
    const lost: number[] = [];
    const running = ShardState.running | (thread << OWNER_SHIFT);
    for (let shard = 0; shard < this.shards; shard++) {
      const at = shard * ShardWord.stride;
      // The owner is gone, nobody else changes a running state: the exchange cannot fail half-way.
      const gone = ShardState.lost | (thread << OWNER_SHIFT);
      if (Atomics.compareExchange(this.shard, at, running, gone) === running) lost.push(shard);
    }
    return lost;
  }

  /** Owner: running → idle. It must look at the ring again afterwards, and `markReady` if there is a frame. */
  goIdle(shard: number): void {
    // All that the owner wrote to the shard is visible to whoever claims it next.
    Atomics.store(this.shard, shard * ShardWord.stride, ShardState.idle);
  }

  /** Owner: running → ready, for another to go on with. */
  giveBack(shard: number): void {
    Atomics.store(this.shard, shard * ShardWord.stride, ShardState.ready);
  }

  /** Owner: running → blocked, until the consumer of the outbox has made room. It must look for room again afterwards. */
  block(shard: number): void {
    // As `goIdle`; and before the look for room: with sequential consistency either that look sees the consumer's tail, or
    // the consumer's look at the state after moving its tail sees `blocked`.
    Atomics.store(this.shard, shard * ShardWord.stride, ShardState.blocked);
  }

  /** Blocked → ready: there is room. True when the caller made the change and so has to see to an applier. */
  unblock(shard: number): boolean {
    return (
      Atomics.compareExchange(this.shard, shard * ShardWord.stride, ShardState.blocked, ShardState.ready) ===
      ShardState.blocked
    );
  }

  // ------------------------------------------------------------ counts

  /** Owner: begins, or goes on with, the frame at this ring position. */
  beginFrame(shard: number, position: number): void {
    const { counts } = this;
    const at = shard * Count.stride;
    if (counts[at + Count.framePosition] === position + 1) return;
    counts[at + Count.frameApplied] = counts[at + Count.applied]!;
    counts[at + Count.frameUpserts] = counts[at + Count.edgeUpserts]!;
    // Last, position + 1 so that 0 is none: an owner lost before it had counted nothing of this frame.
    counts[at + Count.framePosition] = position + 1;
  }

  /** Recovery: so many events of the frame at this position are applied, whatever the lost owner had counted of them. */
  recount(shard: number, position: number, applied: number, edgeUpserts: number): void {
    const { counts } = this;
    const at = shard * Count.stride;
    if (counts[at + Count.framePosition] !== position + 1) return;
    counts[at + Count.applied] = counts[at + Count.frameApplied]! + applied;
    counts[at + Count.edgeUpserts] = counts[at + Count.frameUpserts]! + edgeUpserts;
  }

  // ------------------------------------------------------------ telling the main thread

  /** Main thread: asks to be told when the shard's ring position reaches `position`. The caller looks again afterwards. */
  arm(shard: number, position: number): void {
    const at = shard * ShardWord.stride;
    // Target before armed: an applier that sees ARMED sees its target.
    Atomics.store(this.shard, at + ShardWord.target, position);
    Atomics.store(this.shard, at + ShardWord.armed, 1);
  }

  /** Applier: `position` frames are applied; tells the main thread if it asked. */
  announce(shard: number, position: number): void {
    const at = shard * ShardWord.stride;
    // The ring's cursor was stored before: with sequential consistency either this load sees ARMED, or the main thread's
    // look at the cursor after arming sees the position.
    if (Atomics.load(this.shard, at + ShardWord.armed) === 0) return;
    if (((position - Atomics.load(this.shard, at + ShardWord.target)) | 0) < 0) return;
    Atomics.store(this.shard, at + ShardWord.armed, 0);
    this.announceProgress();
  }

  announceProgress(): void {
    // Counter before notify: the main thread's wait on the old value returns at once if it comes later.
    Atomics.add(this.engine, Word.progress, 1);
    Atomics.notify(this.engine, Word.progress);
  }

  // ------------------------------------------------------------ flags

  setFlag(flag: number): void {
    Atomics.or(this.engine, Word.flags, flag);
  }

  clearFlag(flag: number): void {
    Atomics.and(this.engine, Word.flags, ~flag);
  }

  hasFlag(flag: number): boolean {
    return (Atomics.load(this.engine, Word.flags) & flag) !== 0;
  }

  /** Whether appliers are to give their threads and shards back: a pool task waits for them. */
  yieldIsWanted(): boolean {
    return this.hasFlag(ControlFlag.yieldWanted) || this.isAwaited();
  }

  /** Whether a pool task other than an applier waits for a thread. */
  isAwaited(): boolean {
    // Nothing hangs on it but when somebody gives way: a count that a lost thread left too high ends with the last task.
    return Atomics.load(this.engine, Word.waiting) > 0;
  }

  /** Main thread: a task is submitted. */
  taskSubmitted(): void {
    Atomics.add(this.engine, Word.waiting, 1);
  }

  /** Worker: it has begun. */
  taskBegun(): void {
    Atomics.sub(this.engine, Word.waiting, 1);
  }

  /** Main thread: no such task is submitted any more; what lost ones left in the count ends here. */
  noTasks(): void {
    Atomics.store(this.engine, Word.waiting, 0);
  }

  // ------------------------------------------------------------ threads that wait for a user's promise

  /** Worker: it joins; the slot may have been that of a thread that was lost while it waited. */
  joined(thread: number): void {
    Atomics.store(this.#open, thread, 0);
    this.atWork[thread] = 0;
  }

  /** Worker: a task of this thread waits for a user's promise, and its event loop turns. */
  opens(thread: number): void {
    Atomics.add(this.#open, thread, 1);
  }

  shuts(thread: number): void {
    Atomics.sub(this.#open, thread, 1);
  }

  /** Tasks of the thread that wait so. A guess when another thread asks: what it does about that may come too late. */
  openTasks(thread: number): number {
    return Atomics.load(this.#open, thread);
  }
}
