import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { orientation, segmentsMeet } from '../../dist/src/base/orientation.js';
import { greatCircleDistance } from '../../dist/src/base/sphere.js';
import type { ZoneShape } from '../../dist/src/index.js';
import { clearance, contains } from '../../dist/src/zones/geometry.js';
import { EARTH, PLANE, SOLID, type Space } from '../../dist/src/zones/space.js';
import { crosses, shortWay } from '../../dist/src/zones/ways.js';
import type { Zone } from '../../dist/src/zones/zone.js';
import { box, circle, coarse, options, type Point, place, point, stairs, star, zone } from '../support/shapes.js';

/** Even-odd by brute force in exact fractions of 1/4096: the ring's corners and the point are first put on that grid. */
function inPolygon(points: ReadonlyArray<readonly [number, number]>, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [ax, ay] = points[j]!;
    const [bx, by] = points[i]!;
    const cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    if (cross === 0 && x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by))
      return true;
    if (ay > y !== by > y && cross > 0 === by > ay) inside = !inside;
  }
  return inside;
}
const snap = (value: number): number => Math.round(value * 64) / 64;

describe('what is inside', () => {
  test('balls and boxes, in two and three dimensions', () => {
    for (const space of [PLANE, SOLID]) {
      fc.assert(
        fc.property(circle(space), point, (shape, [x, y, z]) => {
          if (shape.type !== 'circle') return;
          const depth = space === SOLID ? z - shape.z! : 0;
          const square = (x - shape.x) ** 2 + (y - shape.y) ** 2 + depth ** 2;
          expect(contains(zone(shape, space), space, x, y, space === SOLID ? z : 0)).toBe(square <= shape.radius ** 2);
        }),
        options,
      );
      fc.assert(
        fc.property(box(space), point, (shape, [x, y, z]) => {
          if (shape.type !== 'box') return;
          const deep = space === PLANE || (z >= shape.minZ! && z <= shape.maxZ!);
          const wanted = deep && x >= shape.minX && x <= shape.maxX && y >= shape.minY && y <= shape.maxY;
          expect(contains(zone(shape, space), space, x, y, space === SOLID ? z : 0)).toBe(wanted);
        }),
        options,
      );
    }
  });

  test('polygons, with points on corners and edges', () => {
    fc.assert(
      fc.property(fc.oneof(star, stairs), point, (shape, [px, py]) => {
        if (shape.type !== 'polygon') return;
        const [x, y] = [snap(px), snap(py)];
        expect(contains(zone(shape, PLANE), PLANE, x, y, 0)).toBe(inPolygon(shape.points, x, y));
        for (const [cx, cy] of shape.points) expect(contains(zone(shape, PLANE), PLANE, cx, cy, 0)).toBe(true);
        shape.points.forEach(([ax, ay], i) => {
          const [bx, by] = shape.points[(i + 1) % shape.points.length]!;
          expect(contains(zone(shape, PLANE), PLANE, (ax + bx) / 2, (ay + by) / 2, 0)).toBe(true);
        });
        // In three dimensions it is a column without end.
        expect(contains(zone(shape, SOLID), SOLID, x, y, 1e9)).toBe(inPolygon(shape.points, x, y));
      }),
      options,
    );
  });

  test('circles on the sphere are those of great-circle distances', () => {
    fc.assert(
      fc.property(place, place, fc.double({ min: 0, max: 21e6, noNaN: true }), ([x, y], [px, py], radius) => {
        const distance = greatCircleDistance(x, y, px, py, EARTH.radiusM);
        if (Math.abs(distance - radius) < 1e-3) return;
        expect(contains(zone({ type: 'circle', x, y, radius }, EARTH), EARTH, px, py, 0)).toBe(distance <= radius);
      }),
      options,
    );
    const everything = zone({ type: 'circle', x: 0, y: 0, radius: Math.PI * EARTH.radiusM }, EARTH);
    expect(contains(everything, EARTH, 180, 0, 0)).toBe(true);
    // All longitudes of a pole are one point.
    expect(contains(zone({ type: 'circle', x: 10, y: 90, radius: 0 }, EARTH), EARTH, -120, 90, 0)).toBe(true);
    expect(contains(zone({ type: 'circle', x: 180, y: 5, radius: 0 }, EARTH), EARTH, -180, 5, 0)).toBe(true);
  });

  test('boxes and polygons at the antimeridian', () => {
    const pacific = zone({ type: 'box', minX: 170, minY: -10, maxX: -170, maxY: 10 }, EARTH);
    for (const x of [170, 175, 180, -180, -175, -170]) expect(contains(pacific, EARTH, x, 0, 0), `${x}`).toBe(true);
    for (const x of [169, 0, -169]) expect(contains(pacific, EARTH, x, 0, 0), `${x}`).toBe(false);
    // The meridian 180 is -180.
    const west = zone({ type: 'box', minX: -180, minY: -10, maxX: -170, maxY: 10 }, EARTH);
    expect(contains(west, EARTH, 180, 0, 0)).toBe(true);
    const east = zone(
      {
        type: 'polygon',
        points: [
          [180, 0],
          [170, 5],
          [170, -5],
        ],
      },
      EARTH,
    );
    expect(contains(east, EARTH, -180, 0, 0)).toBe(true);
    expect(contains(east, EARTH, -179, 0, 0)).toBe(false);
    const world = zone({ type: 'box', minX: -180, minY: -90, maxX: 180, maxY: 90 }, EARTH);
    expect(contains(world, EARTH, 33, 90, 0)).toBe(true);
  });

  test('tiny and huge', () => {
    const dot = zone({ type: 'circle', x: 3, y: 4, radius: 0 }, PLANE);
    expect(contains(dot, PLANE, 3, 4, 0)).toBe(true);
    expect(contains(dot, PLANE, 3 + 1e-12, 4, 0)).toBe(false);
    const huge = zone({ type: 'circle', x: 0, y: 0, radius: 1e200 }, PLANE);
    expect(contains(huge, PLANE, 1e199, 0, 0)).toBe(true);
    expect(contains(huge, PLANE, 1e201, 0, 0)).toBe(false);
    const small = zone({ type: 'circle', x: 0, y: 0, radius: 1 }, PLANE);
    expect(contains(small, PLANE, 1e300, 1e300, 0)).toBe(false);
    const sliver = zone(
      {
        type: 'polygon',
        points: [
          [0, 0],
          [1e-300, 0],
          [0, 1e-300],
        ],
      },
      PLANE,
    );
    expect(contains(sliver, PLANE, 0, 0, 0)).toBe(true);
    expect(contains(sliver, PLANE, 1e-300, 1e-300, 0)).toBe(false);
  });
});

