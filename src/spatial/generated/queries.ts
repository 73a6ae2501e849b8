// Derived from ../queries.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import type { IndexViews, PoolViews } from '../layout.js';

/** Keeps every kind. */
export const ANY_KIND = -1;

/**
 * Queries of one shard's trees, for one thread, under the shard's read lock. Rows are written to `out` from `offset` up to
 * `limit` (an end index); the number found is returned, which may be more than was written.
 *
 * What is inside cannot be foretold, so the inner loops do not branch on it: every child and every point is written, and
 * stays if it is inside (1.6 times as fast). Each loop is a function of its own: in one, its registers do not suffice
 * (1.25 times as fast). To be made through `specialize`.
 */
export function makeTreeQueries(index: IndexViews, pool: PoolViews, kinds: Uint32Array) {
  /** Words of a leaf's entry: its coordinates, and its row. */
  const ENTRY = 3;
  const ROW = 2;
  /** Words of a box, and where its greatest coordinates stand. */
  const BOX = 4;
  const MAX_X = 2;
  const MAX_Y = 3;
  const FANOUT = 16;
  const ANY_KIND = -1;
  const { root: roots } = index;
  const { leafAt, leafCount, innerBox, innerChild, innerCount } = pool;
  /** Nodes of a descent: 15 siblings a level, and 2^32 points are at most 16 levels of at least 4 children. */
  const stack = new Int32Array(16 * FANOUT * 2);
  /** Leaves that a query looks into; grows to the most that any query met. */
  let leaves = new Int32Array(1024);

  /** Rows at distance <= radius: dx² + dy² + dz² <= square, the greatest that counts (see `squareLimit`). */
  function within(
    graph: number,
    x: number,
    y: number,
    radius: number,
    square: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = roots[graph]! - 1;
    if (root < 0) return 0;
    // A little wider than the ball, so that rounding here never keeps out what the test of distances lets in.
    // (Squares of differences below 1e-161 are 0, so those count as at the centre.)
    const reach = radius + (radius + Math.abs(x) + Math.abs(y)) * 1e-15 + 1e-161;
    const leafTotal = collect(root, x - reach, y - reach, x + reach, y + reach);
    if (kind === ANY_KIND && offset + leafTotal * FANOUT <= limit) {
      return scan(leafTotal, x, y, square, out, offset);
    }
    return scanSome(leafTotal, x, y, square, kind, out, offset, limit);
  }

  /** Rows at distance >= radius. */
  function beyond(
    graph: number,
    x: number,
    y: number,
    radius: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = roots[graph]! - 1;
    if (root < 0) return 0;
    const all = Number.POSITIVE_INFINITY;
    const leafTotal = collect(root, -all, -all, all, all);
    const list = leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = list[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * ENTRY]! - x;
        const dy = leafAt[slot * ENTRY + 1]! - y;
        if (dx * dx + dy * dy < radius * radius) continue;
        const row = leafAt[slot * ENTRY + ROW]!;
        if (kind !== ANY_KIND && kinds[row] !== kind) continue;
        if (found < limit) out[found] = row;
        found++;
      }
    }
    return found - offset;
  }

  /** Leaves whose boxes meet the closed box, into `leaves`; how many. */
  function collect(root: number, minX: number, minY: number, maxX: number, maxY: number): number {
    let list = leaves;
    let leafTotal = 0;
    let depth = 0;
    if ((root & 1) === 1) stack[depth++] = root;
    else list[leafTotal++] = root;
    while (depth > 0) {
      const inner = stack[--depth]! >>> 1;
      if (leafTotal + FANOUT > list.length) list = moreLeaves();
      const first = inner * FANOUT;
      const end = first + innerCount[inner]!;
      for (let slot = first; slot < end; slot++) {
        const at = slot * BOX;
        const meets =
          +(innerBox[at]! <= maxX) &
          +(innerBox[at + MAX_X]! >= minX) &
          +(innerBox[at + 1]! <= maxY) &
          +(innerBox[at + MAX_Y]! >= minY);
        const ref = innerChild[slot]!;
        const isInner = ref & 1;
        stack[depth] = ref;
        depth += meets & isInner;
        list[leafTotal] = ref;
        leafTotal += meets & (isInner ^ 1);
      }
    }
    return leafTotal;
  }

  function moreLeaves(): Int32Array<ArrayBuffer> {
    const grown = new Int32Array(leaves.length * 2);
    grown.set(leaves);
    leaves = grown;
    return grown;
  }

  /** Of the first leaves of `leaves`; `out` has room for all their points. */
  function scan(leafTotal: number, x: number, y: number, r2: number, out: Uint32Array, offset: number): number {
    const list = leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = list[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * ENTRY]! - x;
        const dy = leafAt[slot * ENTRY + 1]! - y;
        out[found] = leafAt[slot * ENTRY + ROW]!;
        found += +(dx * dx + dy * dy <= r2);
      }
    }
    return found - offset;
  }

  function scanSome(
    leafTotal: number,
    x: number,
    y: number,
    r2: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const list = leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = list[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * ENTRY]! - x;
        const dy = leafAt[slot * ENTRY + 1]! - y;
        if (dx * dx + dy * dy > r2) continue;
        const row = leafAt[slot * ENTRY + ROW]!;
        if (kind !== ANY_KIND && kinds[row] !== kind) continue;
        if (found < limit) out[found] = row;
        found++;
      }
    }
    return found - offset;
  }

  /** Rows in the closed box. */
  function box(
    graph: number,
    minX: number,
    minY: number,
    maxX: number,
    maxY: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = roots[graph]! - 1;
    if (root < 0) return 0;
    const leafTotal = collect(root, minX, minY, maxX, maxY);
    const list = leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = list[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const x = leafAt[slot * ENTRY]!;
        const y = leafAt[slot * ENTRY + 1]!;
        if (x < minX || x > maxX || y < minY || y > maxY) continue;
        if (kind !== ANY_KIND && kinds[leafAt[slot * ENTRY + ROW]!] !== kind) continue;
        if (found < limit) out[found] = leafAt[slot * ENTRY + ROW]!;
        found++;
      }
    }
    return found - offset;
  }

  return { within, beyond, box };
}

export type TreeQueries = ReturnType<typeof makeTreeQueries>;
