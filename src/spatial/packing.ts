import { FANOUT, type IndexViews, type PoolViews, SAMPLE, Word } from './layout.js';
import type { NodePool } from './nodes.js';
import { FIRST_MARK, LEAF_FILL, type Marks, Pack, Phase } from './packing-state.js';
import { BLOCK } from './slabs.js';
import { TreeBuilder } from './tree-builder.js';

/** Words of a leaf's entry, and of a record: its coordinates, and its row. */
const ENTRY = 4;
const ROW = 3;
const Z = 2;

/*
 * Packing: a tree built aside from the points of another, by sort-tile-recursive bulk loading (Leutenegger et al., "STR: a
 * simple and efficient algorithm for R-tree packing", 1997), in slices, while that other goes on changing.
 *
 *   level 0 packs points, level k the nodes of level k - 1:
 *   SAMPLE ▶ GATHER (both: slabs.ts) ▶ slab by slab, the tile sort (tile-sort.ts) ▶ EMIT ▶ next level: ... ▶ LATE ▶ ready
 *
 * Coordinates travel with the items, and each slab fits the caches. Every phase is a loop over items that can stop anywhere.
 * All state is in the shard's pool region: another thread may take the next slice.
 *
 * The new tree's entries stand in the graph's other entry column. Its words are marks of the pool (gathered, moved, late) or
 * the point's slot in the new tree (before a row is gathered: whatever an older tree left there).
 */
/** How the tree under construction takes a point that came late; given by the trees' owner. */
export type InsertLate = (graph: number, row: number, x: number, y: number, z: number, entries: Uint32Array) => void;

export class Packing {
  readonly #index: IndexViews;
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;
  readonly #marks: Marks;
  readonly #builder: TreeBuilder;

  constructor(index: IndexViews, pool: NodePool, marks: Marks) {
    this.#index = index;
    this.#pool = pool;
    this.#marks = marks;
    this.#views = pool.views;
    this.#words = pool.views.packWords;
    this.#builder = new TreeBuilder(pool, pool.views, marks);
  }

  get active(): boolean {
    return this.#words[Pack.graph] !== 0;
  }

  concerns(graph: number): boolean {
    return this.#words[Pack.graph] === graph + 1;
  }

  gathering(graph: number): boolean {
    const words = this.#words;
    return words[Pack.graph] === graph + 1 && words[Pack.phase] === Phase.gather && words[Pack.level] === 0;
  }

  want(graph: number): void {
    this.#words.fill(0);
    this.#words[Pack.graph] = graph + 1;
    this.#builder.slabs.beginSample(this.#index.count[graph]!, SAMPLE);
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
    if (entries[row]! < FIRST_MARK) this.#late(entries, row);
  }

  #late(entries: Uint32Array, row: number): void {
    const words = this.#words;
    if (words[Pack.lateCount]! >= this.#views.packLate.length) {
      // The same rows came and went, or jumped, again and again: begin anew later. The bound of leaves counts on so many.
      const graph = words[Pack.graph]! - 1;
      this.cancel();
      this.#unmark(graph);
      return;
    }
    entries[row] = this.#marks.late;
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

