// Memory a node: 12-character ids and positions, all told; and what an engine costs before its first event.
import { pathToFileURL } from 'node:url';
import { createEngine } from '../dist/src/index.js';
import { POINT_SEED, xorshift32 } from './support/workload.mjs';

export async function run({ tiny = false } = {}) {
  const nodes = tiny ? 10_000 : 1_000_000;
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const engine = await createEngine();
  const startMs = performance.now() - start;
  const started = process.memoryUsage.rss();
  const graph = engine.graph('swarm');
  const next = xorshift32(POINT_SEED);
  for (let i = 0; i < nodes; i++) {
    if (!graph.moveNode(`node-${String(i).padStart(7, '0')}`, next() * 1000, next() * 1000)) await engine.drained();
  }
  await engine.flush();
  const full = process.memoryUsage.rss();
  if (graph.order !== nodes) throw new Error(`${graph.order} nodes, wanted ${nodes}`);
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(` createEngine: ${startMs.toFixed(0)} ms, ${mb(started)} resident (${mb(before)} before it)`);
  console.log(` ${nodes} nodes: ${((full - started) / nodes).toFixed(0)} bytes a node, ${mb(full)} resident`);
  await engine.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
