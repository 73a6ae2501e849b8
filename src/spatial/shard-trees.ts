import { specialize } from '../base/specialize.js';
import { Burst } from './burst.js';
import { type Descent, makeDescent } from './choose.js';
import { Growth } from './growth.js';
import { FANOUT, type IndexViews, LEAST_LEAF, type PoolViews, Word } from './layout.js';
import { NodePool } from './nodes.js';
import { type InsertLate, Packing } from './packing.js';
import { marksOf } from './packing-state.js';

/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 4;
const ROW = 3;
const Z = 2;

/** A tree is packed when more than this, and more than were packed last, was inserted since. */
const LEAST_INSERTS = 256;
/**
 * In a tree larger than a processor's caches a reinserted point counts for two. At worst a radius query among 1,000,000 points
 * then takes 1.33 times as long as in a fresh tree (1.52 if it counts for one), for 16 ns more a move in packings. A smaller
 * tree is at worst 1.2 times a fresh one as it is, and one whose points all jump would be packed all the time.
 */
const LARGE = 1 << 17;
/** Inserts in a burst that pack a tree, as a multiple of the points packed last. */
const BURST_GROWTH = 4;
/**
 * A tree of fewer points than this that has not doubled is packed as seldom as one in a burst. Measured with 1,600 points that
 * all jump at every move: queries take as long, and the worker a tenth less.
 */
const SMALL = 2048;
/** Trees from here on are packed when there is time. */
const LEAST_IDLE = 1 << 13;

/**
 * The R-trees of one shard, one a graph (Guttman, "R-trees", 1984; moves as in Lee et al., "Supporting frequent updates in
 * R-trees: a bottom-up approach", 2003). Writing methods are for the shard's writer, who holds its lock unless said
 * otherwise. Rows are node rows of the engine; coordinates are finite.
 */
