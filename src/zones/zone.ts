import { squareLimit } from '../base/distance.js';
import { chordLimit, toUnitVector } from '../base/sphere.js';
import type { ZoneShape } from '../base/types.js';
import type { Space } from './space.js';

export const Form = { circle: 0, box: 1, polygon: 2 } as const;

const DEGREES = 180 / Math.PI;

/** A zone as its geometry is computed with. On the sphere a box across the antimeridian ends beyond 180. */
export interface Zone {
  readonly row: number;
  /** Publish sequence at which it was set: the order in which the zones of one event are told. */
  readonly sequence: number;
  readonly form: number;
  /**
   * Circle: x, y, z, radius, and the greatest square of a distance within it (of a chord on the sphere), NaN where squares do
   * not decide; on the sphere the unit vector of the centre behind them. Box: minX, minY, minZ, maxX, maxY, maxZ, and maxX as
   * it was given. Polygon: x and y of each point.
   */
  readonly numbers: Float64Array;
  /** In x and y. */
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  /** The largest number in it: what rounding errors are measured by. */
  readonly extent: number;
  /** The last query that found it; see GraphZones. */
  stamp: number;
  /** What the event that is looked at does to it; see the detector. */
  detect: number;
}

/** A zone of a shape that was checked when it was published. */
export function zoneOf(row: number, sequence: number, shape: ZoneShape, space: Space): Zone {
  const make = (form: number, numbers: number[], box: readonly [number, number, number, number]): Zone => ({
    row,
    sequence,
    form,
    numbers: Float64Array.from(numbers),
    minX: box[0],
    minY: box[1],
    maxX: box[2],
    maxY: box[3],
    // Not the square of a circle's radius, which is no coordinate.
    extent: Math.max(...box.map(Math.abs), ...finite(form === Form.circle ? numbers.slice(0, 4) : numbers)),
    stamp: 0,
    detect: -1,
  });
  switch (shape.type) {
    case 'circle': {
      const { x, y, radius } = shape;
      if (space.radiusM > 0) return make(...sphericalCircle(x, y, radius, space.radiusM));
      const numbers = [x, y, space.dimensions === 3 ? shape.z! : 0, radius, squareLimit(radius)];
      // A little wider than the circle, so that rounding here never keeps out what the test of distances lets in.
      const reach = radius + (radius + Math.abs(x) + Math.abs(y)) * 1e-15 + 1e-161;
      return make(Form.circle, numbers, [x - reach, y - reach, x + reach, y + reach]);
    }
    case 'box': {
      const { minX, minY, maxY } = shape;
      const maxX = minX > shape.maxX ? shape.maxX + 360 : shape.maxX;
      const minZ = space.dimensions === 3 ? shape.minZ! : Number.NEGATIVE_INFINITY;
      const maxZ = space.dimensions === 3 ? shape.maxZ! : Number.POSITIVE_INFINITY;
      return make(Form.box, [minX, minY, minZ, maxX, maxY, maxZ, shape.maxX], [minX, minY, maxX, maxY]);
    }
    default: {
      const box: [number, number, number, number] = [
        Number.POSITIVE_INFINITY,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
      ];
      for (const [x, y] of shape.points) {
        if (x < box[0]) box[0] = x;
        if (y < box[1]) box[1] = y;
        if (x > box[2]) box[2] = x;
        if (y > box[3]) box[3] = y;
      }
      return make(Form.polygon, shape.points.flat(), box);
    }
  }
}

function finite(numbers: number[]): number[] {
  // A polygon's are within its box, and too many to be spread.
  return numbers.length > 8 ? [] : numbers.map(Math.abs).filter(Number.isFinite);
}

function sphericalCircle(
  x: number,
  y: number,
  radius: number,
  sphere: number,
): [number, number[], readonly [number, number, number, number]] {
  const centre = new Float64Array(3);
  toUnitVector(x, y, centre, 0);
  const numbers = [x, y, 0, radius, chordLimit(radius, sphere), ...centre];
  const angle = radius / sphere;
  // A little wider than it is: rounding here must not keep a point of its border out.
  const reach = angle * DEGREES * (1 + 1e-12) + 1e-9;
  const minY = y - reach;
  const maxY = y + reach;
  let minX = -180;
  let maxX = 180;
  if (minY > -90 && maxY < 90) {
    // Its easternmost point is where a great circle through the pole touches it.
    const east =
      Math.asin(Math.min(1, Math.sin(reach / DEGREES) / Math.cos(y / DEGREES))) * DEGREES * (1 + 1e-12) + 1e-9;
    if (east < 180) {
      minX = x - east;
      maxX = x + east;
    }
  }
  return [Form.circle, numbers, [minX, Math.max(-90, minY), maxX, Math.min(90, maxY)]];
}
