import { exponentOf, wholes } from '../base/exact.js';
import { orientation, segmentsMeet } from '../base/orientation.js';
import { cosDegrees, toUnitVector } from '../base/sphere.js';
import type { Space } from './space.js';
import { Form, type Zone } from './zone.js';

/*
 * The way between two positions, and whether it meets a zone. It is straight in x and y (and z). On the sphere it is straight
 * in longitude and latitude, the short way round: as the edges of boxes and polygons are, and as GeoJSON draws lines (RFC
 * 7946, 3.1.1). All zones are held against that one way.
 */

const RADIANS = Math.PI / 180;
/** Of the numbers that it is computed from: what rounding may do to a distance between a point and a line. */
const DOUBT = 1e-14;

const at = new Float64Array(3);

/** Whether the way between two positions, neither of them inside, meets the zone. */
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
  const to = shortWay(x0, x1);
  if (zone.form === Form.circle) {
    const near = isBeside(zone, x0, y0, to, y1) || isBeside(zone, x0 + 360, y0, to + 360, y1);
    return (near || isBeside(zone, x0 - 360, y0, to - 360, y1)) && wayMeetsCircle(zone, space, x0, y0, to, y1);
  }
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

/** Whether the boxes round the way and the zone meet. */
function isBeside(zone: Zone, x0: number, y0: number, x1: number, y1: number): boolean {
  if (Math.max(x0, x1) < zone.minX || Math.min(x0, x1) > zone.maxX) return false;
  return Math.max(y0, y1) >= zone.minY && Math.min(y0, y1) <= zone.maxY;
}

function crossesFlat(zone: Zone, x0: number, y0: number, z0: number, x1: number, y1: number, z1: number): boolean {
  if (!isBeside(zone, x0, y0, x1, y1)) return false;
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

// ------------------------------------------------------------ balls

function ballMeets(n: Float64Array, x0: number, y0: number, z0: number, x1: number, y1: number, z1: number): boolean {
  const radius = n[3]!;
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
  const doubt = DOUBT * (Math.abs(px) + Math.abs(py) + Math.abs(pz) + scale + radius);
  // Its nearest point is an end: those are outside.
  if (along < -doubt || along > scale + doubt) return false;
  const distance = Math.hypot(px - along * ux, py - along * uy, pz - along * uz);
  if (distance > radius + doubt) return false;
  if (distance < radius - doubt && along > doubt && along < scale - doubt) return true;
  return ballMeetsExactly([x0, y0, z0, x1, y1, z1, n[0]!, n[1]!, n[2]!, radius]);
}

/**
 * Whether the distance from the centre to the nearest point of the way, neither end being that, is at most the radius once it
 * is rounded to a double, as all distances are: a way that touches the ball meets it. In whole numbers.
 */
function ballMeetsExactly(values: readonly number[]): boolean {
  const radius = values[9]!;
  const [whole, unit] = wholes(values);
  const [x0, y0, z0, x1, y1, z1, cx, cy, cz, r] = whole as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const [dx, dy, dz] = [x1 - x0, y1 - y0, z1 - z0];
  const [px, py, pz] = [cx - x0, cy - y0, cz - z0];
  const dot = px * dx + py * dy + pz * dz;
  const length = dx * dx + dy * dy + dz * dz;
  if (dot <= 0n || dot >= length) return false;
  // The square of the distance, times that of the length; and twice the greatest number that is rounded to the radius.
  const square = (px * px + py * py + pz * pz) * length - dot * dot;
  const lastDigit = 1n << BigInt(exponentOf(radius) - unit);
  const most = 2n * r + lastDigit;
  const difference = 4n * square - most * most * length;
  // Halfway between two doubles it is rounded to the even one.
  return difference < 0n || (difference === 0n && (r / lastDigit) % 2n === 0n);
}

/**
 * Whether the way, straight in degrees, comes as near to the centre of a circle on the sphere. Its chord to the centre is
 * bounded from below by its values at the ends of a part and its second derivative: parts that may hold a nearer point are
 * halved until rounding decides.
 */
function wayMeetsCircle(zone: Zone, space: Space, x0: number, y0: number, x1: number, y1: number): boolean {
  const n = zone.numbers;
  const limit = Number.isNaN(n[4]!) ? (2 * Math.sin(Math.min(Math.PI, n[3]! / space.radiusM) / 2)) ** 2 : n[4]!;
  const touches = limit + 4e-16 * Math.sqrt(limit) + 1e-31;
  const dx = x1 - x0;
  const dy = y1 - y0;
  const turn = Math.abs(dx) * RADIANS;
  const climb = Math.abs(dy) * RADIANS;
  // A chord's square is 2 - 2 u·c. With c at latitude b, u·c is sin y sin b + cos y cos b cos x: its second derivative is at
  // most climb² |u·c| + cos b (2 climb turn + turn² cos y). So a way along a parallel does not bend near a pole, nor round one.
  const widest = y0 < 0 !== y1 < 0 ? 1 : cosDegrees(Math.min(Math.abs(y0), Math.abs(y1)));
  const across = 2.1 * cosDegrees(n[1]!) * turn * (2 * climb + turn * widest);
  const chord = (share: number): number => {
    const x = x0 + share * dx;
    toUnitVector(x > 180 ? x - 360 : x < -180 ? x + 360 : x, y0 + share * dy, at, 0);
    return (at[0]! - n[5]!) ** 2 + (at[1]! - n[6]!) ** 2 + (at[2]! - n[7]!) ** 2;
  };
  const meets = (from: number, to: number, first: number, last: number): boolean => {
    const part = to - from;
    // |u·c| at an end, and by how much it may be larger between them: it changes by no more than the way is long.
    const cosine = Math.max(Math.abs(1 - first / 2), Math.abs(1 - last / 2)) + part * (climb + turn);
    const sag = ((across + 2.1 * climb * climb * Math.min(1, cosine)) * part * part) / 8;
    const least = Math.min(first, last) - sag;
    if (least > touches) return false;
    // Where an end is the nearest point there is none inside: the ends are not.
    if (sag < 1e-17 * touches || part < 1e-12) return from > 0 && to < 1;
    const middle = (from + to) / 2;
    const here = chord(middle);
    if (here <= limit) return true;
    return meets(from, middle, first, here) || meets(middle, to, here, last);
  };
  return meets(0, 1, chord(0), chord(1));
}

// ------------------------------------------------------------ boxes

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
