import type { PoolViews } from './layout.js';

/**
 * The k nearest points where they are few and lie as points mostly do. For one thread, under the shard's read lock. To be
 * made through `specialize`.
 */
export function makeNearestGuess(pool: PoolViews, kinds: Uint32Array) {
  const DIM = 3;
  /** Words of a leaf's entry: its coordinates, and its row. */
  const ENTRY = 4;
  const ROW = 3;
  /** Words of a box, and where its greatest coordinates stand. */
  const BOX = 6;
  const MAX_X = 3;
  const MAX_Y = 4;
  const MAX_Z = 5;
  const Z = 2;
  const FANOUT = 16;
  const ANY_KIND = -1;
  const { leafAt, leafCount, innerBox, innerChild, innerCount } = pool;
  /** Leaves that a guess looks into, at most. */
  const MOST_LEAVES = 64;
  const stack = new Int32Array(256);
  const leafList = new Int32Array(MOST_LEAVES + FANOUT);
  const distances = new Float64Array(MOST_LEAVES * FANOUT + 1);
  const slots = new Int32Array(MOST_LEAVES * FANOUT + 1);

  /**
   * All within a radius that the density of the nearest leaf suggests, and of them the k best: no frontier, and hardly a
   * branch that cannot be foretold (twice as fast). -1 where it does not come out: too few found, or too much to look at.
   */
  function run(
    root: number,
    x: number,
    y: number,
    z: number,
    k: number,
    bound: number,
    kind: number,
    rows: Uint32Array,
    squares: Float64Array,
    offset: number,
  ): number {
    const reach = reachOf(root, x, y, z, k);
    const square = reach * reach < bound ? reach * reach : bound;
    const leaves = leavesWithin(root, x, y, z, reach * reach);
    if (leaves < 0) return -1;
    let count = candidates(leaves, x, y, z, square);
    if (kind !== ANY_KIND) count = ofKind(count, kind);
    if (count < k && square < bound) return -1;
    let found = 0;
    let worst = square;
    for (let i = 0; i < count; i++) {
      const distance = distances[i]!;
      if (distance >= worst) continue;
      let at = offset + (found < k ? found++ : k - 1);
      for (; at > offset && squares[at - 1]! > distance; at--) {
        squares[at] = squares[at - 1]!;
        rows[at] = rows[at - 1]!;
      }
      squares[at] = distance;
      rows[at] = leafAt[slots[i]! * ENTRY + ROW]!;
      if (found === k) worst = squares[offset + k - 1]!;
    }
    return found;
  }

  /** Radius of a ball that holds half as many again as k points, if they lie as they do in the leaf nearest by. */
  function reachOf(root: number, x: number, y: number, z: number, k: number): number {
    const halfX = x * 0.5;
    const halfY = y * 0.5;
    const halfZ = z * 0.5;
    let ref = root;
    let at = 0;
    while ((ref & 1) === 1) {
      const first = (ref >>> 1) * FANOUT;
      const end = first + innerCount[ref >>> 1]!;
      let nearest = first;
      let least = Number.POSITIVE_INFINITY;
      for (let slot = first; slot < end; slot++) {
        at = slot * BOX;
        const left = innerBox[at]! * 0.5 - halfX;
        const right = halfX - innerBox[at + MAX_X]! * 0.5;
        const below = innerBox[at + 1]! * 0.5 - halfY;
        const above = halfY - innerBox[at + MAX_Y]! * 0.5;
        const lowZ = innerBox[at + Z]! * 0.5 - halfZ;
        const highZ = halfZ - innerBox[at + MAX_Z]! * 0.5;
        const dx = left + Math.abs(left) + (right + Math.abs(right));
        const dy = below + Math.abs(below) + (above + Math.abs(above));
        const dz = lowZ + Math.abs(lowZ) + (highZ + Math.abs(highZ));
        const square = dx * dx + dy * dy + dz * dz;
        if (square < least) {
          least = square;
          nearest = slot;
        }
      }
      at = nearest * BOX;
      ref = innerChild[nearest]!;
    }
    const lengthZ = innerBox[at + MAX_Z]! - innerBox[at + Z]!;
    const side = (innerBox[at + MAX_X]! - innerBox[at]! + (innerBox[at + MAX_Y]! - innerBox[at + 1]!) + lengthZ) / DIM;
    const share = k / leafCount[ref >>> 1]!;
    // The box of a few points is smaller than the space that they have to themselves: 2.2 and 2.6, not 1.65 and 1.7.
    return (
      side * ((DIM as number) === 2 ? Math.sqrt((2.2 * share) / Math.PI) : Math.cbrt((2.6 * 0.75 * share) / Math.PI))
    );
  }

  /**
   * Leaves whose boxes meet the ball, into `leafList`; -1 when they are too many. A box round the ball is sooner tested, and met
   * by a quarter more leaves in space (7 % slower).
   */
  function leavesWithin(root: number, x: number, y: number, z: number, bound: number): number {
    const halfX = x * 0.5;
    const halfY = y * 0.5;
    const halfZ = z * 0.5;
    let leafTotal = 0;
    let depth = 0;
    stack[depth++] = root;
    while (depth > 0) {
      const inner = stack[--depth]! >>> 1;
      if (leafTotal + FANOUT > MOST_LEAVES || depth + FANOUT > stack.length) return -1;
      const first = inner * FANOUT;
      const end = first + innerCount[inner]!;
      for (let slot = first; slot < end; slot++) {
        const at = slot * BOX;
        const left = innerBox[at]! * 0.5 - halfX;
        const right = halfX - innerBox[at + MAX_X]! * 0.5;
        const below = innerBox[at + 1]! * 0.5 - halfY;
        const above = halfY - innerBox[at + MAX_Y]! * 0.5;
        const lowZ = innerBox[at + Z]! * 0.5 - halfZ;
        const highZ = halfZ - innerBox[at + MAX_Z]! * 0.5;
        const dx = left + Math.abs(left) + (right + Math.abs(right));
        const dy = below + Math.abs(below) + (above + Math.abs(above));
        const dz = lowZ + Math.abs(lowZ) + (highZ + Math.abs(highZ));
        const meets = +(dx * dx + dy * dy + dz * dz <= bound);
        const ref = innerChild[slot]!;
        const isInner = ref & 1;
        stack[depth] = ref;
        depth += meets & isInner;
        leafList[leafTotal] = ref;
        leafTotal += meets & (isInner ^ 1);
      }
    }
    return leafTotal;
  }

  /** Points of the first leaves of `leafList` nearer than the bound, into `distances` and `slots`; how many. */
  function candidates(leafTotal: number, x: number, y: number, z: number, bound: number): number {
    let count = 0;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = leafList[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * ENTRY]! - x;
        const dy = leafAt[slot * ENTRY + 1]! - y;
        const dz = leafAt[slot * ENTRY + Z]! - z;
        const square = dx * dx + dy * dy + dz * dz;
        distances[count] = square;
        slots[count] = slot;
        count += +(square < bound);
      }
    }
    return count;
  }

  /** Those of a kind, of the first `count` candidates; how many. */
  function ofKind(count: number, kind: number): number {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      distances[kept] = distances[i]!;
      slots[kept] = slots[i]!;
      kept += +(kinds[leafAt[slots[i]! * ENTRY + ROW]!] === kind);
    }
    return kept;
  }

  return { run };
}

export type NearestGuess = ReturnType<typeof makeNearestGuess>;
