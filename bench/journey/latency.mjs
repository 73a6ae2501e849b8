// Latency publish → applied at fixed rates, and synchronous reads while one worker applies. Best of three runs: the
// machine itself stalls for milliseconds at times.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { createEngine } from '../../dist/src/index.js';
import { MOVE_SEED, POINT_SEED, places, xorshift32 } from '../support/workload.mjs';

const NODES = 100_000;

async function atRate(rate, seconds, nodes) {
  const engine = await createEngine({ workers: 1 });
  const graph = engine.graph('swarm');
  const ids = Array.from({ length: nodes }, (_, i) => `node-${i}`);
  const { x, y } = places(nodes, POINT_SEED);
  for (let i = 0; i < nodes; i++) if (!graph.moveNode(ids[i], x[i], y[i])) await engine.drained();
  await engine.flush();
  const next = xorshift32(MOVE_SEED);
  const found = new Uint32Array(4096);
  const reads = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  // The load of the placing is over ten seconds old when the figures are taken, or the run is a short one.
  if (seconds > 1) await new Promise((resolve) => setTimeout(resolve, 10_500));
  delay.enable();
  const start = performance.now();
  let sent = 0;
  let refused = 0;
  for (;;) {
    const now = performance.now() - start;
    if (now > seconds * 1000) break;
    for (const due = Math.floor((now * rate) / 1000); sent < due; sent++) {
      const i = sent % nodes;
      x[i] = Math.min(1000, Math.max(0, x[i] + next() - 0.5));
      try {
        graph.moveNode(ids[i], x[i], y[i]);
      } catch {
        refused++;
        break;
      }
    }
    const asked = performance.now();
    graph.withinInto(x[sent % nodes], y[sent % nodes], 10, found);
    reads.push(performance.now() - asked);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await engine.flush();
  const { latencyMs, batchEvents } = engine.stats();
  reads.sort((a, b) => a - b);
  const read = (share) => reads[Math.min(reads.length - 1, Math.floor(share * reads.length))];
  await engine.close();
  return {
    latencyMs,
    batchEvents,
    readP50: read(0.5),
    readP99: read(0.99),
    loopP99: delay.percentile(99) / 1e6,
    refused,
  };
}

export async function run({ tiny = false } = {}) {
  console.log(' latency publish → applied, one worker, best of three runs by p99 (milliseconds)');
  for (const rate of tiny ? [10_000] : [10_000, 100_000, 1_000_000]) {
    let best;
    for (let k = 0; k < (tiny ? 1 : 3); k++) {
      const result = await atRate(rate, tiny ? 0.2 : 3, tiny ? 1000 : NODES);
      if (best === undefined || result.latencyMs.p99 < best.latencyMs.p99) best = result;
    }
    const { p50, p95, p99, p999 } = best.latencyMs;
    const ms = (value) => value.toFixed(3);
    console.log(
      `  ${String(rate).padStart(9)}/s  p50 ${ms(p50)}  p95 ${ms(p95)}  p99 ${ms(p99)}  p99.9 ${ms(p999)}  batch ${best.batchEvents.mean.toFixed(0)}` +
        `  withinInto p50 ${ms(best.readP50)} p99 ${ms(best.readP99)}  event loop p99 ${ms(best.loopP99)}  refused ${best.refused}`,
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
