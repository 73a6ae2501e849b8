import type { Descent } from './choose.js';
import type { Growth } from './growth.js';
import { FANOUT, type PoolViews, Word } from './layout.js';
import type { NodePool } from './nodes.js';
import type { Packing } from './packing.js';
import { INNER_FILL, LEAF_FILL } from './packing-state.js';

const DIM = 3;
/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 4;
const ROW = 3;
const Z = 2;

/** So many new points one after another are a burst, */
const LEAST = 4096;
/** if the graph has no more than so many times as many. */
const PART = 4;
/** Points below a parent of leaves, at most. */
const MOST = FANOUT * FANOUT;

/**
 * New points of a graph that is loaded in a stream. On its way down a single one waits for the cache at the last levels, and
 * then it splits leaves. In a burst a point goes down to a parent of leaves only, and into its open leaf: the last one, which
 * takes points as they come. When a parent is full of full leaves its points are dealt out anew, neighbours to one leaf, and
 * it becomes two (1.9 times as fast, and queries are faster than after inserts one by one). To all others it is a node as any.
 */
export class Burst {
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;
  readonly #growth: Growth;
  readonly #packing: Packing;
  readonly #descent: Descent;
  /** Points of a parent that are dealt out, an order of them, and the leaves that get them. */
  readonly #points = new Float64Array(MOST * ENTRY);
  readonly #order = new Uint16Array(MOST);
  readonly #leaves = new Uint32Array(Math.ceil(MOST / LEAF_FILL));

  constructor(pool: NodePool, growth: Growth, packing: Packing, descent: Descent) {
    this.#pool = pool;
    this.#views = pool.views;
    this.#words = pool.views.words;
    this.#growth = growth;
    this.#packing = packing;
    this.#descent = descent;
  }

  /** A new point of the graph comes. */
  note(graph: number): void {
    const words = this.#words;
    if (words[Word.burstGraph] !== graph + 1) {
      words[Word.burstGraph] = graph + 1;
      words[Word.burst] = 0;
    }
    words[Word.burst]!++;
  }

  /** There was time. A stream that lets the worker catch up now and then is a burst all the same. */
  calm(): void {
    this.#words[Word.burst]! >>>= 1;
  }

  /** The graph is gone: a graph that gets its row begins a burst of its own. */
  forget(graph: number): void {
    const words = this.#words;
    if (words[Word.burstGraph] !== graph + 1) return;
    words[Word.burstGraph] = 0;
    words[Word.burst] = 0;
  }

  lasts(graph: number): boolean {
    return this.#words[Word.burst]! > LEAST && this.#words[Word.burstGraph] === graph + 1;
  }

  /** Whether a point for the tree with that root (ref + 1), of a graph with so many points, is for `insert`. */
  takes(graph: number, root: number, points: number): boolean {
    return root !== 0 && (root & 1) === 0 && this.lasts(graph) && this.#words[Word.burst]! * PART >= points;
  }

  /** The root is an inner node. False where there is no open leaf for the point: it is to be inserted as any. */
  insert(graph: number, root: number, entries: Uint32Array, row: number, x: number, y: number, z: number): boolean {
    const { leafAt, leafCount, leafParent, innerChild, innerCount, innerOpen } = this.#views;
    const parent = this.#descent.parentFor(root, x, y, z);
    // What was the last may be another now, full, or even an inner node.
    const last = innerChild[parent * FANOUT + innerCount[parent]! - 1]!;
    const isOpen = innerOpen[parent] === 1 && (last & 1) === 0 && leafCount[last >>> 1]! < FANOUT;
    if (!isOpen && innerCount[parent] === FANOUT) {
      this.#deal(graph, parent, entries);
      return false;
    }
    const leaf = isOpen ? last >>> 1 : this.#pool.takeLeaf(graph);
    const slot = leaf * FANOUT + leafCount[leaf]!++;
    leafAt[slot * ENTRY] = x;
    leafAt[slot * ENTRY + 1] = y;
    leafAt[slot * ENTRY + Z] = z;
    leafAt[slot * ENTRY + ROW] = row;
    entries[row] = slot + 1;
    // The boxes above the leaf's hold the point since the descent.
    if (isOpen) this.#pool.cover(leafParent[leaf]!, x, y, z);
    else this.#open(parent, leaf << 1, last);
    return true;
  }

  #open(parent: number, leaf: number, last: number): void {
    if (this.#views.innerOpen[parent] === 1) this.#pool.limitGrowth(last);
    this.#pool.append(parent, leaf);
    this.#views.leafLimit[leaf >>> 1] = 0;
    this.#views.innerOpen[parent] = 1;
  }

