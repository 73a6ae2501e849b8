import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createEngine } from '../../dist/src/index.js';

const engine = await createEngine({ workers: 1, capacity: { graphs: 2000, nodes: 200_000, edges: 200_000 } });
afterAll(() => engine.close());

const metrics = [
  ['plane', {}, 10, 5],
  ['space', { dimensions: 3 }, 10, 8],
  ['sphere', { metric: 'haversine' }, 90, 20_000_000],
] as const;
let made = 0;

test.each(metrics)(
  'neighbours within a distance are neighbours and within it: %s',
  async (name, options, reach, far) => {
    const coordinate = fc.oneof(
      fc.integer({ min: -reach, max: reach }),
      fc.double({ min: -reach, max: reach, noNaN: true }),
    );
    const point = fc.tuple(coordinate, coordinate, coordinate);
    const radius = fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: far, noNaN: true }),
      fc.integer({ min: 0, max: 10 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(point, { minLength: 1, maxLength: 40 }),
        point,
        radius,
        async (points, at, distance) => {
          const graph = engine.graph(`${name} ${made++}`, options);
          const solid = name === 'space';
          points.forEach(([x, y, z], id) => {
            graph.upsertNode(id, solid ? { x, y, z } : { x, y });
            graph.upsertEdge('hub', id);
          });
          // Nobody knows where it is.
          graph.upsertEdge('hub', 'nowhere');
          await engine.flush();
          const [x, y, z] = at;
          const ball = { x, y, radius: distance, ...(solid && { z }) };
          const found = graph.neighbors('hub', { within: ball }).ids();
          expect(found.sort()).toEqual(graph.within(ball).ids().sort());
          const exact = {
            ...ball,
            ...(solid
              ? { x: points[0]![0], y: points[0]![1], z: points[0]![2] }
              : { x: points[0]![0], y: points[0]![1] }),
            radius: 0,
          };
          expect(graph.neighbors('hub', { within: exact }).ids()).toContain(0);
          graph.remove();
        },
      ),
      { numRuns: 60 },
    );
  },
);

test('a filter that is none is refused', () => {
  const graph = engine.graph('refused');
  for (const within of [
    null,
    3,
    {},
    { x: 1, y: 2, radius: -1 },
    { x: 1, y: 2, radius: Number.NaN },
    { x: 1, y: 2, z: 3, radius: 1 },
  ]) {
    expect(() => graph.neighbors('a', { within: within as never })).toThrow(
      expect.objectContaining({ code: 'ATHANOR_INVALID_QUERY' }),
    );
  }
});
