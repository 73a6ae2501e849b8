import type { ZoneShape } from '../../index.js';
import { distanceBetween, isWithin } from './distance.js';
import { haveCommonPoint, windingNumber } from './exact-side.js';
import type { Point, Space } from './space.js';

/*
 * Zones again, for checks: nothing here is shared with the engine, on purpose. A border is inside. Boxes and polygons in the
 * plane are decided exactly; on the sphere, and for circles, the answer is undefined where rounding decides, and a check allows
 * for so many.
 */

/** Degrees, on the sphere: positions that are computed twice may differ by that. */
const BORDER_DOUBT = 1e-9;
/** Of the numbers it is computed from: what a product of differences may be off by. */
const PRODUCT_DOUBT = 1e-12;
/** Of the sphere's radius: what two formulas of the way past a point may differ by. */
const WAY_DOUBT = 1e-9;
const RADIANS = Math.PI / 180;

type Polygon = ReadonlyArray<readonly [number, number]>;

export function isInZone(shape: ZoneShape, space: Space, at: Point): boolean | undefined {
  if (shape.type === 'circle') return isWithin(space, centreOf(shape), at, shape.radius);
  if (space.radiusM === 0) return isInFlat(shape, at, 0);
  return any(images(at).map((image) => isInFlat(shape, image, BORDER_DOUBT)));
}

/** A point and itself one turn east and west. */
function images(at: Point): Point[] {
  return [at, { ...at, x: at.x + 360 }, { ...at, x: at.x - 360 }];
}

function any(answers: ReadonlyArray<boolean | undefined>): boolean | undefined {
  return answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
}

function centreOf(circle: { x: number; y: number; z?: number }): Point {
  return { x: circle.x, y: circle.y, z: circle.z ?? 0 };
}

function isInFlat(shape: Exclude<ZoneShape, { type: 'circle' }>, at: Point, doubt: number): boolean | undefined {
  if (shape.type === 'polygon') return isInRing(shape.points, at, doubt);
  const sides = sidesOf(shape);
  const depth = Math.min(...sides.map(([axis, from, to]) => Math.min(at[axis] - from, to - at[axis])));
  return doubt > 0 && Math.abs(depth) <= doubt ? undefined : depth >= 0;
}

/** On the sphere a box across the antimeridian ends beyond 180. */
function sidesOf(box: ZoneShape & { type: 'box' }): Array<[axis: keyof Point, from: number, to: number]> {
  const maxX = box.minX > box.maxX ? box.maxX + 360 : box.maxX;
  const sides: Array<[keyof Point, number, number]> = [
    ['x', box.minX, maxX],
    ['y', box.minY, box.maxY],
  ];
  if (box.minZ !== undefined && box.maxZ !== undefined) sides.push(['z', box.minZ, box.maxZ]);
  return sides;
}

/** By how often the ring goes round the point; near to it undefined, where the position itself has been rounded. */
function isInRing(ring: Polygon, { x, y }: Point, doubt: number): boolean | undefined {
  if (doubt > 0) {
    const isNear = ring.some(([x0, y0], i) => {
      const [x1, y1] = ring[(i + 1) % ring.length]!;
      return distanceToEdge(x, y, x0, y0, x1, y1) <= doubt;
    });
    if (isNear) return undefined;
  }
  return windingNumber(ring, [x, y]) !== 0;
}

function distanceToEdge(x: number, y: number, x0: number, y0: number, x1: number, y1: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const share = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
}

// ------------------------------------------------------------ the way between two positions, neither of them inside

export function isPassed(shape: ZoneShape, space: Space, from: Point, to: Point): boolean | undefined {
  if (from.x === to.x && from.y === to.y && from.z === to.z) return false;
  if (space.radiusM === 0) return isPassedFlat(shape, from, to);
  if (shape.type === 'circle') return isPassedOnSphere(centreOf(shape), shape.radius, space, from, to);
  const turn = to.x - from.x > 180 ? -360 : to.x - from.x < -180 ? 360 : 0;
  const ends = images({ ...to, x: to.x + turn });
  return any(images(from).map((start, i) => isPassedFlat(shape, start, ends[i]!)));
}

