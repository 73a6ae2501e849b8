import type { Point, Space } from './space.js';

/*
 * Distances again, for checks: nothing here is shared with the engine, on purpose.
 */

const RADIANS = Math.PI / 180;
/** Of the sphere's radius: what two formulas of the great circle may differ by. For the earth a thousandth of a millimetre. */
const SPHERE_DOUBT = 1e-13;

/** On the sphere by the tangent of the angle, which is exact for near places and for antipodes. */
export function distanceBetween(space: Space, a: Point, b: Point): number {
  if (space.radiusM === 0) return Math.sqrt(squareBetween(a, b));
  const [from, to, turned] = [a.y * RADIANS, b.y * RADIANS, (b.x - a.x) * RADIANS];
  const east = Math.cos(to) * Math.sin(turned);
  const north = Math.cos(from) * Math.sin(to) - Math.sin(from) * Math.cos(to) * Math.cos(turned);
  const up = Math.sin(from) * Math.sin(to) + Math.cos(from) * Math.cos(to) * Math.cos(turned);
  return space.radiusM * Math.atan2(Math.hypot(east, north), up);
}

function squareBetween(a: Point, b: Point): number {
  return (b.x - a.x) ** 2 + (b.y - a.y) ** 2 + (b.z - a.z) ** 2;
}

/** Whether b is within `radius` of a; undefined where rounding decides. */
export function isWithin(space: Space, a: Point, b: Point, radius: number): boolean | undefined {
  if (space.radiusM === 0) return Math.sqrt(squareBetween(a, b)) <= radius;
  const beyond = distanceBetween(space, a, b) - radius;
  return Math.abs(beyond) <= doubtOf(space) ? undefined : beyond < 0;
}

/** Distances that differ by less may be one. */
export function doubtOf(space: Space): number {
  return space.radiusM * SPHERE_DOUBT;
}
