/**
 * Monotonic milliseconds that all threads of the process agree on: `performance.now()` counts from each thread's own
 * start, so it is set against the process-wide `hrtime` once a thread.
 */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + offsetMs;
}
