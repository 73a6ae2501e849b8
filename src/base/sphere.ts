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
/** What rounding may have done to a chord. */
const ROUNDED = 1 + 1e-15;

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

/**
 * Angle in radians between two unit vectors: 2 atan2(|a - b|, |a + b|), which is exact to the last digits for points that
 * nearly coincide and for antipodes alike (Kahan, "How futile are mindless assessments of roundoff", 2006, section 12).
 */
export function angleBetween(ax: number, ay: number, az: number, bx: number, by: number, bz: number): number {
  const difference = (ax - bx) * (ax - bx) + (ay - by) * (ay - by) + (az - bz) * (az - bz);
  const sum = (ax + bx) * (ax + bx) + (ay + by) * (ay + by) + (az + bz) * (az + bz);
  return 2 * Math.atan2(Math.sqrt(difference), Math.sqrt(sum));
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

/** Chord between points of the unit sphere that far apart, up to half the circumference, and what rounding may add to it. */
export function chordOf(distance: number, radius: number): number {
  return 2 * Math.sin(distance / radius / 2) * ROUNDED;
}

/** Its square; infinite from half the circumference on. */
export function chordSquaredOf(distance: number, radius: number): number {
  if (distance / radius >= Math.PI) return Number.POSITIVE_INFINITY;
  const chord = chordOf(distance, radius);
  return chord * chord;
}
