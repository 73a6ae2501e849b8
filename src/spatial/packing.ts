import { Emission } from './emission.js';
import { FANOUT, type IndexViews, type PoolViews, Word } from './layout.js';
import type { NodePool } from './nodes.js';
import { emptyRange, GATHERED, LATE, Pack, Phase, widen } from './packing-state.js';
import { TileSort } from './tile-sort.js';

const DIM = 3;
/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 4;
const ROW = 3;
const Z = 2;

/*
 * Packing: a tree built aside from the points of another, by sort-tile-recursive bulk loading (Leutenegger et al., "STR: a
 * simple and efficient algorithm for R-tree packing", 1997), in slices, while that other goes on changing.
 *
 *   level 0 sorts points, level k the nodes of level k - 1:
 *   GATHER ▶ tile sort (see tile-sort.ts) ▶ EMIT ▶ next level: tile sort ▶ EMIT ... ▶ LATE ▶ ready
 *
 * Sorts are least-significant-digit radix sorts of 32-bit keys, so every phase is a loop over items that can stop anywhere.
 * All state is in the shard's pool region: another thread may take the next slice.
 *
 * The new tree's entries stand in the graph's other entry column. Its words are GATHERED, LATE or the point's slot in the
 * new tree (before EMIT: whatever an older tree left there).
 */
/** How the tree under construction takes a point that came late; given by the trees' owner. */
export type InsertLate = (graph: number, row: number, x: number, y: number, z: number, entries: Uint32Array) => void;

export class Packing {
  readonly #index: IndexViews;
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;
  readonly #sort: TileSort;
  readonly #emission: Emission;

  constructor(index: IndexViews, pool: NodePool) {
    this.#index = index;
    this.#pool = pool;
    this.#views = pool.views;
    this.#words = pool.views.packWords;
    this.#emission = new Emission(pool);
    this.#sort = new TileSort(pool, (graph) => this.#oldEntries(graph));
  }

  get active(): boolean {
    return this.#words[Pack.graph] !== 0;
  }

  concerns(graph: number): boolean {
    return this.#words[Pack.graph] === graph + 1;
  }

  gathering(graph: number): boolean {
    return this.#words[Pack.graph] === graph + 1 && this.#words[Pack.phase] === Phase.gather;
  }

  want(graph: number): void {
    this.#words.fill(0);
    emptyRange(this.#views.packRange, DIM);
    this.#words[Pack.graph] = graph + 1;
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
    if (!this.gathering(graph)) return;
    const entries = this.#newEntries(graph);
    if (entries[row] !== GATHERED && entries[row] !== LATE) this.#late(entries, row);
  }

  #late(entries: Uint32Array, row: number): void {
    const words = this.#words;
    if (words[Pack.lateCount]! >= this.#views.packLate.length) {
      // The same rows came and went again and again: begin anew later.
      const graph = words[Pack.graph]! - 1;
      this.cancel();
      this.#unmark(graph);
      return;
    }
    entries[row] = LATE;
    this.#views.packLate[words[Pack.lateCount]!++] = row;
  }