export class ShardTrees {
  readonly #index: IndexViews;
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #packing: Packing;
  readonly #descent: Descent;
  readonly #growth: Growth;
  readonly #burst: Burst;
  readonly #insertLate: InsertLate = (graph, row, x, y, z, entries) => {
    this.#growth.aside = true;
    this.#insertNew(graph, this.#packing.root, entries, row, x, y, z);
    this.#growth.aside = false;
  };

  /** `number` tells the engine's pools apart. */
  constructor(index: IndexViews, pool: PoolViews, number = 0) {
    this.#index = index;
    this.#views = pool;
    this.#pool = new NodePool(this.#views);
    this.#descent = specialize(makeDescent)(pool);
    this.#packing = new Packing(this.#index, this.#pool, marksOf(number));
    this.#growth = new Growth(index, this.#pool, this.#packing);
    this.#burst = new Burst(this.#pool, this.#growth, this.#packing, this.#descent);
  }

  count(graph: number): number {
    return this.#index.count[graph]!;
  }

  #entries(graph: number): Uint32Array {
    return this.#index.column[graph] === 0 ? this.#index.entry0 : this.#index.entry1;
  }

  // ------------------------------------------------------------ insert, move, remove

  /** The row is not in the tree. */
  insert(graph: number, row: number, x: number, y: number, z: number): void {
    const entries = this.#entries(graph);
    this.#index.count[graph]!++;
    this.#noteInserts(graph, 1);
    this.#burst.note(graph);
    this.#insertNew(graph, this.#index.root[graph]!, entries, row, x, y, z);
    if (this.#packing.concerns(graph)) this.#packing.inserted(graph, row);
  }

  /** The row is in the tree. */
  move(graph: number, row: number, x: number, y: number, z: number): void {
    const entries = this.#index.column[graph] === 0 ? this.#index.entry0 : this.#index.entry1;
    const slot = entries[row]! - 1;
    const leaf = slot >>> 4;
    const up = this.#views.leafParent[leaf]!;
    if (up !== 0 && !this.#pool.holds(up, x, y, z) && !this.#pool.grow(leaf, up, x, y, z)) {
      this.#reinsert(graph, entries, row, slot, x, y, z);
      if (this.#packing.active) this.#packing.moved(graph, row, true, x, y, z);
      return;
    }
    const leafAt = this.#views.leafAt;
    leafAt[slot * ENTRY] = x;
    leafAt[slot * ENTRY + 1] = y;
    leafAt[slot * ENTRY + Z] = z;
    if (this.#packing.active) this.#packing.moved(graph, row, false, x, y, z);
  }

  /** The row is in the tree. */
  remove(graph: number, row: number): void {
    const entries = this.#entries(graph);
    const slot = entries[row]! - 1;
    entries[row] = 0;
    this.#index.count[graph]!--;
    this.#takeEntry(graph, entries, slot);
    if (this.#packing.concerns(graph)) this.#packing.removed(graph, row);
  }

  /** From the leaf up to the lowest ancestor whose box holds the point, and down again from there. */
  #reinsert(graph: number, entries: Uint32Array, row: number, slot: number, x: number, y: number, z: number): void {
    const { innerParent, leafParent } = this.#views;
    let up = leafParent[slot >>> 4]!;
    let top = 0;
    while (up !== 0) {
      const inner = ((up - 1) / FANOUT) | 0;
      top = ((inner << 1) | 1) + 1;
      up = innerParent[inner]!;
      if (up === 0 || this.#pool.holds(up, x, y, z)) break;
    }
    this.#noteInserts(graph, this.#index.packed[graph]! < LARGE ? 1 : 2);
    if (this.#packing.gathering(graph)) this.#packing.relocated(graph, row);
    // A leaf that is dissolved may take the node found with it: then from the root.
    if (this.#views.leafCount[slot >>> 4]! <= LEAST_LEAF) top = 0;
    this.#takeEntry(graph, entries, slot);
    if (top === 0) top = this.#index.root[graph]!;
    else this.#pool.cover(innerParent[(top - 1) >>> 1]!, x, y, z);
    this.#insertFrom(graph, top, entries, row, x, y, z);
  }

  /** Inserts a point that is new to the tree, among others perhaps. */
  #insertNew(graph: number, root: number, entries: Uint32Array, row: number, x: number, y: number, z: number): void {
    const takes = this.#burst.takes(graph, root, this.#index.count[graph]!);
    if (!takes || !this.#burst.insert(graph, root - 1, entries, row, x, y, z)) {
      this.#insertFrom(graph, root, entries, row, x, y, z);
    }
  }

  /** Inserts below the node (ref + 1; 0 = there is no tree). The boxes above it hold the point already, unless it is the root. */
  #insertFrom(graph: number, from: number, entries: Uint32Array, row: number, x: number, y: number, z: number): void {
    const views = this.#views;
    let ref = from - 1;
    if (ref < 0) {
      ref = this.#pool.takeLeaf(graph) << 1;
      this.#growth.setRoot(graph, ref);
    }
    let leaf = this.#descent.leafFor(ref, x, y, z);
    if (views.leafCount[leaf] === FANOUT) leaf = this.#growth.split(graph, leaf, entries, x, y, z);
    const slot = leaf * FANOUT + views.leafCount[leaf]!++;
    views.leafAt[slot * ENTRY] = x;
    views.leafAt[slot * ENTRY + 1] = y;
    views.leafAt[slot * ENTRY + Z] = z;
    views.leafAt[slot * ENTRY + ROW] = row;
    entries[row] = slot + 1;
  }

  /** Takes the entry out of its leaf; a leaf with too few left is dissolved, and they are inserted anew. */
  #takeEntry(graph: number, entries: Uint32Array, slot: number): void {
    const views = this.#views;
    const leaf = slot >>> 4;
    const count = --views.leafCount[leaf]!;
    const last = leaf * FANOUT + count;
    if (last !== slot) {
      views.leafAt[slot * ENTRY] = views.leafAt[last * ENTRY]!;
      views.leafAt[slot * ENTRY + 1] = views.leafAt[last * ENTRY + 1]!;
      views.leafAt[slot * ENTRY + Z] = views.leafAt[last * ENTRY + Z]!;
      const row = views.leafAt[last * ENTRY + ROW]!;
      views.leafAt[slot * ENTRY + ROW] = row;
      entries[row] = slot + 1;
    }
    const up = views.leafParent[leaf]!;
    if (up === 0) {
      if (count > 0) return;
      this.#index.root[graph] = 0;
      this.#pool.giveLeaf(leaf);
      return;
    }
    if (count >= LEAST_LEAF) {
      this.#pool.writeBox(leaf << 1, up - 1);
      return;
    }
    this.#detach(graph, up - 1);
    for (let at = leaf * FANOUT; at < leaf * FANOUT + count; at++) {
      const row = views.leafAt[at * ENTRY + ROW]!;
      if (this.#packing.gathering(graph)) this.#packing.relocated(graph, row);
      const x = views.leafAt[at * ENTRY]!;
      const y = views.leafAt[at * ENTRY + 1]!;
      const z = views.leafAt[at * ENTRY + Z]!;
      this.#insertFrom(graph, this.#index.root[graph]!, entries, row, x, y, z);
    }
    this.#pool.giveLeaf(leaf);
  }

  /** Takes the child in the slot out of the tree; an inner node left with one child gives its place to it. */
  #detach(graph: number, slot: number): void {
    const pool = this.#pool;
    const views = this.#views;
    const inner = (slot / FANOUT) | 0;
    pool.takeOut(slot);
    const up = views.innerParent[inner]!;
    if (views.innerCount[inner]! > 1) {
      if (up !== 0) pool.writeBox((inner << 1) | 1, up - 1);
      return;
    }
    const only = views.innerChild[inner * FANOUT]!;
    pool.setParent(only, up);
    if (up === 0) {
      this.#index.root[graph] = only + 1;
    } else {
      views.innerChild[up - 1] = only;
      pool.writeBox(only, up - 1);
    }
    pool.giveInner(inner);
  }

  // ------------------------------------------------------------ whole trees

  /** The graph is removed: its tree is put aside in O(1). Its rows' entries are stale until `forget`. */
  dropTree(graph: number): void {
    const index = this.#index;
    const { words } = this.#views;
    if (this.#packing.concerns(graph)) this.#packing.cancel();
    // The row may come back as a graph of the other pool, which this one must not pack then.
    if (words[Word.recent] === graph + 1) words[Word.recent] = 0;
    this.#burst.forget(graph);
    if (index.root[graph] !== 0) this.#pool.discard(index.root[graph]! - 1);
    index.root[graph] = 0;
    index.count[graph] = 0;
    index.inserts[graph] = 0;
    index.packed[graph] = 0;
    index.column[graph] = 0;
  }

  /** The row's graph was dropped: nothing is known of it any more. */
  forget(row: number): void {
    this.#index.entry0[row] = 0;
    this.#index.entry1[row] = 0;
  }

  reclaimWanted(): boolean {
    return this.#views.words[Word.discarded] !== 0;
  }

  /** Gives back at most `maxNodes` nodes of trees put aside. True when some are left. */
  reclaimStep(maxNodes: number): boolean {
    return this.#pool.reclaim(maxNodes);
  }

  /** Recovery, whatever state the trees were left in: every tree of the shard is forgotten, to be loaded anew. */
  clear(graphs: Iterable<number>): void {
    this.#views.packWords.fill(0);
    for (const graph of graphs) {
      this.#index.root[graph] = 0;
      this.#index.count[graph] = 0;
      this.#index.inserts[graph] = 0;
      this.#index.packed[graph] = 0;
      this.#index.column[graph] = 0;
    }
    this.#views.leafGraph.fill(0, 0, this.#views.words[Word.leafBump]!);
    // What was remembered of a node is not of the one that has its number next.
    const epoch = this.#views.words[Word.epoch]!;
    this.#views.words.fill(0);
    this.#views.words[Word.epoch] = epoch + 1;
  }

  /** Builds the tree of a graph that has none, at once. Entries of the rows are 0. */
  bulkLoad(
    graph: number,
    rows: Uint32Array,
    xs: Float64Array,
    ys: Float64Array,
    zs: Float64Array,
    count: number,
  ): void {
    if (count === 0) return;
    this.#packing.load(graph, rows, xs, ys, zs, count);
    while (this.packStep(1 << 20) !== 'ready');
    this.packSwap();
  }

  // ------------------------------------------------------------ packing

  #noteInserts(graph: number, count: number): void {
    const index = this.#index;
    this.#views.words[Word.recent] = graph + 1;
    const inserts = (index.inserts[graph]! += count);
    // What pours in makes a good tree of any, and a packing meanwhile would take most of it one by one.
    const packed = index.packed[graph]!;
    const isSmall = packed < SMALL && index.count[graph]! <= packed * 2;
    const most = packed * (isSmall || this.#burst.lasts(graph) ? BURST_GROWTH : 1);
    if (inserts > LEAST_INSERTS && inserts > most && !this.#packing.active) {
      this.#packing.want(graph);
    }
  }

  /**
   * There is time: the tree that was inserted into last is wanted packed when it took inserts for a quarter of its points;
   * one that was loaded in a stream, say, much of which came while it was being packed. Whether a packing is under way.
   */
  packIdle(): boolean {
    if (this.#packing.active) return true;
    const graph = this.#views.words[Word.recent]! - 1;
    if (graph < 0) return false;
    const { inserts, packed } = this.#index;
    if (packed[graph]! < LEAST_IDLE || inserts[graph]! * 4 <= packed[graph]!) return false;
    this.#packing.want(graph);
    return true;
  }

  /** Nothing waits to be applied: what comes next does not pour in. */
  calm(): void {
    this.#burst.calm();
  }

  /** Whether a packing is wanted or under way. */
  packWanted(): boolean {
    return this.#packing.active;
  }

  /** A slice of the packing under way, of about `maxItems` points. Needs no lock: readers do not reach what it touches. */
  packStep(maxItems: number): 'idle' | 'working' | 'ready' {
    return this.#packing.active ? this.#packing.step(maxItems, this.#insertLate) : 'idle';
  }

  /** The packed tree takes the place of the old one. */
  packSwap(): void {
    this.#views.words[Word.epoch]!++;
    this.#packing.swap(this.#insertLate);
  }
}
