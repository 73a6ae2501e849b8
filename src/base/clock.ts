/**
 * Monotonic milliseconds that all threads of the process agree on: `performance.now()` counts from each thread's own
 * start, so it is set against the process-wide `hrtime` once a thread.
 */
const offsetMs = measureOffset();

/** The tightest of some tries: the first calls load what they need, which takes longer than what is measured. */
function measureOffset(): number {
  let offset = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 8; tries++) {
    const before = performance.now();
    const hrMs = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= least) continue;
    least = after - before;
    offset = hrMs - (before + after) / 2;
  }
  return offset;
}

export function monotonicMs(): number {
  return performance.now() + offsetMs;
}
