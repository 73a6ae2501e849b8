import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { EdgeTable, hashOf } from './edge-table.js';
import { FreeRows } from './free-rows.js';
import {
  BLOCK,
  BLOCK_ENTRIES,
  type EdgeViews,
  FREE,
  type GraphRegions,
  ListWord,
  ROW_WORDS,
  type RowViews,
  Word,
} from './layout.js';
import { AdjacencyLists, Both, In, Out } from './lists.js';
import { LookAhead } from './look-ahead.js';
import { NeighborScan } from './neighbors.js';
import { verifyEdges } from './verify.js';

export { FREE } from './layout.js';
export { Both, In, Out } from './lists.js';
export { AHEAD } from './look-ahead.js';

/** What makes a row a node, kept by others: ALIVE is bit 0 of `flags`; `born` is the sequence at which it last became one. */
export interface NodeLife {
  readonly flags: Uint8Array;
  readonly born: Float64Array;
}

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
  readonly #lists: AdjacencyLists;
  readonly #table: EdgeTable;
  readonly #free: FreeRows;
  readonly #ahead: LookAhead;
  readonly #life: NodeLife;
  readonly #words: Uint32Array;
  readonly #scan: NeighborScan;
  readonly #isLive: (edge: number) => boolean;

  constructor(regions: GraphRegions, shard: number, life: NodeLife) {
    this.views = regions.edges[shard]!;
    this.#rows = regions.rows;
    this.#life = life;
    this.#words = this.views.words;
    this.#lists = new AdjacencyLists(regions, this.views);
    this.#table = new EdgeTable(this.views);
    this.#free = new FreeRows(this.views);
    this.#ahead = new LookAhead(this.views, regions.rows, this.#table);
    this.#scan = new NeighborScan(this.#lists, this.views);
    this.#isLive = (edge) => this.isLive(edge);
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
    const { source, target, sequence } = this.views;
    const from = source[edge]!;
    return from !== FREE && this.#holds(from, sequence[edge]!) && this.#holds(target[edge]!, sequence[edge]!);
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
    const views = this.views;
    const hash = hashOf(source, target, kind);
    const known = this.#table.find(hash, source, target, kind, this.#tellGhosts());
    if (known !== NO_ROW) {
      if (sequence <= views.sequence[known]!) return false;
      if (!Number.isNaN(weight)) views.weight[known] = weight;
      views.time[known] = time;
      views.sequence[known] = sequence;
      return false;
    }
    if (this.#words[Word.cascades] !== 0) this.reclaimStep(RECLAIM_PER_EDGE);
    const edge = this.#takeEdge();
    views.target[edge] = target;
    views.kind[edge] = kind;
    views.weight[edge] = Number.isNaN(weight) ? 1 : weight;
    views.time[edge] = time;
    views.sequence[edge] = sequence;
    views.source[edge] = source;
    this.#link(hash, edge, source, target);
    return true;
  }

  /** Upserts of these edges come next: loads the memory that they will look at. At most AHEAD; nothing hangs on it. */
  expect(sources: Uint32Array, targets: Uint32Array, kinds: Uint32Array, from: number, to: number): void {
    this.#ahead.load(sources, targets, kinds, from, to);
  }

  /** True when there was such an edge. */
  remove(source: number, target: number, kind: number): boolean {
    const hash = hashOf(source, target, kind);
    const edge = this.#table.find(hash, source, target, kind, this.#tellGhosts());
    if (edge === NO_ROW) return false;
    const { outPlace, inPlace } = this.views;
    this.#lists.takeOut(Out, source, outPlace[edge]!);
    this.#lists.takeOut(In, target, inPlace[edge]!);
    if (source === target) this.#rows.loops[source]!--;
    this.#giveEdge(hash, edge);
    return true;
  }

  /**
   * The node is about to be removed: its ALIVE bit is still set, and cleared by the caller before anything else is done
   * here. Returns how many live edges go with it. Counting them costs a walk over its lists while other cascades wait, and
   * nothing otherwise: see `waitsForReclaim`.
   */
  dropNode(row: number): number {
    if (this.entriesOf(row) === 0) return 0;
    // A loop stands in both lists. It is no ghost: it would have gone with the lists of its only end.
    const live = this.degree(row, Both) - this.#rows.loops[row]!;
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
    const lists = this.#lists;
    if (entries <= CASCADE_AT_ONCE) {
      while (rows[at + ListWord.outLength]! > 0) this.#freeEntry(Out, lists.pop(rows, at + ListWord.outHead));
      while (rows[at + ListWord.inLength]! > 0) this.#freeEntry(In, lists.pop(rows, at + ListWord.inHead));
      return entries;
    }
    const record = lists.takeBlock();
    const { blocks } = lists;
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
    const lists = this.#lists;
    const { blocks } = lists;
    let left = maxEntries;
    while (words[Word.cascade] !== 0) {
      const record = words[Word.cascade]! - 1;
      const out = record * BLOCK + 1 + ListWord.outHead;
      const ins = record * BLOCK + 1 + ListWord.inHead;
      for (; left > 0 && blocks[out + 1]! > 0; left--) this.#freeEntry(Out, lists.pop(blocks, out));
      for (; left > 0 && blocks[ins + 1]! > 0; left--) this.#freeEntry(In, lists.pop(blocks, ins));
      if (blocks[out + 1]! + blocks[ins + 1]! > 0) return true;
      words[Word.cascade] = blocks[record * BLOCK]!;
      words[Word.cascades]!--;
      lists.giveBlock(record);
    }
    return false;
  }

  /** Frees the edge whose entry was just taken off one of its lists, and takes it off the other. */
  #freeEntry(direction: 0 | 1, place: number): void {
    const { source, target, kind, sequence, outPlace, inPlace } = this.views;
    const edge = this.#lists.blocks[place]!;
    const from = source[edge]!;
    // Freed before by way of its other end, and perhaps taken anew: then its entry is elsewhere, since this block was not free.
    if (from === FREE || (direction === Out ? outPlace : inPlace)[edge] !== place) return;
    const to = target[edge]!;
    const other = direction === Out ? to : from;
    // The other end's list holds the entry only while that end is the node that the edge was written to.
    if (this.#holds(other, sequence[edge]!)) {
      if (direction === Out) this.#lists.takeOut(In, to, inPlace[edge]!);
      else this.#lists.takeOut(Out, from, outPlace[edge]!);
      if (from === to) this.#rows.loops[from]!--;
    }
    this.#giveEdge(hashOf(from, to, kind[edge]!), edge);
  }

  /** Puts an edge, whose columns are written, into the lists of its ends, the count and the hash table. */
  #link(hash: number, edge: number, source: number, target: number): void {
    this.#lists.append(Out, source, edge);
    this.#lists.append(In, target, edge);
    if (source === target) this.#rows.loops[source]!++;
    const count = this.#words[Word.count]! + 1;
    this.#words[Word.count] = count;
    this.#table.insert(hash, edge, count);
  }

  /** A row without an edge: recovery takes it for free until its source is written. */
  #takeEdge(): number {
    const free = this.#free.take();
    if (free >= 0) return free;
    const words = this.#words;
    const edge = words[Word.edgeBump]!;
    invariant(edge < this.views.source.length, 'edges beyond the capacity that the main thread keeps');
    // Before it counts: zeroed memory would be an edge of row 0.
    this.views.source[edge] = FREE;
    words[Word.edgeBump] = edge + 1;
    return edge;
  }

  #giveEdge(hash: number, edge: number): void {
    this.#table.remove(hash, edge);
    this.views.source[edge] = FREE;
    this.#free.give(edge);
    this.#words[Word.count]!--;
  }

  // ------------------------------------------------------------ recovery

  /** Recovery: forgets the row's lists. To be called for every row of the shard before `rebuild`. */
  resetRow(row: number): void {
    this.#lists.resetRow(row);
    if (this.#rows.loops[row] !== 0) this.#rows.loops[row] = 0;
  }

  /**
   * Recovery: lists, hash table, free lists and the count anew, from the edge columns and the nodes' life. Ghosts go. It may be lost
   * in its middle and begun again: the truth it reads is `edgeBump`, which it leaves alone, and the columns of edges that
   * are live, which it does not write.
   */
  rebuild(): void {
    const views = this.views;
    const words = this.#words;
    words[Word.count] = 0;
    words[Word.cascades] = 0;
    words[Word.cascade] = 0;
    this.#lists.clear();
    this.#table.clear();
    this.#free.clear();
    const edges = words[Word.edgeBump]!;
    for (let edge = 0; edge < edges; edge++) {
      if (this.isLive(edge)) this.#link(this.#table.hashOf(edge), edge, views.source[edge]!, views.target[edge]!);
      else {
        views.source[edge] = FREE;
        this.#free.give(edge);
      }
    }
  }

  /** Names what does not agree between the edge columns and what is derived from them. The shard stands still meanwhile. */
  verify(): string[] {
    return verifyEdges(this.views, this.#rows, this.#table, this.#free, this.#isLive);
  }

  // ------------------------------------------------------------ reading

  /** Edge row, or NO_ROW. */
  find(source: number, target: number, kind: number): number {
    return this.#table.find(hashOf(source, target, kind), source, target, kind, this.#tellGhosts());
  }

  #tellGhosts(): ((edge: number) => boolean) | undefined {
    return this.#words[Word.cascades] === 0 ? undefined : this.#isLive;
  }

  /** Edges of the node in one direction; in both, a self-loop counts twice. Walks over them while cascades wait. */
  degree(row: number, direction: number): number {
    if (direction === Both) return this.degree(row, Out) + this.degree(row, In);
    const length = this.#rows.lists[this.#lists.at(row, direction) + 1]!;
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

  /** Every live edge of the node in one direction. */
  each(row: number, direction: number, visit: (edge: number, neighbour: number) => void): void {
    const { blocks } = this.#lists;
    const { lists } = this.#rows;
    const others = direction === Out ? this.views.target : this.views.source;
    const isLive = this.#tellGhosts();
    const at = this.#lists.at(row, direction);
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
