import { MAX_THREADS } from '../base/limits.js';
import { attachRegion, createRegion, defineRegion, type RegionToken } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';
import { BUCKETS, bucketOf, Histogram } from './histogram.js';

/*
 * Latency region: publish → applied of the last seconds. Each thread writes windows of its own, one a second, reused in
 * turn; a window belongs to the second that its stamp names.
 *
 *   stamps  f64 [threads * WINDOWS]            second + 1 (monotonic clock); 0 = never used
 *   maxima  f64 [threads * WINDOWS]            largest latency of the window, microseconds
 *   busy    f64 [threads * 8]                  BUSY_MS the thread has worked; APPLIED user events; SINCE_MS it is there;
 *                                              FROM_MS a stretch of a user's code that is not counted yet, 0 = none; and, as
 *                                              they were then, FROM_IDLE_MS of its event loop and FROM_BUSY_MS
 *   counts  u32 [threads * WINDOWS * BUCKETS]  events by latency bucket, microseconds
 *
 * A reader may catch a window in mid-change: a figure of one event more or less is no harm.
 */
const WINDOWS = 12;
/** Windows that a reader takes: the design's ten seconds. */
const RECENT_SECONDS = 10;
/** Words of a thread in `busy`. */
const BUSY = 8;
const layout = defineRegion({
  name: 'latency',
  version: 2,
  buffers: 'column',
  params: ['threads'],
  fields: ({ threads }) => ({
    stamps: ['f64', threads * WINDOWS],
    maxima: ['f64', threads * WINDOWS],
    busy: ['f64', threads * BUSY],
    counts: ['u32', threads * WINDOWS * BUCKETS],
  }),
});

export class LatencyBook {
  readonly token: RegionToken;
  readonly #stamps: Float64Array;
  readonly #maxima: Float64Array;
  readonly #busy: Float64Array;
  readonly #counts: Uint32Array;

  private constructor(region: ReturnType<typeof createRegion<'threads', ReturnType<typeof layout.fields>>>) {
    this.token = region.token;
    this.#stamps = region.views.stamps;
    this.#maxima = region.views.maxima;
    this.#busy = region.views.busy;
    this.#counts = region.views.counts;
  }

  static create(memory: Memory): LatencyBook {
    return new LatencyBook(createRegion(memory, layout, { threads: MAX_THREADS }));
  }

  static attach(token: RegionToken): LatencyBook {
    return new LatencyBook(attachRegion(layout, token));
  }

  /** The thread's own windows: `events` were applied `latencyMs` after they were published. */
  record(thread: number, nowMs: number, latencyMs: number, events: number): void {
    const second = Math.floor(nowMs / 1000) + 1;
    const window = thread * WINDOWS + (second % WINDOWS);
    if (this.#stamps[window] !== second) {
      this.#counts.fill(0, window * BUCKETS, (window + 1) * BUCKETS);
      this.#maxima[window] = 0;
      this.#stamps[window] = second;
    }
    const micros = latencyMs * 1000;
    this.#counts[window * BUCKETS + bucketOf(micros)]! += events;
    if (micros > this.#maxima[window]!) this.#maxima[window] = micros;
  }

  /** The thread begins to take part. */
  start(thread: number, nowMs: number): void {
    this.#busy.fill(0, thread * BUSY, (thread + 1) * BUSY);
    this.#busy[thread * BUSY + 2] = nowMs;
  }

  /** The thread worked for `busyMs` and applied `events` of the user's. */
  work(thread: number, busyMs: number, events: number): void {
    this.#busy[thread * BUSY]! += busyMs;
    this.#busy[thread * BUSY + 1]! += events;
  }

  /**
   * A user's code has this thread: from now on it works whenever its event loop is not idle (`idleMs`, since the loop began).
   * Again: what passed so far is counted. A function may keep the thread for long: who reads counts what is not counted yet.
   */
  stretch(thread: number, nowMs: number, idleMs: number): void {
    const busy = this.#busy;
    const at = thread * BUSY;
    this.#count(at, nowMs, idleMs);
    busy[at + 3] = nowMs;
    busy[at + 4] = idleMs;
    busy[at + 5] = busy[at]!;
  }

  /** The stretch is over. */
  endStretch(thread: number, nowMs: number, idleMs: number): void {
    this.#count(thread * BUSY, nowMs, idleMs);
    this.#busy[thread * BUSY + 3] = 0;
  }

  #count(at: number, nowMs: number, idleMs: number): void {
    this.#busy[at] = this.#busyAt(at, nowMs, idleMs);
  }

  /** What is counted, and the stretch under way; work that was counted during that stretch is a part of it. */
  #busyAt(at: number, nowMs: number, idleMs: number): number {
    const busy = this.#busy;
    const from = busy[at + 3]!;
    if (from === 0) return busy[at]!;
    return Math.max(busy[at]!, busy[at + 5]! + nowMs - from - (idleMs - busy[at + 4]!));
  }

  /** `idleMs` of the thread's event loop. */
  workOf(thread: number, nowMs: number, idleMs: number): { busyRatio: number; applied: number } {
    const at = thread * BUSY;
    const passedMs = Math.max(1, nowMs - this.#busy[at + 2]!);
    return { busyRatio: Math.min(1, this.#busyAt(at, nowMs, idleMs) / passedMs), applied: this.#busy[at + 1]! };
  }

  /** All threads together, microseconds. */
  recent(nowMs: number): Histogram {
    const merged = new Histogram();
    const second = Math.floor(nowMs / 1000) + 1;
    for (let window = 0; window < this.#stamps.length; window++) {
      const stamp = this.#stamps[window]!;
      if (stamp === 0 || stamp <= second - RECENT_SECONDS) continue;
      const at = window * BUCKETS;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const count = this.#counts[at + bucket]!;
        merged.counts[bucket]! += count;
        merged.total += count;
      }
      merged.max = Math.max(merged.max, this.#maxima[window]!);
    }
    return merged;
  }
}
