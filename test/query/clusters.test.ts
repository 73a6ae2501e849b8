import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../dist/src/index.js';

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
