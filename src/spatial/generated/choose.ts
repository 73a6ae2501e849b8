// Derived from ../choose.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import type { PoolViews } from '../layout.js';

/**
 * The way of a point that is inserted, down from a node to a leaf. To be made through `specialize`.
 */
export function makeDescent(pool: PoolViews) {
  const FANOUT = 16;
  /** Words of a box, and where its greatest coordinates stand. */
  const BOX = 4;
  const MAX_X = 2;
  const MAX_Y = 3;
  const { innerBox: box, innerChild, innerCount } = pool;

  /**
   * The leaf, by the child that needs the least enlargement at each level; of those that need none, the smallest. The boxes
   * on the way hold the point afterwards.
   */
  function leafFor(from: number, x: number, y: number): number {
    let ref = from;
    while ((ref & 1) === 1) {
      const slot = choose(ref >>> 1, x, y);
      const at = slot * BOX;
      if (x < box[at]!) box[at] = x;
      if (y < box[at + 1]!) box[at + 1] = y;
      if (x > box[at + MAX_X]!) box[at + MAX_X] = x;
      if (y > box[at + MAX_Y]!) box[at + MAX_Y] = y;
      ref = innerChild[slot]!;
    }
    return ref >>> 1;
  }

  /** The lowest inner node on that way; likewise. */
  function parentFor(root: number, x: number, y: number): number {
    let inner = root >>> 1;
    while ((innerChild[inner * FANOUT]! & 1) === 1) {
      const slot = choose(inner, x, y);
      const child = innerChild[slot]!;
      // Nodes of a tree that lost many points may have leaves beside inner nodes.
      if ((child & 1) === 0) return inner;
      const at = slot * BOX;
      if (x < box[at]!) box[at] = x;
      if (y < box[at + 1]!) box[at + 1] = y;
      if (x > box[at + MAX_X]!) box[at + MAX_X] = x;
      if (y > box[at + MAX_Y]!) box[at + MAX_Y] = y;
      inner = child >>> 1;
    }
    return inner;
  }

  function choose(inner: number, x: number, y: number): number {
    const first = inner * FANOUT;
    const end = first + innerCount[inner]!;
    let best = first;
    let bestGrowth = Number.POSITIVE_INFINITY;
    let bestSize = Number.POSITIVE_INFINITY;
    for (let slot = first; slot < end; slot++) {
      const at = slot * BOX;
      const minX = box[at]!;
      const minY = box[at + 1]!;
      const maxX = box[at + MAX_X]!;
      const maxY = box[at + MAX_Y]!;
      // Twice the growth along each axis. v + |v| is 2 max(v, 0) without a branch, and these branches would be wrong half
      // of the time. Half perimeters, not areas: they tell degenerate boxes (points on a line) apart.
      const growthX = minX - x + Math.abs(minX - x) + (x - maxX + Math.abs(x - maxX));
      const growthY = minY - y + Math.abs(minY - y) + (y - maxY + Math.abs(y - maxY));
      const growth = growthX + growthY;
      if (growth > bestGrowth) continue;
      const size = maxX - minX + (maxY - minY);
      if (growth < bestGrowth || size < bestSize) {
        best = slot;
        bestGrowth = growth;
        bestSize = size;
      }
    }
    return best;
  }

  return { leafFor, parentFor };
}

export type Descent = ReturnType<typeof makeDescent>;

/** Words of a box, and where its greatest coordinates stand. */
const MAX_X = 2;
const MAX_Y = 3;

/** Sum of the distances along each axis from the point to the box at `at`. */
export function distanceTo(box: Float64Array, at: number, x: number, y: number): number {
  const dx = Math.max(0, box[at]! - x, x - box[at + MAX_X]!);
  const dy = Math.max(0, box[at + 1]! - y, y - box[at + MAX_Y]!);
  return dx + dy;
}
