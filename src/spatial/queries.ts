import { FANOUT, type IndexViews, type PoolViews } from './layout.js';

const DIM = 3;
/** Words of a box, and where its greatest coordinates stand. */
const BOX = 6;
const MAX_X = 3;
const MAX_Y = 4;
const MAX_Z = 5;
const Z = 2;

/** Nodes on the stack of a descent: 15 siblings a level, and 2^32 points are at most 16 levels of at least 4 children. */
const STACK = 16 * FANOUT * 2;

/** Keeps every kind. */
export const ANY_KIND = -1;

/**
 * Queries of one shard's trees, for one thread, under the shard's read lock. Rows are written to `out` from `offset` up to
 * `limit` (an end index); the number found is returned, which may be more than was written.
 *
 * What is inside cannot be foretold, so the inner loops do not branch on it: every child and every point is written, and
 * stays if it is inside (1.6 times as fast). Each loop is a method of its own: in one, its registers do not suffice
 * (1.25 times as fast).
 */
export class TreeQueries {
  readonly #index: IndexViews;
  readonly #views: PoolViews;
  readonly #kinds: Uint32Array;
  readonly #stack = new Int32Array(STACK);
  /** Leaves that a query looks into; grows to the most that any query met. */
  #leaves = new Int32Array(1024);
  /** `kinds` is the column of kind numbers by row. */
  constructor(index: IndexViews, pool: PoolViews, kinds: Uint32Array) {
    this.#index = index;
    this.#views = pool;
    this.#kinds = kinds;
  }

  /** Rows at distance <= radius: dx² + dy² + dz² <= radius². */
  within(
    graph: number,
    x: number,
    y: number,
    z: number,
    radius: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = this.#index.root[graph]! - 1;
    if (root < 0) return 0;
    // A little wider than the ball, so that rounding here never keeps out what the test of distances lets in.
    // (Squares of differences below 1e-161 are 0, so those count as at the centre.)
    const reach = radius + (radius + Math.abs(x) + Math.abs(y) + Math.abs(z)) * 1e-15 + 1e-161;
    const minZ = z - reach;
    const maxZ = z + reach;
    const leaves = this.#collect(root, x - reach, y - reach, minZ, x + reach, y + reach, maxZ);
    if (kind === ANY_KIND && offset + leaves * FANOUT <= limit) {
      return this.#scan(leaves, x, y, z, radius * radius, out, offset);
    }
    return this.#scanSome(leaves, x, y, z, radius * radius, kind, out, offset, limit);
  }

  /** Rows at distance >= radius. */
  beyond(
    graph: number,
    x: number,
    y: number,
    z: number,
    radius: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = this.#index.root[graph]! - 1;
    if (root < 0) return 0;
    const { leafAt, leafRow, leafCount } = this.#views;
    const kinds = this.#kinds;
    const all = Number.POSITIVE_INFINITY;
    const minZ = -all;
    const maxZ = all;
    const leafTotal = this.#collect(root, -all, -all, minZ, all, all, maxZ);
    const leaves = this.#leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const first = (leaves[i]! >>> 1) * FANOUT;
      const end = first + leafCount[leaves[i]! >>> 1]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * DIM]! - x;
        const dy = leafAt[slot * DIM + 1]! - y;
        const dz = leafAt[slot * DIM + Z]! - z;
        if (dx * dx + dy * dy + dz * dz < radius * radius) continue;
        const row = leafRow[slot]!;
        if (kind !== ANY_KIND && kinds[row] !== kind) continue;
        if (found < limit) out[found] = row;
        found++;
      }
    }
    return found - offset;
  }

  /** Leaves whose boxes meet the closed box, into `#leaves`; how many. */
  #collect(root: number, minX: number, minY: number, minZ: number, maxX: number, maxY: number, maxZ: number): number {
    const { innerBox, innerChild, innerCount } = this.#views;
    const stack = this.#stack;
    let leaves = this.#leaves;
    let leafTotal = 0;
    let depth = 0;
    if ((root & 1) === 1) stack[depth++] = root;
    else leaves[leafTotal++] = root;
    while (depth > 0) {
      const inner = stack[--depth]! >>> 1;
      if (leafTotal + FANOUT > leaves.length) leaves = this.#moreLeaves();
      const first = inner * FANOUT;
      const end = first + innerCount[inner]!;
      for (let slot = first; slot < end; slot++) {
        const at = slot * BOX;
        const meets =
          +(innerBox[at]! <= maxX) &
          +(innerBox[at + MAX_X]! >= minX) &
          +(innerBox[at + 1]! <= maxY) &
          +(innerBox[at + MAX_Y]! >= minY) &
          +(innerBox[at + Z]! <= maxZ) &
          +(innerBox[at + MAX_Z]! >= minZ);
        const ref = innerChild[slot]!;
        const isInner = ref & 1;
        stack[depth] = ref;
        depth += meets & isInner;
        leaves[leafTotal] = ref;
        leafTotal += meets & (isInner ^ 1);
      }
    }
    return leafTotal;
  }

  #moreLeaves(): Int32Array<ArrayBuffer> {
    const grown = new Int32Array(this.#leaves.length * 2);
    grown.set(this.#leaves);
    this.#leaves = grown;
    return grown;
  }

  /** Of the first leaves of `#leaves`; `out` has room for all their points. */
  #scan(leafTotal: number, x: number, y: number, z: number, r2: number, out: Uint32Array, offset: number): number {
    const { leafAt, leafRow, leafCount } = this.#views;
    const leaves = this.#leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = leaves[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * DIM]! - x;
        const dy = leafAt[slot * DIM + 1]! - y;
        const dz = leafAt[slot * DIM + Z]! - z;
        out[found] = leafRow[slot]!;
        found += +(dx * dx + dy * dy + dz * dz <= r2);
      }
    }
    return found - offset;
  }

  #scanSome(
    leafTotal: number,
    x: number,
    y: number,
    z: number,
    r2: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const { leafAt, leafRow, leafCount } = this.#views;
    const kinds = this.#kinds;
    const leaves = this.#leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = leaves[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const dx = leafAt[slot * DIM]! - x;
        const dy = leafAt[slot * DIM + 1]! - y;
        const dz = leafAt[slot * DIM + Z]! - z;
        if (dx * dx + dy * dy + dz * dz > r2) continue;
        const row = leafRow[slot]!;
        if (kind !== ANY_KIND && kinds[row] !== kind) continue;
        if (found < limit) out[found] = row;
        found++;
      }
    }
    return found - offset;
  }

  /** Rows in the closed box. */
  box(
    graph: number,
    minX: number,
    minY: number,
    minZ: number,
    maxX: number,
    maxY: number,
    maxZ: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = this.#index.root[graph]! - 1;
    if (root < 0) return 0;
    const { leafAt, leafRow, leafCount } = this.#views;
    const kinds = this.#kinds;
    const leafTotal = this.#collect(root, minX, minY, minZ, maxX, maxY, maxZ);
    const leaves = this.#leaves;
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = leaves[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      for (let slot = first; slot < end; slot++) {
        const x = leafAt[slot * DIM]!;
        const y = leafAt[slot * DIM + 1]!;
        const z = leafAt[slot * DIM + Z]!;
        if (x < minX || x > maxX || y < minY || y > maxY || z < minZ || z > maxZ) continue;
        if (kind !== ANY_KIND && kinds[leafRow[slot]!] !== kind) continue;
        if (found < limit) out[found] = leafRow[slot]!;
        found++;
      }
    }
    return found - offset;
  }
}
