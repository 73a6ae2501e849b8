// Synchronous reads on the main thread while workers apply a stream, with the main thread at 80 % load: what a query costs
// when the shard that it reads is being written, and what the event loop feels. Best of three runs by the 99th percentile.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { createEngine } from '../../dist/src/index.js';
import { MOVE_SEED, POINT_SEED, places, QUERY_SEED, round, xorshift32 } from '../support/workload.mjs';

const PERIOD_MS = 5;
const BUSY_MS = 4;
/** Events a period: half a million a second. */
const EVENTS = 2500;

async function during(workers, seconds, nodes) {
  const engine = await createEngine({ workers });
  const graph = engine.graph('swarm');
  const handles = graph.handles(Array.from({ length: nodes }, (_, i) => `node-${i}`));
  const points = places(nodes, POINT_SEED);
  const moves = xorshift32(MOVE_SEED);
  const next = xorshift32(QUERY_SEED);
  for (let done = 0; done < nodes; await engine.drained()) {
    done += graph.moveNodes(handles.subarray(done), points.x.subarray(done), points.y.subarray(done));
  }
  await engine.flush();
  const found = new Uint32Array(4096);
  const times = { within: [], withinInto: [] };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const end = performance.now() + seconds * 1000;
  let at = 0;
  let published = 0;
  let reads = 0;
  while (performance.now() < end) {
    const start = performance.now();
    if (at + EVENTS > nodes) {
      round(points, moves);
      at = 0;
    }
    const until = Math.min(nodes, at + EVENTS);
    published += graph.moveNodes(
      handles.subarray(at, until),
      points.x.subarray(at, until),
      points.y.subarray(at, until),
    );
    at = until;
    while (performance.now() - start < BUSY_MS) {
      const x = next() * 1000;
      const y = next() * 1000;
      const asked = performance.now();
      if (reads % 2 === 0) {
        graph.within({ x, y, radius: 10 });
        times.within.push(performance.now() - asked);
      } else {
        graph.withinInto(x, y, 10, found);
        times.withinInto.push(performance.now() - asked);
      }
      reads++;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, PERIOD_MS - (performance.now() - start))));
  }
  await engine.flush();
  const { problems } = await engine.verify();
  if (problems.length > 0) throw new Error(problems.join('; '));
  await engine.close();
  const quantiles = (values) => {
    values.sort((a, b) => a - b);
    return [0.5, 0.99, 0.999].map((share) => values[Math.min(values.length - 1, Math.floor(share * values.length))]);
  };
  return {
    within: quantiles(times.within),
    withinInto: quantiles(times.withinInto),
    loopMs: delay.percentile(99) / 1e6,
    rate: published / seconds,
    reads: reads / seconds,
  };
}

export async function run({ tiny = false } = {}) {
  console.log(' reads during ingest, radius 10, main thread at 80 % load (milliseconds)');
  for (const workers of [1, 2]) {
    let best;
    for (let k = 0; k < (tiny ? 1 : 3); k++) {
      const result = await during(workers, tiny ? 0.1 : 3, tiny ? 1000 : 100_000);
      if (best === undefined || result.within[1] < best.within[1]) best = result;
    }
    const ms = (values) => values.map((value) => value.toFixed(4)).join(' / ');
    console.log(
      `  ${workers} worker(s), ${(best.rate / 1e6).toFixed(2)} million events/s, ${(best.reads / 1e6).toFixed(2)} million reads/s`,
    );
    console.log(`    within      p50 / p99 / p99.9  ${ms(best.within)}`);
    console.log(`    withinInto  p50 / p99 / p99.9  ${ms(best.withinInto)}`);
    console.log(`    event loop delay, p99 of periods of ${BUSY_MS} ms work: ${best.loopMs.toFixed(2)}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