test('sides of a line are exact', () => {
  // Collinear in whole numbers, and one unit in the last place beside.
  expect(orientation(0, 0, 3e15, 1e15, 6e15, 2e15)).toBe(0);
  expect(orientation(0, 0, 3e15, 1e15, 6e15, 2e15 + 1)).toBe(1);
  expect(orientation(0, 0, 3e15, 1e15, 6e15, 2e15 - 1)).toBe(-1);
  expect(orientation(0.5, 0.5, 12, 12, 24, 24 + 2 ** -48)).toBe(1);
  expect(orientation(-1e308, -1e308, 1e308, 1e308, 0, 5e-324)).toBe(1);
  fc.assert(
    fc.property(
      fc.tuple(coarse, coarse),
      fc.tuple(coarse, coarse),
      fc.tuple(coarse, coarse),
      ([ax, ay], [bx, by], [cx, cy]) => {
        // The same by whole numbers, moved to where rounding is coarse.
        const wanted = Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) + 0;
        for (const [scale, shift] of [
          [1, 0],
          [1, 2 ** 49],
          [2 ** -30, 1024],
        ] as const) {
          const at = (value: number): number => value * scale + shift;
          expect(orientation(at(ax), at(ay), at(bx), at(by), at(cx), at(cy)) + 0).toBe(wanted);
        }
      },
    ),
    options,
  );
});

