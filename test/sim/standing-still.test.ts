import { afterAll, beforeAll, expect, test } from 'vitest';
import { GraphState } from '../../dist/src/project/graph-columns.js';
import { ControlFlag } from '../../dist/src/schedule/control.js';
import { NodePool } from '../../dist/src/spatial/generated/nodes.js';
import { Packing } from '../../dist/src/spatial/generated/packing.js';
import { marksOf } from '../../dist/src/spatial/packing-state.js';
import { Crashes } from '../support/crashes.js';
import { Simulation } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const NODES = 3000;

const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

async function start() {
  const simulation = new Simulation(SEED, crashes);
  const engine = await simulation.start({ workers: 1, shards: 1, capacity: { graphs: 4, nodes: 8_000, edges: 5_000 } });
  const graph = engine.graph('some');
  const handles = graph.handles(Array.from({ length: NODES }, (_, i) => i));
  return { simulation, engine, graph, handles, memory: simulation.memory };
}

test('a removal that an applier gave back goes on after its shard stood still, without another event', async () => {
  const { simulation, engine, graph, handles, memory } = await start();
  const hubs = handles.map((_, i) => handles[i % 3]!);
  for (let done = 0; done < NODES; await simulation.until(engine.drained())) {
    done += graph.upsertEdges(handles.subarray(done), hubs.subarray(done));
  }
  await simulation.until(engine.flush());
  engine.publish({ type: 'graph.removed', graph: 'some' });
  // As a task does that comes while the worker is at it.
  memory.control.setFlag(ControlFlag.yieldWanted);
  await simulation.until(engine.flush());
  await simulation.until(engine.digest());
  expect(memory.graphs.state[0], `seed ${SEED}`).toBe(GraphState.dead);
  await simulation.quiesce();
  expect(memory.graphs.state[0], `seed ${SEED}`).toBe(GraphState.free);
  await simulation.until(engine.close());
});

test('so does a packing', async () => {
  const { simulation, engine, graph, handles, memory } = await start();
  const { random } = simulation;
  const x = Float64Array.from(handles, () => random(1e6));
  const y = Float64Array.from(handles, () => random(1e6));
  for (let done = 0; done < NODES; await simulation.until(engine.drained())) {
    done += graph.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
  }
  await simulation.until(engine.flush());
  await simulation.quiesce();
  const { index, planes } = memory.spatial;
  const packing = new Packing(index, new NodePool(planes[0]!), marksOf(0));
  expect(packing.active).toBe(false);
  // As it is when an applier gave the shard back in the middle of one.
  packing.want(0);
  memory.control.markReady(0);
  await simulation.until(engine.digest());
  expect(packing.active, `seed ${SEED}`).toBe(true);
  await simulation.quiesce();
  expect(packing.active, `seed ${SEED}`).toBe(false);
  expect(index.packed[0]).toBe(NODES);
  await simulation.until(engine.close());
});