function isPassedFlat(shape: ZoneShape, from: Point, to: Point): boolean | undefined {
  if (shape.type === 'circle') return isCirclePassed(centreOf(shape), shape.radius, from, to);
  return shape.type === 'box' ? isBoxPassed(shape, from, to) : isRingPassed(shape.points, from, to);
}

function isCirclePassed(centre: Point, radius: number, from: Point, to: Point): boolean | undefined {
  const way = { x: to.x - from.x, y: to.y - from.y, z: to.z - from.z };
  const off = { x: centre.x - from.x, y: centre.y - from.y, z: centre.z - from.z };
  const length = Math.hypot(way.x, way.y, way.z);
  const share = (off.x * way.x + off.y * way.y + off.z * way.z) / (length * length);
  if (share <= 0 || share >= 1) return false;
  const distance = Math.hypot(off.x - share * way.x, off.y - share * way.y, off.z - share * way.z);
  const doubt = PRODUCT_DOUBT * (radius + length + Math.hypot(off.x, off.y, off.z));
  return Math.abs(distance - radius) <= doubt ? undefined : distance < radius;
}

/** Parts of a way, straight in degrees, within each of which there is at most one nearest position. */
const PARTS = 64;
/** Thirds that are left out, one after the other: what is left is a billionth of a part. */
const NARROWINGS = 52;

/** By the nearest of many positions on the way, each narrowed down between its neighbours. */
function isPassedOnSphere(centre: Point, radius: number, space: Space, from: Point, to: Point): boolean | undefined {
  const turn = to.x - from.x > 180 ? -360 : to.x - from.x < -180 ? 360 : 0;
  const distance = (share: number): number => {
    const x = from.x + share * (to.x + turn - from.x);
    const at = { x: x > 180 ? x - 360 : x < -180 ? x + 360 : x, y: from.y + share * (to.y - from.y), z: 0 };
    return distanceBetween(space, at, centre);
  };
  // Nothing of it is farther from its beginning than its length in degrees.
  const longest = (Math.abs(to.x + turn - from.x) + Math.abs(to.y - from.y)) * RADIANS * space.radiusM;
  if (distance(0) - longest > radius * (1 + WAY_DOUBT) + 1) return false;
  let least = Number.POSITIVE_INFINITY;
  for (let part = 1; part < PARTS; part++) {
    let [low, high] = [(part - 1) / PARTS, (part + 1) / PARTS];
    const middle = distance(part / PARTS);
    const isInner = part > 1 && part < PARTS - 1;
    if (isInner && (middle > distance(low) || middle > distance(high))) continue;
    for (let i = 0; i < NARROWINGS; i++) {
      const third = (high - low) / 3;
      if (distance(low + third) < distance(high - third)) high -= third;
      else low += third;
    }
    least = Math.min(least, distance((low + high) / 2));
  }
  const beyond = (least - radius) / space.radiusM;
  return Math.abs(beyond) <= WAY_DOUBT ? undefined : beyond < 0;
}

/** In the plane by its border; in space by the shares of the way at which it is between each pair of sides. */
function isBoxPassed(box: ZoneShape & { type: 'box' }, from: Point, to: Point): boolean | undefined {
  const sides = sidesOf(box);
  if (sides.length === 2) {
    const [[, west, east], [, south, north]] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const corners: Polygon = [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
    ];
    return isRingPassed(corners, from, to);
  }
  let [enters, leaves] = [0, 1];
  for (const [axis, least, most] of sides) {
    const way = to[axis] - from[axis];
    if (way === 0) {
      if (from[axis] < least || from[axis] > most) return false;
      continue;
    }
    const [a, b] = [(least - from[axis]) / way, (most - from[axis]) / way];
    enters = Math.max(enters, Math.min(a, b));
    leaves = Math.min(leaves, Math.max(a, b));
  }
  return Math.abs(enters - leaves) <= PRODUCT_DOUBT ? undefined : enters < leaves;
}

function isRingPassed(ring: Polygon, from: Point, to: Point): boolean {
  return ring.some((a, i) => haveCommonPoint([from.x, from.y], [to.x, to.y], a, ring[(i + 1) % ring.length]!));
}