/** Whether some of many positions on the way is inside. */
function sampled(of: Zone, space: Space, from: Point, to: Point, steps = 600): boolean {
  const end = space === EARTH ? shortWay(from[0], to[0]) : to[0];
  for (let i = 0; i <= steps; i++) {
    const at = from.map((value, k) => value + ((k === 0 ? end : to[k]!) - value) * (i / steps)) as [
      number,
      number,
      number,
    ];
    if (at[0] > 180 && space === EARTH) at[0] -= 360;
    if (at[0] < -180 && space === EARTH) at[0] += 360;
    if (contains(of, space, ...at)) return true;
  }
  return false;
}

describe('ways', () => {
  test('a way that has a position inside crosses, and one that crosses comes as near as can be', () => {
    for (const space of [PLANE, SOLID]) {
      const shape = fc.oneof(circle(space), box(space), star);
      fc.assert(
        fc.property(shape, point, point, (of, a, b) => {
          const [from, to] = [a, b].map((p) => [p[0], p[1], space === SOLID ? p[2] : 0] as Point);
          const target = zone(of, space);
          if (contains(target, space, ...from!) || contains(target, space, ...to!)) return;
          const found = crosses(target, space, ...from!, ...to!);
          const seen = sampled(target, space, from!, to!);
          if (seen) expect(found).toBe(true);
          if (!found || seen) return;
          // It touches a corner, or grazes: then some position of the way is close to the border.
          const least = Math.min(
            ...Array.from({ length: 4001 }, (_, i) => {
              const at = from!.map((value, k) => value + (to![k]! - value) * (i / 4000));
              return clearance(target, space, at[0]!, at[1]!, at[2]!);
            }),
          );
          expect(least).toBeLessThan(0.01);
        }),
        options,
      );
    }
  });

  test('a way that touches a border or a corner crosses', () => {
    const round = zone({ type: 'circle', x: 0, y: 0, radius: 1 }, PLANE);
    expect(crosses(round, PLANE, -2, 1, 0, 2, 1, 0)).toBe(true);
    expect(crosses(round, PLANE, -2, 1.0000001, 0, 2, 1.0000001, 0)).toBe(false);
    const square = zone({ type: 'box', minX: 0, minY: 0, maxX: 1, maxY: 1 }, PLANE);
    expect(crosses(square, PLANE, -1, 1, 0, 1, 3, 0)).toBe(false);
    expect(crosses(square, PLANE, -1, 0, 0, 1, 2, 0)).toBe(true);
    expect(crosses(square, PLANE, -1, 1, 0, 2, 1, 0)).toBe(true);
    const triangle = zone(
      {
        type: 'polygon',
        points: [
          [0, 0],
          [2, 0],
          [1, 2],
        ],
      },
      PLANE,
    );
    expect(crosses(triangle, PLANE, 0, 2, 0, 2, 2, 0)).toBe(true);
    expect(crosses(triangle, PLANE, -1, 0, 0, 3, 0, 0)).toBe(true);
    // Along the line of an edge, but not on it.
    expect(crosses(triangle, PLANE, 3, 0, 0, 5, 0, 0)).toBe(false);
    const cube = zone({ type: 'box', minX: 0, minY: 0, minZ: 0, maxX: 1, maxY: 1, maxZ: 1 }, SOLID);
    expect(crosses(cube, SOLID, -1, -1, -1, 2, 2, 2)).toBe(true);
    expect(crosses(cube, SOLID, 0.5, 0.5, -1, 0.5, 0.5, 2)).toBe(true);
    expect(crosses(cube, SOLID, -1, 0.5, 1.5, 1.5, 0.5, 1.2)).toBe(false);
    // A node that stays where it is passes through nothing.
    expect(crosses(round, PLANE, 2, 0, 0, 2, 0, 0)).toBe(false);
  });

  test('on the sphere: straight in degrees, the short way round, for every zone', () => {
    const round = fc
      .tuple(place, fc.double({ min: 0, max: 2e7, noNaN: true }))
      .map(([[x, y], radius]): ZoneShape => ({ type: 'circle', x, y, radius }));
    fc.assert(
      fc.property(place, place, fc.oneof(star, round), (a, b, of) => {
        const target = zone(of, EARTH);
        const half = Math.abs(Math.abs(a[0] - b[0]) - 180) < 1e-9;
        if (contains(target, EARTH, ...a) || contains(target, EARTH, ...b) || half) return;
        const found = crosses(target, EARTH, ...a, ...b);
        if (sampled(target, EARTH, a, b)) expect(found).toBe(true);
        if (of.type !== 'circle' || !found) return;
        // A circle that is a little larger, as many samples are needed, has one of them inside.
        const larger = zone({ ...of, radius: of.radius + 20_000 }, EARTH);
        expect(sampled(larger, EARTH, a, b, 1200)).toBe(true);
      }),
      options,
    );
    // A box, a polygon and a circle at one place are crossed by the same ways: London to Tokyo on the map, and not by the north.
    for (const [x, y, wanted] of [
      [70, 69, false],
      [70, 43.6, true],
    ] as const) {
      const [minX, maxX, minY, maxY] = [x - 3, x + 3, y - 3, y + 3];
      const corners = [
        [minX, minY],
        [maxX, minY],
        [maxX, maxY],
        [minX, maxY],
      ] as const;
      const shapes: ZoneShape[] = [
        { type: 'circle', x, y, radius: 300_000 },
        { type: 'box', minX, maxX, minY, maxY },
        { type: 'polygon', points: corners },
      ];
      for (const of of shapes) {
        expect(crosses(zone(of, EARTH), EARTH, 0, 51.5, 0, 139.7, 35.7, 0), of.type).toBe(wanted);
        expect(crosses(zone(of, EARTH), EARTH, 139.7, 35.7, 0, 0, 51.5, 0), of.type).toBe(wanted);
      }
    }
    // Along a circle of latitude, not over the pole; and round the antimeridian.
    const pole = zone({ type: 'circle', x: 0, y: 90, radius: 1000 }, EARTH);
    expect(crosses(pole, EARTH, -30, 80, 0, 120, 80, 0)).toBe(false);
    const fiji = zone({ type: 'box', minX: 177, minY: -19, maxX: -178, maxY: -16 }, EARTH);
    const suva = zone({ type: 'circle', x: 178.4, y: -18.1, radius: 300_000 }, EARTH);
    for (const target of [fiji, suva]) {
      expect(crosses(target, EARTH, 170, -17, 0, -170, -18, 0)).toBe(true);
      expect(crosses(target, EARTH, -170, -18, 0, 170, -17, 0)).toBe(true);
      expect(crosses(target, EARTH, 100, -17, 0, -100, -17, 0)).toBe(true);
      expect(crosses(target, EARTH, 80, -17, 0, -80, -17, 0)).toBe(false);
    }
    // A way that touches: 10 degrees north of the centre of a circle of that radius, along the parallel.
    for (let north = 1; north < 80; north++) {
      const radius = greatCircleDistance(20, 0, 20, north, EARTH.radiusM);
      const touched = zone({ type: 'circle', x: 20, y: 0, radius }, EARTH);
      // On the sphere the parallel bends towards the pole: the point straight to the north is the nearest.
      expect(crosses(touched, EARTH, 15, north, 0, 25, north, 0), `${north} degrees`).toBe(true);
      expect(crosses(touched, EARTH, 15, north + 1e-9, 0, 25, north + 1e-9, 0), `${north} degrees`).toBe(false);
    }
  });

  test('ways that follow the border of a circle on the sphere closely are decided in few steps', () => {
    const steps = vi.spyOn(Math, 'sin');
    try {
      for (const beyond of [1e-3, 1e-6, 1e-9, 1e-11]) {
        // Round the pole along a parallel, and along a meridian that is a quarter of the circumference away.
        const parallel = zone(
          { type: 'circle', x: 0, y: 90, radius: greatCircleDistance(0, 90, 0, 80, EARTH.radiusM) },
          EARTH,
        );
        const meridian = zone(
          { type: 'circle', x: 0, y: 0, radius: greatCircleDistance(0, 0, 90, 0, EARTH.radiusM) },
          EARTH,
        );
        steps.mockClear();
        expect(crosses(parallel, EARTH, -80, 80 - beyond, 0, 80, 80 - beyond, 0), `${beyond}`).toBe(false);
        expect(crosses(meridian, EARTH, 90 + beyond, -80, 0, 90 + beyond, 80, 0), `${beyond}`).toBe(false);
        // At the pole, where all longitudes are one point, a little outside.
        const beside = zone({ type: 'circle', x: 20, y: 89.9995, radius: 55 }, EARTH);
        expect(crosses(beside, EARTH, -40, 90, 0, 100, 90, 0)).toBe(false);
        expect(steps.mock.calls.length, `${beyond}`).toBeLessThan(200_000);
      }
    } finally {
      steps.mockRestore();
    }
  });

  test('ways exactly tangent to a circle or a ball cross it, and those a digit farther do not', () => {
    console.info(`seed ${options.seed}`);
    const whole = fc.integer({ min: -1000, max: 1000 });
    // Pythagorean triples: tangents in whole numbers, at (a, b) of a circle of radius c, moved and scaled without rounding.
    const triple = fc.constantFrom([3, 4, 5], [-5, 12, 13], [8, -15, 17], [-20, -21, 29], [0, 7, 7], [9, 0, 9]);
    const unit = fc.integer({ min: -900, max: 900 }).map((power) => 2 ** power);
    fc.assert(
      fc.property(triple, whole, whole, fc.integer({ min: 1, max: 99 }), unit, (of, cx, cy, long, scale) => {
        const [a, b, c] = of as [number, number, number];
        const at = (t: number): [number, number] => [(cx + a - t * b) * scale, (cy + b + t * a) * scale];
        const [from, to] = [at(-long), at(long + 1)];
        for (const space of [PLANE, SOLID]) {
          const [x, y, z] = [cx * scale, cy * scale, 5 * scale];
          const shape = (radius: number): ZoneShape =>
            space === SOLID ? { type: 'circle', x, y, z, radius } : { type: 'circle', x, y, radius };
          const height = space === SOLID ? z : 0;
          const meets = (radius: number): boolean =>
            crosses(zone(shape(radius), space), space, ...from, height, ...to, height);
          expect(meets(c * scale)).toBe(true);
          expect(meets(c * scale * (1 - Number.EPSILON))).toBe(false);
          expect(meets(c * scale * (1 + Number.EPSILON))).toBe(true);
        }
      }),
      options,
    );
    // Along an axis, in numbers that are rounded: as the position in between, taken by itself, is inside or not.
    const decimal = fc.integer({ min: -9999, max: 9999 }).map((value) => value / 100);
    fc.assert(
      fc.property(decimal, decimal, fc.integer({ min: 1, max: 999 }), (x, y, tenths) => {
        const radius = tenths / 10;
        const target = zone({ type: 'circle', x, y, radius }, PLANE);
        for (const level of [y + radius, y - radius]) {
          const wanted = contains(target, PLANE, x, level, 0);
          expect(crosses(target, PLANE, x - 2 * radius, level, 0, x + 3 * radius, level, 0)).toBe(wanted);
        }
      }),
      options,
    );
  });

  test('boxes at 180 degrees hold both of its names, and no longitude beside by rounding', () => {
    const around = zone({ type: 'box', minX: 10, minY: -5, maxX: 5, maxY: 5 }, EARTH);
    expect(contains(around, EARTH, 5, 0, 0)).toBe(true);
    expect(contains(around, EARTH, 5.00000000000001, 0, 0)).toBe(false);
    expect(contains(around, EARTH, 9.99999999999999, 0, 0)).toBe(false);
    for (const x of [180, -180]) expect(contains(around, EARTH, x, 0, 0)).toBe(true);
  });
});

test('segments meet when they have a point in common', () => {
  expect(segmentsMeet(0, 0, 2, 2, 0, 2, 2, 0)).toBe(true);
  expect(segmentsMeet(0, 0, 1, 1, 1, 1, 2, 0)).toBe(true);
  expect(segmentsMeet(0, 0, 1, 1, 2, 2, 3, 3)).toBe(false);
  expect(segmentsMeet(0, 0, 2, 2, 1, 1, 3, 3)).toBe(true);
  expect(segmentsMeet(0, 0, 2, 0, 1, 1e-300, 1, 1)).toBe(false);
  expect(segmentsMeet(1, 1, 1, 1, 0, 0, 2, 2)).toBe(true);
});
