import { FANOUT, type IndexViews, type PoolViews, RADIX_BITS, Word } from './layout.js';
import type { NodePool } from './nodes.js';

/*
 * Packing: a tree built aside from the points of another, by sort-tile-recursive bulk loading (Leutenegger et al., "STR: a
 * simple and efficient algorithm for R-tree packing", 1997), in slices, while that other goes on changing.
 *
 *   level 0 sorts points, level k the nodes of level k - 1:
 *   GATHER ▶ KEY_X ▶ SORT_X (3 passes) ▶ KEY_Y ▶ SORT_Y (3 passes) ▶ SORT_STRIP ▶ EMIT ▶ next level ... ▶ LATE ▶ ready
 *
 * Sorts are least-significant-digit radix sorts of 32-bit keys, so every phase is a loop over items that can stop anywhere.
 * All state is in the shard's pool region: another thread may take the next slice.
 *
 * The new tree's entries stand in the graph's other entry column. Its words mean: GATHERED, the point waits in the sort;
 * LATE, it is inserted at the end; else its slot in the new tree (before EMIT: whatever an older tree left there).
 */
const GRAPH = 0;
const PHASE = 1;
const AT = 2;
const ITEMS = 3;
const LATE_COUNT = 4;
const PASS = 5;
const STRIP_ITEMS = 6;
const MADE = 7;
const LEVEL_COUNT = 8;
const OPEN = 9;
const OPEN_COUNT = 10;
const LATE_AT = 11;
const ROOT = 12;
const LEVEL = 13;

const Phase = { gather: 0, keyX: 1, sortX: 2, keyY: 3, sortY: 4, strip: 5, emit: 6, late: 7 } as const;

const GATHERED = 0xffffffff;
const LATE = 0xfffffffe;
/** Entries of a packed leaf and children of a packed inner node: nearly full, with room for what moves in. */
const LEAF_FILL = 16;
const INNER_FILL = 16;
const RADIX = 1 << RADIX_BITS;

/** How the tree under construction takes a point that came late; given by the trees' owner. */
export type InsertLate = (graph: number, row: number, x: number, y: number, entries: Uint32Array) => void;

export class Packing {
  readonly #index: IndexViews;
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;

  constructor(index: IndexViews, pool: NodePool) {
    this.#index = index;
    this.#pool = pool;
    this.#views = pool.views;
    this.#words = pool.views.packWords;
  }

  get active(): boolean {
    return this.#words[GRAPH] !== 0;
  }

  concerns(graph: number): boolean {
    return this.#words[GRAPH] === graph + 1;
  }

  gathering(graph: number): boolean {
    return this.#words[GRAPH] === graph + 1 && this.#words[PHASE] === Phase.gather;
  }

  want(graph: number): void {
    this.#words.fill(0);
    const range = this.#views.packRange;
    range[0] = range[1] = Number.POSITIVE_INFINITY;
    range[2] = range[3] = Number.NEGATIVE_INFINITY;
    this.#words[GRAPH] = graph + 1;
  }

