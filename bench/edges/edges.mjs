// Edges, published → applied, against graphology's mergeEdge on the same events in the same run; what hubs cost.
import { pathToFileURL } from 'node:url';
import Graph from 'graphology';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED } from '../support/workload.mjs';
import { rmatEdges, uniformEdges } from './generate.mjs';

async function byColumns(engine, graph, sources, targets) {
  for (let done = 0; done < sources.length; ) {
    done += graph.upsertEdges(sources.subarray(done), targets.subarray(done));
    if (done < sources.length) await engine.drained();
  }
  await engine.flush();
}

async function byIds(engine, graph, ids, { sources, targets }) {
  for (let i = 0; i < sources.length; i++) {
    if (!graph.upsertEdge(ids[sources[i]], ids[targets[i]])) await engine.drained();
  }
  await engine.flush();
}

async function makeNodes(engine, graph, ids) {
  for (const id of ids) if (!graph.upsertNode(id)) await engine.drained();
  await engine.flush();
}

/** Removes the graph, and waits until nothing of it is left. */
async function discard(engine, graph) {
  graph.remove();
  await engine.flush();
}

async function ingest(engine, name, edges, { runs, yardstickRuns }) {
  const { nodes, sources, targets } = edges;
  const events = sources.length;
  const ids = Array.from({ length: nodes }, (_, i) => `node-${i}`);
  const distinct = new Set(Array.from(sources, (source, i) => source * nodes + targets[i])).size;
  console.log(` ${name}: ${nodes} nodes, ${events} events, seed ${POINT_SEED.toString(16)}`);
  const plain = await measure(
    events,
    () => {
      const graph = new Graph({ type: 'directed' });
      for (let i = 0; i < events; i++) graph.mergeEdge(ids[sources[i]], ids[targets[i]]);
    },
    { runs: yardstickRuns },
  );
  report('graphology, mergeEdge', plain);
  let turn = 0;
  let graph;
  let from;
  let to;
  const fresh = async (known) => {
    if (graph !== undefined) await discard(engine, graph);
    graph = engine.graph(`${name} ${turn++}`);
    if (known) await makeNodes(engine, graph, ids);
    const handles = graph.handles(ids);
    from = sources.map((source) => handles[source]);
    to = targets.map((target) => handles[target]);
  };
  const columns = () => byColumns(engine, graph, from, to);
  const single = () => byIds(engine, graph, ids, edges);
  const yardsticks = { graphology: plain };
  const known = { runs, warm: 1, before: () => fresh(true) };
  report('by columns', await measure(events, columns, known), yardsticks);
  expectEqual('edges', graph.size, distinct);
  report('by columns, all there already', await measure(events, columns, { runs }), yardsticks);
  report('by columns, ends new', await measure(events, columns, { runs, before: () => fresh(false) }), yardsticks);
  report('by single string ids', await measure(events, single, known), yardsticks);
  report('by single string ids, all there already', await measure(events, single, { runs }), yardsticks);
  const bare = async () => {
    if (graph !== undefined) await discard(engine, graph);
    graph = engine.graph(`${name} ${turn++}`);
  };
  report('by single string ids, ends new', await measure(events, single, { runs, before: bare }), yardsticks);
  expectEqual('edges', graph.size, distinct);
  await discard(engine, graph);
}

export async function run({ tiny = false } = {}) {
  const nodes = tiny ? 1 << 10 : 1 << 17;
  const events = tiny ? 1 << 13 : 1 << 20;
  const options = { runs: tiny ? 1 : 3, yardstickRuns: 1 };
  const engine = await createEngine({ workers: 1, capacity: { nodes: 1 << 21 } });
  await ingest(engine, 'uniform', uniformEdges(nodes, events, POINT_SEED), options);
  await ingest(engine, 'R-MAT', rmatEdges(nodes, events, POINT_SEED), options);
  expectEqual('problems', (await engine.verify()).problems.join(), '');
  await engine.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
