import fc from 'fast-check';
import type { ZoneShape } from '../../dist/src/index.js';
import { SOLID, type Space } from '../../dist/src/zones/space.js';
import { type Zone, zoneOf } from '../../dist/src/zones/zone.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_201);
export const options = { seed: SEED, numRuns: 400 };

export type Point = readonly [number, number, number];
export const zone = (shape: ZoneShape, space: Space, row = 0): Zone => zoneOf(row, row + 1, shape, space);

/** Positions on a small grid: borders, corners and collinear edges are met all the time. */
export const coarse = fc.integer({ min: -6, max: 6 });
/** Not so near to 0 that the positions which the tests compute lose their digits. */
const plain = (value: number): number => (Math.abs(value) < 1e-9 ? 0 : value);
const fine = fc.double({ min: -6, max: 6, noNaN: true }).map(plain);
const coordinate = fc.oneof(coarse, fine);
export const point = fc.tuple(coordinate, coordinate, coordinate);
const longitude = fc.oneof(
  fc.constantFrom(-180, -179, -90, 0, 90, 179, 180),
  fc.double({ min: -180, max: 180, noNaN: true }).map(plain),
);
const latitude = fc.oneof(
  fc.constantFrom(-90, -89, 0, 89, 90),
  fc.double({ min: -90, max: 90, noNaN: true }).map(plain),
);
export const place = fc.tuple(longitude, latitude, fc.constant(0));

export const circle = (space: Space) =>
  fc
    .tuple(point, fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 5, noNaN: true })))
    .map(
      ([[x, y, z], radius]): ZoneShape =>
        space === SOLID ? { type: 'circle', x, y, z, radius } : { type: 'circle', x, y, radius },
    );
export const box = (space: Space) =>
  fc.tuple(point, point).map(([a, b]): ZoneShape => {
    const low = a.map((value, i) => Math.min(value, b[i]!)) as [number, number, number];
    const high = a.map((value, i) => Math.max(value, b[i]!)) as [number, number, number];
    const flat = { type: 'box' as const, minX: low[0], minY: low[1], maxX: high[0], maxY: high[1] };
    return space === SOLID ? { ...flat, minZ: low[2], maxZ: high[2] } : flat;
  });
/** A star round the origin: never crosses itself. */
export const star = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 9 }).map(
  (radii): ZoneShape => ({
    type: 'polygon',
    points: radii.map((radius, i) => {
      const angle = (i / radii.length) * 2 * Math.PI;
      return [Math.round(Math.cos(angle) * radius * 4) / 4, Math.round(Math.sin(angle) * radius * 4) / 4] as const;
    }),
  }),
);
/** Stairs, with all edges along the axes. */
export const stairs = fc
  .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })
  .map((steps): ZoneShape => {
    const points: Array<[number, number]> = [[-5, -5]];
    let x = -5;
    let y = -5 + steps.length;
    points.push([x, y]);
    for (const step of steps) {
      points.push([x + step, y], [(x += step), --y]);
    }
    return { type: 'polygon', points: points.filter(([, py], i) => i === 0 || i === points.length - 1 || py > -6) };
  });