  #oldEntries(graph: number): Uint32Array {
    return this.#index.column[graph] === 0 ? this.#index.entry0 : this.#index.entry1;
  }

  #newEntries(graph: number): Uint32Array {
    return this.#index.column[graph] === 0 ? this.#index.entry1 : this.#index.entry0;
  }

  // ------------------------------------------------------------ changes of the old tree meanwhile

  inserted(graph: number, row: number): void {
    this.#late(this.#newEntries(graph), row);
  }

  /** GATHER only: the row's entry went to another leaf, which may be behind the scan. */
  relocated(graph: number, row: number): void {
    const entries = this.#newEntries(graph);
    if (entries[row] !== GATHERED && entries[row] !== LATE) this.#late(entries, row);
  }

  #late(entries: Uint32Array, row: number): void {
    const words = this.#words;
    if (words[LATE_COUNT]! >= this.#views.packLate.length) {
      // The same rows came and went again and again: begin anew later.
      this.cancel();
      return;
    }
    entries[row] = LATE;
    this.#views.packLate[words[LATE_COUNT]!++] = row;
  }

  /** Whether entries that are neither GATHERED nor LATE are slots of the new tree. */
  #placing(): boolean {
    return this.#words[LEVEL]! > 0 || this.#words[PHASE]! >= Phase.emit;
  }

  moved(graph: number, row: number, x: number, y: number): void {
    if (this.#words[GRAPH] !== graph + 1 || !this.#placing()) return;
    const slot = this.#newEntries(graph)[row]!;
    if (slot >= LATE) return;
    const xy = this.#views.leafXY;
    xy[(slot - 1) * 2] = x;
    xy[(slot - 1) * 2 + 1] = y;
    this.#pool.cover(this.#views.leafParent[(slot - 1) >>> 4]!, x, y);
  }

  removed(graph: number, row: number): void {
    const entries = this.#newEntries(graph);
    const value = entries[row]!;
    entries[row] = 0;
    if (value === 0 || value >= LATE || !this.#placing()) return;
    const slot = value - 1;
    const { leafXY, leafRow, leafCount } = this.#views;
    const leaf = slot >>> 4;
    const last = leaf * FANOUT + --leafCount[leaf]!;
    if (this.#words[OPEN] === (leaf << 1) + 1) this.#words[OPEN_COUNT]!--;
    if (last === slot) return;
    leafXY[slot * 2] = leafXY[last * 2]!;
    leafXY[slot * 2 + 1] = leafXY[last * 2 + 1]!;
    leafRow[slot] = leafRow[last]!;
    entries[leafRow[slot]!] = slot + 1;
  }

  /** Gives up: what was built is put aside. */
  cancel(): void {
    const words = this.#words;
    if (words[GRAPH] === 0) return;
    const { packItemB, packLevel } = this.#views;
    if (words[PHASE] === Phase.emit) {
      for (let i = 0; i < words[MADE]!; i++) this.#pool.discard(packItemB[i]!);
      if (words[OPEN] !== 0) this.#pool.discard(words[OPEN]! - 1);
    }
    if (words[PHASE] !== Phase.late) {
      for (let i = 0; i < words[LEVEL_COUNT]!; i++) {
        // A node of the level below that was given a parent already is put aside with it.
        if (this.#pool.parentOf(packLevel[i]!) === 0) this.#pool.discard(packLevel[i]!);
      }
    } else if (words[ROOT] !== 0) {
      this.#pool.discard(words[ROOT]! - 1);
    }
    words.fill(0);
  }

  // ------------------------------------------------------------ slices

  /** For a graph without a tree: its points become the leaves of an old tree that only this packing knows. */
  load(graph: number, rows: Uint32Array, xs: Float64Array, ys: Float64Array, count: number): void {
    this.want(graph);
    const { leafXY, leafRow, leafCount, packItemA, packRange } = this.#views;
    const old = this.#oldEntries(graph);
    const entries = this.#newEntries(graph);
    let leaf = -1;
    for (let i = 0; i < count; i++) {
      if (leaf < 0 || leafCount[leaf] === FANOUT) {
        leaf = this.#pool.takeLeaf(graph);
        this.#pool.discard(leaf << 1);
      }
      const row = rows[i]!;
      const slot = leaf * FANOUT + leafCount[leaf]!++;
      leafXY[slot * 2] = xs[i]!;
      leafXY[slot * 2 + 1] = ys[i]!;
      leafRow[slot] = row;
      old[row] = slot + 1;
      entries[row] = GATHERED;
      packItemA[i] = row;
      widen(packRange, xs[i]!, ys[i]!);
    }
    this.#index.count[graph] = count;
    this.#words[ITEMS] = count;
    this.#words[PHASE] = Phase.keyX;
    this.#beginLevel();
  }

  /** About `maxItems` items of work; 'ready' when the new tree holds every point. */
  step(maxItems: number, insertLate: InsertLate): 'working' | 'ready' {
    const words = this.#words;
    const graph = words[GRAPH]! - 1;
    switch (words[PHASE]) {
      case Phase.gather:
        this.#gather(graph, maxItems);
        break;
      case Phase.keyX:
        this.#keyX(graph, maxItems);
        break;
      case Phase.keyY:
        this.#keyY(graph, maxItems);
        break;
      case Phase.sortX:
      case Phase.sortY:
        this.#sort(maxItems);
        break;
      case Phase.strip:
        this.#sortStrip(maxItems);
        break;
      case Phase.emit:
        this.#emit(graph, maxItems);
        break;
      default:
        return this.insertLate(maxItems, insertLate) ? 'working' : 'ready';
    }
    return 'working';
  }

  #gather(graph: number, maxItems: number): void {
    const words = this.#words;
    const { leafGraph, leafCount, leafRow, leafXY, packItemA, packRange } = this.#views;
    if (words[AT] === 0 && this.#views.words[Word.discarded] !== 0) {
      // Leaves of a former tree of the graph may be among these: they are not to be read as its points.
      this.#pool.reclaim(maxItems);
      return;
    }
    const entries = this.#newEntries(graph);
    const leaves = this.#views.words[Word.leafBump]!;
    let leaf = words[AT]!;
    let items = words[ITEMS]!;
    const until = Math.min(leaves, leaf + maxItems);
    for (const stop = items + maxItems; leaf < until && items < stop; leaf++) {
      if (leafGraph[leaf] !== graph + 1) continue;
      for (let slot = leaf * FANOUT; slot < leaf * FANOUT + leafCount[leaf]!; slot++) {
        const row = leafRow[slot]!;
        if (entries[row]! >= LATE) continue;
        entries[row] = GATHERED;
        packItemA[items++] = row;
        widen(packRange, leafXY[slot * 2]!, leafXY[slot * 2 + 1]!);
      }
    }
    words[AT] = leaf;
    words[ITEMS] = items;
    if (leaf < leaves) return;
    words[AT] = 0;
    words[PHASE] = items === 0 ? Phase.late : Phase.keyX;
    this.#beginLevel();
  }

  /** Counts and tile sizes of the level whose items stand in packItemA. */
  #beginLevel(): void {
    const words = this.#words;
    const fill = words[LEVEL] === 0 ? LEAF_FILL : INNER_FILL;
    const nodes = Math.ceil(words[ITEMS]! / fill);
    const strips = Math.min(RADIX, Math.ceil(Math.sqrt(nodes)));
    words[STRIP_ITEMS] = Math.ceil(nodes / Math.max(1, strips)) * fill;
    words[PASS] = 0;
    words[AT] = 0;
    this.#views.packCounts.fill(0);
  }

  /** Twice the item's place along an axis: a point's coordinate, or the sum of a node's sides. */
  #place(graph: number, item: number, axis: number): number {
    if (this.#words[LEVEL] === 0) {
      const slot = this.#oldEntries(graph)[item]!;
      // Removed meanwhile: any place will do, EMIT passes it by.
      return slot === 0 ? 0 : 2 * this.#views.leafXY[(slot - 1) * 2 + axis]!;
    }
    return this.#pool.centre(item, axis);
  }

  #scale(axis: number): number {
    const range = this.#views.packRange;
    const width = range[2 + axis]! - range[axis]!;
    // 32 bits of the range; a range that overflows, or is nothing, sorts all alike: slower queries, no wrong ones.
    const scale = 0xffffffff / (2 * width);
    return Number.isFinite(scale) ? scale : 0;
  }

  #keyX(graph: number, maxItems: number): void {
    const words = this.#words;
    const { packItemA, packKeyA, packCounts, packRange } = this.#views;
    const low = 2 * packRange[0]!;
    const scale = this.#scale(0);
    const items = words[ITEMS]!;
    const end = Math.min(items, words[AT]! + maxItems);
    for (let i = words[AT]!; i < end; i++) {
      packKeyA[i] = count(packCounts, clampKey((this.#place(graph, packItemA[i]!, 0) - low) * scale));
    }
    words[AT] = end;
    if (end === items) this.#beginSort(Phase.sortX);
  }

  #beginSort(phase: number): void {
    prefixSums(this.#views.packCounts);
    this.#words[PHASE] = phase;
    this.#words[PASS] = 0;
    this.#words[AT] = 0;
  }

  /** One slice of one of the three passes; they go A → B → A → B. */
  #sort(maxItems: number): void {
    const words = this.#words;
    const views = this.#views;
    const pass = words[PASS]!;
    const fromA = (pass & 1) === 0;
    const keys = fromA ? views.packKeyA : views.packKeyB;
    const itemsIn = fromA ? views.packItemA : views.packItemB;
    const keysOut = fromA ? views.packKeyB : views.packKeyA;
    const itemsOut = fromA ? views.packItemB : views.packItemA;
    const counts = views.packCounts;
    const base = pass << RADIX_BITS;
    const shift = pass * RADIX_BITS;
    const items = words[ITEMS]!;
    const end = Math.min(items, words[AT]! + maxItems);
    for (let i = words[AT]!; i < end; i++) {
      const key = keys[i]!;
      const to = counts[base + ((key >>> shift) & (RADIX - 1))]!++;
      keysOut[to] = key;
      itemsOut[to] = itemsIn[i]!;
    }
    words[AT] = end;
    if (end < items) return;
    words[AT] = 0;
    if (pass < 2) {
      words[PASS] = pass + 1;
      return;
    }
    views.packCounts.fill(0);
    if (words[PHASE] === Phase.sortX) {
      words[PHASE] = Phase.keyY;
      return;
    }
    const strip = words[STRIP_ITEMS]!;
    for (let i = 0; i * strip < items; i++) counts[i] = i * strip;
    words[PHASE] = Phase.strip;
  }

  /** Items in order of x go to packOrder; what is sorted from here on is their place in it. */
  #keyY(graph: number, maxItems: number): void {
    const words = this.#words;
    const { packItemA, packItemB, packKeyA, packOrder, packCounts, packRange } = this.#views;
    const low = 2 * packRange[1]!;
    const scale = this.#scale(1);
    const items = words[ITEMS]!;
    const end = Math.min(items, words[AT]! + maxItems);
    for (let i = words[AT]!; i < end; i++) {
      const item = packItemB[i]!;
      packOrder[i] = item;
      packItemA[i] = i;
      packKeyA[i] = count(packCounts, clampKey((this.#place(graph, item, 1) - low) * scale));
    }
    words[AT] = end;
    if (end === items) this.#beginSort(Phase.sortY);
  }

  /** Stable, by strip: each strip then stands in order of y. */
  #sortStrip(maxItems: number): void {
    const words = this.#words;
    const { packItemA, packItemB, packCounts } = this.#views;
    const strip = words[STRIP_ITEMS]!;
    const items = words[ITEMS]!;
    const end = Math.min(items, words[AT]! + maxItems);
    for (let i = words[AT]!; i < end; i++) {
      const item = packItemB[i]!;
      packItemA[packCounts[Math.floor(item / strip)]!++] = item;
    }
    words[AT] = end;
    if (end < items) return;
    words[AT] = 0;
    words[MADE] = 0;
    words[OPEN] = 0;
    words[PHASE] = Phase.emit;
  }

  #emit(graph: number, maxItems: number): void {
    const words = this.#words;
    const { packItemA, packOrder } = this.#views;
    const points = words[LEVEL] === 0;
    const fill = points ? LEAF_FILL : INNER_FILL;
    const strip = words[STRIP_ITEMS]!;
    const items = words[ITEMS]!;
    const end = Math.min(items, words[AT]! + maxItems);
    for (let i = words[AT]!; i < end; i++) {
      if ((words[OPEN_COUNT]! >= fill || i % strip === 0) && words[OPEN] !== 0) this.#closeNode();
      const item = packOrder[packItemA[i]!]!;
      if (points) this.#emitPoint(graph, item);
      else this.#emitNode(item);
    }
    words[AT] = end;
    if (end < items) return;
    if (words[OPEN] !== 0) this.#closeNode();
    this.#endLevel();
  }

  /** The open node is one of the level's. An inner node with one child would be no node: the child stands for it. */
  #closeNode(): void {
    const words = this.#words;
    let ref = words[OPEN]! - 1;
    if ((ref & 1) === 1 && this.#views.innerCount[ref >>> 1] === 1) {
      const inner = ref >>> 1;
      ref = this.#views.innerChild[inner * FANOUT]!;
      this.#pool.setParent(ref, 0);
      this.#pool.giveInner(inner);
    }
    this.#views.packItemB[words[MADE]!++] = ref;
    words[OPEN] = 0;
  }

  #emitPoint(graph: number, row: number): void {
    const words = this.#words;
    const { leafXY, leafRow, leafCount } = this.#views;
    const entries = this.#newEntries(graph);
    const from = this.#oldEntries(graph)[row]! - 1;
    // Removed meanwhile, or removed and inserted again, which makes it late.
    if (entries[row] !== GATHERED || from < 0) return;
    if (words[OPEN] === 0) {
      words[OPEN] = (this.#pool.takeLeaf(graph) << 1) + 1;
      words[OPEN_COUNT] = 0;
    }
    const leaf = (words[OPEN]! - 1) >>> 1;
    const slot = leaf * FANOUT + leafCount[leaf]!++;
    words[OPEN_COUNT]!++;
    leafXY[slot * 2] = leafXY[from * 2]!;
    leafXY[slot * 2 + 1] = leafXY[from * 2 + 1]!;
    leafRow[slot] = row;
    entries[row] = slot + 1;
  }

  #emitNode(ref: number): void {
    const words = this.#words;
    if (words[OPEN] === 0) {
      words[OPEN] = ((this.#pool.takeInner() << 1) | 1) + 1;
      words[OPEN_COUNT] = 0;
    }
    const inner = (words[OPEN]! - 1) >>> 1;
    this.#pool.append(inner, ref);
    this.#pool.limitGrowth(ref);
    words[OPEN_COUNT]!++;
  }

  #endLevel(): void {
    const words = this.#words;
    const { packItemA, packItemB, packLevel, packRange } = this.#views;
    const made = words[MADE]!;
    words[MADE] = 0;
    words[LEVEL_COUNT] = 0;
    if (made <= 1) {
      words[ROOT] = made === 0 ? 0 : packItemB[0]! + 1;
      words[PHASE] = Phase.late;
      return;
    }
    packRange[0] = packRange[1] = Number.POSITIVE_INFINITY;
    packRange[2] = packRange[3] = Number.NEGATIVE_INFINITY;
    // One node for a dozen items or more: even of a million points this is a slice or two long.
    for (let i = 0; i < made; i++) {
      const ref = packItemB[i]!;
      packItemA[i] = ref;
      packLevel[i] = ref;
      widen(packRange, this.#pool.centre(ref, 0) / 2, this.#pool.centre(ref, 1) / 2);
    }
    words[LEVEL_COUNT] = made;
    words[ITEMS] = made;
    words[LEVEL]!++;
    words[PHASE] = Phase.keyX;
    this.#beginLevel();
  }

  /** Inserts what came late; true when some are left. */
  insertLate(maxItems: number, insert: InsertLate): boolean {
    const words = this.#words;
    const { packLate, leafXY } = this.#views;
    const graph = words[GRAPH]! - 1;
    const old = this.#oldEntries(graph);
    const entries = this.#newEntries(graph);
    const end = Math.min(words[LATE_COUNT]!, words[LATE_AT]! + Math.max(1, maxItems >>> 2));
    for (let i = words[LATE_AT]!; i < end; i++) {
      const row = packLate[i]!;
      const slot = old[row]! - 1;
      if (entries[row] === LATE && slot >= 0) insert(graph, row, leafXY[slot * 2]!, leafXY[slot * 2 + 1]!, entries);
    }
    words[LATE_AT] = end;
    return end < words[LATE_COUNT]!;
  }

  /** Root of the new tree, ref + 1. */
  get root(): number {
    return this.#words[ROOT]!;
  }

  set root(value: number) {
    this.#words[ROOT] = value;
  }

  /** The new tree takes the old one's place; write lock held. The old one is put aside. */
  swap(insert: InsertLate): void {
    while (this.insertLate(0xffffffff >>> 1, insert));
    const words = this.#words;
    const index = this.#index;
    const graph = words[GRAPH]! - 1;
    if (index.root[graph] !== 0) this.#pool.discard(index.root[graph]! - 1);
    index.root[graph] = words[ROOT]!;
    index.column[graph] = index.column[graph] === 0 ? 1 : 0;
    index.inserts[graph] = 0;
    index.packed[graph] = index.count[graph]!;
    words.fill(0);
  }
}

function widen(range: Float64Array, x: number, y: number): void {
  if (x < range[0]!) range[0] = x;
  if (y < range[1]!) range[1] = y;
  if (x > range[2]!) range[2] = x;
  if (y > range[3]!) range[3] = y;
}

function clampKey(key: number): number {
  return key > 0 ? (key < 0xffffffff ? key : 0xffffffff) >>> 0 : 0;
}

/** Counts the key's three digits; the key is returned. */
function count(counts: Uint32Array, key: number): number {
  counts[key & (RADIX - 1)]!++;
  counts[RADIX + ((key >>> RADIX_BITS) & (RADIX - 1))]!++;
  counts[2 * RADIX + (key >>> (2 * RADIX_BITS))]!++;
  return key;
}

function prefixSums(counts: Uint32Array): void {
  for (let pass = 0; pass < 3; pass++) {
    let sum = 0;
    for (let digit = pass * RADIX; digit < (pass + 1) * RADIX; digit++) {
      const here = counts[digit]!;
      counts[digit] = sum;
      sum += here;
    }
  }
}
