import { distanceTo } from './choose.js';
import { FANOUT, type IndexViews, type PoolViews } from './layout.js';
import type { NodePool } from './nodes.js';
import type { Packing } from './packing.js';
import { splitInner, splitLeaf } from './split.js';

/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 4;
const ROW = 3;
/** Words of a box. */
const BOX = 6;

/** How trees get more nodes. */
export class Growth {
  /** While it is the tree being packed that grows. */
  aside = false;
  readonly #index: IndexViews;
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #packing: Packing;

  constructor(index: IndexViews, pool: NodePool, packing: Packing) {
    this.#index = index;
    this.#pool = pool;
    this.#views = pool.views;
    this.#packing = packing;
  }

  /** Of the graph's tree, or of the one being packed for it. */
  setRoot(graph: number, ref: number): void {
    if (this.aside) this.#packing.root = ref + 1;
    else this.#index.root[graph] = ref + 1;
  }

  /** Splits a full leaf; the half that suits the point better is returned. */
  split(graph: number, leaf: number, entries: Uint32Array, x: number, y: number, z: number): number {
    const pool = this.#pool;
    const views = this.#views;
    const other = pool.takeLeaf(graph);
    splitLeaf(pool, leaf, other, entries);
    if (this.#packing.gathering(graph)) {
      const first = other * FANOUT;
      for (let at = first; at < first + FANOUT / 2; at++)
        this.#packing.relocated(graph, views.leafAt[at * ENTRY + ROW]!);
    }
    const slot = this.adopt(graph, leaf << 1, other << 1) - 1;
    const box = views.innerBox;
    const inOther = distanceTo(box, (views.leafParent[other]! - 1) * BOX, x, y, z);
    const chosen = inOther < distanceTo(box, slot * BOX, x, y, z) ? other : leaf;
    pool.limitGrowth(leaf << 1);
    pool.limitGrowth(other << 1);
    pool.cover(views.leafParent[chosen]!, x, y, z);
    return chosen;
  }

  /** `other` was split off `ref`: it becomes its sibling. Returns the slot + 1 of `ref`, its box exact again. */
  adopt(graph: number, ref: number, other: number): number {
    const pool = this.#pool;
    const views = this.#views;
    const up = pool.parentOf(ref);
    if (up === 0) {
      const root = pool.takeInner();
      pool.append(root, ref);
      pool.append(root, other);
      this.setRoot(graph, (root << 1) | 1);
      return pool.parentOf(ref);
    }
    pool.writeBox(ref, up - 1);
    const inner = ((up - 1) / FANOUT) | 0;
    if (views.innerCount[inner]! < FANOUT) {
      pool.append(inner, other);
      return up;
    }
    const split = pool.takeInner();
    splitInner(pool, inner, split);
    this.adopt(graph, (inner << 1) | 1, (split << 1) | 1);
    pool.append(((pool.parentOf(ref) - 1) / FANOUT) | 0, other);
    // The boxes above were made exact before the new child came: every one of them again, up to the root.
    for (let node = ((pool.parentOf(ref) - 1) / FANOUT) | 0, above = views.innerParent[node]!; above !== 0; ) {
      pool.writeBox((node << 1) | 1, above - 1);
      node = ((above - 1) / FANOUT) | 0;
      above = views.innerParent[node]!;
    }
    return pool.parentOf(ref);
  }
}
