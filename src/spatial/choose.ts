import type { PoolViews } from './layout.js';

/**
 * The way of a point that is inserted, down from a node to a leaf. To be made through `specialize`.
 */
export function makeDescent(pool: PoolViews) {
  const FANOUT = 16;
  /** Words of a box, and where its greatest coordinates stand. */
  const BOX = 6;
  const MAX_X = 3;
  const MAX_Y = 4;
  const MAX_Z = 5;
  const Z = 2;
  const { innerBox: box, innerChild, innerCount } = pool;

  /**
   * The leaf, by the child that needs the least enlargement at each level; of those that need none, the smallest. The boxes
   * on the way hold the point afterwards.
   */
  function leafFor(from: number, x: number, y: number, z: number): number {
    let ref = from;
    while ((ref & 1) === 1) {
      const slot = choose(ref >>> 1, x, y, z);
      const at = slot * BOX;
      if (x < box[at]!) box[at] = x;
      if (y < box[at + 1]!) box[at + 1] = y;
      if (z < box[at + Z]!) box[at + Z] = z;
      if (x > box[at + MAX_X]!) box[at + MAX_X] = x;
      if (y > box[at + MAX_Y]!) box[at + MAX_Y] = y;
      if (z > box[at + MAX_Z]!) box[at + MAX_Z] = z;
      ref = innerChild[slot]!;
    }
    return ref >>> 1;
  }

  /** The lowest inner node on that way; likewise. */
  function parentFor(root: number, x: number, y: number, z: number): number {
    let inner = root >>> 1;
    while ((innerChild[inner * FANOUT]! & 1) === 1) {
      const slot = choose(inner, x, y, z);
      const child = innerChild[slot]!;
      // Nodes of a tree that lost many points may have leaves beside inner nodes.
      if ((child & 1) === 0) return inner;
      const at = slot * BOX;
      if (x < box[at]!) box[at] = x;
      if (y < box[at + 1]!) box[at + 1] = y;
      if (z < box[at + Z]!) box[at + Z] = z;
      if (x > box[at + MAX_X]!) box[at + MAX_X] = x;
      if (y > box[at + MAX_Y]!) box[at + MAX_Y] = y;
      if (z > box[at + MAX_Z]!) box[at + MAX_Z] = z;
      inner = child >>> 1;
    }
    return inner;
  }

  function choose(inner: number, x: number, y: number, z: number): number {
    const first = inner * FANOUT;
    const end = first + innerCount[inner]!;
    let best = first;
    let bestGrowth = Number.POSITIVE_INFINITY;
    let bestSize = Number.POSITIVE_INFINITY;
    for (let slot = first; slot < end; slot++) {
      const at = slot * BOX;
      const minX = box[at]!;
      const minY = box[at + 1]!;
      const minZ = box[at + Z]!;
      const maxX = box[at + MAX_X]!;
      const maxY = box[at + MAX_Y]!;
      const maxZ = box[at + MAX_Z]!;
      // Twice the growth along each axis. v + |v| is 2 max(v, 0) without a branch, and these branches would be wrong half
      // of the time. Half perimeters, not areas: they tell degenerate boxes (points on a line) apart.
      const growthX = minX - x + Math.abs(minX - x) + (x - maxX + Math.abs(x - maxX));
      const growthY = minY - y + Math.abs(minY - y) + (y - maxY + Math.abs(y - maxY));
      const growthZ = minZ - z + Math.abs(minZ - z) + (z - maxZ + Math.abs(z - maxZ));
      const growth = growthX + growthY + growthZ;
      if (growth > bestGrowth) continue;
      const size = maxX - minX + (maxY - minY) + (maxZ - minZ);
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
const MAX_X = 3;
const MAX_Y = 4;
const MAX_Z = 5;
const Z = 2;

/** Sum of the distances along each axis from the point to the box at `at`. */
export function distanceTo(box: Float64Array, at: number, x: number, y: number, z: number): number {
  const dx = Math.max(0, box[at]! - x, x - box[at + MAX_X]!);
  const dy = Math.max(0, box[at + 1]! - y, y - box[at + MAX_Y]!);
  const dz = Math.max(0, box[at + Z]! - z, z - box[at + MAX_Z]!);
  return dx + dy + dz;
}
