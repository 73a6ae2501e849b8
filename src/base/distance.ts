/**
 * One definition of distance for every question. Between points of the plane or of space it is the root of
 * dx² + dy² + dz², summed in that order: symmetric, and the same for a pair wherever it is asked about. Where the squares
 * overflow or lose digits to underflow, the same is computed in a unit that is a power of two larger or smaller.
 *
 * A point is within a radius when that distance is <= the radius. Queries compare squares, which decides the same way, to
 * the last bit: see `squareLimit`.
 */

/** Below this, a sum of squares may have lost digits to underflow. */
export const LEAST_SQUARE = 1e-290;
/** Between these radii squares decide: all others are compared by `distanceOf`. */
export const LEAST_RADIUS = 1e-140;
export const MOST_RADIUS = 1e150;

const SMALLER = 2 ** -600;
const LARGER = 2 ** 600;

export function distanceOf(dx: number, dy: number, dz: number): number {
  const square = dx * dx + dy * dy + dz * dz;
  if (square >= LEAST_SQUARE && square < Number.POSITIVE_INFINITY) return Math.sqrt(square);
  return scaledDistance(dx, dy, dz, square < 1 ? LARGER : SMALLER);
}

function scaledDistance(dx: number, dy: number, dz: number, unit: number): number {
  const x = dx * unit;
  const y = dy * unit;
  const z = dz * unit;
  return Math.sqrt(x * x + y * y + z * z) / unit;
}

/**
 * The greatest square whose root is not above `radius`: `dx² + dy² + dz² <= squareLimit(radius)` and
 * `distanceOf(dx, dy, dz) <= radius` are the same. (The radius's own square may be rounded down, and would leave out the
 * very node whose distance it is.) Infinity for a radius of Infinity; NaN for radii that squares do not decide.
 */
export function squareLimit(radius: number): number {
  if (!(radius >= LEAST_RADIUS && radius <= MOST_RADIUS)) {
    return radius === Number.POSITIVE_INFINITY ? radius : Number.NaN;
  }
  let limit = radius * radius;
  for (let step = 0; step < 4; step++) {
    // The next number: more than half of the last digit above, and less than one and a half.
    const next = limit + limit * (Number.EPSILON * 0.50001);
    if (!(Math.sqrt(next) <= radius) || next === limit) break;
    limit = next;
  }
  return limit;
}
