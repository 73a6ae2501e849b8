import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/index.js';
import { births } from '../support/alive-workers.js';

const { createEngine, mapModules } = await import('../../dist/src/index.js');
const capacity = { graphs: 100, nodes: 20_000, edges: 1000 };
const queries = { x: new Float64Array(20_000), y: new Float64Array(20_000), radius: 1e6 };

async function graphsOf(engine: Engine): Promise<string[]> {
  const names: string[] = [];
  for await (const { graph } of engine.graphs.map(mapModules.summary)) names.push(graph);
  return names;
}

afterEach(() => {
  births.refuse = false;
});

test('an engine starts with one thread; others start when there are more tasks, and no more than asked for', async () => {
  await using engine = await createEngine({ workers: 3, capacity });
  expect(engine.stats().workers.length).toBe(1);
  const graph = engine.graph('g');
  for (let i = 0; i < 1000; i++) graph.upsertNode(i, { x: i, y: i });
  await engine.flush();
  expect(engine.stats().workers.length).toBe(1);
  const few = { ...queries, x: queries.x.subarray(0, 200), y: queries.y.subarray(0, 200) };
  for (let round = 0; round < 20; round++) {
    await Promise.all([graph.withinMany(few), graph.withinMany(few)]);
    expect(engine.stats().workers.length).toBeLessThanOrEqual(3);
  }
  while (engine.stats().workers.length < 3) await graph.withinMany(few);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});

test('threads that the system refuses are done without: nothing is lost, nothing waits', async () => {
  await using engine = await createEngine({ workers: 4, capacity });
  births.refuse = true;
  const graph = engine.graph('g');
  for (let i = 0; i < 1000; i++) graph.upsertNode(i, { x: i, y: i });
  const [within, map] = await Promise.all([
    graph.withinMany({ x: new Float64Array(50), y: new Float64Array(50), radius: 5 }),
    graphsOf(engine),
    engine.flush(),
  ]);
  expect(within.offsets.length).toBe(51);
  expect(map).toEqual(['g']);
  births.refuse = false;
  await engine.flush();
  expect(engine.stats().workers.length).toBe(1);
  expect((await graph.withinMany({ x: new Float64Array(1), y: new Float64Array(1), radius: 5 })).handles.length).toBe(
    4,
  );
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});
