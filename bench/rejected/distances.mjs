// Distances from a source, on one thread: steps over pending nodes (in use), buckets, a heap; and rows of nodes that lie apart,
// touched first (in use) or read in turn. node bench/rejected/distances.mjs [scale]
import { SsspKernel } from '../../dist/src/algorithms/sssp.js';
import { ssspTask } from '../../dist/src/algorithms/sssp-task.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { heapDistances } from '../graph/plain-paths.mjs';
import { undirected } from '../graph/undirected.mjs';
import { edgeList, weightsOf } from '../graph/workload.mjs';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { xorshift32 } from '../support/workload.mjs';

/** In use. */
function steps(csr, source) {
  const { task, first } = ssspTask(new Memory(), csr, { source });
  const kernel = new SsspKernel(task, () => true);
  for (let plan = first; plan !== undefined; plan = kernel.next(plan.phase)) {
    for (let chunk = 0; chunk < plan.chunks; chunk++) kernel.chunk(plan.phase, chunk);
  }
  return task.values;
}

/** Rejected: delta-stepping with buckets, as the GAP suite has it, written for one thread. */
function buckets({ nodes, offsets, targets, weights }, source, delta) {
  const distances = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
  const bins = [[source]];
  distances[source] = 0;
  for (let at = 0; at < bins.length; at++) {
    while (bins[at] !== undefined && bins[at].length > 0) {
      const front = bins[at];
      bins[at] = [];
      for (let i = 0; i < front.length; i++) {
        const node = front[i];
        const distance = distances[node];
        if (distance < at * delta) continue;
        const end = offsets[node + 1];
        for (let arc = offsets[node]; arc < end; arc++) {
          const target = targets[arc];
          const found = distance + weights[arc];
          if (found >= distances[target]) continue;
          distances[target] = found;
          const bin = Math.floor(found / delta);
          if (bins[bin] === undefined) bins[bin] = [];
          bins[bin].push(target);
        }
      }
    }
    bins[at] = undefined;
  }
  return distances;
}

/** A gather for each arc of 32 parts of the nodes, one part after the other. `rows`: so many are touched before they are read. */
function parts({ offsets, targets, weights }, order, values, rows) {
  let shorter = 0;
  let touched = 0;
  for (let i = 0; i < order.length; i++) {
    if (rows > 0 && i % rows === 0) {
      const end = Math.min(order.length, i + rows);
      for (let j = i; j < end; j++) {
        const last = offsets[order[j] + 1];
        for (let arc = offsets[order[j]]; arc < last; arc += 8) touched += weights[arc] + targets[arc];
      }
    }
    const node = order[i];
    const last = offsets[node + 1];
    for (let arc = offsets[node]; arc < last; arc++) if (values[node] + weights[arc] < values[targets[arc]]) shorter++;
  }
  return touched < 0 ? 0 : shorter;
}

const sumOf = (values) => values.reduce((sum, value) => (value === Number.POSITIVE_INFINITY ? sum : sum + value), 0);

export async function run({ tiny = false, scale = tiny ? 10 : 16 } = {}) {
  const runs = tiny ? { runs: 1 } : { runs: 7, warm: 3 };
  for (const kind of ['uniform', 'kronecker']) {
    const list = edgeList(kind, scale);
    const csr = undirected(list, weightsOf(list.sources.length));
    let source = 1000;
    while (csr.offsets[source + 1] === csr.offsets[source]) source++;
    const wanted = sumOf(heapDistances(csr, source));
    const time = async (name, distances, yardsticks) => {
      const check = () => expectEqual(name, sumOf(distances()), wanted);
      return report(`${kind}: ${name}`, await measure(csr.arcs, check, runs), yardsticks);
    };
    console.log(`nanoseconds an arc; scale ${scale}`);
    const inUse = await time('steps over pending nodes (in use)', () => steps(csr, source));
    for (const delta of [2, 8, 32]) {
      await time(`buckets of ${delta}`, () => buckets(csr, source, delta), { 'the way in use': inUse });
    }
    await time('a binary heap', () => heapDistances(csr, source), { 'the way in use': inUse });

    const chance = xorshift32(7);
    const values = Float64Array.from({ length: csr.nodes }, () => 200 * chance());
    const part = Uint8Array.from({ length: csr.nodes }, () => 32 * chance());
    const order = Uint32Array.from({ length: csr.nodes }, (_, i) => i).sort((a, b) => part[a] - part[b] || a - b);
    const shorter = parts(csr, order, values, 0);
    const pass = (rows) => measure(csr.arcs, () => expectEqual('rows', parts(csr, order, values, rows), shorter), runs);
    const touched = report(`${kind}: rows, 16 touched first (in use)`, await pass(16));
    report(`${kind}: rows, read in turn`, await pass(0), { 'the way in use': touched });
  }
}

if (process.argv[1] === import.meta.filename) {
  await run({ tiny: process.argv.includes('--tiny'), ...(Number(process.argv[2]) > 0 && { scale: +process.argv[2] }) });
}
