import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AthanorError, createEngine, type Engine, type Graph } from '../../dist/src/index.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 7);
const COUNT = 600;

let engine: Engine;
const graphs: Record<string, Graph> = {};
const next = (() => {
  let x = SEED | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
})();

beforeAll(async () => {
  engine = await createEngine({ workers: 2, shards: 4, capacity: { graphs: 16, nodes: 5000, edges: 16 } });
  graphs.plane = engine.graph('plane');
  graphs.solid = engine.graph('solid', { dimensions: 3 });
  graphs.sphere = engine.graph('sphere', { metric: 'haversine' });
  for (let i = 0; i < COUNT; i++) {
    // One in ten stands where another does.
    const [u, v, w] = i % 10 === 9 ? [0.5, 0.5, 0.5] : [next(), next(), next()];
    graphs.plane.moveNode(i, u * 100, v * 100);
    graphs.solid.moveNode(i, u * 100, v * 100, w * 100);
    graphs.sphere.moveNode(i, u * 360 - 180, (Math.asin(2 * v - 1) * 180) / Math.PI);
  }
  await engine.flush();
});
afterAll(() => engine.close());

describe.each([
  ['plane', 8],
  ['solid', 20],
  ['sphere', 900_000],
])(`many queries at once, seed ${SEED}: %s`, (name, radius) => {
  const queries = () => {
    const count = 50;
    const x = Float64Array.from({ length: count }, () => (name === 'sphere' ? next() * 360 - 180 : next() * 100));
    const y = Float64Array.from({ length: count }, () => (name === 'sphere' ? next() * 180 - 90 : next() * 100));
    const z = Float64Array.from({ length: count }, () => next() * 100);
    return name === 'solid' ? { x, y, z } : { x, y };
  };
  const at = (asked: { x: Float64Array; y: Float64Array; z?: Float64Array }, i: number) => ({
    x: asked.x[i]!,
    y: asked.y[i]!,
    ...(asked.z && { z: asked.z[i]! }),
  });

  test('within and nearest as one by one', async () => {
    const graph = graphs[name]!;
    const asked = queries();
    const within = await graph.withinMany({ ...asked, radius });
    const nearest = await graph.nearestMany({ ...asked, k: 7 });
    let hits = 0;
    for (let i = 0; i < asked.x.length; i++) {
      const found = within.handles.subarray(within.offsets[i], within.offsets[i + 1]);
      expect([...found].sort()).toEqual([...graph.within({ ...at(asked, i), radius }).handles].sort());
      hits += found.length;
      const distances = nearest.distances!.subarray(nearest.offsets[i], nearest.offsets[i + 1]);
      expect([...distances]).toEqual([...graph.nearest({ ...at(asked, i), k: 7 }).distances!]);
    }
    expect(hits).toBeGreaterThan(50);
  });

  test('pairs as a radius query at each node', async () => {
    const graph = graphs[name]!;
    const { sources, targets, distances } = await graph.pairsWithin(radius);
    const pairs = new Map<string, number>();
    for (let i = 0; i < sources.length; i++) pairs.set(`${sources[i]} ${targets[i]}`, distances[i]!);
    expect(pairs.size).toBe(sources.length);
    let expected = 0;
    for (const node of graph.nodes()) {
      const place = name === 'solid' ? { x: node.x, y: node.y, z: node.z } : { x: node.x, y: node.y };
      const near = graph.within({ ...place, radius, sort: 'distance' });
      near.handles.forEach((other, k) => {
        if (other <= node.handle) return;
        expected++;
        expect(Math.abs(pairs.get(`${node.handle} ${other}`)! - near.distances![k]!)).toBeLessThan(1e-6);
      });
    }
    expect(pairs.size).toBe(expected);
    expect(expected).toBeGreaterThan(COUNT);
  });

  test('clusters count the nodes of each cell of x and y', () => {
    const graph = graphs[name]!;
    const grid =
      name === 'sphere'
        ? { minX: -90, minY: -45, maxX: 90, maxY: 45, cellSize: 30 }
        : { minX: 10, minY: 20, maxX: 90, maxY: 80, cellSize: 7 };
    const columns = Math.ceil((grid.maxX - grid.minX) / grid.cellSize);
    const rows = Math.ceil((grid.maxY - grid.minY) / grid.cellSize);
    const cells = new Map<string, { count: number; x: number; y: number }>();
    for (const { x, y } of graph.nodes()) {
      if (x < grid.minX || x > grid.maxX || y < grid.minY || y > grid.maxY) continue;
      const column = Math.min(columns - 1, Math.floor((x - grid.minX) / grid.cellSize));
      const row = Math.min(rows - 1, Math.floor((y - grid.minY) / grid.cellSize));
      const cell = cells.get(`${column} ${row}`) ?? { count: 0, x: 0, y: 0 };
      cells.set(`${column} ${row}`, { count: cell.count + 1, x: cell.x + x, y: cell.y + y });
    }
    const found = [...graph.clusters(grid)];
    expect(found.length).toBe(cells.size);
    for (const { column, row, count, x, y } of found) {
      const cell = cells.get(`${column} ${row}`)!;
      expect(count).toBe(cell.count);
      expect(x).toBeCloseTo(cell.x / count, 9);
      expect(y).toBeCloseTo(cell.y / count, 9);
    }
  });
});

test('pairs of antipodes are decided by their angle', async () => {
  const graph = engine.graph('antipodes', { metric: 'haversine' });
  graph.moveNode('a', 0, 0.5);
  graph.moveNode('b', 180, -0.5000001);
  await engine.flush();
  const apart = graph.nearest({ x: 0, y: 0.5, k: 2 }).distances![1]!;
  for (const [radius, pairs] of [
    [apart - 0.001, 0],
    [apart, 1],
    [Number.POSITIVE_INFINITY, 1],
  ] as const) {
    const { distances } = await graph.pairsWithin(radius);
    expect(distances.length).toBe(pairs);
    if (pairs > 0) expect(distances[0]).toBeLessThanOrEqual(radius);
  }
});

test('a grid whose side is a whole number of cells has no cell more', () => {
  for (const { column } of graphs.plane!.clusters({ minX: 0, minY: 0, maxX: 2.1, maxY: 100, cellSize: 0.3 })) {
    expect(column).toBeLessThan(7);
  }
  expect(() => graphs.sphere!.clusters({ minX: 0, minY: -91, maxX: 1, maxY: 0, cellSize: 1 })).toThrow(/minY: -91/);
});

test('columns of queries are checked in the coordinates of the graph', async () => {
  const one = Float64Array.of(1);
  const refused = async (task: () => Promise<unknown>, words: RegExp): Promise<void> => {
    const error = await Promise.resolve()
      .then(task)
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(AthanorError);
    expect(error).toMatchObject({ code: 'ATHANOR_INVALID_QUERY' });
    expect((error as Error).message).toMatch(words);
  };
  await refused(() => graphs.solid!.withinMany({ x: one, y: one, radius: 1 }), /z: undefined/);
  await refused(() => graphs.plane!.withinMany({ x: one, y: one, z: one, radius: 1 }), /^z/);
  const kind = { x: one, y: one, radius: 1, kind: 'x' };
  await refused(() => graphs.plane!.withinMany(kind), /queries.kind/);
  await refused(() => graphs.plane!.withinMany({ x: one, y: one, radius: 1 }, { sgnal: 1 } as object), /sgnal/);
  await refused(() => graphs.sphere!.nearestMany({ x: one, y: Float64Array.of(91), k: 1 }), /y\[0\]: 91/);
});
