// Many edges, loaded by columns: how fast, how many resident bytes each, and what looking one up costs.
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, QUERY_SEED, xorshift32 } from '../support/workload.mjs';

/** Edges a node, on average. */
const DEGREE = 24;
/** Edges that are made and published at a time. */
const PART = 1 << 18;
const ASKED = 200_000;

export async function runMany({ edges }) {
  const nodes = Math.ceil(edges / DEGREE);
  const engine = await createEngine({ workers: 1, shards: 1, capacity: { nodes, edges } });
  const graph = engine.graph('many');
  const handles = new Uint32Array(nodes);
  for (let from = 0; from < nodes; from += PART) {
    const ids = Array.from({ length: Math.min(PART, nodes - from) }, (_, i) => from + i);
    for (const id of ids) if (!graph.upsertNode(id)) await engine.drained();
    handles.set(graph.handles(ids), from);
  }
  await engine.flush();
  expectEqual('nodes', graph.order, nodes);
  const next = xorshift32(POINT_SEED);
  const sources = new Uint32Array(PART).fill(1);
  const targets = new Uint32Array(PART).fill(1);
  // Every kth edge is asked for below.
  const every = Math.max(1, Math.floor(edges / ASKED));
  const known = new Uint32Array(2 * Math.ceil(edges / every)).fill(1);
  let asked = 0;
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let busyMs = 0;
  for (let from = 0; from < edges; from += PART) {
    const part = Math.min(PART, edges - from);
    for (let i = 0; i < part; i++) {
      const source = Math.floor(next() * nodes);
      const target = Math.floor(next() * nodes);
      sources[i] = handles[source];
      targets[i] = handles[target];
      if ((from + i) % every !== 0) continue;
      known[asked++] = source;
      known[asked++] = target;
    }
    const start = performance.now();
    for (let done = 0; done < part; ) {
      done += graph.upsertEdges(sources.subarray(done, part), targets.subarray(done, part));
      if (done < part) await engine.drained();
    }
    // The next part is made while this one is applied; what is not applied at the end counts there.
    busyMs += performance.now() - start;
  }
  const start = performance.now();
  await engine.flush();
  busyMs += performance.now() - start;
  const bytes = process.memoryUsage.rss() - before;
  const { size } = graph;
  console.log(` ${edges} events of uniform random edges, ${nodes} nodes: ${size} edges`);
  console.log(
    `  ${(bytes / size).toFixed(1)} bytes resident an edge; ${((busyMs * 1e6) / edges).toFixed(0)} ns an event of waiting for the engine`,
  );
  // Pairs that come twice are few.
  if (size > edges || size < edges - (2 * edges * edges) / (nodes * nodes) - 10)
    throw new Error(`${size} edges of ${edges} events`);
  if (edges >= 1e6 && bytes / size > 64) throw new Error(`${bytes / size} bytes an edge`);
  let found = 0;
  const hit = () => {
    for (let i = 0; i < known.length; i += 2) if (graph.edge(known[i], known[i + 1]) !== undefined) found++;
  };
  report('edge(), there', await measure(known.length / 2, hit, { runs: 1 }));
  expectEqual('edges found', found, known.length / 2);
  const other = xorshift32(QUERY_SEED);
  const miss = () => {
    for (let i = 0; i < known.length; i += 2)
      if (graph.edge(known[i], Math.floor(other() * nodes)) !== undefined) found++;
  };
  report('edge(), not there', await measure(known.length / 2, miss, { runs: 1 }));
  let degrees = 0;
  for (let id = 0; id < nodes; id++) degrees += graph.degree(id, { direction: 'out' });
  expectEqual('sum of out-degrees', degrees, size);
  await engine.close();
}
