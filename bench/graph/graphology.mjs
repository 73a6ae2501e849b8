// The same graphs in graphology and here, in one run: PageRank, components, shortest paths from a node.
//   node bench/graph/graphology.mjs [--scale 18] [--edges 20000000]
// With --edges, a graph of so many edges here alone: graphology holds some 8 million in 4 GB.
import { pathToFileURL } from 'node:url';
import Graphology from 'graphology';
import { connectedComponents } from 'graphology-components';
import pagerank from 'graphology-metrics/centrality/pagerank.js';
import { dijkstra } from 'graphology-shortest-path';
import { createEngine } from '../../dist/src/index.js';
import { uniformEdges } from '../edges/generate.mjs';
import { expectEqual } from '../support/measure.mjs';
import { EDGES_A_NODE, edgeList, GRAPH_SEED, weightsOf } from './workload.mjs';

const ROUNDS = 20;

async function timed(task) {
  const start = performance.now();
  const result = await task();
  return { ms: performance.now() - start, result };
}

async function best(task, runs) {
  let least;
  for (let i = 0; i < runs; i++) {
    const run = await timed(task);
    if (least === undefined || run.ms < least.ms) least = run;
  }
  return least;
}

async function load(engine, { nodes, sources, targets }, weights) {
  const graph = engine.graph('g');
  const handles = graph.handles(Array.from({ length: nodes }, (_, i) => i));
  for (let at = 0; at < sources.length; ) {
    const end = Math.min(sources.length, at + 65_536);
    const from = sources.subarray(at, end).map((i) => handles[i]);
    const to = targets.subarray(at, end).map((i) => handles[i]);
    at += graph.upsertEdges(from, to, weights.subarray(at, end));
    if (at < end) await engine.drained();
  }
  await engine.flush();
  return graph;
}

function graphologyOf({ sources, targets }, weights) {
  const graph = new Graphology({ type: 'directed', multi: false, allowSelfLoops: true });
  for (let i = 0; i < sources.length; i++) graph.mergeEdge(sources[i], targets[i], { weight: weights[i] });
  return graph;
}

/** The jobs in graphology, once each, likewise. */
async function theirs(list, weights, source) {
  const loaded = await timed(() => graphologyOf(list, weights));
  const graph = loaded.result;
  // It throws when it has not converged after its rounds: that is measured all the same.
  const ranked = await timed(() => {
    try {
      return pagerank(graph, { alpha: 0.85, maxIterations: ROUNDS, tolerance: 0, getEdgeWeight: null });
    } catch {
      return undefined;
    }
  });
  const components = await timed(() => connectedComponents(graph));
  const paths = await timed(() => dijkstra.singleSource(graph, String(source), 'weight'));
  return {
    loading: [loaded.ms, graph.size],
    pageRank: [ranked.ms, undefined],
    components: [components.ms, components.result.length],
    shortestPaths: [paths.ms, Object.keys(paths.result).length],
  };
}

const OWN = {
  pageRank: [(graph) => graph.pageRank({ damping: 0.85, tolerance: 0, maxIterations: ROUNDS }), () => undefined],
  components: [(graph) => graph.weaklyConnectedComponents(), ({ values }) => new Set(values).size],
  shortestPaths: [
    (graph, source) => graph.shortestPaths(source),
    ({ values }) => values.filter((value) => value !== Number.POSITIVE_INFINITY).length,
  ],
};

/** The jobs here: milliseconds and what has to be the same there, by name. */
async function ours(list, weights, source, workers) {
  const engine = await createEngine({ workers });
  const { ms, result: graph } = await timed(() => load(engine, list, weights));
  const answers = { loading: [ms, graph.size] };
  for (const [name, [job, answer]] of Object.entries(OWN)) {
    await job(graph, source);
    const { ms, result } = await best(() => job(graph, source), 5);
    answers[name] = [ms, answer(result)];
  }
  await engine.close();
  return answers;
}

async function compare(list, scale) {
  const weights = weightsOf(list.sources.length);
  const [source] = list.sources;
  // Before graphology fills the heap: to collect its garbage takes the threads' time.
  const own = [await ours(list, weights, source, 1), await ours(list, weights, source, 2)];
  const foreign = await theirs(list, weights, source);
  console.log(`  2^${scale} nodes, ${foreign.loading[1]} edges`);
  for (const [name, [theirMs, theirAnswer]] of Object.entries(foreign)) {
    const figures = own.map(({ [name]: [ms, answer] }, i) => {
      expectEqual(name, answer, theirAnswer);
      return `${i + 1} worker(s) ${ms.toFixed(1)} ms, ${(theirMs / ms).toFixed(0)} x`;
    });
    console.log(`    ${name.padEnd(15)}graphology ${theirMs.toFixed(0).padStart(6)} ms; ${figures.join('; ')}`);
  }
}

async function large(edges) {
  const nodes = Math.ceil(edges / EDGES_A_NODE);
  const list = uniformEdges(nodes, EDGES_A_NODE * nodes, GRAPH_SEED);
  const capacity = { graphs: 16, nodes: list.nodes + 1000, edges: list.sources.length + 1000 };
  const engine = await createEngine({ workers: 2, capacity });
  const loaded = await timed(() => load(engine, list, weightsOf(list.sources.length)));
  const graph = loaded.result;
  const memory = process.memoryUsage().rss / 2 ** 30;
  console.log(
    `  ${list.nodes} nodes, ${graph.size} edges: loaded in ${(loaded.ms / 1000).toFixed(1)} s, ${memory.toFixed(1)} GB resident`,
  );
  const first = await timed(() => graph.pageRank({ tolerance: 0, maxIterations: ROUNDS }));
  const again = await timed(() => graph.pageRank({ tolerance: 0, maxIterations: ROUNDS }));
  console.log(`    PageRank, ${ROUNDS} rounds ${again.ms.toFixed(0)} ms, build ${(first.ms - again.ms).toFixed(0)} ms`);
  const components = await timed(() => graph.weaklyConnectedComponents());
  console.log(`    components ${components.ms.toFixed(0)} ms with its build`);
  await engine.close();
}

export async function run({ tiny = false, scale = tiny ? 9 : 18, edges = 0 } = {}) {
  if (edges > 0) return large(edges);
  for (const kind of ['uniform', 'kronecker']) {
    console.log(kind);
    await compare(edgeList(kind, scale), scale);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const numberOf = (name) =>
    process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : undefined;
  await run({ tiny: process.argv.includes('--tiny'), scale: numberOf('--scale'), edges: numberOf('--edges') });
}
