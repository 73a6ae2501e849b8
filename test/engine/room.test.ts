import { describe, expect, test } from 'vitest';
import { AthanorError, createEngine, type Engine, type EngineEvent } from '../../dist/src/index.js';
import { RowAllocator } from '../../dist/src/publish/rows.js';

const capacity = { graphs: 100, nodes: 5000, edges: 1000 };

const refusal = (task: () => unknown): AthanorError | undefined => {
  try {
    task();
    return undefined;
  } catch (error) {
    if (error instanceof AthanorError) return error;
    throw error;
  }
};

/** Tries until it is accepted, waiting for room after each refusal: how often it waited. Anything but back-pressure is thrown. */
async function insist(engine: Engine, task: () => unknown): Promise<number> {
  for (let waits = 0; ; waits++) {
    const refused = refusal(task);
    if (refused === undefined) return waits;
    if (refused.code !== 'ATHANOR_BACKPRESSURE') throw refused;
    await engine.drained();
  }
}

describe('nodes', () => {
  test('the whole capacity comes back: live nodes fill it, removed ones do not', async () => {
    await using engine = await createEngine({ workers: 2, shards: 4, capacity });
    const graphs = ['a', 'b', 'c', 'd', 'e'].map((name) => engine.graph(name));
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 5000; n++) graphs[n % 5]!.moveNode(`${round} ${n}`, n, n);
      expect(refusal(() => graphs[0]!.moveNode('one more', 0, 0))).toMatchObject({
        code: 'ATHANOR_CAPACITY',
        message: 'node "one more": option capacity.nodes allows 5000, and 5000 are live',
      });
      // What exists is moved all the same, and what is removed makes room at once, applied or not.
      graphs[0]!.moveNode(`${round} 0`, 1, 1);
      graphs[0]!.removeNode(`${round} 0`);
      graphs[1]!.moveNode('in its place', 0, 0);
      graphs[1]!.removeNode('in its place');
      if (round % 2 === 0) for (let n = 1; n < 5000; n++) graphs[n % 5]!.removeNode(`${round} ${n}`);
      else for (const graph of graphs) graph.remove();
      if (round === 0) await engine.flush();
    }
    await engine.flush();
    expect(engine.graphs.totals.nodes).toBe(0);
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  });

  test('ids that come and go through ingest never meet a limit', async () => {
    await using engine = await createEngine({ workers: 1, capacity: { ...capacity, nodes: 3000 } });
    // More than there are rows: those of removed nodes are used again.
    const alive = 2000;
    const total = 60_000;
    function* events(): Generator<EngineEvent> {
      for (let n = 0; n < total; n++) {
        if (n >= alive) yield { type: 'node.removed', graph: 'g', node: `n${n - alive}` };
        yield { type: 'node.moved', graph: 'g', node: `n${n}`, x: n, y: n };
      }
    }
    expect(await engine.ingest(events())).toBe(2 * total - alive);
    await engine.flush();
    expect(engine.graph('g').order).toBe(alive);
    expect((await engine.verify()).problems).toEqual([]);
  });

  test('an array that removes and adds is taken whole, or refused; what a refused one bound is free at once', async () => {
    await using engine = await createEngine({ workers: 1, capacity: { ...capacity, nodes: 100 } });
    const moved = (node: string): EngineEvent => ({ type: 'node.moved', graph: 'g', node, x: 1, y: 1 });
    const ids = (of: string): string[] => Array.from({ length: 100 }, (_, n) => `${of} ${n}`);
    engine.publish(ids('first').map(moved));
    for (let turn = 0; turn < 50; turn++) {
      const many = [...ids(`turn ${turn}`).map(moved), moved('one too many')];
      expect(refusal(() => engine.publish(many))).toMatchObject({ code: 'ATHANOR_CAPACITY' });
    }
    const before = ids('first').map((node): EngineEvent => ({ type: 'node.removed', graph: 'g', node }));
    expect(refusal(() => engine.publish([...before, ...ids('second').map(moved)]))).toBeUndefined();
    expect(refusal(() => engine.publish([moved('one more')]))).toMatchObject({ code: 'ATHANOR_CAPACITY' });
    // A refused array counts for nothing.
    const { published, rejected } = engine.stats();
    expect([published, rejected]).toEqual([300, 50 * 101 + 1]);
    await engine.flush();
    expect(engine.graph('g').order).toBe(100);
    expect(engine.graph('g').has('second 99')).toBe(true);
  });
});

test.each(['nodes', 'graphs'])('what left is given back in slices, whoever publishes or does not: %s', async (what) => {
  const total = 20_000;
  await using engine = await createEngine({ workers: 2, shards: 2, capacity: { ...capacity, nodes: total } });
  const graphs = Array.from({ length: 10 }, (_, g) => engine.graph(`g${g}`));
  for (let n = 0; n < total; n++) await insist(engine, () => graphs[n % 10]!.moveNode(n, n, n));
  await engine.flush();
  const { retire } = RowAllocator.prototype;
  let inSlice = 0;
  let most = 0;
  let retired = 0;
  RowAllocator.prototype.retire = function (...row) {
    // A slice runs to its end before anything else does.
    if (inSlice++ === 0) queueMicrotask(() => (inSlice = 0));
    most = Math.max(most, inSlice);
    retired++;
    retire.apply(this, row);
  };
  try {
    if (what === 'graphs') for (const graph of graphs) graph.remove();
    else for (let n = 0; n < total; n++) await insist(engine, () => graphs[n % 10]!.removeNode(n));
    // Nothing is published or waited for any more.
    while (retired < total) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    RowAllocator.prototype.retire = retire;
  }
  expect(most).toBeGreaterThan(0);
  // The slice of a tick's end and one that was asked for may come in the same turn, one behind the other.
  expect(most).toBeLessThanOrEqual(2 * 4096);
});

