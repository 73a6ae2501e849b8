// Many small graphs: a trivial function and the summary, on the worker threads, against the same in plain JavaScript on one
// thread over plain arrays.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createEngine, mapModules } from '../../dist/src/index.js';
import summary from '../../dist/src/map/summary.js';
import { expectEqual, measure, report } from '../support/measure.mjs';

const NODES = 10;
const EDGES = 15;
const SEED = 0x5eed;

/** Plain arrays: of graph g, edges from `g * EDGES` on, without loops or parallel ones. */
function edgesOf(graphs) {
  const sources = new Uint32Array(graphs * EDGES);
  const targets = new Uint32Array(graphs * EDGES);
  let state = SEED;
  const random = (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const seen = new Set();
  for (let graph = 0, at = 0; graph < graphs; graph++) {
    seen.clear();
    // A ring, so that there are as many nodes in each, and chords.
    for (let k = 0; k < EDGES; ) {
      const source = k < NODES ? k : random(NODES);
      const target = k < NODES ? (k + 1) % NODES : random(NODES);
      if (source === target || seen.has(source * NODES + target)) continue;
      seen.add(source * NODES + target);
      sources[at] = source;
      targets[at++] = target;
      k++;
    }
  }
  return { sources, targets };
}

async function fill(engine, graphs, { sources, targets }) {
  for (let g = 0; g < graphs; g++) {
    const graph = engine.graph(`graph-${g}`);
    for (let at = g * EDGES; at < (g + 1) * EDGES; at++) graph.upsertEdge(sources[at], targets[at]);
    if (g % 100 === 99) await engine.drained();
  }
  await engine.flush();
}

/** A graph of plain arrays, made into what a reader shows, for the same summary. */
function plainGraph(sources, targets, g) {
  const offsets = new Uint32Array(NODES + 1);
  const sorted = new Uint32Array(EDGES);
  for (let at = g * EDGES; at < (g + 1) * EDGES; at++) offsets[sources[at] + 1]++;
  for (let node = 0; node < NODES; node++) offsets[node + 1] += offsets[node];
  const cursor = offsets.slice();
  for (let at = g * EDGES; at < (g + 1) * EDGES; at++) sorted[cursor[sources[at]]++] = targets[at];
  for (let node = 0; node < NODES; node++) sorted.subarray(offsets[node], offsets[node + 1]).sort();
  return { name: '', order: NODES, size: EDGES, csr: () => ({ offsets, targets: sorted }) };
}

export async function run({ tiny = false } = {}) {
  const runs = tiny ? 1 : 5;
  const graphs = tiny ? 2000 : 300_000;
  console.log(` ${graphs} graphs of ${NODES} nodes and ${EDGES} edges, seed ${SEED.toString(16)}; nanoseconds a graph`);
  const plain = edgesOf(graphs);
  let triangles = 0;
  const alone = await measure(
    graphs,
    () => {
      triangles = 0;
      for (let g = 0; g < graphs; g++) triangles += summary(plainGraph(plain.sources, plain.targets, g)).triangles;
    },
    { runs, warm: 1 },
  );
  report('plain arrays, summary on one thread', alone);
  const trivial = fileURLToPath(new URL('../support/order.mjs', import.meta.url));
  for (const workers of [1, 2]) {
    const engine = await createEngine({
      workers,
      capacity: { graphs, nodes: graphs * NODES + 65_536, edges: graphs * EDGES + 65_536 },
    });
    await fill(engine, graphs, plain);
    let sum = 0;
    const orders = async () => {
      sum = 0;
      for await (const { result } of engine.graphs.map(trivial)) sum += result;
    };
    report(`graphs.map, order, ${workers} worker(s)`, await measure(graphs, orders, { runs, warm: 1 }), { alone });
    expectEqual('nodes', sum, graphs * NODES);
    const summaries = async () => {
      sum = 0;
      for await (const { result } of engine.graphs.map(mapModules.summary)) sum += result.triangles;
    };
    report(`graphs.map, summary, ${workers} worker(s)`, await measure(graphs, summaries, { runs, warm: 1 }), { alone });
    expectEqual('triangles', sum, triangles);
    await engine.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
