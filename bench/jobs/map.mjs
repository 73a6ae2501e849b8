// Many small graphs: a trivial function and the summary, on the worker threads, against the same in plain JavaScript on one
// thread over plain arrays.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createEngine, mapModules } from '../../dist/src/index.js';
import summary from '../../dist/src/map/summary.js';
import { expectEqual, measure, report } from '../support/measure.mjs';

const SEED = 0x5eed;
/** Graphs, and nodes and edges of each. */
const SIZES = [
  { graphs: 300_000, nodes: 10, edges: 15 },
  { graphs: 10_000, nodes: 100, edges: 600 },
];

/** Plain arrays: of graph g, edges from `g * edges` on, without loops or parallel ones. */
function edgesOf({ graphs, nodes, edges }) {
  const sources = new Uint32Array(graphs * edges);
  const targets = new Uint32Array(graphs * edges);
  let state = SEED;
  const random = (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const seen = new Set();
  for (let graph = 0, at = 0; graph < graphs; graph++) {
    seen.clear();
    // A ring, so that there are as many nodes in each, and chords.
    for (let k = 0; k < edges; ) {
      const source = k < nodes ? k : random(nodes);
      const target = k < nodes ? (k + 1) % nodes : random(nodes);
      if (source === target || seen.has(source * nodes + target)) continue;
      seen.add(source * nodes + target);
      sources[at] = source;
      targets[at++] = target;
      k++;
    }
  }
  return { sources, targets };
}

async function fill(engine, { graphs, edges }, { sources, targets }) {
  for (let g = 0; g < graphs; g++) {
    const graph = engine.graph(`graph-${g}`);
    for (let at = g * edges; at < (g + 1) * edges; at++) {
      if (!graph.upsertEdge(sources[at], targets[at])) await engine.drained();
    }
  }
  await engine.flush();
}

/** A graph of plain arrays, made into what a reader shows, for the same summary. */
function plainGraph({ nodes, edges }, { sources, targets }, g) {
  const offsets = new Uint32Array(nodes + 1);
  const sorted = new Uint32Array(edges);
  for (let at = g * edges; at < (g + 1) * edges; at++) offsets[sources[at] + 1]++;
  for (let node = 0; node < nodes; node++) offsets[node + 1] += offsets[node];
  const cursor = offsets.slice();
  for (let at = g * edges; at < (g + 1) * edges; at++) sorted[cursor[sources[at]]++] = targets[at];
  for (let node = 0; node < nodes; node++) sorted.subarray(offsets[node], offsets[node + 1]).sort();
  return { name: '', order: nodes, size: edges, csr: () => ({ offsets, targets: sorted }) };
}

async function many(size, runs) {
  const { graphs, nodes, edges } = size;
  console.log(` ${graphs} graphs of ${nodes} nodes and ${edges} edges, seed ${SEED.toString(16)}; nanoseconds a graph`);
  const plain = edgesOf(size);
  let triangles = 0;
  const alone = await measure(
    graphs,
    () => {
      triangles = 0;
      for (let g = 0; g < graphs; g++) triangles += summary(plainGraph(size, plain, g)).triangles;
    },
    { runs, warm: 1 },
  );
  report('plain arrays, summary on one thread', alone);
  const trivial = fileURLToPath(new URL('../support/order.mjs', import.meta.url));
  for (const workers of [1, 2]) {
    const engine = await createEngine({
      workers,
      capacity: { graphs, nodes: graphs * nodes + 65_536, edges: graphs * edges + 65_536 },
    });
    await fill(engine, size, plain);
    let sum = 0;
    const orders = async () => {
      sum = 0;
      for await (const { result } of engine.graphs.map(trivial)) sum += result;
    };
    report(`graphs.map, order, ${workers} worker(s)`, await measure(graphs, orders, { runs, warm: 1 }), { alone });
    expectEqual('nodes', sum, graphs * nodes);
    const summaries = async () => {
      sum = 0;
      for await (const { result } of engine.graphs.map(mapModules.summary)) sum += result.triangles;
    };
    report(`graphs.map, summary, ${workers} worker(s)`, await measure(graphs, summaries, { runs, warm: 1 }), { alone });
    expectEqual('triangles', sum, triangles);
    await engine.close();
  }
}

export async function run({ tiny = false } = {}) {
  for (const size of SIZES) {
    await many(tiny ? { ...size, graphs: Math.ceil(size.graphs / 150) } : size, tiny ? 1 : 5);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
