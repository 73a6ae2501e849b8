import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/index.js';
import { alive, allStarted, births } from '../support/alive-workers.js';

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

test('a thread that is lost where the system refuses another: those that are left go on, and without any the engine says so', async () => {
  const engine = await createEngine({ workers: 8, capacity });
  const graph = engine.graph('g');
  for (let i = 0; i < 1000; i++) graph.upsertNode(i, { x: i, y: i });
  const two = { ...queries, x: queries.x.subarray(0, 32), y: queries.y.subarray(0, 32) };
  const batch = { ...queries, x: queries.x.subarray(0, 200), y: queries.y.subarray(0, 200) };
  while (engine.stats().workers.length < 2) await graph.withinMany(two);
  await allStarted(engine);
  births.refuse = true;
  const threads = engine.stats().workers.length;
  // More tasks than threads: one is refused.
  await Promise.all([graph.withinMany(batch), graph.withinMany(batch), graph.withinMany(batch), graphsOf(engine)]);
  expect(engine.stats().workers.length).toBe(threads);
  for (const worker of [...alive].slice(1)) await worker.terminate();
  for (let i = 0; i < 1000; i++) graph.moveNode(i, i, 1);
  await engine.flush();
  expect((await graph.withinMany(batch)).offsets.length).toBe(201);
  expect(engine.stats().workers.length).toBe(1);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  await [...alive][0]!.terminate();
  const refused = { code: 'ATHANOR_WORKER_LOST', message: expect.stringContaining('no thread') };
  await expect(engine.flush()).rejects.toMatchObject(refused);
  await expect(engine.close()).rejects.toMatchObject(refused);
});