  /** The points below a full parent of leaves go to as many leaves as they need, neighbours to one, and half of these to a new node. */
  #deal(graph: number, parent: number, entries: Uint32Array): void {
    const pool = this.#pool;
    const { innerChild, innerCount, innerOpen, innerParent } = this.#views;
    innerOpen[parent] = 0;
    const first = parent * FANOUT;
    // A tree that lost many points may have inner nodes beside leaves.
    for (let slot = first; slot < first + FANOUT; slot++) if ((innerChild[slot]! & 1) === 1) return;
    const count = this.#collect(first);
    const leaves = this.#leaves;
    // Leaves may be empty that points left for another tree's sake; a node has two children all the same.
    const needed = Math.max(2, Math.ceil(count / LEAF_FILL));
    for (let i = 0; i < FANOUT; i++) leaves[i] = innerChild[first + i]!;
    for (let i = FANOUT; i < needed; i++) leaves[i] = pool.takeLeaf(graph) << 1;
    for (let i = needed; i < FANOUT; i++) pool.giveLeaf(leaves[i]! >>> 1);
    this.#share(entries, 0, needed, 0, count);
    // After the last: the packing may give up at any of them, and looks at entries and leaves then.
    for (let i = 0; i < count && this.#packing.gathering(graph); i++) {
      this.#packing.relocated(graph, this.#points[i * ENTRY + ROW]!);
    }
    const kept = needed <= INNER_FILL ? needed : needed >>> 1;
    innerCount[parent] = 0;
    for (let i = 0; i < kept; i++) this.#adopt(parent, leaves[i]!);
    if (kept === needed) {
      const up = innerParent[parent]!;
      if (up !== 0) pool.writeBox((parent << 1) | 1, up - 1);
      return;
    }
    const other = pool.takeInner();
    for (let i = kept; i < needed; i++) this.#adopt(other, leaves[i]!);
    this.#growth.adopt(graph, (parent << 1) | 1, (other << 1) | 1);
  }

  #adopt(parent: number, leaf: number): void {
    this.#pool.append(parent, leaf);
    this.#pool.limitGrowth(leaf);
  }

  /** Copies the points of the leaves in an inner node's slots; how many. */
  #collect(first: number): number {
    const { leafAt, leafCount, innerChild } = this.#views;
    const points = this.#points;
    let count = 0;
    for (let slot = first; slot < first + FANOUT; slot++) {
      const leaf = innerChild[slot]! >>> 1;
      const end = (leaf * FANOUT + leafCount[leaf]!) * ENTRY;
      for (let at = leaf * FANOUT * ENTRY, to = count * ENTRY; at < end; at++, to++) points[to] = leafAt[at]!;
      count += leafCount[leaf]!;
    }
    for (let i = 0; i < count; i++) this.#order[i] = i;
    return count;
  }

  /** The points of the order from `from` until `until` go to the leaves from `first` until `last`: halves, and halves of these. */
  #share(entries: Uint32Array, first: number, last: number, from: number, until: number): void {
    if (last - first === 1) {
      this.#fill(entries, this.#leaves[first]! >>> 1, from, until);
      return;
    }
    const half = (first + last) >>> 1;
    const middle = from + Math.round(((until - from) * (half - first)) / (last - first));
    this.#select(this.#longest(from, until), from, until - 1, middle);
    this.#share(entries, first, half, from, middle);
    this.#share(entries, half, last, middle, until);
  }

  /** The axis along which the points lie farthest apart. */
  #longest(from: number, until: number): number {
    const points = this.#points;
    const order = this.#order;
    let longest = 0;
    let most = -1;
    for (let axis = 0; axis < DIM; axis++) {
      let min = Number.POSITIVE_INFINITY;
      let max = Number.NEGATIVE_INFINITY;
      for (let i = from; i < until; i++) {
        const value = points[order[i]! * ENTRY + axis]!;
        if (value < min) min = value;
        if (value > max) max = value;
      }
      if (max - min > most) {
        most = max - min;
        longest = axis;
      }
    }
    return longest;
  }

  /** Puts the one in place that belongs to `middle`, and none behind it that is before it (Hoare, "Algorithm 65: Find", 1961). */
  #select(axis: number, from: number, to: number, middle: number): void {
    const points = this.#points;
    const order = this.#order;
    let left = from;
    let right = to;
    while (left < right) {
      const pivot = points[order[middle]! * ENTRY + axis]!;
      let i = left;
      let j = right;
      do {
        while (points[order[i]! * ENTRY + axis]! < pivot) i++;
        while (points[order[j]! * ENTRY + axis]! > pivot) j--;
        if (i <= j) {
          const swapped = order[i]!;
          order[i++] = order[j]!;
          order[j--] = swapped;
        }
      } while (i <= j);
      if (j < middle) left = i;
      if (middle < i) right = j;
    }
  }

  #fill(entries: Uint32Array, leaf: number, from: number, until: number): void {
    const { leafAt, leafCount } = this.#views;
    const points = this.#points;
    const order = this.#order;
    let slot = leaf * FANOUT;
    for (let i = from; i < until; i++, slot++) {
      const at = order[i]! * ENTRY;
      const to = slot * ENTRY;
      const row = points[at + ROW]!;
      leafAt[to] = points[at]!;
      leafAt[to + 1] = points[at + 1]!;
      leafAt[to + Z] = points[at + Z]!;
      leafAt[to + ROW] = row;
      entries[row] = slot + 1;
    }
    leafCount[leaf] = until - from;
  }
}
