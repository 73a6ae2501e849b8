// Hops, distances and single paths on the graphs of the GAP Benchmark Suite, on one thread and on two, beside a pass of random
// gathers over the same arcs, the obvious implementations, and what the suite (C++, OpenMP) takes (gap.mjs).
//
//   node bench/graph/paths.mjs [--scale 18] [--only bfs] [--graph uniform] [--runs 7] [--tiny]
import { Memory } from '../../dist/src/memory/reserve.js';
import { expectEqual } from '../support/measure.mjs';
import { xorshift32 } from '../support/workload.mjs';
import { besideGap, gapSource } from './gap.mjs';
import { heapDistances, queueHops } from './plain-paths.mjs';
import { gather, Threads } from './threads.mjs';
import { undirected } from './undirected.mjs';
import { edgeList, GRAPH_SEED, weightsOf } from './workload.mjs';

const SCALE = 18;
const SOURCES = 4;

const total = ({ values }) => sumOf(values);

const work = {
  bfs: {
    file: 'bfs',
    tasks: 'bfs-task',
    kernel: 'BfsKernel',
    make: ({ bfsTask }, csr, source) => bfsTask(new Memory(), csr, csr, { source }),
    answer: total,
    plain: (csr, source) => sumOf(queueHops(csr, source)),
  },
  sssp: {
    file: 'sssp',
    tasks: 'sssp-task',
    kernel: 'SsspKernel',
    make: ({ ssspTask }, csr, source) => ssspTask(new Memory(), csr, { source }),
    answer: total,
    plain: (csr, source) => sumOf(heapDistances(csr, source)),
  },
  path: {
    file: 'shortest-path',
    tasks: 'shortest-path',
    kernel: 'ShortestPathKernel',
    // As from the second path of a snapshot on: its weights have been looked at.
    make: ({ shortestPathTask }, csr, source, target) => {
      const sides = { forward: csr, backward: csr, rank: csr.offsets };
      return shortestPathTask(new Memory(), sides, { source, target, isUnchecked: false });
    },
    answer: ({ count, length }) => (count[0] === 0 ? Number.POSITIVE_INFINITY : length[0]),
    plain: (csr, source, target) => heapDistances(csr, source, target)[target],
  },
};

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

function sumOf(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== Number.POSITIVE_INFINITY) sum += values[i];
  return sum;
}

/** Nodes that have arcs, as the suite draws them. */
function sourcesOf({ nodes, offsets }) {
  const chance = xorshift32(GRAPH_SEED);
  const sources = [];
  while (sources.length < SOURCES) {
    const node = Math.floor(chance() * nodes);
    if (offsets[node + 1] > offsets[node]) sources.push(node);
  }
  return sources;
}

async function gathers(csr, runs) {
  const x = new Float64Array(new SharedArrayBuffer(8 * csr.nodes)).fill(1);
  const times = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    expectEqual('the sum of ones', gather(csr, x), csr.arcs);
    times.push(performance.now() - start);
  }
  return median(times);
}

export async function run({ tiny = false, scale = tiny ? 10 : SCALE, only, graph, runs = tiny ? 1 : 7 } = {}) {
  console.log(gapSource(scale));
  for (const kind of graph === undefined ? ['uniform', 'kronecker'] : [graph]) {
    const list = edgeList(kind, scale);
    const csr = undirected(list, weightsOf(list.sources.length));
    const sources = sourcesOf(csr);
    const pass = await gathers(csr, 5);
    console.log(`${kind}, scale ${scale}: ${csr.nodes} nodes, ${csr.arcs / 2} edges; gathers ${pass.toFixed(1)} ms`);
    for (const [name, { file, tasks, kernel, make: plan, answer, plain }] of Object.entries(work)) {
      if (only !== undefined && only !== name) continue;
      const module = new URL(`../../dist/src/algorithms/${file}.js`, import.meta.url);
      const functions = await import(new URL(`../../dist/src/algorithms/${tasks}.js`, import.meta.url).href);
      const wanted = new Map();
      const plainTimes = [];
      for (const [i, source] of sources.entries()) {
        const start = performance.now();
        wanted.set(source, plain(csr, source, sources.at(i - 1)));
        plainTimes.push(performance.now() - start);
      }
      const results = [];
      for (const count of [1, 2]) {
        const threads = new Threads(count);
        const times = [];
        for (let i = 0; i < (runs + 2) * sources.length; i++) {
          const source = sources[i % sources.length];
          const stage = plan(functions, csr, source, sources.at((i % sources.length) - 1));
          const ms = await threads.run(module, kernel, stage);
          if (i >= 2 * sources.length) times.push(ms);
          expectEqual(name, answer(stage.task), wanted.get(source));
        }
        await threads.close();
        results.push({ ms: median(times), least: Math.min(...times) });
      }
      tell(name, kind, scale, results, pass, median(plainTimes));
    }
  }
}

function tell(name, graph, scale, results, pass, plain) {
  const [one, two] = results;
  const kernel = name === 'sssp' ? 'shortestPaths' : name;
  const gap = results.map(({ ms }, i) => besideGap(ms, kernel, graph, scale, i + 1)).join(', ');
  const figures = [
    `${name.padEnd(8)}${one.ms.toFixed(1).padStart(8)} ms, on two ${two.ms.toFixed(1)} ms`,
    `least ${one.least.toFixed(1)}, ${two.least.toFixed(1)}`,
    `${(one.ms / pass).toFixed(2)} gather passes`,
    `plain ${plain.toFixed(1)} ms`,
  ];
  if (gap !== ', ') figures.push(gap);
  console.log(`  ${figures.join('; ')}`);
}

if (process.argv[1] === import.meta.filename) {
  const option = (name) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const number = (name) => (option(name) === undefined ? undefined : Number(option(name)));
  await run({
    tiny: process.argv.includes('--tiny'),
    scale: number('scale'),
    runs: number('runs'),
    only: option('only'),
    graph: option('graph'),
  });
}
