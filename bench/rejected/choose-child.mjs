// Which child of an inner node takes a new point: ways to find it, on the boxes of random tiles.
import { pathToFileURL } from 'node:url';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, places, QUERY_SEED, xorshift32 } from '../support/workload.mjs';

const FANOUT = 16;
const CHILDREN = 11;

/** Nodes of 11 children each, as insertion leaves them: tiles of a square that overlap a little. */
function boxesOf(nodes) {
  const next = xorshift32(POINT_SEED);
  const box = new Float64Array(nodes * FANOUT * 4);
  for (let child = 0; child < nodes * FANOUT; child++) {
    const x = next() * 100;
    const y = next() * 100;
    box.set([x, y, x + 10 + next() * 25, y + 10 + next() * 25], child * 4);
  }
  return box;
}

/** In use: growth without a branch, v + |v| being 2 max(v, 0). */
function absolute(box, first, x, y) {
  let best = first;
  let bestGrowth = Number.POSITIVE_INFINITY;
  let bestSize = Number.POSITIVE_INFINITY;
  for (let slot = first; slot < first + CHILDREN; slot++) {
    const at = slot * 4;
    const left = box[at] - x;
    const right = x - box[at + 2];
    const below = box[at + 1] - y;
    const above = y - box[at + 3];
    const growth =
      left + Math.abs(left) + (right + Math.abs(right)) + (below + Math.abs(below)) + (above + Math.abs(above));
    if (growth > bestGrowth) continue;
    const size = box[at + 2] - box[at] + (box[at + 3] - box[at + 1]);
    if (growth < bestGrowth || size < bestSize) {
      best = slot;
      bestGrowth = growth;
      bestSize = size;
    }
  }
  return best;
}

/** Rejected: the same with comparisons, which are wrong half of the time. */
function branching(box, first, x, y) {
  let best = first;
  let bestGrowth = Number.POSITIVE_INFINITY;
  let bestSize = Number.POSITIVE_INFINITY;
  for (let slot = first; slot < first + CHILDREN; slot++) {
    const at = slot * 4;
    const minX = box[at];
    const minY = box[at + 1];
    const maxX = box[at + 2];
    const maxY = box[at + 3];
    const growth = (x < minX ? minX - x : x > maxX ? x - maxX : 0) + (y < minY ? minY - y : y > maxY ? y - maxY : 0);
    if (growth > bestGrowth) continue;
    const size = maxX - minX + (maxY - minY);
    if (growth < bestGrowth || size < bestSize) {
      best = slot;
      bestGrowth = growth;
      bestSize = size;
    }
  }
  return best;
}

/** Rejected: one weighted sum of growth and size, so that only one comparison is left; it costs more than it saves. */
function weighted(box, first, x, y) {
  let best = first;
  let least = Number.POSITIVE_INFINITY;
  for (let slot = first; slot < first + CHILDREN; slot++) {
    const at = slot * 4;
    const left = box[at] - x;
    const right = x - box[at + 2];
    const below = box[at + 1] - y;
    const above = y - box[at + 3];
    const growth =
      left + Math.abs(left) + (right + Math.abs(right)) + (below + Math.abs(below)) + (above + Math.abs(above));
    const cost = growth * 1048576 + (box[at + 2] - box[at] + (box[at + 3] - box[at + 1]));
    if (cost < least) {
      best = slot;
      least = cost;
    }
  }
  return best;
}

/** Rejected: the first child that holds the point. Fast, but the tree becomes a third slower to ask. */
function firstFit(box, first, x, y) {
  let best = first;
  let bestGrowth = Number.POSITIVE_INFINITY;
  for (let slot = first; slot < first + CHILDREN; slot++) {
    const at = slot * 4;
    const minX = box[at];
    const minY = box[at + 1];
    const maxX = box[at + 2];
    const maxY = box[at + 3];
    const growth = (x < minX ? minX - x : x > maxX ? x - maxX : 0) + (y < minY ? minY - y : y > maxY ? y - maxY : 0);
    if (growth === 0) return slot;
    if (growth < bestGrowth) {
      best = slot;
      bestGrowth = growth;
    }
  }
  return best;
}

export async function run({ tiny = false } = {}) {
  const nodes = tiny ? 100 : 1000;
  const count = tiny ? 1000 : 400_000;
  const box = boxesOf(nodes);
  const { x, y } = places(count, QUERY_SEED);
  const sums = {};
  const timed = {};
  for (const choose of [absolute, branching, weighted, firstFit]) {
    timed[choose.name] = await measure(
      count,
      () => {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += choose(box, (i % nodes) * FANOUT, x[i] / 8, y[i] / 8) % FANOUT;
        sums[choose.name] = sum;
      },
      { runs: tiny ? 1 : 7 },
    );
  }
  expectEqual('sum of slots, branching', sums.branching, sums.absolute);
  expectEqual('sum of slots, weighted', sums.weighted, sums.absolute);
  console.log(' the child of 11 that takes a point');
  for (const [name, result] of Object.entries(timed)) report(name, result, { absolute: timed.absolute });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
