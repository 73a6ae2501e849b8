import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { specialize } from '../base/specialize.js';
import { type EdgeStore, makeEdgeStore } from './edge-store.js';
import { FreeRows } from './free-rows.js';
import * as layout from './layout.js';
import {
  BLOCK,
  BLOCK_ENTRIES,
  Both,
  BUCKET,
  type EdgeViews,
  FIRST_BUCKETS,
  FREE,
  type GraphRegions,
  homesOf,
  In,
  ListWord,
  listAt,
  type NodeLife,
  Out,
  ROW_WORDS,
  type RowViews,
  Word,
} from './layout.js';
import { NeighborScan } from './neighbors.js';
import { verifyEdges } from './verify.js';

export { Both, FREE, In, type NodeLife, Out } from './layout.js';

/** Edges that a removed node may have for its cascade to be done within the event: about 20 microseconds. */
const CASCADE_AT_ONCE = 64;

/**
 * Entries of cascades that making an edge reclaims on its way: as many as it makes. So entries never outnumber two for
 * each edge that there may be, whatever pace `reclaimStep` is called at, and the bound in layout.ts holds.
 */
const RECLAIM_PER_EDGE = 2;

/**
 * Edges and adjacency of one shard. Writing methods are for the shard's writer under its lock. Every one of them can be
 * repeated after a loss in its middle, from the edge columns alone: a column row counts as an edge only when its source is
 * not FREE, which is the last store of its making and the first of its undoing; `sequence` is the last store of its
 * changing. A cascade that was cut short has freed some edges, and the rest are still there or no longer live. So edges
 * need no undo slot.
 *
 * An edge is live while both its ends are, and have been since it was written. A removed node with many edges leaves them
 * to `reclaimStep`; until then they are ghosts: there but not live, and readers pass them by. A ghost stands in a node's
 * own list only where the other end is gone: the lists of a removed node are detached with it.
 *
 * For walks over the columns: the rows below `end` are the shard's. Such a row is an edge when `source[edge] !== FREE`; it
 * is of the graph that the node book gives its source (`nodeBook.graph[source[edge]] - 1`); and it is live when
 * `isLive(edge)`, which need be asked only while `pendingCascades` is not 0: otherwise all edges are. (The edges of a
 * removed graph stay until it is reclaimed: its state tells.)
 */
export class ShardEdges {
  readonly views: EdgeViews;
  readonly #rows: RowViews;
  readonly #free: FreeRows;
  readonly #life: NodeLife;
  readonly #words: Uint32Array;
  readonly #scan: NeighborScan;
  readonly #isLive: (edge: number) => boolean;
  /** Made when it is first used: who only counts does without. No private getter: V8 calls its runtime for those. */
  #made: EdgeStore | undefined;

  constructor(regions: GraphRegions, shard: number, life: NodeLife) {
    this.views = regions.edges[shard]!;
    this.#rows = regions.rows;
    this.#life = life;
    this.#words = this.views.words;
    this.#free = new FreeRows(this.views);
    this.#scan = new NeighborScan(this.#rows.lists, this.views);
    this.#isLive = (edge) => this.isLive(edge);
  }

