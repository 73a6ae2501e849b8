import type { IndexViews, PoolViews } from './layout.js';
import type { NearestGuess } from './nearest-guess.js';

/**
 * The k nearest points of one shard's trees, for one thread, under the shard's read lock. To be made through `specialize`.
 */
export function makeNearestQuery(index: IndexViews, pool: PoolViews, kinds: Uint32Array, guess: NearestGuess) {
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
  /** As many as are worth a guess. */
  const MOST_GUESSED = 32;
  const ANY_KIND = -1;
  const { root: roots } = index;
  const { leafAt, leafCount, innerBox, innerChild, innerCount } = pool;
  /** The frontier: a binary heap of squared distances and node refs, and behind it those that do not stand in it yet. */
  let frontDistance = new Float64Array(1024);
  let frontRef = new Int32Array(1024);
  let frontSize = 0;
  /** Children or points of one node that may be near enough. */
  const nearDistance = new Float64Array(FANOUT + 1);
  const nearItem = new Uint32Array(FANOUT + 1);

  /**
   * The k nearest rows, nearest first, their squared distances below `limit` (Hjaltason and Samet, "Distance browsing in spatial
   * databases", 1999; here points do not enter the frontier, but a heap of the k best, whose worst bounds what does). The
   * squares of the distances go to `squares` at the same indexes.
   */
  function run(
    graph: number,
    x: number,
    y: number,
    z: number,
    k: number,
    limit: number,
    kind: number,
    rows: Uint32Array,
    squares: Float64Array,
    offset: number,
  ): number {
    let ref = roots[graph]! - 1;
    if (ref < 0) return 0;
    // What is at the bound is beyond it: of many points at one place only k are looked at.
    let bound = limit;
    if (k <= MOST_GUESSED && (ref & 1) === 1) {
      const guessed = guess.run(ref, x, y, z, k, bound, kind, rows, squares, offset);
      if (guessed >= 0) return guessed;
    }
    let found = 0;
    frontSize = 0;
    do {
      let pending = 0;
      // Down to a leaf by the nearest child: the first one bounds the rest before the heap sees any of it.
      while (ref >= 0 && (ref & 1) === 1) {
        const count = childrenWithin(ref >>> 1, x, y, z, bound);
        if (count === 0) {
          ref = -1;
          break;
        }
        let best = 0;
        for (let i = 1; i < count; i++) if (nearDistance[i]! < nearDistance[best]!) best = i;
        ref = nearItem[best]!;
        nearItem[best] = nearItem[count - 1]!;
        nearDistance[best] = nearDistance[count - 1]!;
        pending = setAside(count - 1, pending);
      }
      if (ref >= 0) {
        const count = pointsWithin(ref >>> 1, x, y, z, bound, kind);
        for (let i = 0; i < count; i++) {
          const square = nearDistance[i]!;
          if (square >= bound) continue;
          if (found < k) siftUp(squares, rows, offset, found++, square, nearItem[i]!);
          else siftDown(squares, rows, offset, k, square, nearItem[i]!);
          if (found === k) bound = Math.min(bound, squares[offset]!);
        }
      }
      ref = nextNode(pending, bound);
    } while (ref >= 0);
    sortHeap(squares, rows, offset, found);
    return found;
  }

  /** Children of an inner node nearer than the bound, into `nearItem` and `nearDistance`; how many. */
  function childrenWithin(inner: number, x: number, y: number, z: number, bound: number): number {
    const first = inner * FANOUT;
    const end = first + innerCount[inner]!;
    // Halves: differences of the farthest coordinates overflow to infinity, and infinities would make NaN below.
    const halfX = x * 0.5;
    const halfY = y * 0.5;
    const halfZ = z * 0.5;
    let count = 0;
    for (let slot = first; slot < end; slot++) {
      const at = slot * BOX;
      const left = innerBox[at]! * 0.5 - halfX;
      const right = halfX - innerBox[at + MAX_X]! * 0.5;
      const below = innerBox[at + 1]! * 0.5 - halfY;
      const above = halfY - innerBox[at + MAX_Y]! * 0.5;
      const lowZ = innerBox[at + Z]! * 0.5 - halfZ;
      const highZ = halfZ - innerBox[at + MAX_Z]! * 0.5;
      // v + |v| is 2 max(v, 0) without a branch; of the two sides of an axis at most one is positive.
      const dx = left + Math.abs(left) + (right + Math.abs(right));
      const dy = below + Math.abs(below) + (above + Math.abs(above));
      const dz = lowZ + Math.abs(lowZ) + (highZ + Math.abs(highZ));
      const square = dx * dx + dy * dy + dz * dz;
      nearDistance[count] = square;
      nearItem[count] = innerChild[slot]!;
      count += +(square < bound);
    }
    return count;
  }

  /** Points of a leaf, likewise. */
  function pointsWithin(leaf: number, x: number, y: number, z: number, bound: number, kind: number): number {
    const first = leaf * FANOUT;
    const end = first + leafCount[leaf]!;
    let count = 0;
    for (let slot = first; slot < end; slot++) {
      const dx = leafAt[slot * ENTRY]! - x;
      const dy = leafAt[slot * ENTRY + 1]! - y;
      const dz = leafAt[slot * ENTRY + Z]! - z;
      const square = dx * dx + dy * dy + dz * dz;
      const row = leafAt[slot * ENTRY + ROW]!;
      nearDistance[count] = square;
      nearItem[count] = row;
      count += +(square < bound) & (kind === ANY_KIND ? 1 : +(kinds[row] === kind));
    }
    return count;
  }

  /** The first of the near items go behind the `pending` that stand behind the frontier's heap; how many stand there now. */
  function setAside(count: number, pending: number): number {
    let at = frontSize + pending;
    if (at + count > frontRef.length) moreFront();
    const distances = frontDistance;
    const refs = frontRef;
    for (let i = 0; i < count; i++, at++) {
      distances[at] = nearDistance[i]!;
      refs[at] = nearItem[i]!;
    }
    return pending + count;
  }

  function moreFront(): void {
    const distances = new Float64Array(frontRef.length * 2);
    const refs = new Int32Array(frontRef.length * 2);
    distances.set(frontDistance);
    refs.set(frontRef);
    frontDistance = distances;
    frontRef = refs;
  }

  /** The pending below the bound join the heap; the nearest of all is taken from it: its ref, or -1 beyond the bound. */
  function nextNode(pending: number, bound: number): number {
    const distances = frontDistance;
    const refs = frontRef;
    let size = frontSize;
    for (let i = size, end = size + pending; i < end; i++) {
      const distance = distances[i]!;
      if (distance >= bound) continue;
      const ref = refs[i]!;
      let at = size++;
      while (at > 0) {
        const up = (at - 1) >> 1;
        if (distances[up]! <= distance) break;
        distances[at] = distances[up]!;
        refs[at] = refs[up]!;
        at = up;
      }
      distances[at] = distance;
      refs[at] = ref;
    }
    frontSize = size;
    if (size === 0 || distances[0]! >= bound) return -1;
    const nearest = refs[0]!;
    frontSize = --size;
    const distance = distances[size]!;
    const ref = refs[size]!;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && distances[down + 1]! < distances[down]!) down++;
      if (distances[down]! >= distance) break;
      distances[at] = distances[down]!;
      refs[at] = refs[down]!;
      at = down;
    }
    distances[at] = distance;
    refs[at] = ref;
    return nearest;
  }

  // The k best are a binary heap, farthest first, in the caller's arrays behind `offset`.

  function siftUp(
    squares: Float64Array,
    rows: Uint32Array,
    offset: number,
    size: number,
    square: number,
    row: number,
  ): void {
    let at = size;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (squares[offset + up]! >= square) break;
      squares[offset + at] = squares[offset + up]!;
      rows[offset + at] = rows[offset + up]!;
      at = up;
    }
    squares[offset + at] = square;
    rows[offset + at] = row;
  }

  /** Puts the pair in place of the farthest. */
  function siftDown(
    squares: Float64Array,
    rows: Uint32Array,
    offset: number,
    size: number,
    square: number,
    row: number,
  ): void {
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && squares[offset + down + 1]! > squares[offset + down]!) down++;
      if (squares[offset + down]! <= square) break;
      squares[offset + at] = squares[offset + down]!;
      rows[offset + at] = rows[offset + down]!;
      at = down;
    }
    squares[offset + at] = square;
    rows[offset + at] = row;
  }

  /** Nearest first. */
  function sortHeap(squares: Float64Array, rows: Uint32Array, offset: number, size: number): void {
    for (let last = size - 1; last > 0; last--) {
      const square = squares[offset]!;
      const row = rows[offset]!;
      siftDown(squares, rows, offset, last, squares[offset + last]!, rows[offset + last]!);
      squares[offset + last] = square;
      rows[offset + last] = row;
    }
  }

  return { run };
}

export type NearestQuery = ReturnType<typeof makeNearestQuery>;
