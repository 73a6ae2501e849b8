import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactSide, haveCommonPoint } from '../../dist/src/cli/space/exact-side.js';
import { isInZone } from '../../dist/src/cli/space/plain-zone.js';
import { spaceOf } from '../../dist/src/cli/space/space.js';
import { createEngine, type ZoneShape } from '../../dist/src/index.js';

const seed = Number(process.env.ATHANOR_SEED ?? 7);
const PLANE = spaceOf();

type Place = readonly [number, number];

/** The double above, or below for -1. */
function next(value: number, way: 1 | -1): number {
  const view = new DataView(new ArrayBuffer(8));
  if (value === 0) return way * Number.MIN_VALUE;
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(value > 0 ? way : -way));
  return view.getFloat64(0);
}

/** Sides and cuts of small whole numbers, which need no care. */
const cross = (a: Place, b: Place, c: Place): number =>
  // Never -0.
  0 + Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

const whole = fc.integer({ min: -6, max: 6 });
const place = fc.tuple(whole, whole);
/** Powers of two take nothing away from whole numbers, but tenths and thirds would. */
const scale = fc.constantFrom(1, 2 ** -30, 2 ** 200, 2 ** -500, 2 ** -1060);

test(`the side of a line, at any scale and next to it (seed ${seed})`, () => {
  fc.assert(
    fc.property(place, place, place, scale, (a, b, c, by) => {
      const at = ([x, y]: Place): Place => [x * by, y * by];
      expect(exactSide(at(a), at(b), at(c))).toBe(cross(a, b, c));
    }),
    { seed, numRuns: 2000 },
  );
  // One unit in the last place beside a line that no double but these is on.
  const a = [0.1, 0.1] as const;
  const b = [1234.1, 1234.1] as const;
  expect(exactSide(a, b, [567.3, 567.3])).toBe(0);
  expect(exactSide(a, b, [567.3, next(567.3, 1)])).toBe(1);
  expect(exactSide(a, b, [567.3, next(567.3, -1)])).toBe(-1);
});

test(`segments that meet, and those that only come near (seed ${seed})`, () => {
  fc.assert(
    fc.property(place, place, place, place, scale, (a, b, c, d, by) => {
      // By parameters in whole numbers: on both segments, or along one line.
      const between = (p: Place, q: Place, at: Place): boolean =>
        cross(p, q, at) === 0 && (at[0] - p[0]) * (at[0] - q[0]) <= 0 && (at[1] - p[1]) * (at[1] - q[1]) <= 0;
      const ends = between(a, b, c) || between(a, b, d) || between(c, d, a) || between(c, d, b);
      const through = cross(a, b, c) * cross(a, b, d) === -1 && cross(c, d, a) * cross(c, d, b) === -1;
      const at = ([x, y]: Place): Place => [x * by, y * by];
      expect(haveCommonPoint(at(a), at(b), at(c), at(d))).toBe(ends || through);
    }),
    { seed, numRuns: 2000 },
  );
});

test(`slanted edges: the check, the zone and its events agree on points on and beside them (seed ${seed})`, async () => {
  const points = [
    [0, 0],
    [1, 3],
    [-1, 3],
  ] as const;
  const zone: ZoneShape = { type: 'polygon', points };
  const random = fc.sample(fc.integer({ min: 1, max: 2 ** 20 - 1 }), { seed, numRuns: 150 });
  await using engine = await createEngine({ workers: 1, capacity: { graphs: 10, nodes: 1000, edges: 10 } });
  const graph = engine.graph('g');
  graph.setZone('a', zone);
  const events = graph.watch({ detect: ['enter'] });
  const inside = new Set<string>();
  let n = 0;
  const place = (x: number, y: number, isIn: boolean): void => {
    const id = `n${n++}`;
    expect(isInZone(zone, PLANE, { x, y, z: 0 }), `${x},${y}`).toBe(isIn);
    if (isIn) inside.add(id);
    graph.moveNode(id, x, y);
  };
  for (const k of random) {
    // Of 20 bits, so that three times it is exact: on the edge.
    const x = k / 2 ** 20;
    place(x, 3 * x, true);
    place(-x, 3 * x, true);
    place(next(x, 1), 3 * x, false);
    place(next(x, -1), 3 * x, true);
    place(next(-x, -1), 3 * x, false);
  }
  // A third is not a double: nothing is on that edge, and the nearest doubles are inside or outside.
  place(1 / 3, 1, true);
  place(next(1 / 3, 1), 1, false);
  expect(inside.size).toBeGreaterThan(100);
  await engine.flush();
  const entered = new Set<unknown>();
  for await (const { node } of events) if (entered.add(node).size === inside.size) break;
  expect(entered).toEqual(inside);
});