  #make(): EdgeStore {
    this.#made = specialize(makeEdgeStore)(
      layout,
      this.views,
      this.#rows,
      this.#life,
      homesOf(this.views.source.length),
      () => this.#free.take(),
      (edge) => this.#free.give(edge),
      (what) => invariant(false, what),
    );
    return this.#made;
  }

  /** Edges in use, with those of cascades under way. */
  get count(): number {
    return this.#words[Word.count]!;
  }

  /** Removed nodes whose edges are still to be reclaimed. */
  get pendingCascades(): number {
    return this.#words[Word.cascades]!;
  }

  /** End of the rows that have ever held an edge. */
  get end(): number {
    return this.#words[Word.edgeBump]!;
  }

  /** Whether the row holds an edge, both of whose ends are as they were when it was written. */
  isLive(edge: number): boolean {
    return (this.#made ?? this.#make()).isLive(edge);
  }

  /** Whether the row is the same node as when the edge was written. */
  #holds(row: number, sequence: number): boolean {
    return (this.#life.flags[row]! & 1) !== 0 && sequence >= this.#life.born[row]!;
  }

  // ------------------------------------------------------------ writing

  /**
   * True when the edge is new. Both ends are alive. A weight of NaN is "not given": kept, or 1 of a new edge. An event that
   * is not newer than the edge changes nothing.
   */
  upsert(source: number, target: number, kind: number, weight: number, time: number, sequence: number): boolean {
    const store = this.#made ?? this.#make();
    const ghosts = this.#words[Word.cascades] !== 0;
    if (ghosts && store.find(source, target, kind, true) === NO_ROW) this.reclaimStep(RECLAIM_PER_EDGE);
    return store.upsert(source, target, kind, weight, time, sequence, ghosts);
  }

  /** True when there was such an edge. */
  remove(source: number, target: number, kind: number): boolean {
    const edge = this.find(source, target, kind);
    if (edge === NO_ROW) return false;
    (this.#made ?? this.#make()).free(edge, true, true);
    return true;
  }

  /**
   * The node is about to be removed: its ALIVE bit is still set, and cleared by the caller before anything else is done
   * here. Returns how many live edges go with it. Counting them costs a walk over its lists while other cascades wait, and
   * nothing otherwise: see `waitsForReclaim`.
   */
  dropNode(row: number): number {
    if (this.entriesOf(row) === 0) return 0;
    const live = this.degree(row, Both);
    this.detachRow(row);
    return live;
  }

  /** Whether `dropNode` would walk over more entries than an event may: cascades are to be reclaimed before it. */
  waitsForReclaim(row: number): boolean {
    return this.#words[Word.cascades] !== 0 && this.entriesOf(row) > CASCADE_AT_ONCE;
  }

  /**
   * The row's edges go, at once where they are few, else in the steps of `reclaimStep`; as `dropNode`, for a row of a
   * removed graph, whose edges nobody counts. Returns how many entries were dealt with at once.
   */
  detachRow(row: number): number {
    const { lists: rows, loops } = this.#rows;
    const at = row * ROW_WORDS;
    const entries = this.entriesOf(row);
    if (entries === 0) return 0;
    const store = this.#made ?? this.#make();
    if (entries <= CASCADE_AT_ONCE) {
      while (rows[at + ListWord.outLength]! > 0) this.#freeEntry(Out, store.pop(rows, at + ListWord.outHead));
      while (rows[at + ListWord.inLength]! > 0) this.#freeEntry(In, store.pop(rows, at + ListWord.inHead));
      return entries;
    }
    const record = store.takeBlock();
    const { blocks } = this.views;
    for (let word = 0; word < ROW_WORDS; word++) {
      blocks[record * BLOCK + 1 + word] = rows[at + word]!;
      rows[at + word] = 0;
    }
    blocks[record * BLOCK] = this.#words[Word.cascade]!;
    this.#words[Word.cascade] = record + 1;
    this.#words[Word.cascades]!++;
    if (loops[row] !== 0) loops[row] = 0;
    return 1;
  }

  /** Reclaims at most `maxEntries` entries of removed nodes' lists, two for each edge. True when some are left. */
  reclaimStep(maxEntries: number): boolean {
    const words = this.#words;
    const store = this.#made ?? this.#make();
    const { blocks } = this.views;
    let left = maxEntries;
    while (words[Word.cascade] !== 0) {
      const record = words[Word.cascade]! - 1;
      const out = record * BLOCK + 1 + ListWord.outHead;
      const ins = record * BLOCK + 1 + ListWord.inHead;
      for (; left > 0 && blocks[out + 1]! > 0; left--) this.#freeEntry(Out, store.pop(blocks, out));
      for (; left > 0 && blocks[ins + 1]! > 0; left--) this.#freeEntry(In, store.pop(blocks, ins));
      if (blocks[out + 1]! + blocks[ins + 1]! > 0) return true;
      words[Word.cascade] = blocks[record * BLOCK]!;
      words[Word.cascades]!--;
      store.giveBlock(record);
    }
    return false;
  }

  /** Frees the edge whose entry was just taken off one of its lists, and takes it off the other. */
  #freeEntry(direction: 0 | 1, place: number): void {
    const { source, target, sequence, outPlace, inPlace, blocks } = this.views;
    const edge = blocks[place]!;
    // Freed before by way of its other end, and perhaps taken anew: then its entry is elsewhere, since this block was not free.
    if (source[edge] === FREE || (direction === Out ? outPlace : inPlace)[edge] !== place) return;
    // The other end's list holds the entry only while that end is the node that the edge was written to.
    const held = this.#holds(direction === Out ? target[edge]! : source[edge]!, sequence[edge]!);
    (this.#made ?? this.#make()).free(edge, held && direction === In, held && direction === Out);
  }

  // ------------------------------------------------------------ recovery

  /** Recovery: forgets the row's lists. To be called for every row of the shard before `rebuild`. */
  resetRow(row: number): void {
    const { lists, loops } = this.#rows;
    // Read first: a row that has no list must not touch its pages.
    for (let at = row * ROW_WORDS; at < (row + 1) * ROW_WORDS; at++) if (lists[at] !== 0) lists[at] = 0;
    if (loops[row] !== 0) loops[row] = 0;
  }

  /**
   * Recovery: lists, hash table, free lists and the count anew, from the edge columns and the nodes' life. Ghosts go. It may
   * be lost in its middle and begun again: the truth it reads is `edgeBump`, which it leaves alone, and the columns of edges
   * that are live, which it does not write.
   */
  rebuild(): void {
    const { source, buckets } = this.views;
    const words = this.#words;
    const store = this.#made ?? this.#make();
    for (let word = 0; word < Word.hashKey; word++) if (word !== Word.edgeBump) words[word] = 0;
    for (let bucket = 0; bucket < FIRST_BUCKETS; bucket++) buckets[bucket * BUCKET] = 0;
    this.#free.clear();
    const edges = words[Word.edgeBump]!;
    for (let edge = 0; edge < edges; edge++) {
      if (store.isLive(edge)) {
        store.relink(edge);
      } else {
        source[edge] = FREE;
        this.#free.give(edge);
      }
    }
  }

  /** Names what does not agree between the edge columns and what is derived from them. The shard stands still meanwhile. */
  verify(): string[] {
    return verifyEdges(this.views, this.#rows, this.#made ?? this.#make(), this.#free);
  }

  // ------------------------------------------------------------ reading

  /** Edge row, or NO_ROW. */
  find(source: number, target: number, kind: number): number {
    return (this.#made ?? this.#make()).find(source, target, kind, this.#words[Word.cascades] !== 0);
  }

  #tellGhosts(): ((edge: number) => boolean) | undefined {
    return this.#words[Word.cascades] === 0 ? undefined : this.#isLive;
  }

  /** Edges of the node in one direction, or in both, where a self-loop is one edge. Walks over them while cascades wait. */
  degree(row: number, direction: number): number {
    // A loop stands in both lists. It is no ghost: it would have gone with the lists of its only end.
    if (direction === Both) return this.degree(row, Out) + this.degree(row, In) - this.#rows.loops[row]!;
    const length = this.#rows.lists[listAt(row, direction) + 1]!;
    if (length === 0 || this.#words[Word.cascades] === 0) return length;
    let live = 0;
    this.each(row, direction, () => {
      live++;
    });
    return live;
  }

  /**
   * Rows of the node's neighbours, each once, over edges of `kind` (-1: any), into `out` from `at` on. Returns the number
   * found, of which as many as fit are written.
   */
  neighborsInto(row: number, direction: number, kind: number, out: Uint32Array, at: number): number {
    return this.#scan.into(row, direction, kind, out, at, this.#tellGhosts());
  }

  /** Entries in the node's lists: no fewer than it has neighbours. */
  entriesOf(row: number): number {
    const { lists } = this.#rows;
    return lists[row * ROW_WORDS + ListWord.outLength]! + lists[row * ROW_WORDS + ListWord.inLength]!;
  }

  /** Edge rows of the node's live edges in one direction, of which as many as fit are written; the number found. */
  edgesInto(row: number, direction: number, out: Uint32Array): number {
    let found = 0;
    this.each(row, direction, (edge) => {
      if (found < out.length) out[found] = edge;
      found++;
    });
    return found;
  }

  /** Every live edge of the node in one direction. */
  each(row: number, direction: number, visit: (edge: number, neighbour: number) => void): void {
    const { blocks } = this.views;
    const { lists } = this.#rows;
    const others = direction === Out ? this.views.target : this.views.source;
    const isLive = this.#tellGhosts();
    const at = listAt(row, direction);
    let block = lists[at]!;
    let filled = ((lists[at + 1]! - 1) % BLOCK_ENTRIES) + 1;
    for (; block !== 0; filled = BLOCK_ENTRIES) {
      const first = (block - 1) * BLOCK + 1;
      for (let place = first; place < first + filled; place++) {
        const edge = blocks[place]!;
        if (isLive === undefined || isLive(edge)) visit(edge, others[edge]!);
      }
      block = blocks[first - 1]!;
    }
  }

  /** Live edges by edge row, from `from` on; for walks over a whole shard. -1 at the end. */
  nextLive(from: number): number {
    const end = this.end;
    for (let edge = from; edge < end; edge++) if (this.isLive(edge)) return edge;
    return -1;
  }
}
