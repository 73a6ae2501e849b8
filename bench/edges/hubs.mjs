// Two hubs: what edges of theirs cost, put, asked for and taken away, and how long readers wait when a hub or the graph goes.
import { setImmediate as turn } from 'node:timers/promises';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, xorshift32 } from '../support/workload.mjs';
import { byColumns, makeNodes } from './edges.mjs';

const ASKED = 100_000;

async function hubsOf(engine, name, neighbours) {
  const graph = engine.graph(name);
  const ids = Array.from({ length: neighbours + 2 }, (_, i) => i);
  await makeNodes(engine, graph, ids);
  const handles = graph.handles(ids);
  const nodes = handles.subarray(2);
  const [a, b] = [0, 1].map((hub) => new Uint32Array(neighbours).fill(handles[hub]));
  return { graph, handles, nodes, a, b };
}

/** Longest of the reads that follow each other until `done`, in milliseconds; the event loop has a turn after each hundred. */
async function longestRead(read, done) {
  let longest = 0;
  let ended = false;
  const end = done.then(() => {
    ended = true;
  });
  for (let reads = 0; !ended || reads < 1000; reads++) {
    const start = performance.now();
    read();
    longest = Math.max(longest, performance.now() - start);
    if (reads % 100 === 99) await turn();
  }
  await end;
  return longest;
}

export async function runHubs({ neighbours }) {
  const engine = await createEngine({
    workers: 1,
    capacity: { nodes: 4 * neighbours + 100, edges: 4 * neighbours + 100 },
  });
  const { graph, a, b, nodes } = await hubsOf(engine, 'hubs', neighbours);
  console.log(` two hubs with ${neighbours} neighbours each`);
  const once = { runs: 1 };
  const put = await measure(neighbours, () => byColumns(engine, graph, a, nodes), once);
  report('put to a hub', put);
  await byColumns(engine, graph, b, nodes);
  graph.upsertEdge(0, 1);
  await engine.flush();
  expectEqual('edges', graph.size, 2 * neighbours + 1);
  const next = xorshift32(POINT_SEED);
  const asked = Array.from({ length: Math.min(ASKED, neighbours) }, () => 2 + Math.floor(next() * neighbours));
  let found = 0;
  const ask = async (what, source, target) =>
    report(
      what,
      await measure(
        asked.length,
        () => {
          for (const node of asked) if (graph.edge(source(node), target(node)) !== undefined) found++;
        },
        { runs: 3, warm: 1 },
      ),
    );
  await ask(
    'edge(hub, node)',
    () => 0,
    (node) => node,
  );
  await ask(
    'edge(hub, hub)',
    () => 0,
    () => 1,
  );
  expectEqual('found', found, 8 * asked.length);
  await ask(
    'edge(node, node), not there',
    (node) => node,
    (node) => node,
  );
  expectEqual('found', found, 8 * asked.length);
  report(
    'neighbors(hub), a neighbour',
    await measure(neighbours, () => void expectEqual('neighbours', graph.neighbors(0).length, neighbours + 1), {
      runs: 3,
    }),
  );
  const away = await measure(
    neighbours,
    async () => {
      for (let i = neighbours - 1; i >= 0; i--) if (!graph.removeEdge(0, i + 2)) await engine.drained();
      await engine.flush();
    },
    once,
  );
  report('taken away from a hub one by one', away);
  expectEqual('edges', graph.size, neighbours + 1);

  graph.removeNode(1);
  const removed = performance.now();
  const hubGone = engine.flush();
  const waited = await longestRead(() => graph.edge(0, 2), hubGone);
  expectEqual('edges', graph.size, 0);
  console.log(
    `  a hub removed: applied in ${(performance.now() - removed).toFixed(1)} ms, longest read ${waited.toFixed(2)} ms`,
  );
  const other = await hubsOf(engine, 'other', neighbours);
  await byColumns(engine, other.graph, other.a, other.nodes);
  other.graph.remove();
  const graphWaited = await longestRead(() => graph.edge(0, 2), engine.flush());
  expectEqual('edges', other.graph.size, 0);
  console.log(`  a graph with a hub removed: longest read of another graph ${graphWaited.toFixed(2)} ms`);
  expectEqual('problems', (await engine.verify()).problems.join(), '');
  await engine.close();
}
