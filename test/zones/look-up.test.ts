import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ZoneShape } from '../../dist/src/index.js';
import { clearance, contains } from '../../dist/src/zones/geometry.js';
import { GraphZones } from '../../dist/src/zones/graph-zones.js';
import { EARTH, PLANE, SOLID, type Space } from '../../dist/src/zones/space.js';
import { crosses } from '../../dist/src/zones/ways.js';
import { box, circle, options, type Point, place, point, star, zone } from '../support/shapes.js';

describe('safe distances and look-ups', () => {
  const cases: Array<[string, Space, fc.Arbitrary<ZoneShape>, fc.Arbitrary<Point>]> = [
    ['plane', PLANE, fc.oneof(circle(PLANE), box(PLANE), star), point.map(([x, y]) => [x, y, 0] as Point)],
    ['solid', SOLID, fc.oneof(circle(SOLID), box(SOLID), star), point],
    [
      'sphere',
      EARTH,
      fc.oneof(
        star,
        fc
          .tuple(place, fc.double({ min: 0, max: 2e7, noNaN: true }))
          .map(([[x, y], radius]): ZoneShape => ({ type: 'circle', x, y, radius })),
        fc.tuple(place, place).map(
          ([[ax, ay], [bx, by]]): ZoneShape => ({
            type: 'box',
            minX: ax,
            maxX: bx,
            minY: Math.min(ay, by),
            maxY: Math.max(ay, by),
          }),
        ),
      ),
      place,
    ],
  ];

  test.each(cases)('within the clearance nothing changes and no way meets the border: %s', (_, space, shape, where) => {
    const unit = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(shape, where, fc.tuple(unit, unit, unit), fc.tuple(unit, unit, unit), (of, at, d, e) => {
        const target = zone(of, space);
        let radius = clearance(target, space, ...at);
        if (space === EARTH) radius = Math.min(radius, 180 - Math.abs(at[0]), 45);
        if (!(radius > 0)) return;
        const step = (by: readonly number[]): [number, number, number] => {
          const length = Math.max(1, Math.hypot(...by)) * (1 + 1e-12);
          const moved = at.map((value, k) => value + (k === 2 && space !== SOLID ? 0 : (by[k]! / length) * radius));
          if (space === EARTH) moved[1] = Math.max(-90, Math.min(90, moved[1]!));
          return moved as [number, number, number];
        };
        const [from, to] = [step(d), step(e)];
        const inside = contains(target, space, ...at);
        expect(contains(target, space, ...from)).toBe(inside);
        expect(contains(target, space, ...to)).toBe(inside);
        if (!inside) expect(crosses(target, space, ...from, ...to)).toBe(false);
      }),
      { ...options, numRuns: 1500 },
    );
  });

  test.each(cases)('look-ups leave out no zone that matters: %s', (_, space, shape, where) => {
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 20 }),
        where,
        where,
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        (shapes, a, b, reach) => {
          const zones = new GraphZones(space, 1);
          const all = shapes.map((of, row) => zone(of, space, row));
          zones.load(all.slice(0, 10));
          for (const one of all.slice(10)) zones.set(one);
          zones.at(a[0], a[1]);
          const here = new Set(zones.found.slice(0, zones.foundCount));
          for (const one of all) if (contains(one, space, ...a)) expect(here.has(one)).toBe(true);
          zones.along(a[0], a[1], b[0], b[1], reach);
          const along = new Set(zones.found.slice(0, zones.foundCount));
          expect(along.size).toBe(zones.foundCount);
          for (const one of all) {
            const matters =
              contains(one, space, ...a) ||
              contains(one, space, ...b) ||
              crosses(one, space, ...a, ...b) ||
              clearance(one, space, ...b) <
                Math.min(reach, space === EARTH ? 180 - Math.abs(b[0]) - 1e-9 : reach) - 1e-9;
            if (matters) expect(along.has(one)).toBe(true);
          }
          for (const one of all) zones.delete(one.row);
          zones.at(a[0], a[1]);
          expect(zones.foundCount).toBe(0);
        },
      ),
      { ...options, numRuns: 500 },
    );
  });
});
