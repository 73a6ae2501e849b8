import { distanceOf, LEAST_RADIUS } from './distance.js';

/**
 * The sphere of metric 'haversine'. Positions are longitude x in [-180, 180] and latitude y in [-90, 90], in degrees;
 * distances are great-circle distances in metres on a sphere of the graph's `earthRadiusM`.
 *
 * Points are compared as unit vectors: the straight chord between two of them grows with the distance on the sphere, so a
 * circle on the sphere is a ball in space, and neither the poles nor the antimeridian are special.
 */

/** Mean radius of the Earth (IUGG): what `earthRadiusM` is where it is not given. */
export const EARTH_RADIUS_M = 6_371_008.8;

const RADIANS = Math.PI / 180;

/** Sine of an angle in degrees, |angle| <= 180; exact at multiples of 90. */
export function sinDegrees(angle: number): number {
  // Both subtractions are exact (Sterbenz), so no digit is lost before the reduction to 45 degrees.
  let a = Math.abs(angle);
  if (a > 90) a = 180 - a;
  const sine = a <= 45 ? Math.sin(a * RADIANS) : Math.cos((90 - a) * RADIANS);
  return angle < 0 ? -sine : sine;
}

/** Cosine of an angle in degrees, |angle| <= 180; exact at multiples of 90. */
export function cosDegrees(angle: number): number {
  let a = Math.abs(angle);
  const negative = a > 90;
  if (negative) a = 180 - a;
  const cosine = a <= 45 ? Math.cos(a * RADIANS) : Math.sin((90 - a) * RADIANS);
  return negative ? -cosine : cosine;
}

/** The unit vector of a position into `out` at `at`: x to longitude 0, y to 90 east, z to the north pole. */
export function toUnitVector(longitude: number, latitude: number, out: Float64Array, at: number): void {
  const cosine = cosDegrees(latitude);
  out[at] = cosine * cosDegrees(longitude);
  out[at + 1] = cosine * sinDegrees(longitude);
  out[at + 2] = sinDegrees(latitude);
}

/** Square of a chord from which on it tells angles ever less: 146 of 180 degrees. */
export const NEAR_ANTIPODE = 3.66;
/** The angle of that chord. */
const WIDEST = angleOfChord(Math.sqrt(NEAR_ANTIPODE));

/** Angle in radians that a chord of the unit sphere spans; grows with it. */
export function angleOfChord(chord: number): number {
  return 2 * Math.asin(chord / 2);
}

/**
 * Angle in radians between two unit vectors: by their chord or, near the antipode, by the chord to the antipode. It is
 * exact to a nanometre on the Earth everywhere, never less for a longer chord, and symmetric.
 */
export function angleBetween(ax: number, ay: number, az: number, bx: number, by: number, bz: number): number {
  const dx = ax - bx;
  const dy = ay - by;
  const dz = az - bz;
  if (dx * dx + dy * dy + dz * dz <= NEAR_ANTIPODE) return angleOfChord(distanceOf(dx, dy, dz));
  return Math.max(WIDEST, Math.PI - angleOfChord(distanceOf(ax + bx, ay + by, az + bz)));
}

const from = new Float64Array(3);
const to = new Float64Array(3);

/** Great-circle distance in the unit of `radius`, between positions in degrees. */
export function greatCircleDistance(
  longitudeA: number,
  latitudeA: number,
  longitudeB: number,
  latitudeB: number,
  radius: number,
): number {
  toUnitVector(longitudeA, latitudeA, from, 0);
  toUnitVector(longitudeB, latitudeB, to, 0);
  return radius * angleBetween(from[0]!, from[1]!, from[2]!, to[0]!, to[1]!, to[2]!);
}

/** Whether a closed interval of longitudes, across the antimeridian where west > east, holds one. 180 and -180 are one meridian. */
export function holdsLongitude(west: number, east: number, longitude: number): boolean {
  const isIn = west > east ? longitude >= west || longitude <= east : longitude >= west && longitude <= east;
  return isIn || ((longitude === 180 || longitude === -180) && (west === -180 || east === 180 || west > east));
}

let lastRadius = Number.NaN;
let lastSphere = Number.NaN;
let lastLimit = Number.NaN;

/**
 * The greatest square of a chord whose distance on a sphere is not above `radius`: comparing squares of chords with it, and
 * `sphere * angleBetween(…)` with the radius, are the same to the last bit. NaN for radii that chords do not decide: those
 * that reach near the antipode, and those next to nothing.
 */
export function chordLimit(radius: number, sphere: number): number {
  // Most programs ask with one radius.
  if (radius === lastRadius && sphere === lastSphere) return lastLimit;
  lastRadius = radius;
  lastSphere = sphere;
  lastLimit = findChordLimit(radius, sphere);
  return lastLimit;
}

function findChordLimit(radius: number, sphere: number): number {
  if (!(radius / sphere >= LEAST_RADIUS) || sphere * WIDEST <= radius) return Number.NaN;
  const half = 2 * Math.sin(radius / sphere / 2);
  let limit = Math.min(NEAR_ANTIPODE, half * half);
  // The guess is a few digits off at most: a walk to the last square that is within, or the first one.
  const isBelow = sphere * angleOfChord(Math.sqrt(limit)) <= radius;
  for (let step = 0; step < 12; step++) {
    // More than half of the last digit and less than one and a half: the number next to it.
    const digit = limit * (Number.EPSILON * 0.50001);
    const next = isBelow ? limit + digit : limit - digit;
    if (sphere * angleOfChord(Math.sqrt(next)) <= radius !== isBelow) return isBelow ? limit : next;
    limit = next;
  }
  return bisect(radius, sphere);
}

/** As above, for spheres so small or so large that distances on them lose digits. */
function bisect(radius: number, sphere: number): number {
  let low = 0;
  let high = NEAR_ANTIPODE;
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return low;
    if (sphere * angleOfChord(Math.sqrt(middle)) <= radius) low = middle;
    else high = middle;
  }
}
