import { FANOUT, type IndexViews, type PoolViews, type SpatialRegions } from './layout.js';

/** Nodes on the stack of a descent: 15 siblings a level, and 2^32 points are at most 16 levels of at least 4 children. */
const STACK = 16 * FANOUT * 2;

/** Keeps every kind. */
export const ANY_KIND = -1;

/**
 * Queries of one shard's trees, for one thread, under the shard's read lock. Rows are written to `out` from `offset` up to
 * `limit` (an end index); the number found is returned, which may be more than was written.
 */
export class TreeQueries {
  readonly #index: IndexViews;
  readonly #views: PoolViews;
  readonly #kinds: Uint32Array;
  readonly #stack = new Int32Array(STACK);
  /** Leaves that a radius query looks into; grows to the most that any query met. */
  #leaves = new Int32Array(1024);
  /** Candidates of `nearest`: binary heap of squared distances and what they belong to. */
  #heapDistance = new Float64Array(256);
  #heapItem = new Float64Array(256);
  #heapSize = 0;

  /** `kinds` is the column of kind numbers by row. */
  constructor(regions: SpatialRegions, shard: number, kinds: Uint32Array) {
    this.#index = regions.index;
    this.#views = regions.pools[shard]!;
    this.#kinds = kinds;
  }

  /** Rows at distance <= radius: dx² + dy² <= radius². */
  within(
    graph: number,
    x: number,
    y: number,
    radius: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const root = this.#index.root[graph]! - 1;
    if (root < 0) return 0;
    const { leafXY, leafRow, leafCount, innerBox, innerChild, innerCount } = this.#views;
    const kinds = this.#kinds;
    const stack = this.#stack;
    const r2 = radius * radius;
    // A little wider than the circle, so that rounding here never keeps out what the test of distances lets in.
    // (Squares of differences below 1e-161 are 0, so those count as at the centre.)
    const reach = radius + (radius + Math.abs(x) + Math.abs(y)) * 1e-15 + 1e-161;
    const left = x - reach;
    const right = x + reach;
    const bottom = y - reach;
    const top = y + reach;
    let leaves = this.#leaves;
    let leafTotal = 0;
    let depth = 0;
    if ((root & 1) === 1) stack[depth++] = root;
    else leaves[leafTotal++] = root;
    // First the leaves that the circle's square meets, then their points. Which child and which point is inside cannot be
    // foretold, so neither loop branches on it: every one is written, and stays if it is inside (1.6 times as fast).
    while (depth > 0) {
      const inner = stack[--depth]! >>> 1;
      if (leafTotal + FANOUT > leaves.length) leaves = this.#moreLeaves();
      const first = inner * FANOUT;
      const end = first + innerCount[inner]!;
      for (let slot = first; slot < end; slot++) {
        const at = slot << 2;
        const meets =
          +(innerBox[at]! <= right) &
          +(innerBox[at + 2]! >= left) &
          +(innerBox[at + 1]! <= top) &
          +(innerBox[at + 3]! >= bottom);
        const ref = innerChild[slot]!;
        const isInner = ref & 1;
        stack[depth] = ref;
        depth += meets & isInner;
        leaves[leafTotal] = ref;
        leafTotal += meets & (isInner ^ 1);
      }
    }
    let found = offset;
    for (let i = 0; i < leafTotal; i++) {
      const leaf = leaves[i]! >>> 1;
      const first = leaf * FANOUT;
      const end = first + leafCount[leaf]!;
      if (kind === ANY_KIND && found + FANOUT <= limit) {
        for (let slot = first; slot < end; slot++) {
          const dx = leafXY[slot << 1]! - x;
          const dy = leafXY[(slot << 1) + 1]! - y;
          out[found] = leafRow[slot]!;
          found += +(dx * dx + dy * dy <= r2);
        }
        continue;
      }
      for (let slot = first; slot < end; slot++) {
        const dx = leafXY[slot << 1]! - x;
        const dy = leafXY[(slot << 1) + 1]! - y;
        if (dx * dx + dy * dy > r2) continue;
        const row = leafRow[slot]!;
        if (kind !== ANY_KIND && kinds[row] !== kind) continue;
        if (found < limit) out[found] = row;
        found++;
      }
    }
    return found - offset;
  }

