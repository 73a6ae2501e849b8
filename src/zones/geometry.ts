import { orientation, segmentsMeet } from '../base/orientation.js';
import { angleBetween, toUnitVector } from '../base/sphere.js';
import type { Space } from './space.js';
import { Form, type Zone } from './zone.js';

/*
 * Positions against zones, in the three spaces. A zone is closed: what lies on its border is inside.
 *
 * On the sphere circles are measured along great circles; boxes and polygons live in the plane of longitude and latitude,
 * in which 180 and -180 are one meridian: a position has images 360 degrees apart there.
 */

const DEGREES = 180 / Math.PI;
/** Relative error that the computations below may have, with a margin. */
const SLACK = 1e-14;

const a = new Float64Array(3);
const b = new Float64Array(3);

export function contains(zone: Zone, space: Space, x: number, y: number, z: number): boolean {
  if (space.radiusM > 0) {
    if (zone.form === Form.circle) return angleTo(zone, x, y) <= zone.numbers[3]!;
    return containsFlat(zone, x, y, z) || containsFlat(zone, x + 360, y, z) || containsFlat(zone, x - 360, y, z);
  }
  return containsFlat(zone, x, y, z);
}

function containsFlat(zone: Zone, x: number, y: number, z: number): boolean {
  const n = zone.numbers;
  if (zone.form === Form.circle) {
    const dx = x - n[0]!;
    const dy = y - n[1]!;
    const dz = z - n[2]!;
    const square = dx * dx + dy * dy + dz * dz;
    // Beyond 1e154 squares are infinite.
    return square === Number.POSITIVE_INFINITY ? Math.hypot(dx, dy, dz) <= n[3]! : square <= n[4]!;
  }
  if (x < zone.minX || x > zone.maxX || y < zone.minY || y > zone.maxY) return false;
  return zone.form === Form.box ? z >= n[2]! && z <= n[5]! : inRing(n, x, y);
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

function angleTo(zone: Zone, x: number, y: number): number {
  const n = zone.numbers;
  toUnitVector(x, y, a, 0);
  return angleBetween(a[0]!, a[1]!, a[2]!, n[5]!, n[6]!, n[7]!);
}

// ------------------------------------------------------------ the way between two positions

/**
 * Whether the straight way between two positions, neither of them inside, meets the zone. On the sphere: the great circle's
 * arc for circles; for the others the way in longitude and latitude, the short way round.
 */
export function crosses(
  zone: Zone,
  space: Space,
  x0: number,
  y0: number,
  z0: number,
  x1: number,
  y1: number,
  z1: number,
): boolean {
  if (space.radiusM === 0) return crossesFlat(zone, x0, y0, z0, x1, y1, z1);
  if (zone.form === Form.circle) return arcMeets(zone, x0, y0, x1, y1);
  const to = shortWay(x0, x1);
  return (
    crossesFlat(zone, x0, y0, z0, to, y1, z1) ||
    crossesFlat(zone, x0 + 360, y0, z0, to + 360, y1, z1) ||
    crossesFlat(zone, x0 - 360, y0, z0, to - 360, y1, z1)
  );
}

/** The image of longitude x1 that is nearest to x0. */
export function shortWay(x0: number, x1: number): number {
  return x1 - x0 > 180 ? x1 - 360 : x1 - x0 < -180 ? x1 + 360 : x1;
}

function crossesFlat(zone: Zone, x0: number, y0: number, z0: number, x1: number, y1: number, z1: number): boolean {
  if (Math.max(x0, x1) < zone.minX || Math.min(x0, x1) > zone.maxX) return false;
  if (Math.max(y0, y1) < zone.minY || Math.min(y0, y1) > zone.maxY) return false;
  const n = zone.numbers;
  if (zone.form === Form.circle) return ballMeets(n, x0, y0, z0, x1, y1, z1);
  if (zone.form === Form.box) return boxMeets(n, x0, y0, z0, x1, y1, z1);
  let fromX = n[n.length - 2]!;
  let fromY = n[n.length - 1]!;
  for (let i = 0; i < n.length; i += 2) {
    if (segmentsMeet(fromX, fromY, n[i]!, n[i + 1]!, x0, y0, x1, y1)) return true;
    fromX = n[i]!;
    fromY = n[i + 1]!;
  }
  return false;
}

function ballMeets(n: Float64Array, x0: number, y0: number, z0: number, x1: number, y1: number, z1: number): boolean {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const dz = z1 - z0;
  const px = n[0]! - x0;
  const py = n[1]! - y0;
  const pz = n[2]! - z0;
  // Scaled, so that nothing overflows.
  const scale = Math.max(Math.abs(dx), Math.abs(dy), Math.abs(dz));
  if (scale === 0) return false;
  const ux = dx / scale;
  const uy = dy / scale;
  const uz = dz / scale;
  const along = (px * ux + py * uy + pz * uz) / (ux * ux + uy * uy + uz * uz);
  // Its nearest point is an end: those are outside.
  if (along <= 0 || along >= scale) return false;
  return Math.hypot(px - along * ux, py - along * uy, pz - along * uz) <= n[3]!;
}

/** Box and segment are apart if an axis, or the line across the segment in one of the planes, parts them. */
function boxMeets(n: Float64Array, x0: number, y0: number, z0: number, x1: number, y1: number, z1: number): boolean {
  const flat = n[2]! === Number.NEGATIVE_INFINITY;
  if (parts(n[0]!, n[1]!, n[3]!, n[4]!, x0, y0, x1, y1)) return false;
  if (flat) return true;
  if (Math.max(z0, z1) < n[2]! || Math.min(z0, z1) > n[5]!) return false;
  return !parts(n[0]!, n[2]!, n[3]!, n[5]!, x0, z0, x1, z1) && !parts(n[1]!, n[2]!, n[4]!, n[5]!, y0, z0, y1, z1);
}

/** Whether all four corners lie on one side of the segment's line. */
function parts(
  minX: number,
  minY: number,
  maxX: number,
  maxY: number,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): boolean {
  const first = orientation(x0, y0, x1, y1, minX, minY);
  return (
    first !== 0 &&
    first === orientation(x0, y0, x1, y1, maxX, minY) &&
    first === orientation(x0, y0, x1, y1, minX, maxY) &&
    first === orientation(x0, y0, x1, y1, maxX, maxY)
  );
}

/** Whether the shorter arc of the great circle meets the circle, neither end being inside. */
function arcMeets(zone: Zone, x0: number, y0: number, x1: number, y1: number): boolean {
  const n = zone.numbers;
  const cx = n[5]!;
  const cy = n[6]!;
  const cz = n[7]!;
  toUnitVector(x0, y0, a, 0);
  toUnitVector(x1, y1, b, 0);
  const ax = a[0]!;
  const ay = a[1]!;
  const az = a[2]!;
  // The normal as (a - b) × (a + b), which keeps its digits for ends that nearly coincide.
  const mx = ax - b[0]!;
  const my = ay - b[1]!;
  const mz = az - b[2]!;
  const px = ax + b[0]!;
  const py = ay + b[1]!;
  const pz = az + b[2]!;
  let nx = my * pz - mz * py;
  let ny = mz * px - mx * pz;
  let nz = mx * py - my * px;
  const length = Math.hypot(nx, ny, nz);
  // One point, or antipodes: there is no such arc.
  if (length === 0) return false;
  nx /= length;
  ny /= length;
  nz /= length;
  const height = cx * nx + cy * ny + cz * nz;
  // The foot of the centre on the great circle; its nearest point of the arc is an end unless the foot is between them.
  const fx = cx - height * nx;
  const fy = cy - height * ny;
  const fz = cz - height * nz;
  const afterA = (ay * fz - az * fy) * nx + (az * fx - ax * fz) * ny + (ax * fy - ay * fx) * nz;
  const beforeB = (fy * b[2]! - fz * b[1]!) * nx + (fz * b[0]! - fx * b[2]!) * ny + (fx * b[1]! - fy * b[0]!) * nz;
  if (!(afterA > 0 && beforeB > 0)) return false;
  return Math.atan2(Math.abs(height), Math.hypot(fx, fy, fz)) <= n[3]!;
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
  if (zone.form === Form.circle) return Math.abs(angleTo(zone, x, y) - zone.numbers[3]!) * DEGREES - 1e-11;
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
