/** Words of a box, and where its greatest coordinates stand. */
const BOX = 6;
const MAX_X = 3;
const MAX_Y = 4;
const MAX_Z = 5;
const Z = 2;

/**
 * Of the children in the slots from `first` on, the slot of the one that needs the least enlargement; of those that need
 * none, the smallest.
 */
export function chooseChild(box: Float64Array, first: number, count: number, x: number, y: number, z: number): number {
  const end = first + count;
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

/** Sum of the distances along each axis from the point to the box at `at`. */
export function distanceTo(box: Float64Array, at: number, x: number, y: number, z: number): number {
  const dx = Math.max(0, box[at]! - x, x - box[at + MAX_X]!);
  const dy = Math.max(0, box[at + 1]! - y, y - box[at + MAX_Y]!);
  const dz = Math.max(0, box[at + Z]! - z, z - box[at + MAX_Z]!);
  return dx + dy + dz;
}