describe('graphs', () => {
  test('created and removed in turn: drained() resolves when there is room', async () => {
    await using engine = await createEngine({ workers: 1, capacity: { ...capacity, graphs: 64 } });
    let waits = 0;
    const turns = 6000;
    for (let n = 0; n < turns; n++) {
      // Now one name again and again, now a new one.
      const graph = n % 3 === 0 ? 'g' : `g${n}`;
      const both: EngineEvent[] = [
        { type: 'graph.created', graph },
        { type: 'graph.removed', graph },
      ];
      waits += await insist(engine, () => engine.publish(both));
    }
    // There are fewer rows than turns, and they rest for a second: some are freed at a time, never one by one in a loop that
    // spins.
    expect(waits).toBeGreaterThan(0);
    expect(waits).toBeLessThan(turns / 10);
    await engine.flush();
    expect(engine.graphs.totals.graphs).toBe(0);
    for (let n = 0; n < 64; n++)
      await insist(engine, () => engine.publish({ type: 'graph.created', graph: `last ${n}` }));
    expect(refusal(() => engine.publish({ type: 'graph.created', graph: 'one more' }))).toMatchObject({
      code: 'ATHANOR_CAPACITY',
      message: 'graph "one more": option capacity.graphs allows 64, and 64 are live',
    });
  });

  test('options of names that never become graphs are forgotten in the end, those of live graphs never', async () => {
    await using engine = await createEngine({ workers: 1, capacity });
    engine.graph('live', { dimensions: 3 }).moveNode('a', 1, 2, 3);
    engine.graph('oldest', { dimensions: 3 });
    for (let n = 0; n < 65_536; n++) engine.graph(`g${n}`, { dimensions: 3 });
    expect(refusal(() => engine.graph('live', { dimensions: 2 }))).toMatchObject({ code: 'ATHANOR_INVALID_OPTION' });
    expect(refusal(() => engine.graph('g65535', { dimensions: 2 }))).toMatchObject({ code: 'ATHANOR_INVALID_OPTION' });
    expect(refusal(() => engine.graph('oldest', { dimensions: 2 }))).toBeUndefined();
    engine.graph('live').moveNode('b', 1, 2, 4);
    await engine.flush();
    expect(engine.graph('live').node('b')?.z).toBe(4);
  });
});

test('edges and data: back-pressure while room comes back, capacity when what is live fills it', async () => {
  await using engine = await createEngine({ workers: 1, capacity, batch: { adaptive: false, timeoutMs: 60_000 } });
  const graph = engine.graph('g');
  for (let n = 0; n < 1000; n++) graph.upsertEdge('hub', n);
  // All are in flight: they may be no new edges after all.
  expect(refusal(() => graph.upsertEdge('hub', 1000))).toMatchObject({
    code: 'ATHANOR_BACKPRESSURE',
    message: expect.stringContaining('capacity.edges allows 1000'),
  });
  await engine.drained();
  expect(refusal(() => graph.upsertEdge('hub', 1000))).toMatchObject({
    code: 'ATHANOR_CAPACITY',
    message: 'edge: option capacity.edges allows 1000, and 1000 are there',
  });
  graph.upsertEdge('hub', 0, { weight: 7 });
  await engine.flush();
  expect(graph.edge('hub', 0)?.weight).toBe(7);
  graph.removeNode('hub');
  expect(await insist(engine, () => graph.upsertEdge('next hub', 1))).toBe(1);
  for (let n = 2; n <= 1000; n++) await insist(engine, () => graph.upsertEdge('next hub', n));
  await engine.flush();
  expect(graph.size).toBe(1000);
  graph.remove();
  expect(await insist(engine, () => graph.upsertEdge('a', 'b'))).toBe(1);
  // Its own removal does not make room within an array: it is told so, and not to wait.
  const all: EngineEvent[] = [{ type: 'graph.removed', graph: 'g' }];
  for (let n = 0; n < 1000; n++) all.push({ type: 'edge.upserted', graph: 'other', source: 0, target: n });
  expect(refusal(() => engine.publish(all))).toMatchObject({ code: 'ATHANOR_BACKPRESSURE' });
  await engine.drained();
  expect(refusal(() => engine.publish(all))).toMatchObject({
    code: 'ATHANOR_CAPACITY',
    message: expect.stringContaining('in parts'),
  });
});

test('frames: an array that needs most of the ring waits until it has them', async () => {
  await using engine = await createEngine({ workers: 1, capacity, batch: { maxInFlight: 8, maxEvents: 64 } });
  const move = (n: number): EngineEvent => ({ type: 'node.moved', graph: 'g', node: n % 100, x: n, y: n });
  const array = Array.from({ length: 7 * 64 }, (_, n) => move(n));
  let waits = 0;
  for (let turn = 0; turn < 200; turn++) waits += await insist(engine, () => engine.publish(array));
  expect(waits).toBeLessThanOrEqual(400);
  await engine.flush();
  expect(engine.stats().applied).toBe(200 * 7 * 64);
  const hopeless = Array.from({ length: 9 * 64 }, (_, n) => move(n));
  expect(refusal(() => engine.publish(hopeless))).toMatchObject({ code: 'ATHANOR_CAPACITY' });
});