  /** The graph goes on without the packing: a mark left behind would hide its row from the next one. */
  #unmark(graph: number): void {
    const { leafGraph, leafCount, leafAt } = this.#views;
    const old = this.#oldEntries(graph);
    const entries = this.#newEntries(graph);
    const leaves = this.#views.words[Word.leafBump]!;
    for (let leaf = 0; leaf < leaves; leaf++) {
      if (leafGraph[leaf] !== graph + 1) continue;
      for (let slot = leaf * FANOUT; slot < leaf * FANOUT + leafCount[leaf]!; slot++) {
        // Only where the row stands now: in leaves put aside may be rows that are other graphs' by now.
        if (old[leafAt[slot * ENTRY + ROW]!] === slot + 1) entries[leafAt[slot * ENTRY + ROW]!] = 0;
      }
    }
  }

  /** Whether entries that are neither GATHERED nor LATE are slots of the new tree. */
  #placing(): boolean {
    return this.#words[Pack.level]! > 0 || this.#words[Pack.phase]! >= Phase.emit;
  }

  moved(graph: number, row: number, x: number, y: number, z: number): void {
    if (this.#words[Pack.graph] !== graph + 1 || !this.#placing()) return;
    const slot = this.#newEntries(graph)[row]!;
    if (slot >= LATE) return;
    const leafAt = this.#views.leafAt;
    leafAt[(slot - 1) * ENTRY] = x;
    leafAt[(slot - 1) * ENTRY + 1] = y;
    leafAt[(slot - 1) * ENTRY + Z] = z;
    this.#pool.cover(this.#views.leafParent[(slot - 1) >>> 4]!, x, y, z);
  }

  removed(graph: number, row: number): void {
    const entries = this.#newEntries(graph);
    const value = entries[row]!;
    entries[row] = 0;
    if (value === 0 || value >= LATE || !this.#placing()) return;
    const slot = value - 1;
    const { leafAt, leafCount } = this.#views;
    const leaf = slot >>> 4;
    const last = leaf * FANOUT + --leafCount[leaf]!;
    if (this.#words[Pack.open] === (leaf << 1) + 1) this.#words[Pack.openCount]!--;
    if (last === slot) return;
    for (let axis = 0; axis < DIM; axis++) leafAt[slot * ENTRY + axis] = leafAt[last * ENTRY + axis]!;
    leafAt[slot * ENTRY + ROW] = leafAt[last * ENTRY + ROW]!;
    entries[leafAt[slot * ENTRY + ROW]!] = slot + 1;
  }

  /** Gives up: what was built is put aside. */
  cancel(): void {
    const words = this.#words;
    if (words[Pack.graph] === 0) return;
    const { packItemB, packLevel } = this.#views;
    if (words[Pack.phase] === Phase.emit) {
      for (let i = 0; i < words[Pack.made]!; i++) this.#pool.discard(packItemB[i]!);
      if (words[Pack.open] !== 0) this.#pool.discard(words[Pack.open]! - 1);
    }
    if (words[Pack.phase] !== Phase.late) {
      for (let i = 0; i < words[Pack.levelCount]!; i++) {
        // A node of the level below that was given a parent already is put aside with it.
        if (this.#pool.parentOf(packLevel[i]!) === 0) this.#pool.discard(packLevel[i]!);
      }
    } else if (words[Pack.root] !== 0) {
      this.#pool.discard(words[Pack.root]! - 1);
    }
    words.fill(0);
  }

  // ------------------------------------------------------------ slices

  /** For a graph without a tree: its points become the leaves of an old tree that only this packing knows. */
  load(graph: number, rows: Uint32Array, xs: Float64Array, ys: Float64Array, zs: Float64Array, count: number): void {
    const packed = this.#words[Pack.graph]! - 1;
    this.cancel();
    if (packed >= 0) this.#unmark(packed);
    // Nothing else may stand among the discarded, where the leaves made here are until the end.
    while (this.#pool.reclaim(1024));
    this.want(graph);
    const { leafAt, leafCount, packItemA, packRange } = this.#views;
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
      leafAt[slot * ENTRY] = xs[i]!;
      leafAt[slot * ENTRY + 1] = ys[i]!;
      leafAt[slot * ENTRY + Z] = zs[i]!;
      leafAt[slot * ENTRY + ROW] = row;
      old[row] = slot + 1;
      entries[row] = GATHERED;
      packItemA[i] = row;
      for (let axis = 0; axis < DIM; axis++) widen(packRange, DIM, axis, leafAt[slot * ENTRY + axis]!);
    }
    this.#index.count[graph] = count;
    this.#words[Pack.items] = count;
    this.#words[Pack.phase] = Phase.key;
    this.#sort.beginLevel();
  }

  /** About `maxItems` items of work; 'ready' when the new tree holds every point. */
  step(maxItems: number, insertLate: InsertLate): 'working' | 'ready' {
    const words = this.#words;
    const graph = words[Pack.graph]! - 1;
    switch (words[Pack.phase]) {
      case Phase.gather:
        this.#gather(graph, maxItems);
        break;
      case Phase.emit:
        this.#emit(graph, maxItems);
        break;
      case Phase.late:
        return this.insertLate(maxItems, insertLate) ? 'working' : 'ready';
      default:
        this.#sort.step(graph, maxItems);
    }
    return 'working';
  }

  #gather(graph: number, maxItems: number): void {
    const words = this.#words;
    const { leafGraph, leafCount, leafAt, packItemA, packRange } = this.#views;
    if (words[Pack.at] === 0 && this.#views.words[Word.discarded] !== 0) {
      // Leaves of a former tree of the graph may be among these: they are not to be read as its points.
      this.#pool.reclaim(maxItems);
      return;
    }
    const entries = this.#newEntries(graph);
    const leaves = this.#views.words[Word.leafBump]!;
    let leaf = words[Pack.at]!;
    let items = words[Pack.items]!;
    const until = Math.min(leaves, leaf + maxItems);
    for (const stop = items + maxItems; leaf < until && items < stop; leaf++) {
      if (leafGraph[leaf] !== graph + 1) continue;
      for (let slot = leaf * FANOUT; slot < leaf * FANOUT + leafCount[leaf]!; slot++) {
        const row = leafAt[slot * ENTRY + ROW]!;
        if (entries[row]! >= LATE) continue;
        entries[row] = GATHERED;
        packItemA[items++] = row;
        for (let axis = 0; axis < DIM; axis++) widen(packRange, DIM, axis, leafAt[slot * ENTRY + axis]!);
      }
    }
    words[Pack.at] = leaf;
    words[Pack.items] = items;
    if (leaf < leaves) return;
    words[Pack.at] = 0;
    words[Pack.phase] = items === 0 ? Phase.late : Phase.key;
    this.#sort.beginLevel();
  }

  #emit(graph: number, maxItems: number): void {
    const done =
      this.#words[Pack.level] === 0
        ? this.#emission.points(graph, this.#oldEntries(graph), this.#newEntries(graph), maxItems)
        : this.#emission.nodes(maxItems);
    if (done) this.#endLevel();
  }

  #endLevel(): void {
    const words = this.#words;
    const { packItemA, packItemB, packLevel, packRange } = this.#views;
    const made = words[Pack.made]!;
    words[Pack.made] = 0;
    words[Pack.levelCount] = 0;
    if (made <= 1) {
      words[Pack.root] = made === 0 ? 0 : packItemB[0]! + 1;
      words[Pack.phase] = Phase.late;
      return;
    }
    emptyRange(packRange, DIM);
    // One node for a dozen items or more: even of a million points this is a slice or two long.
    for (let i = 0; i < made; i++) {
      const ref = packItemB[i]!;
      packItemA[i] = ref;
      packLevel[i] = ref;
      for (let axis = 0; axis < DIM; axis++) widen(packRange, DIM, axis, this.#pool.centre(ref, axis) / 2);
    }
    words[Pack.levelCount] = made;
    words[Pack.items] = made;
    words[Pack.level]!++;
    words[Pack.phase] = Phase.key;
    this.#sort.beginLevel();
  }

  /** Inserts what came late; true when some are left. */
  insertLate(maxItems: number, insert: InsertLate): boolean {
    const words = this.#words;
    const { packLate, leafAt } = this.#views;
    const graph = words[Pack.graph]! - 1;
    const old = this.#oldEntries(graph);
    const entries = this.#newEntries(graph);
    const end = Math.min(words[Pack.lateCount]!, words[Pack.lateAt]! + Math.max(1, maxItems >>> 2));
    for (let i = words[Pack.lateAt]!; i < end; i++) {
      const row = packLate[i]!;
      const slot = old[row]! - 1;
      if (entries[row] !== LATE || slot < 0) continue;
      insert(graph, row, leafAt[slot * ENTRY]!, leafAt[slot * ENTRY + 1]!, leafAt[slot * ENTRY + Z]!, entries);
    }
    words[Pack.lateAt] = end;
    return end < words[Pack.lateCount]!;
  }

  /** Root of the new tree, ref + 1. */
  get root(): number {
    return this.#words[Pack.root]!;
  }

  set root(value: number) {
    this.#words[Pack.root] = value;
  }

  /** The new tree takes the old one's place; write lock held. The old one is put aside. */
  swap(insert: InsertLate): void {
    while (this.insertLate(0xffffffff >>> 1, insert));
    const words = this.#words;
    const index = this.#index;
    const graph = words[Pack.graph]! - 1;
    if (index.root[graph] !== 0) this.#pool.discard(index.root[graph]! - 1);
    index.root[graph] = words[Pack.root]!;
    index.column[graph] = index.column[graph] === 0 ? 1 : 0;
    // What came late was inserted as anything is.
    index.inserts[graph] = words[Pack.lateCount]!;
    index.packed[graph] = index.count[graph]!;
    words.fill(0);
  }
}
