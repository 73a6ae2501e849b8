// Algorithms over snapshots, on 1 and 2 workers, as the GAP Benchmark Suite runs its kernels: the snapshot's build apart.
// Yardstick: a pass of random gathers over the same arcs on one thread. node bench/graph/algorithms.mjs [--scale 18] [--tiny]
import { pathToFileURL } from 'node:url';
import { createEngine } from '../../dist/src/index.js';
import { besideGap, gapSource } from './gap.mjs';
import { edgeList, weightsOf } from './workload.mjs';

const RUNS = 5;
const JOBS = {
  pageRank: (graph) => graph.pageRank({ direction: 'both', tolerance: 0, maxIterations: 20 }),
  components: (graph) => graph.weaklyConnectedComponents(),
  bfs: (graph, source) => graph.bfs(source, { direction: 'both' }),
  shortestPaths: (graph, source) => graph.shortestPaths(source, { direction: 'both' }),
  triangles: (graph) => graph.triangles(),
};

async function timed(task) {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

const median = (times) => [...times].sort((a, b) => a - b)[times.length >> 1];

/** One gather for each arc, both ways, over arrays like those of a snapshot. */
function gatherPass({ nodes, sources, targets }) {
  const arcs = new Uint32Array(2 * sources.length);
  arcs.set(sources);
  arcs.set(targets, sources.length);
  const values = new Float64Array(nodes).fill(1);
  const times = [];
  for (let run = 0; run < RUNS + 2; run++) {
    const start = performance.now();
    let sum = 0;
    for (let i = 0; i < arcs.length; i++) sum += values[arcs[i]];
    times.push(performance.now() - start);
    if (sum !== arcs.length) throw new Error('a gather was lost');
  }
  return median(times.slice(2));
}

async function load(engine, list) {
  const graph = engine.graph(list.name);
  const handles = graph.handles(Array.from({ length: list.nodes }, (_, i) => i));
  const weights = weightsOf(list.sources.length);
  const start = performance.now();
  for (let at = 0; at < list.sources.length; ) {
    const end = Math.min(list.sources.length, at + 65_536);
    const sources = Uint32Array.from(list.sources.subarray(at, end), (i) => handles[i]);
    const targets = Uint32Array.from(list.targets.subarray(at, end), (i) => handles[i]);
    for (let done = 0; done < sources.length; ) {
      done += graph.upsertEdges(sources.subarray(done), targets.subarray(done), weights.subarray(at + done, end));
      if (done < sources.length) await engine.drained();
    }
    at = end;
  }
  await engine.flush();
  return { graph, seconds: (performance.now() - start) / 1000 };
}

export async function run({ tiny = false, scale = tiny ? 10 : 18 } = {}) {
  console.log(gapSource(scale));
  for (const name of ['uniform', 'kronecker']) {
    const list = { name, ...edgeList(name, scale) };
    const gather = gatherPass(list);
    const edges = list.sources.length;
    console.log(`${list.name}, ${list.nodes} nodes, ${edges} edges; a pass of gathers ${gather.toFixed(1)} ms`);
    const one = {};
    for (const workers of [1, 2]) {
      const engine = await createEngine({ workers });
      const { graph, seconds } = await load(engine, list);
      console.log(`  ${workers} worker(s): loaded at ${(edges / seconds / 1e6).toFixed(2)} million edges/s`);
      let source = 0;
      while (graph.degree(source, { direction: 'both' }) === 0) source++;
      for (const [what, job] of Object.entries(JOBS)) {
        try {
          await job(graph, source);
        } catch (error) {
          if (error.code !== 'ATHANOR_UNSUPPORTED') throw error;
          continue;
        }
        for (let warm = 0; warm < 3; warm++) await job(graph, source);
        const times = [];
        for (let k = 0; k < RUNS; k++) times.push(await timed(() => job(graph, source)));
        tell(list, scale, what, workers, median(times), gather, one);
      }
      // Changed by one edge, so that the snapshot is built anew: what a job takes longer for it.
      const builds = [];
      for (let k = 0; k < 3; k++) {
        graph.upsertEdge(source, source + 1 + k);
        await engine.flush();
        const job = () => graph.pageRank({ direction: 'both', maxIterations: 1 });
        const first = await timed(job);
        builds.push(first - (await timed(job)));
      }
      tell(list, scale, 'build', workers, median(builds), gather, one);
      await engine.close();
    }
  }
}

function tell(list, scale, name, workers, ms, gather, one) {
  one[name] ??= ms;
  const against = besideGap(ms, name, list.name, scale, workers);
  const speedUp = workers === 1 ? '' : `${(one[name] / ms).toFixed(2)} x one worker`;
  console.log(
    `    ${name.padEnd(16)}${ms.toFixed(1).padStart(9)} ms  ${(ms / gather).toFixed(2).padStart(6)} gather passes  ${against}  ${speedUp}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf('--scale');
  await run({ tiny: process.argv.includes('--tiny'), ...(at > 0 && { scale: Number(process.argv[at + 1]) }) });
}