  /** Whether entries below FIRST_MARK are slots of the new tree. */
  #placing(): boolean {
    return this.#words[Pack.level]! > 0 || this.#words[Pack.phase]! > Phase.gather;
  }

  /**
   * `isFar`: it left its leaf of the old tree. In the new one it would stretch the box of the leaf that it is for, over the whole
   * map perhaps: it comes late, as a new point does. Where it has a box in the new tree already, that decides.
   */
  moved(graph: number, row: number, isFar: boolean, x: number, y: number, z: number): void {
    if (this.#words[Pack.graph] !== graph + 1) return;
    const entries = this.#newEntries(graph);
    const value = entries[row]!;
    if (value >= FIRST_MARK) {
      if (value === this.#marks.late) return;
      if (isFar) this.#late(entries, row);
      else entries[row] = this.#marks.moved;
      return;
    }
    if (!this.#placing()) return;
    const slot = value - 1;
    const up = this.#views.leafParent[slot >>> 4]!;
    const fits = up === 0 ? !isFar : this.#pool.holds(up, x, y, z) || this.#pool.grow(slot >>> 4, up, x, y, z);
    if (!fits) {
      this.#takeOut(entries, slot);
      this.#late(entries, row);
      return;
    }
    const leafAt = this.#views.leafAt;
    leafAt[slot * ENTRY] = x;
    leafAt[slot * ENTRY + 1] = y;
    leafAt[slot * ENTRY + Z] = z;
  }

  removed(graph: number, row: number): void {
    const entries = this.#newEntries(graph);
    const value = entries[row]!;
    entries[row] = 0;
    if (value !== 0 && value < FIRST_MARK && this.#placing()) this.#takeOut(entries, value - 1);
  }

  /** The slot's leaf of the new tree has it no longer. It may be left with none: no box is made smaller. */
  #takeOut(entries: Uint32Array, slot: number): void {
    const { leafAt, leafCount } = this.#views;
    const leaf = slot >>> 4;
    const last = leaf * FANOUT + --leafCount[leaf]!;
    if (last === slot) return;
    leafAt.copyWithin(slot * ENTRY, last * ENTRY, last * ENTRY + ENTRY);
    entries[leafAt[slot * ENTRY + ROW]!] = slot + 1;
  }

  /** Gives up: what was built is put aside. */
  cancel(): void {
    const words = this.#words;
    if (words[Pack.graph] === 0) return;
    if (words[Pack.phase] !== Phase.late) this.#builder.discard();
    else if (words[Pack.root] !== 0) this.#pool.discard(words[Pack.root]! - 1);
    words.fill(0);
  }

  // ------------------------------------------------------------ slices

  /** The points of a graph without a tree, all at once: nothing changes meanwhile. */
  load(graph: number, rows: Uint32Array, xs: Float64Array, ys: Float64Array, zs: Float64Array, count: number): void {
    const packed = this.#words[Pack.graph]! - 1;
    this.cancel();
    if (packed >= 0) this.#unmark(packed);
    this.#index.count[graph] = count;
    this.want(graph);
    this.#words[Pack.loading] = 1;
    const { slabs } = this.#builder;
    for (let i = 0; i < count; i += this.#words[Pack.stride]!) slabs.take(xs[i]!);
    slabs.endSample(LEAF_FILL);
    const block = slabs.block;
    for (let at = 0; at < count; at += BLOCK) {
      const size = Math.min(BLOCK, count - at);
      for (let i = 0; i < size; i++) {
        block[i * ENTRY] = xs[at + i]!;
        block[i * ENTRY + 1] = ys[at + i]!;
        block[i * ENTRY + Z] = zs[at + i]!;
        block[i * ENTRY + ROW] = rows[at + i]!;
      }
      slabs.scatter(size);
    }
    this.#builder.begin();
  }

  /** About `maxItems` items of work; 'ready' when the new tree holds every point. */
  step(maxItems: number, insertLate: InsertLate): 'working' | 'ready' {
    const words = this.#words;
    const graph = words[Pack.graph]! - 1;
    if (words[Pack.phase] === Phase.late) return this.insertLate(maxItems, insertLate) ? 'working' : 'ready';
    if (words[Pack.level] === 0 && words[Pack.phase] === Phase.sample) {
      this.#samplePoints(graph, maxItems);
    } else if (words[Pack.level] === 0 && words[Pack.phase] === Phase.gather) {
      this.#gatherPoints(graph, maxItems);
    } else {
      const old = words[Pack.loading] === 0 ? this.#oldEntries(graph) : undefined;
      if (this.#builder.step(graph, maxItems, this.#newEntries(graph), old)) words[Pack.phase] = Phase.late;
    }
    return 'working';
  }

  #samplePoints(graph: number, maxItems: number): void {
    const words = this.#words;
    const { leafGraph, leafCount, leafAt } = this.#views;
    if (words[Pack.at] === 0 && this.#views.words[Word.discarded] !== 0) {
      // Leaves of a former tree of the graph may be among these: they are not to be read as its points.
      this.#pool.reclaim(maxItems);
      return;
    }
    const { slabs } = this.#builder;
    const leaves = this.#views.words[Word.leafBump]!;
    let leaf = words[Pack.at]!;
    for (const until = Math.min(leaves, leaf + maxItems); leaf < until; leaf++) {
      if (leafGraph[leaf] !== graph + 1) continue;
      const count = leafCount[leaf]!;
      while (slabs.skip < count) slabs.take(leafAt[(leaf * FANOUT + slabs.skip) * ENTRY]!);
      slabs.pass(count);
    }
    words[Pack.at] = leaf;
    if (leaf < leaves) return;
    slabs.endSample(LEAF_FILL);
    words[Pack.phase] = Phase.gather;
  }

  #gatherPoints(graph: number, maxItems: number): void {
    const words = this.#words;
    const { leafGraph, leafCount, leafAt } = this.#views;
    const { slabs } = this.#builder;
    const block = slabs.block;
    const entries = this.#newEntries(graph);
    // So that the compiler compares 32 bits, not doubles.
    const gathered = this.#marks.gathered >>> 0;
    const leaves = this.#views.words[Word.leafBump]!;
    let leaf = words[Pack.at]!;
    const until = Math.min(leaves, leaf + maxItems);
    let items = 0;
    let size = 0;
    for (; leaf < until && items < maxItems; leaf++) {
      if (leafGraph[leaf] !== graph + 1) continue;
      if (size + FANOUT > BLOCK) {
        slabs.scatter(size);
        items += size;
        size = 0;
      }
      for (let slot = leaf * FANOUT; slot < leaf * FANOUT + leafCount[leaf]!; slot++) {
        const row = leafAt[slot * ENTRY + ROW]!;
        if (entries[row]! >= FIRST_MARK) continue;
        entries[row] = gathered;
        const at = size++ * ENTRY;
        block[at] = leafAt[slot * ENTRY]!;
        block[at + 1] = leafAt[slot * ENTRY + 1]!;
        block[at + Z] = leafAt[slot * ENTRY + Z]!;
        block[at + ROW] = row;
      }
    }
    slabs.scatter(size);
    words[Pack.at] = leaf;
    if (leaf === leaves) this.#builder.begin();
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
      if (entries[row] !== this.#marks.late || slot < 0) continue;
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
