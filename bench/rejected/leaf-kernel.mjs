// The points of a leaf that lie in a circle: ways to keep them, on the leaves of packed uniform points.
import { pathToFileURL } from 'node:url';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, QUERY_SEED, xorshift32 } from '../support/workload.mjs';

const FANOUT = 16;
const RADIUS = 10;

/** In use: every point is written, and stays if it is inside. */
function branchFree(xy, rows, first, end, x, y, out, found) {
  const r2 = RADIUS * RADIUS;
  for (let slot = first; slot < end; slot++) {
    const dx = xy[slot << 1] - x;
    const dy = xy[(slot << 1) + 1] - y;
    out[found] = rows[slot];
    found += +(dx * dx + dy * dy <= r2);
  }
  return found;
}

/** Rejected: a branch that nobody can foretell. */
function branching(xy, rows, first, end, x, y, out, found) {
  const r2 = RADIUS * RADIUS;
  for (let slot = first; slot < end; slot++) {
    const dx = xy[slot << 1] - x;
    const dy = xy[(slot << 1) + 1] - y;
    if (dx * dx + dy * dy <= r2) out[found++] = rows[slot];
  }
  return found;
}

/** Rejected: all distances first, then the choice. */
function twoPasses(xy, rows, first, end, x, y, out, found) {
  const r2 = RADIUS * RADIUS;
  let mask = 0;
  for (let slot = first; slot < end; slot++) {
    const dx = xy[slot << 1] - x;
    const dy = xy[(slot << 1) + 1] - y;
    mask |= +(dx * dx + dy * dy <= r2) << (slot - first);
  }
  for (; mask !== 0; mask &= mask - 1) out[found++] = rows[first + 31 - Math.clz32(mask & -mask)];
  return found;
}

export async function run({ tiny = false } = {}) {
  const leaves = tiny ? 64 : 6400;
  const count = tiny ? 1000 : 400_000;
  const next = xorshift32(POINT_SEED);
  const xy = new Float64Array(leaves * FANOUT * 2);
  const rows = Uint32Array.from({ length: leaves * FANOUT }, (_, i) => i);
  // Each leaf is a tile of 12 by 12 about its own middle, which is 0.
  for (let i = 0; i < xy.length; i++) xy[i] = next() * 12 - 6;
  const asked = xorshift32(QUERY_SEED);
  const at = Float64Array.from({ length: 2 * count }, () => asked() * 28 - 14);
  const out = new Uint32Array(FANOUT);
  const sums = {};
  const timed = {};
  for (const kernel of [branchFree, branching, twoPasses]) {
    timed[kernel.name] = await measure(
      count,
      () => {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          const first = (i % leaves) * FANOUT;
          const found = kernel(xy, rows, first, first + FANOUT, at[2 * i], at[2 * i + 1], out, 0);
          sum += found === 0 ? 0 : found * out[found - 1];
        }
        sums[kernel.name] = sum;
      },
      { runs: tiny ? 1 : 7 },
    );
  }
  expectEqual('sum, branching', sums.branching, sums.branchFree);
  expectEqual('sum, two passes', sums.twoPasses, sums.branchFree);
  console.log(' the points of a leaf of 16 in a circle');
  for (const [name, result] of Object.entries(timed)) report(name, result, { 'branch-free': timed.branchFree });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
