import { wholes } from './exact.js';

/**
 * On which side of the line from a to b does c lie: the sign of (a - c) × (b - c), never wrong for rounding. Nearly always
 * one product tells; where it cannot, the same is computed in whole numbers (Shewchuk, "Adaptive precision floating-point
 * arithmetic and fast robust geometric predicates", 1997, for the bound).
 */

const EPSILON = 2 ** -53;
const ERROR_BOUND = (3 + 16 * EPSILON) * EPSILON;
/** Products below this may have lost digits to underflow: the bound does not hold for them. */
const LEAST_EXACT = 1e-290;

/** 1: c is left of the way from a to b; -1: right; 0: the three are collinear. */
export function orientation(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): -1 | 0 | 1 {
  const left = (ax - cx) * (by - cy);
  const right = (ay - cy) * (bx - cx);
  const det = left - right;
  const bound = ERROR_BOUND * (Math.abs(left) + Math.abs(right)) + LEAST_EXACT;
  if (det > bound) return 1;
  if (det < -bound) return -1;
  // An edge along an axis, and a point on its line: what zones of whole coordinates ask all the time.
  if ((ax === bx && ax === cx) || (ay === by && ay === cy)) return 0;
  return exactly(ax, ay, bx, by, cx, cy);
}

function exactly(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): -1 | 0 | 1 {
  const [whole] = wholes([ax, ay, bx, by, cx, cy]);
  const [x0, y0, x1, y1, x, y] = whole as [bigint, bigint, bigint, bigint, bigint, bigint];
  const det = (x0 - x) * (y1 - y) - (y0 - y) * (x1 - x);
  return det > 0n ? 1 : det < 0n ? -1 : 0;
}

/** Whether two closed segments have a point in common; an end of one on the other counts. */
export function segmentsMeet(
  ax: number,
  ay: number,
  bx: number,
  by: number,
  cx: number,
  cy: number,
  dx: number,
  dy: number,
): boolean {
  if (Math.max(ax, bx) < Math.min(cx, dx) || Math.max(cx, dx) < Math.min(ax, bx)) return false;
  if (Math.max(ay, by) < Math.min(cy, dy) || Math.max(cy, dy) < Math.min(ay, by)) return false;
  // Their boxes meet: so do they, unless the ends of one lie on one side of the other.
  if (orientation(ax, ay, bx, by, cx, cy) * orientation(ax, ay, bx, by, dx, dy) > 0) return false;
  return orientation(cx, cy, dx, dy, ax, ay) * orientation(cx, cy, dx, dy, bx, by) <= 0;
}
