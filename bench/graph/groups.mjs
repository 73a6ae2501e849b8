// Triangles, clustering, communities and strong components on the graphs of the GAP Benchmark Suite, on one thread and on
// two, beside a pass of random gathers over the same arcs and what the suite (C++, OpenMP) takes (gap.mjs).
//
//   node bench/graph/groups.mjs [scale] [what] [graph]
import { pathToFileURL } from 'node:url';
import { Memory } from '../../dist/src/memory/reserve.js';
import { expectEqual } from '../support/measure.mjs';
import { besideGap, gapSource } from './gap.mjs';
import { gather, Threads } from './threads.mjs';
import { benchGraph, GRAPH_SEED } from './workload.mjs';

const SCALE = 18;

const work = {
  triangles: {
    file: 'triangles',
    kernel: 'TrianglesKernel',
    make: ({ trianglesTask }, graph) => trianglesTask(new Memory(), graph),
    answer: (task) => task.total[0],
  },
  'clustering, undirected': {
    file: 'clustering',
    kernel: 'ClusteringKernel',
    make: ({ clusteringTask }, graph) => clusteringTask(new Memory(), graph, { direction: 'both' }),
    answer: (task) => mean(task.values),
  },
  'clustering, directed': {
    file: 'clustering',
    kernel: 'ClusteringKernel',
    make: ({ clusteringTask }, graph) => clusteringTask(new Memory(), graph, { direction: 'out' }),
    answer: (task) => mean(task.values),
  },
  'strong components': {
    file: 'strong-components',
    kernel: 'StrongComponentsKernel',
    make: ({ strongComponentsTask }, graph) => strongComponentsTask(new Memory(), graph),
    answer: (task) => new Set(task.values).size,
  },
  'strong components, serial': {
    file: 'strong-components',
    kernel: 'StrongComponentsKernel',
    make: ({ strongComponentsTask }, graph) => strongComponentsTask(new Memory(), graph, { serialWork: 2 ** 40 }),
    answer: (task) => new Set(task.values).size,
  },
  'communities, undirected': {
    file: 'communities',
    kernel: 'CommunitiesKernel',
    make: ({ communitiesTask }, graph) => communitiesTask(new Memory(), graph, { iterations: 10, direction: 'both' }),
    answer: (task) => new Set(task.values).size,
  },
  'communities, directed': {
    file: 'communities',
    kernel: 'CommunitiesKernel',
    make: ({ communitiesTask }, graph) => communitiesTask(new Memory(), graph, { iterations: 10, direction: 'out' }),
    answer: (task) => new Set(task.values).size,
  },
};

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function time(threads, module, kernel, make, answer, runs) {
  const times = [];
  let found;
  for (let i = 0; i < runs + 3; i++) {
    const plan = make();
    const ms = await threads.run(module, kernel, plan);
    if (i >= 3) times.push(ms);
    const result = answer(plan.task);
    expectEqual('the result of another run', result, found ?? result);
    found = result;
  }
  return { ms: median(times), least: times[0], found };
}

export async function run({ tiny = false, scale = tiny ? 10 : SCALE, only, graphs = ['uniform', 'kronecker'] } = {}) {
  console.log(`seed ${GRAPH_SEED}, scale ${scale}`);
  console.log(gapSource(scale));
  for (const kind of graphs) {
    const graph = benchGraph(kind, scale);
    const x = new Float64Array(new SharedArrayBuffer(8 * graph.nodes)).fill(1);
    const gathers = [];
    for (let i = 0; i < 9; i++) {
      const start = performance.now();
      expectEqual('the sum of ones', gather(graph.both, x), graph.both.arcs);
      gathers.push(performance.now() - start);
    }
    const pass = median(gathers);
    console.log(
      `${kind}: ${graph.nodes} nodes, ${graph.both.arcs / 2} undirected edges; gathers ${pass.toFixed(1)} ms`,
    );
    for (const [name, { file, kernel, make, answer }] of Object.entries(work)) {
      if (only !== undefined && !name.startsWith(only)) continue;
      const module = new URL(`../../dist/src/algorithms/${file}.js`, import.meta.url);
      const functions = await import(module.href);
      const results = [];
      for (const count of [1, 2]) {
        const threads = new Threads(count);
        results.push(await time(threads, module, kernel, () => make(functions, graph), answer, tiny ? 1 : 5));
        await threads.close();
      }
      const [one, two] = results;
      expectEqual(`${name} of two threads`, two.found, one.found);
      const gap = results.map(({ ms }, i) => besideGap(ms, name, kind, scale, i + 1)).join(', ');
      console.log(
        `  ${name.padEnd(28)}${one.ms.toFixed(1).padStart(8)} ms ${two.ms.toFixed(1).padStart(8)} ms on two` +
          ` (least ${one.least.toFixed(1)}, ${two.least.toFixed(1)}), ${(one.ms / two.ms).toFixed(2)} x;` +
          ` ${(one.ms / pass).toFixed(1)} gathers; result ${one.found}` +
          (gap === ', ' ? '' : `; ${gap}`),
      );
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [scale, only, graph] = process.argv.slice(2).filter((word) => word !== '--tiny');
  const tiny = process.argv.includes('--tiny');
  await run({ tiny, ...(scale && { scale: +scale }), ...(only && { only }), ...(graph && { graphs: [graph] }) });
}
