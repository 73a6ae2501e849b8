/** What the policy may not leave. */
export interface BatchLimits {
  readonly minEvents: number;
  readonly maxEvents: number;
  readonly timeoutMs: number;
  readonly targetLatencyMs: number;
  readonly adaptive: boolean;
}

/** What is measured of one shard. */
export interface BatchSignals {
  /** Sealed frames that wait or are being applied. */
  readonly depthFrames: number;
  /** Events published per millisecond of late. */
  readonly eventsPerMs: number;
  /** Publish → applied of late, in milliseconds. */
  readonly latencyMs: number;
}

export interface BatchDecision {
  /** Seal a frame of this many events at once. */
  readonly sizeEvents: number;
  /** Seal a smaller frame after this long, while the shard is busy. */
  readonly delayMs: number;
}

/** Frames that may wait before the shard counts as behind: one being applied, one ready, one sealed just now. */
const BEHIND_FRAMES = 3;
/** Part of the target latency that gathering may take; queueing, applying and waking share the rest. */
const GATHER_SHARE = 0.25;

/**
 * How many events a frame gathers, and for how long. Pure: the scheduler asks it at each seal.
 *
 * A frame gathers what arrives in a quarter of the target latency. When the shard is behind, larger frames cost less per
 * event, so they fill up; when latency is above its target although the shard is not behind, gathering is to blame, so
 * they halve.
 */
export function decideBatch(limits: BatchLimits, signals: BatchSignals): BatchDecision {
  const { minEvents, maxEvents, timeoutMs, targetLatencyMs } = limits;
  if (!limits.adaptive) return { sizeEvents: maxEvents, delayMs: timeoutMs };
  const gatherMs = targetLatencyMs * GATHER_SHARE;
  const delayMs = Math.min(timeoutMs, gatherMs);
  if (signals.depthFrames >= BEHIND_FRAMES) return { sizeEvents: maxEvents, delayMs };
  const tooSlow = signals.latencyMs > targetLatencyMs;
  const gathered = signals.eventsPerMs * (tooSlow ? gatherMs / 2 : gatherMs);
  const sizeEvents = Math.round(Math.min(maxEvents, Math.max(minEvents, gathered)));
  return { sizeEvents, delayMs: tooSlow ? delayMs / 2 : delayMs };
}