  #moreLeaves(): Int32Array<ArrayBuffer> {
    const grown = new Int32Array(this.#leaves.length * 2);
    grown.set(this.#leaves);
    this.#leaves = grown;
    return grown;
  }

  /** Rows in the closed box. */
  box(
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
    const root = this.#index.root[graph]! - 1;
    if (root < 0) return 0;
    const { leafXY, leafRow, leafCount, innerBox, innerChild, innerCount } = this.#views;
    const kinds = this.#kinds;
    const stack = this.#stack;
    let found = offset;
    let depth = 0;
    stack[depth++] = root;
    while (depth > 0) {
      const ref = stack[--depth]!;
      const node = ref >>> 1;
      const first = node * FANOUT;
      if ((ref & 1) === 0) {
        const end = first + leafCount[node]!;
        for (let slot = first; slot < end; slot++) {
          const px = leafXY[2 * slot]!;
          const py = leafXY[2 * slot + 1]!;
          if (px < minX || px > maxX || py < minY || py > maxY) continue;
          if (kind !== ANY_KIND && kinds[leafRow[slot]!] !== kind) continue;
          if (found < limit) out[found] = leafRow[slot]!;
          found++;
        }
        continue;
      }
      const end = first + innerCount[node]!;
      for (let slot = first; slot < end; slot++) {
        const at = slot * 4;
        if (innerBox[at]! > maxX || innerBox[at + 2]! < minX || innerBox[at + 1]! > maxY || innerBox[at + 3]! < minY) {
          continue;
        }
        stack[depth++] = innerChild[slot]!;
      }
    }
    return found - offset;
  }

  /**
   * The k nearest rows, nearest first, no farther than `maxDistance` (Hjaltason and Samet, "Distance browsing in spatial
   * databases", 1999). Distances go to `distances` at the same indexes.
   */
  nearest(
    graph: number,
    x: number,
    y: number,
    k: number,
    maxDistance: number,
    kind: number,
    rows: Uint32Array,
    distances: Float64Array,
    offset: number,
  ): number {
    const root = this.#index.root[graph]! - 1;
    if (root < 0) return 0;
    const { leafXY, leafRow, leafCount, innerBox, innerChild, innerCount } = this.#views;
    const kinds = this.#kinds;
    const max2 = maxDistance * maxDistance;
    this.#heapSize = 0;
    let found = 0;
    // Items of the heap: rows as -1 - row, nodes as their ref.
    let item = root;
    for (;;) {
      const node = item >>> 1;
      const first = node * FANOUT;
      if (item < 0) {
        rows[offset + found] = -1 - item;
        distances[offset + found] = Math.sqrt(this.#poppedDistance);
        if (++found === k) break;
      } else if ((item & 1) === 0) {
        const end = first + leafCount[node]!;
        for (let slot = first; slot < end; slot++) {
          const dx = leafXY[2 * slot]! - x;
          const dy = leafXY[2 * slot + 1]! - y;
          const distance = dx * dx + dy * dy;
          if (distance > max2) continue;
          const row = leafRow[slot]!;
          if (kind === ANY_KIND || kinds[row] === kind) this.#push(distance, -1 - row);
        }
      } else {
        const end = first + innerCount[node]!;
        for (let slot = first; slot < end; slot++) {
          const at = slot * 4;
          let dx = innerBox[at]! - x;
          if (dx < 0) {
            dx = x - innerBox[at + 2]!;
            if (dx < 0) dx = 0;
          }
          let dy = innerBox[at + 1]! - y;
          if (dy < 0) {
            dy = y - innerBox[at + 3]!;
            if (dy < 0) dy = 0;
          }
          const distance = dx * dx + dy * dy;
          if (distance <= max2) this.#push(distance, innerChild[slot]!);
        }
      }
      if (this.#heapSize === 0) break;
      item = this.#pop();
    }
    return found;
  }

  #poppedDistance = 0;

  #push(distance: number, item: number): void {
    if (this.#heapSize === this.#heapDistance.length) {
      const distances = new Float64Array(this.#heapSize * 2);
      const items = new Float64Array(this.#heapSize * 2);
      distances.set(this.#heapDistance);
      items.set(this.#heapItem);
      this.#heapDistance = distances;
      this.#heapItem = items;
    }
    const distances = this.#heapDistance;
    const items = this.#heapItem;
    let at = this.#heapSize++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (distances[up]! <= distance) break;
      distances[at] = distances[up]!;
      items[at] = items[up]!;
      at = up;
    }
    distances[at] = distance;
    items[at] = item;
  }

  #pop(): number {
    const distances = this.#heapDistance;
    const items = this.#heapItem;
    this.#poppedDistance = distances[0]!;
    const top = items[0]!;
    const size = --this.#heapSize;
    const distance = distances[size]!;
    const item = items[size]!;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && distances[down + 1]! < distances[down]!) down++;
      if (distances[down]! >= distance) break;
      distances[at] = distances[down]!;
      items[at] = items[down]!;
      at = down;
    }
    distances[at] = distance;
    items[at] = item;
    return top;
  }
}
