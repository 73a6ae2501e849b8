import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Space } from '../../dist/src/base/space.js';
import { createEngine, type Engine } from '../../dist/src/index.js';
import { TreeClusters } from '../../dist/src/query/clusters.js';
import { Twin } from '../support/tree-twin.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 2, shards: 2, capacity: { graphs: 1000, nodes: 100_000, edges: 100 } });
});
afterAll(() => engine.close());

const place = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }));
const grid = fc
  .tuple(
    fc.integer({ min: -5, max: 30 }),
    fc.integer({ min: -5, max: 30 }),
    fc.nat(40),
    fc.nat(40),
    fc.integer({ min: 1, max: 50 }),
  )
  .map(([minX, minY, width, height, cellSize]) => ({ minX, minY, maxX: minX + width, maxY: minY + height, cellSize }));
type Grid = { minX: number; minY: number; maxX: number; maxY: number; cellSize: number };

function recount(points: Iterable<readonly [number, number]>, { minX, minY, maxX, maxY, cellSize }: Grid) {
  const columns = Math.max(1, Math.ceil((maxX - minX) / cellSize));
  const rows = Math.max(1, Math.ceil((maxY - minY) / cellSize));
  const cells = new Map<string, { row: number; column: number; count: number; x: number; y: number }>();
  for (const [x, y] of points) {
    if (x < minX || x > maxX || y < minY || y > maxY) continue;
    const column = Math.min(columns - 1, Math.floor((x - minX) / cellSize));
    const row = Math.min(rows - 1, Math.floor((y - minY) / cellSize));
    const cell = cells.get(`${row} ${column}`) ?? { row, column, count: 0, x: 0, y: 0 };
    cells.set(`${row} ${column}`, cell);
    cell.count++;
    cell.x += x;
    cell.y += y;
  }
  return [...cells.values()]
    .map((cell) => ({ ...cell, x: cell.x / cell.count, y: cell.y / cell.count }))
    .sort((a, b) => a.row - b.row || a.column - b.column);
}

