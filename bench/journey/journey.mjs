// publish → readable, against the same program with rbush and a Map on one thread.
import { pathToFileURL } from 'node:url';
import RBush from 'rbush';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { MOVE_SEED, POINT_SEED, places, round, xorshift32 } from '../support/workload.mjs';

async function moveByColumns(engine, graph, handles, { x, y }) {
  let done = 0;
  while (done < handles.length) {
    done += graph.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
    if (done < handles.length) await engine.drained();
  }
  await engine.flush();
}

async function moveById(engine, graph, ids, { x, y }) {
  for (let i = 0; i < ids.length; i++) if (!graph.moveNode(ids[i], x[i], y[i])) await engine.drained();
  await engine.flush();
}

/** What people write today: an index of items by id, and rbush over them. */
class OneThread {
  constructor(ids, { x, y }) {
    this.items = new Map(ids.map((id, i) => [id, { minX: x[i], minY: y[i], maxX: x[i], maxY: y[i], id }]));
    this.tree = new RBush().load([...this.items.values()]);
  }

  move(id, x, y) {
    const item = this.items.get(id);
    this.tree.remove(item);
    item.minX = item.maxX = x;
    item.minY = item.maxY = y;
    this.tree.insert(item);
  }
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 2000 : 100_000;
  const runs = tiny ? 1 : 7;
  const ids = Array.from({ length: count }, (_, i) => `node-${i}`);
  const points = places(count, POINT_SEED);
  const next = xorshift32(MOVE_SEED);
  const before = () => round(points, next);
  console.log(` journey, ${count} nodes, steps of half a unit, seed ${POINT_SEED.toString(16)}`);
  const plain = new OneThread(ids, points);
  const sample = Math.min(count, 20_000);
  const yardstick = await measure(
    sample,
    () => {
      for (let i = 0; i < sample; i++) plain.move(ids[i], points.x[i], points.y[i]);
    },
    { runs: Math.min(runs, 3), before },
  );
  report('rbush and a Map, one thread', yardstick);
  for (const workers of [1, 2]) {
    const engine = await createEngine({ workers });
    const graph = engine.graph('swarm');
    const handles = graph.handles(ids);
    await moveByColumns(engine, graph, handles, points);
    for (let warm = 0; warm < (tiny ? 1 : 4); warm++) {
      before();
      await moveById(engine, graph, ids, points);
      await moveByColumns(engine, graph, handles, points);
    }
    const columns = await measure(count, () => moveByColumns(engine, graph, handles, points), { runs, before });
    report(`by columns, ${workers} worker(s)`, columns, { 'rbush + Map': yardstick });
    const single = await measure(count, () => moveById(engine, graph, ids, points), { runs, before });
    report(`by single string ids, ${workers} worker(s)`, single, { 'rbush + Map': yardstick });
    let inside = 0;
    for (let i = 0; i < count; i++) if ((points.x[i] - 500) ** 2 + (points.y[i] - 500) ** 2 <= 1e4) inside++;
    expectEqual('nodes within 100 of the middle', graph.within({ x: 500, y: 500, radius: 100 }).length, inside);
    expectEqual('problems', (await engine.verify()).problems.join(), '');
    await engine.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
