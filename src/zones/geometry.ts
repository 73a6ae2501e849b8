import { distanceOf } from '../base/distance.js';
import { orientation } from '../base/orientation.js';
import { angleBetween, holdsLongitude, toUnitVector } from '../base/sphere.js';
import type { Space } from './space.js';
import { Form, type Zone } from './zone.js';

/*
 * Positions against zones, in the three spaces. A zone is closed: what lies on its border is inside.
 *
 * On the sphere circles are measured along great circles; boxes and polygons live in the plane of longitude and latitude,
 * in which 180 and -180 are one meridian.
 */

const DEGREES = 180 / Math.PI;
/** Relative error that the computations below may have, with a margin. */
const SLACK = 1e-14;

const vector = new Float64Array(3);

export function contains(zone: Zone, space: Space, x: number, y: number, z: number): boolean {
  const n = zone.numbers;
  if (space.radiusM > 0) {
    if (zone.form === Form.circle) return circleHolds(n, space.radiusM, x, y);
    if (zone.form === Form.box) return y >= n[1]! && y <= n[4]! && holdsLongitude(n[0]!, n[6]!, x);
    return ringHolds(zone, x, y) || (Math.abs(x) === 180 && ringHolds(zone, -x, y));
  }
  if (zone.form === Form.polygon) return ringHolds(zone, x, y);
  if (zone.form === Form.box) {
    return x >= n[0]! && x <= n[3]! && y >= n[1]! && y <= n[4]! && z >= n[2]! && z <= n[5]!;
  }
  // As every question about distances decides: see `squareLimit`.
  const dx = x - n[0]!;
  const dy = y - n[1]!;
  const dz = z - n[2]!;
  const limit = n[4]!;
  if (Number.isNaN(limit)) return distanceOf(dx, dy, dz) <= n[3]!;
  return dx * dx + dy * dy + dz * dz <= limit;
}

function circleHolds(n: Float64Array, sphere: number, x: number, y: number): boolean {
  toUnitVector(x, y, vector, 0);
  const dx = vector[0]! - n[5]!;
  const dy = vector[1]! - n[6]!;
  const dz = vector[2]! - n[7]!;
  const limit = n[4]!;
  if (!Number.isNaN(limit)) return dx * dx + dy * dy + dz * dz <= limit;
  return sphere * angleBetween(vector[0]!, vector[1]!, vector[2]!, n[5]!, n[6]!, n[7]!) <= n[3]!;
}

function ringHolds(zone: Zone, x: number, y: number): boolean {
  if (x < zone.minX || x > zone.maxX || y < zone.minY || y > zone.maxY) return false;
  return inRing(zone.numbers, x, y);
}

/** Whether the ring goes round the point, or through it. */
function inRing(ring: Float64Array, x: number, y: number): boolean {
  let inside = false;
  let x0 = ring[ring.length - 2]!;
  let y0 = ring[ring.length - 1]!;
  for (let i = 0; i < ring.length; i += 2) {
    const x1 = ring[i]!;
    const y1 = ring[i + 1]!;
    // Edges whose band of y the point is in, its ends included, for the border.
    if (y0 > y !== y1 > y || y0 === y || y1 === y) {
      const left = x < x0 && x < x1;
      const right = x > x0 && x > x1;
      const side = left || right ? 0 : orientation(x0, y0, x1, y1, x, y);
      if (!left && !right && side === 0) return true;
      // Half open, so that a ray through a corner meets one of its edges.
      if (y0 > y !== y1 > y && (left || (!right && side > 0 === y1 > y0))) inside = !inside;
    }
    x0 = x1;
    y0 = y1;
  }
  return inside;
}

// ------------------------------------------------------------ the distance to the border

/**
 * A distance in the unit of the coordinates (degrees on the sphere), never above that of the zone's border: positions nearer
 * than that are all inside or all outside, and so is the way between any two of them.
 *
 * On the sphere a degree of longitude or latitude is never longer than a degree of a great circle, so that a circle drawn in
 * the plane of degrees lies within the circle of that radius on the sphere.
 */
export function clearance(zone: Zone, space: Space, x: number, y: number, z: number): number {
  if (space.radiusM === 0) {
    const slack = SLACK * (Math.abs(x) + Math.abs(y) + Math.abs(z) + zone.extent);
    return distanceFlat(zone, x, y, z) * (1 - SLACK) - slack;
  }
  if (zone.form === Form.circle) {
    const n = zone.numbers;
    toUnitVector(x, y, vector, 0);
    const angle = angleBetween(vector[0]!, vector[1]!, vector[2]!, n[5]!, n[6]!, n[7]!);
    return Math.abs(angle - n[3]! / space.radiusM) * DEGREES - 1e-11;
  }
  const here = distanceFlat(zone, x, y, z);
  return Math.min(here, distanceFlat(zone, x + 360, y, z), distanceFlat(zone, x - 360, y, z)) - 1e-11;
}

function distanceFlat(zone: Zone, x: number, y: number, z: number): number {
  const n = zone.numbers;
  if (zone.form === Form.circle) return Math.abs(Math.hypot(x - n[0]!, y - n[1]!, z - n[2]!) - n[3]!);
  if (zone.form === Form.box) {
    const dx = Math.max(n[0]! - x, x - n[3]!);
    const dy = Math.max(n[1]! - y, y - n[4]!);
    const dz = Math.max(n[2]! - z, z - n[5]!);
    if (dx <= 0 && dy <= 0 && dz <= 0) return -Math.max(dx, dy, dz);
    return Math.hypot(Math.max(0, dx), Math.max(0, dy), Math.max(0, dz));
  }
  let least = Number.POSITIVE_INFINITY;
  let x0 = n[n.length - 2]! - x;
  let y0 = n[n.length - 1]! - y;
  for (let i = 0; i < n.length; i += 2) {
    const x1 = n[i]! - x;
    const y1 = n[i + 1]! - y;
    const dx = x1 - x0;
    const dy = y1 - y0;
    const square = dx * dx + dy * dy;
    const along = square > 0 ? Math.min(1, Math.max(0, -(x0 * dx + y0 * dy) / square)) : 0;
    const px = x0 + along * dx;
    const py = y0 + along * dy;
    const distance = px * px + py * py;
    // Infinite or undefined beyond 1e154, or nothing below 1e-154: then there is no safe distance to tell.
    if (!(distance >= least)) least = distance;
    x0 = x1;
    y0 = y1;
  }
  return least > 1e-300 && least < Number.POSITIVE_INFINITY ? Math.sqrt(least) : 0;
}
