// The same graphs in graphology and here, in one run: PageRank, components, shortest paths from a node.
//   node bench/graph/graphology.mjs [--scale 15] [--edges 20000000]
// With --edges, a graph of so many edges here alone: graphology holds some 8 million in 4 GB.
import { pathToFileURL } from 'node:url';
import Graphology from 'graphology';
import { connectedComponents } from 'graphology-components';
import pagerank from 'graphology-metrics/centrality/pagerank.js';
import { dijkstra } from 'graphology-shortest-path';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual } from '../support/measure.mjs';
import { edgeList, weightsOf } from './workload.mjs';

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

async function compare(list, scale, workers) {
  const weights = weightsOf(list.sources.length);
  const engine = await createEngine({ workers });
  const loaded = await timed(() => load(engine, list, weights));
  const graph = loaded.result;
  const other = await timed(() => graphologyOf(list, weights));
  const theirs = other.result;
  console.log(
    `  2^${scale} nodes, ${graph.size} edges, ${workers} worker(s): loaded in ${loaded.ms.toFixed(0)} ms, graphology ${other.ms.toFixed(0)} ms`,
  );
  let source = 0;
  while (graph.degree(source, { direction: 'out' }) === 0) source++;
  const tell = (what, own, foreign) =>
    console.log(
      `    ${what.padEnd(18)}${own.ms.toFixed(2).padStart(9)} ms, graphology ${foreign.ms.toFixed(0).padStart(7)} ms: ${(foreign.ms / own.ms).toFixed(0)} x`,
    );

  const asked = { damping: 0.85, tolerance: 0, maxIterations: ROUNDS };
  const rank = () => graph.pageRank(asked);
  await rank();
  const own = await best(rank, 5);
  // It throws when it has not converged after its rounds: that is measured all the same.
  const foreign = await timed(() => {
    try {
      return pagerank(theirs, { alpha: 0.85, maxIterations: ROUNDS, tolerance: 0, getEdgeWeight: null });
    } catch {
      return undefined;
    }
  });
  tell(`PageRank, ${ROUNDS} rounds`, own, foreign);

  await graph.weaklyConnectedComponents();
  const components = await best(() => graph.weaklyConnectedComponents(), 5);
  const theirComponents = await timed(() => connectedComponents(theirs));
  expectEqual('components', new Set(components.result.values).size, theirComponents.result.length);
  tell('components', components, theirComponents);

  await graph.shortestPaths(source);
  const paths = await best(() => graph.shortestPaths(source), 5);
  const theirPaths = await timed(() => dijkstra.singleSource(theirs, String(source), 'weight'));
  const reached = paths.result.values.filter((value) => value !== Number.POSITIVE_INFINITY).length;
  expectEqual('nodes reached', reached, Object.keys(theirPaths.result).length);
  tell('shortest paths', paths, theirPaths);
  await engine.close();
}

async function large(edges) {
  const scale = Math.max(4, Math.round(Math.log2(edges / 16)));
  const nodes = Math.ceil(edges / 16);
  const full = edgeList('uniform', scale);
  const list = { nodes: full.nodes, sources: full.sources, targets: full.targets };
  const capacity = { graphs: 16, nodes: list.nodes + 1000, edges: list.sources.length + 1000 };
  const engine = await createEngine({ workers: 2, capacity });
  const loaded = await timed(() => load(engine, list, weightsOf(list.sources.length)));
  const graph = loaded.result;
  const memory = process.memoryUsage().rss / 2 ** 30;
  console.log(
    `  ${nodes} nodes and more, ${graph.size} edges: loaded in ${(loaded.ms / 1000).toFixed(1)} s, ${memory.toFixed(1)} GB resident`,
  );
  const first = await timed(() => graph.pageRank({ tolerance: 0, maxIterations: ROUNDS }));
  const again = await timed(() => graph.pageRank({ tolerance: 0, maxIterations: ROUNDS }));
  console.log(`    PageRank, ${ROUNDS} rounds ${again.ms.toFixed(0)} ms, build ${(first.ms - again.ms).toFixed(0)} ms`);
  const components = await timed(() => graph.weaklyConnectedComponents());
  console.log(`    components ${components.ms.toFixed(0)} ms with its build`);
  await engine.close();
}

export async function run({ tiny = false, scale = tiny ? 9 : 15, edges = 0 } = {}) {
  if (edges > 0) return large(edges);
  for (const kind of ['uniform', 'kronecker']) {
    console.log(kind);
    for (const workers of [1, 2]) await compare(edgeList(kind, scale), scale, workers);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const numberOf = (name) =>
    process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : undefined;
  await run({ tiny: process.argv.includes('--tiny'), scale: numberOf('--scale'), edges: numberOf('--edges') });
}
