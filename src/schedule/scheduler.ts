import { type BatchLimits, decideBatch } from './batch-policy.js';
import { type Control, Count } from './control.js';
import type { Host } from './host.js';

/** The write side of one shard, as the scheduler sees it. Positions are the ring's: unsigned 32 bits, wrapping. */
export interface SealTarget {
  readonly shard: number;
  /** Events in the open frame. */
  readonly openEvents: number;
  /** When its first event was written. */
  readonly openedAtMs: number;
  /** Set by the scheduler: the publisher calls `full` when the open frame holds so many. */
  sealAtEvents: number;
  /** Hands the open frame to the ring. */
  seal(nowMs: number): void;
  headPosition(): number;
  appliedPosition(): number;
}

interface Waiter {
  readonly shard: number;
  readonly position: number;
  readonly resolve: () => void;
}

/** Weight of the newest seal in the measured rate. */
const RATE_WEIGHT = 0.25;

/**
 * Main thread. Decides when an open frame is sealed, wakes or submits appliers for it, and tells who waits for a ring
 * position. Never blocks.
 *
 *   publish ──▶ touched ──▶ end of tick ──▶ shard idle?  seal
 *                                      └──▶ shard busy?  wait for size, delay, or the shard's going idle
 */
export class Scheduler {
  readonly #control: Control;
  readonly #host: Host;
  readonly #limits: BatchLimits;
  readonly #targets: readonly SealTarget[];
  readonly #workers: number;
  readonly #active: () => number;
  readonly #delayMs: Float64Array;
  readonly #eventsPerMs: Float64Array;
  readonly #sealedAtMs: Float64Array;
  readonly #waiters: Waiter[] = [];
  #tickPending = false;
  #progressPending = false;
  #cancelTimer: (() => void) | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  readonly #onTick = (): void => {
    this.#tickPending = false;
    this.#sealWhatIsDue();
  };
  readonly #onTimer = (): void => {
    this.#cancelTimer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#sealWhatIsDue();
  };
  readonly #onMissed = (): void => this.progress();
  readonly #onProgress = (): void => {
    this.#progressPending = false;
    this.progress();
  };

  /** Called whenever a worker may have announced something. */
  onProgress: () => void = () => undefined;
  #listening = false;
  #stopped = false;

  /** Frames sealed so far. */
  frames = 0;

  constructor(parts: {
    control: Control;
    host: Host;
    limits: BatchLimits;
    targets: readonly SealTarget[];
    workers: number;
    /** Applier tasks submitted and not ended. */
    active: () => number;
  }) {
    this.#control = parts.control;
    this.#host = parts.host;
    this.#limits = parts.limits;
    this.#targets = parts.targets;
    this.#workers = parts.workers;
    this.#active = parts.active;
    this.#delayMs = new Float64Array(parts.targets.length).fill(parts.limits.timeoutMs);
    this.#eventsPerMs = new Float64Array(parts.targets.length);
    this.#sealedAtMs = new Float64Array(parts.targets.length);
    for (const target of parts.targets) this.#decide(target);
  }

  /** An event was written into an open frame: it is looked after at the end of this tick. */
  touched(): void {
    if (this.#tickPending) return;
    this.#tickPending = true;
    this.#host.endOfTick(this.#onTick);
  }

  /** Seals the open frame of `target` now and sees to an applier. */
  seal(target: SealTarget): void {
    const now = this.#host.now();
    const events = target.openEvents;
    const shard = target.shard;
    target.seal(now);
    this.frames++;
    const passedMs = Math.max(0.001, now - this.#sealedAtMs[shard]!);
    this.#sealedAtMs[shard] = now;
    this.#eventsPerMs[shard]! += (events / passedMs - this.#eventsPerMs[shard]!) * RATE_WEIGHT;
    this.#decide(target);
    if (this.#control.markReady(shard)) this.dispatch();
  }

  /** Frames were handed to the ring by the target itself (an array of events, accepted whole). */
  sealed(target: SealTarget, frames: number): void {
    this.frames += frames;
    this.#decide(target);
    if (this.#control.markReady(target.shard)) this.dispatch();
  }

  /** A shard became ready: an applier has to come. */
  dispatch(): void {
    if (this.#host.wakeApplier()) return;
    // Nobody was parked. An applier at work finds the shard when it looks for the next one; only when fewer than all
    // workers are at work may it be that nobody looks again.
    if (this.#active() < this.#workers) this.#host.submitApplier();
  }

  /** Seals every open frame at once. */
  sealAll(): void {
    for (const target of this.#targets) if (target.openEvents > 0) this.seal(target);
  }

  /** Resolves when the shard's ring has applied the frames before `position`. */
  applied(shard: number, position: number): Promise<void> {
    if (reached(this.#targets[shard]!.appliedPosition(), position)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ shard, position, resolve });
      this.#listen();
    });
  }

  /** Looks at every position that somebody waits for. Called when a worker announced progress, and after a recovery. */
  progress(): void {
    const waiters = this.#waiters;
    let kept = 0;
    for (const waiter of waiters) {
      if (reached(this.#targets[waiter.shard]!.appliedPosition(), waiter.position)) waiter.resolve();
      else waiters[kept++] = waiter;
    }
    waiters.length = kept;
    this.onProgress();
    this.#sealWhatIsDue();
    this.#listen();
  }

  /** From here on, listens for announcements even when nobody waits for a position. */
  listen(): void {
    this.#listening = true;
    this.#listen();
  }

  /** Forgets its timer and whom it listens for; used when the engine closes. */
  stop(): void {
    this.#stopped = true;
    this.#waiters.length = 0;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #sealWhatIsDue(): void {
    const now = this.#host.now();
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const target of this.#targets) {
      if (target.openEvents === 0) continue;
      const dueAtMs = target.openedAtMs + this.#delayMs[target.shard]!;
      // Nothing sealed is left to apply: the shard is idle, or about to look for more.
      const idle = this.#limits.adaptive && target.appliedPosition() === target.headPosition();
      if (idle || dueAtMs <= now) this.seal(target);
      else nextAtMs = Math.min(nextAtMs, dueAtMs);
    }
    if (nextAtMs === Number.POSITIVE_INFINITY) return;
    this.#setTimer(nextAtMs, now);
    this.#listen();
  }

  #setTimer(atMs: number, now: number): void {
    if (this.#timerAtMs <= atMs) return;
    this.#cancelTimer?.();
    this.#timerAtMs = atMs;
    this.#cancelTimer = this.#host.after(Math.max(0, atMs - now), this.#onTimer);
  }

  /** Asks to be told of the nearest position of each shard that something waits for. */
  #listen(): void {
    if (this.#stopped) return;
    const wanted: Array<{ target: SealTarget; position: number }> = [];
    for (const target of this.#targets) {
      const position = this.#nextPosition(target);
      if (position !== undefined) wanted.push({ target, position });
    }
    if (wanted.length === 0 && !this.#listening) return;
    // Listening before arming: an announcement between the two is heard.
    if (!this.#progressPending) {
      this.#progressPending = true;
      this.#host.onProgress(this.#onProgress);
    }
    let missed = false;
    for (const { target, position } of wanted) {
      this.#control.arm(target.shard, position);
      // Reached between the last look and the arming: nobody will announce it.
      if (reached(target.appliedPosition(), position)) missed = true;
    }
    if (missed) this.#host.endOfTick(this.#onMissed);
  }

  #nextPosition(target: SealTarget): number | undefined {
    const applied = target.appliedPosition();
    let nearest: number | undefined;
    for (const waiter of this.#waiters) {
      if (waiter.shard !== target.shard) continue;
      if (nearest === undefined || ((waiter.position - applied) | 0) < ((nearest - applied) | 0)) {
        nearest = waiter.position;
      }
    }
    // A partial frame waits for the shard to go idle: that is when all sealed frames are applied.
    if (nearest === undefined && target.openEvents > 0 && this.#limits.adaptive) nearest = target.headPosition();
    return nearest;
  }

  #decide(target: SealTarget): void {
    const shard = target.shard;
    const decision = decideBatch(this.#limits, {
      depthFrames: (target.headPosition() - target.appliedPosition()) >>> 0,
      eventsPerMs: this.#eventsPerMs[shard]!,
      latencyMs: this.#control.counts[shard * Count.stride + Count.latencyMs]!,
    });
    target.sealAtEvents = decision.sizeEvents;
    this.#delayMs[shard] = decision.delayMs;
  }
}

/** Whether the wrapping position `now` has come to `position`. */
function reached(now: number, position: number): boolean {
  return ((now - position) | 0) >= 0;
}
