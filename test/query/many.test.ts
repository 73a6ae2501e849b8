import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, type NodeSets } from '../../dist/src/index.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const capacity = { graphs: 1000, nodes: 100_000, edges: 1000 };
const engines: Engine[] = [];
beforeAll(async () => {
  for (const workers of [1, 2, 4]) engines.push(await createEngine({ workers, shards: 4, capacity }));
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

let names = 0;
const place = fc.integer({ min: -8, max: 8 });
const point = fc.tuple(place, place);

/** The answer of a query by itself. */
function answerOf(sets: NodeSets, i: number): number[] {
  return [...sets.handles.subarray(sets.offsets[i], sets.offsets[i + 1])];
}

function sorted(values: Iterable<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

test(`batches answer as single queries do, for any number of workers (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(point, { maxLength: 60 }),
      fc.array(fc.tuple(point, fc.constantFrom(0, 0.5, 1, 3, 1e9, Number.POSITIVE_INFINITY)), { maxLength: 200 }),
      fc.integer({ min: 1, max: 70 }),
      fc.boolean(),
      async (points, queries, k, inPlace) => {
        const columnOf = (values: number[]): Float64Array => {
          if (!inPlace) return Float64Array.from(values);
          const column: Float64Array = new Float64Array(new SharedArrayBuffer(values.length * 8));
          column.set(values);
          return column;
        };
        const name = `g${names++}`;
        const x = columnOf(queries.map(([[qx]]) => qx));
        const y = columnOf(queries.map(([[, qy]]) => qy));
        const radius = columnOf(queries.map(([, reach]) => reach));
        for (const engine of engines) {
          const graph = engine.graph(name);
          points.forEach(([px, py], id) => {
            graph.moveNode(id, px, py);
          });
          await engine.flush();
          const within = await graph.withinMany({ x, y, radius });
          const one = await graph.withinMany({ x, y, radius: 2 });
          const nearest = await graph.nearestMany({ x, y, k });
          expect(within.handles.buffer).toBeInstanceOf(SharedArrayBuffer);
          for (const sets of [within, one, nearest]) {
            expect(sets.offsets.length).toBe(queries.length + 1);
            expect(sets.offsets[0]).toBe(0);
            expect(sets.offsets[queries.length]).toBe(sets.handles.length);
          }
          expect(nearest.distances!.length).toBe(nearest.handles.length);
          queries.forEach(([[qx, qy], reach], i) => {
            expect(sorted(answerOf(within, i))).toEqual(sorted(graph.within({ x: qx, y: qy, radius: reach }).handles));
            expect(sorted(answerOf(one, i))).toEqual(sorted(graph.within({ x: qx, y: qy, radius: 2 }).handles));
            const single = graph.nearest({ x: qx, y: qy, k });
            const distances = nearest.distances!.subarray(nearest.offsets[i], nearest.offsets[i + 1]);
            expect([...distances]).toEqual([...(single.distances ?? [])]);
            // Ties stand in any order: each handle is at its distance.
            answerOf(nearest, i).forEach((handle, at) => {
              const [px, py] = points[graph.id(handle) as number]!;
              expect(Math.sqrt((px - qx) ** 2 + (py - qy) ** 2)).toBe(distances[at]);
            });
          });
          graph.remove();
        }
      },
    ),
    { seed: SEED, numRuns: 25 },
  );
});

test('nothing to ask, nothing to find', async () => {
  const [engine] = engines;
  const none = new Float64Array(0);
  const two = new Float64Array(2);
  const unknown = engine!.graph('not there');
  expect(await unknown.withinMany({ x: two, y: two, radius: 1 })).toMatchObject({ offsets: new Uint32Array(3) });
  const sets = await unknown.nearestMany({ x: two, y: two, k: 3 });
  expect([sets.offsets.length, sets.handles.length, sets.distances!.length]).toEqual([3, 0, 0]);
  expect(engine!.graph('not there').order).toBe(0);
  engine!.graph('one').moveNode(1, 1, 1);
  await engine!.flush();
  expect((await engine!.graph('one').withinMany({ x: none, y: none, radius: 1 })).offsets.length).toBe(1);
  expect((await engine!.graph('one').pairsWithin(10)).sources.length).toBe(0);
  expect((await unknown.pairsWithin(10)).distances.length).toBe(0);
});

test('bad batches are refused by field, index and value', async () => {
  const graph = engines[0]!.graph('bad') as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const x = new Float64Array(3);
  for (const [method, query, words] of [
    ['withinMany', undefined, /query: undefined/],
    ['withinMany', { x: [1], y: x, radius: 1 }, /x: an array of 1 is not a Float64Array/],
    ['withinMany', { x, y: new Float32Array(3), radius: 1 }, /y: .* is not a Float64Array/],
    ['withinMany', { x, y: new Float64Array(2), radius: 1 }, /y: 2 values, and x has 3/],
    ['withinMany', { x, y: Float64Array.of(0, Number.NaN, 0), radius: 1 }, /y\[1\]: NaN/],
    ['withinMany', { x: Float64Array.of(0, 0, Number.NEGATIVE_INFINITY), y: x, radius: 1 }, /x\[2\]: -Infinity/],
    ['withinMany', { x, y: x, radius: -1 }, /radius: -1/],
    ['withinMany', { x, y: x, radius: '1' }, /radius: "1"/],
    ['withinMany', { x, y: x, radius: Float64Array.of(1, 2) }, /radius: 2 values, and x has 3/],
    ['withinMany', { x, y: x, radius: Float64Array.of(1, 2, -0.5) }, /radius\[2\]: -0.5/],
    ['withinMany', { x, y: x, radius: Float64Array.of(1, Number.NaN, 2) }, /radius\[1\]: NaN/],
    ['withinMany', { x, y: x, z: x, radius: 1 }, /z: /],
    ['nearestMany', { x, y: x, k: 0 }, /k: 0 is not a whole number/],
    ['nearestMany', { x, y: x, k: 1.5 }, /k: 1.5/],
    ['nearestMany', { x, y: x }, /k: undefined/],
    ['pairsWithin', -1, /radius: -1/],
    ['pairsWithin', Number.NaN, /radius: NaN/],
  ] as const) {
    await expect(graph[method]!(query), String(words)).rejects.toMatchObject({
      code: 'ATHANOR_INVALID_QUERY',
      message: expect.stringMatching(words),
    });
  }
  await expect(graph.pairsWithin!(1, { signal: 1 })).rejects.toMatchObject({ code: 'ATHANOR_INVALID_QUERY' });
  await expect(graph.pairsWithin!(1, { onProgress: 1 })).rejects.toMatchObject({ code: 'ATHANOR_INVALID_QUERY' });
});

test('more hits than arena and result have room for at first', async () => {
  for (const engine of engines) {
    const graph = engine.graph('crowd');
    for (let id = 0; id < 3000; id++) graph.moveNode(id, id % 10, 5);
    await engine.flush();
    const queries = 300;
    const x = Float64Array.from({ length: queries }, (_, i) => i % 12);
    const y = new Float64Array(queries).fill(5);
    const radius = Float64Array.from({ length: queries }, (_, i) => (i % 3 === 0 ? 100 : 0));
    const { offsets, handles } = await graph.withinMany({ x, y, radius });
    for (let i = 0; i < queries; i++) {
      const hits = i % 3 === 0 ? 3000 : i % 12 < 10 ? 300 : 0;
      expect(offsets[i + 1]! - offsets[i]!).toBe(hits);
      if (i % 60 === 0) expect(new Set(handles.subarray(offsets[i], offsets[i + 1])).size).toBe(hits);
    }
    const all = await graph.nearestMany({ x, y, k: 1_000_000_000 });
    expect(all.handles.length).toBe(queries * 3000);
    graph.remove();
  }
});

test('batches while events stream: each query sees the graph between two events', async () => {
  const engine = engines[1]!;
  const graph = engine.graph('moving');
  const nodes = 64;
  const ids = Array.from({ length: nodes }, (_, id) => id);
  const handles = graph.handles(ids);
  // All nodes together at 0 or 1,000: a query at either place finds all that are there, at any moment `nodes` in sum.
  graph.moveNodes(handles, new Float64Array(nodes), new Float64Array(nodes));
  await engine.flush();
  const queries = 20_000;
  const x = new Float64Array(queries);
  const radius = Float64Array.from({ length: queries }, (_, i) => (i % 2 === 0 ? 1 : 5000));
  let streaming = true;
  const stream = (async () => {
    for (let turn = 0; streaming; turn++) {
      for (let i = 0; i < nodes; i++) graph.moveNode(i, (turn + i) % 2 === 0 ? 0 : 1000, 0);
      await engine.drained();
    }
  })();
  for (let round = 0; round < 5; round++) {
    const { offsets } = await graph.withinMany({ x, y: new Float64Array(queries), radius });
    for (let i = 0; i < queries; i++) {
      const hits = offsets[i + 1]! - offsets[i]!;
      if (i % 2 === 1) expect(hits).toBe(nodes);
      else expect(hits).toBeLessThanOrEqual(nodes);
    }
  }
  streaming = false;
  await stream;
  await engine.flush();
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});