let names = 0;
test(`clusters are a recount, before and after changes (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(place, { maxLength: 600 }),
      fc.array(fc.oneof(grid, fc.tuple(fc.nat(599), place)), { maxLength: 12 }),
      async (places, steps) => {
        const graph = engine.graph(`g${names++}`);
        const points = new Map(places.map((at, id) => [id, at]));
        for (const [id, [x, y]] of points) graph.moveNode(id, x, y);
        await engine.flush();
        for (const step of steps) {
          if (Array.isArray(step)) {
            const [id, [x, y]] = step;
            points.set(id, [x, y]);
            graph.moveNode(id, x, y);
            await engine.flush();
            continue;
          }
          // Whole coordinates: sums are exact in any order.
          expect([...graph.clusters(step)]).toEqual(recount(points.values(), step));
          expect(graph.clusters({ ...step })).toBe(graph.clusters(step));
        }
        graph.remove();
      },
    ),
    { seed: SEED, numRuns: 60 },
  );
});

test('clusters of a large graph, zoomed and moved, while it changes', async () => {
  const graph = engine.graph('large');
  let state = SEED;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const points = new Map<number, [number, number]>();
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 5000; i++) {
      const id = random(20_000);
      points.set(id, [random(1000), random(1000)]);
      graph.moveNode(id, ...points.get(id)!);
      if (i % 1000 === 0) await engine.drained();
    }
    await engine.flush();
    for (const cellSize of [1000, 300, 64, 5]) {
      for (const shift of [0, 17]) {
        const box = { minX: shift, minY: 0, maxX: 900 + shift, maxY: 1000, cellSize };
        expect([...graph.clusters(box)]).toEqual(recount(points.values(), box));
      }
    }
  }
  const clusters = graph.clusters({ minX: 0, minY: 0, maxX: 999, maxY: 999, cellSize: 1000 });
  expect([clusters.length, clusters.counts[0]]).toEqual([1, points.size]);
});

test.each([
  ['plane', Space.plane],
  ['solid', Space.solid],
  ['sphere', Space.sphere],
] as const)('a walk in slices answers as one at once, and knows when it does not stand: %s', (_, space) => {
  const twin = new Twin(3000, space);
  const at = (row: number) => ({ x: (row * 7919) % 97, y: (row * 104_729) % 89, z: row % 7 });
  for (let row = 0; row < 3000; row++) twin.put(0, row, at(row));
  const { regions, columns, options } = twin;
  const trees = new TreeClusters(regions, 0, columns);
  const box = (cellSize: number) => ({ minX: 3, minY: 2, maxX: 90, maxY: 80, cellSize });
  const walk = (sequence: number, grid: Grid, maxNodes: number) => {
    trees.begin(0, options[0]!, sequence, grid);
    for (;;) {
      expect(trees.stands(sequence)).toBe(true);
      const clusters = trees.step(maxNodes);
      if (clusters !== undefined) return [...clusters];
    }
  };
  const wanted = (grid: Grid) =>
    recount(
      Array.from(twin.model[0]!.values(), ({ x, y }) => [x, y] as const),
      grid,
    );
  for (const cellSize of [100, 30, 7])
    expect(walk(1, box(cellSize), Number.POSITIVE_INFINITY)).toEqual(wanted(box(cellSize)));
  for (const cellSize of [7, 30, 100]) expect(walk(2, box(cellSize), 1)).toEqual(wanted(box(cellSize)));
  // Given up half-way, by an event and by a packing.
  trees.begin(0, options[0]!, 3, box(30));
  expect(trees.step(5)).toBe(undefined);
  twin.put(0, 1, { x: 50, y: 50, z: 0 });
  expect(trees.stands(4)).toBe(false);
  expect(walk(4, box(30), 3)).toEqual(wanted(box(30)));
  trees.begin(0, options[0]!, 4, box(7));
  expect(trees.step(5)).toBe(undefined);
  twin.pack(1e6, 512);
  expect(trees.stands(4)).toBe(false);
  expect(walk(4, box(7), 3)).toEqual(wanted(box(7)));
});

test('clusters are of one moment while events are applied', async () => {
  const graph = engine.graph('crossing');
  const count = 20_000;
  const handles = graph.handles(Array.from({ length: count }, (_, i) => i));
  const x = new Float64Array(count);
  const y = Float64Array.from({ length: count }, (_, i) => i);
  const box = (cellSize: number) => ({ minX: 0, minY: 0, maxX: 2 * count, maxY: count, cellSize });
  graph.moveNodes(handles, x, y);
  await engine.flush();
  // From left to right, one after another: at any moment those on the right are the first so many.
  for (let round = 1; round <= 4; round++) {
    x.fill(round % 2 === 0 ? 0 : count + 1);
    const gone = graph.moveNodes(handles, x, y);
    // Whole frames are under way at once: nothing has to be waited for.
    for (let asked = 0, seen = 0; asked < 500 && seen < gone - 1024; asked++) {
      const found = [...graph.clusters(box(count + asked / 8))];
      expect(found.reduce((sum, cell) => sum + cell.count, 0)).toBe(count);
      const moved = found.find((cell) => cell.x === x[0]);
      if (moved !== undefined) expect(moved.y).toBe((moved.count - 1) / 2);
      seen = moved?.count ?? 0;
    }
    await engine.flush();
    for (
      let done = gone;
      done < count;
      done += graph.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done))
    ) {
      await engine.drained();
    }
    await engine.flush();
  }
});

test('grids that make no sense', () => {
  const graph = engine.graph('g');
  const box = { minX: 0, minY: 0, maxX: 10, maxY: 10, cellSize: 1 };
  expect(engine.graph('not there').clusters(box).length).toBe(0);
  for (const [wrong, words] of [
    [{ minX: 11 }, /minX: 11 is above maxX \(10\)/],
    [{ minY: Number.NaN }, /minY: NaN/],
    [{ maxY: -1 }, /minY: 0 is above maxY \(-1\)/],
    [{ cellSize: 0 }, /cellSize: 0 is not above 0/],
    [{ cellSize: -1 }, /cellSize: -1/],
    [{ cellSize: 1e-9 }, /cellSize: 1e-9 cuts a side of 10 into more than/],
    [{ maxX: 1.5e308, minX: -1.5e308 }, /cellSize: 1 cuts a side of Infinity/],
    [{ cellSize: undefined }, /cellSize: undefined/],
  ] as const) {
    expect(() => graph.clusters({ ...box, ...wrong } as Grid), String(words)).toThrow(
      expect.objectContaining({ code: 'ATHANOR_INVALID_QUERY', message: expect.stringMatching(words) }),
    );
  }
});
