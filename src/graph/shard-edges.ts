import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { BLOCK, type EdgeViews, type GraphRegions, type RowViews, Word } from './layout.js';
import { AdjacencyLists, Both, In, Out } from './lists.js';
import { NeighborScan } from './neighbors.js';
import { verifyEdges } from './verify.js';

export { Both, In, Out } from './lists.js';

/** What makes a row a node, kept by others: ALIVE is bit 0 of `flags`; `born` is the sequence at which it last became one. */
export interface NodeLife {
  readonly flags: Uint8Array;
  readonly born: Float64Array;
}

/** Edges that a removed node may have for its cascade to be done within the event: about 10 microseconds. */
const CASCADE_AT_ONCE = 64;

/**
 * Entries of cascades that making an edge reclaims on its way: as many as it makes. So entries never outnumber two for
 * each edge that there may be, whatever pace `reclaimStep` is called at, and the bound in layout.ts holds.
 */
const RECLAIM_PER_EDGE = 2;

/**
 * Edges and adjacency of one shard. Writing methods are for the shard's writer under its lock. Every one of them can be
 * repeated after a loss in its middle, from the edge columns alone: a column row counts as an edge only when its graph is
 * set, which is the last store of its making and the first of its undoing; `sequence` is the last store of its changing.
 * A cascade that was cut short has freed some edges, and the rest are still there or no longer live. So edges need no
 * undo slot.
 *
 * An edge is live while both its ends are, and have been since it was written. A removed node with many edges leaves them
 * to `reclaimStep`; until then they are ghosts: there but not live, and readers pass them by. A ghost stands in a node's
 * own list only where the other end is gone: the lists of a removed node are detached with it.
 */
export class ShardEdges {
  readonly views: EdgeViews;
  readonly #rows: RowViews;
  readonly #lists: AdjacencyLists;
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
    this.#scan = new NeighborScan(this.#lists, this.views.kind);
    this.#isLive = (edge) => this.isLive(edge);
  }

  /** Edges in use, with those of cascades under way. */
  get count(): number {
    return this.#words[Word.count]!;
  }

  /** Edge rows from here on were never used. */
  get rows(): number {
    return this.#words[Word.edgeBump]!;
  }

  /** Removed nodes whose edges are still to be reclaimed. */
  get pendingCascades(): number {
    return this.#words[Word.cascades]!;
  }

  isLive(edge: number): boolean {
    const { source, target, sequence } = this.views;
    return this.#holds(source[edge]!, sequence[edge]!) && this.#holds(target[edge]!, sequence[edge]!);
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
  upsert(
    graph: number,
    source: number,
    target: number,
    kind: number,
    weight: number,
    time: number,
    sequence: number,
  ): boolean {
    const views = this.views;
    const known = this.find(source, target, kind);
    if (known !== NO_ROW) {
      if (sequence <= views.sequence[known]!) return false;
      if (!Number.isNaN(weight)) views.weight[known] = weight;
      views.time[known] = time;
      views.sequence[known] = sequence;
      return false;
    }
    if (this.#words[Word.cascades] !== 0) this.reclaimStep(RECLAIM_PER_EDGE);
    const edge = this.#takeEdge();
    views.source[edge] = source;
    views.target[edge] = target;
    views.kind[edge] = kind;
    views.weight[edge] = Number.isNaN(weight) ? 1 : weight;
    views.time[edge] = time;
    views.sequence[edge] = sequence;
    this.#link(edge, source, target);
    views.graph[edge] = graph + 1;
    return true;
  }

  /** True when there was such an edge. */
  remove(source: number, target: number, kind: number): boolean {
    const edge = this.find(source, target, kind);
    if (edge === NO_ROW) return false;
    const { outEntry, inEntry } = this.views;
    this.#lists.takeOut(Out, source, outEntry[edge]! - 1);
    this.#lists.takeOut(In, target, inEntry[edge]! - 1);
    if (source === target) this.#rows.loops[source]!--;
    this.#giveEdge(edge);
    return true;
  }

  /**
   * The node is about to be removed: its ALIVE bit is still set, and cleared by the caller before anything else is done
   * here. Returns how many live edges go with it. Counting them costs a walk over its lists while other cascades wait, and
   * nothing otherwise.
   */
  dropNode(row: number): number {
    const { outLength, inLength, loops } = this.#rows;
    if (outLength[row]! + inLength[row]! === 0) return 0;
    // A loop stands in both lists. It is no ghost: it would have gone with the lists of its only end.
    const live = this.degree(row, Both) - loops[row]!;
    this.detachRow(row);
    return live;
  }

  /**
   * The row's edges go, at once where they are few, else in the steps of `reclaimStep`; as `dropNode`, for a row of a
   * removed graph, whose edges nobody counts. Returns how many entries were dealt with at once.
   */
  detachRow(row: number): number {
    const { outHead, outLength, inHead, inLength, loops } = this.#rows;
    const out = outLength[row]!;
    const ins = inLength[row]!;
    if (out + ins === 0) return 0;
    if (out + ins <= CASCADE_AT_ONCE) {
      while (outLength[row]! > 0) this.#freeEntry(Out, this.#lists.pop(outHead, row, outLength, row));
      while (inLength[row]! > 0) this.#freeEntry(In, this.#lists.pop(inHead, row, inLength, row));
      return out + ins;
    }
    const record = this.#lists.takeBlock();
    const { entries, next } = this.#lists;
    const at = record * BLOCK * 2;
    entries[at] = outHead[row]!;
    entries[at + 1] = out;
    entries[at + 2] = inHead[row]!;
    entries[at + 3] = ins;
    next[record] = this.#words[Word.cascade]!;
    this.#words[Word.cascade] = record + 1;
    this.#words[Word.cascades]!++;
    outHead[row] = outLength[row] = inHead[row] = inLength[row] = 0;
    if (loops[row] !== 0) loops[row] = 0;
    return 1;
  }

  /** Reclaims at most `maxEntries` entries of removed nodes' lists, two for each edge. True when some are left. */
  reclaimStep(maxEntries: number): boolean {
    const words = this.#words;
    const lists = this.#lists;
    const { entries, next } = lists;
    let left = maxEntries;
    while (words[Word.cascade] !== 0) {
      const record = words[Word.cascade]! - 1;
      const at = record * BLOCK * 2;
      for (; left > 0 && entries[at + 1]! > 0; left--) {
        this.#freeEntry(Out, lists.pop(entries, at, entries, at + 1));
      }
      for (; left > 0 && entries[at + 3]! > 0; left--) {
        this.#freeEntry(In, lists.pop(entries, at + 2, entries, at + 3));
      }
      if (entries[at + 1]! + entries[at + 3]! > 0) return true;
      words[Word.cascade] = next[record]!;
      words[Word.cascades]!--;
      lists.giveBlock(record);
    }
    return false;
  }

  /** Frees the edge whose entry was just taken off one of its lists, and takes it off the other. */
  #freeEntry(direction: number, place: number): void {
    const { graph, source, target, sequence, outEntry, inEntry } = this.views;
    const edge = this.#lists.entries[place * 2]!;
    // Freed before by way of its other end, and perhaps taken anew: then its entry is elsewhere, since this block was not free.
    if (graph[edge] === 0 || (direction === Out ? outEntry : inEntry)[edge] !== place + 1) return;
    const from = source[edge]!;
    const to = target[edge]!;
    const other = direction === Out ? to : from;
    // The other end's list holds the entry only while that end is the node that the edge was written to.
    if (this.#holds(other, sequence[edge]!)) {
      if (direction === Out) this.#lists.takeOut(In, to, inEntry[edge]! - 1);
      else this.#lists.takeOut(Out, from, outEntry[edge]! - 1);
      if (from === to) this.#rows.loops[from]!--;
    }
    this.#giveEdge(edge);
  }

  /** Puts an edge into the lists of its ends and the count. */
  #link(edge: number, source: number, target: number): void {
    this.#lists.append(Out, source, edge, target);
    this.#lists.append(In, target, edge, source);
    if (source === target) this.#rows.loops[source]!++;
    this.#words[Word.count]!++;
  }

  #takeEdge(): number {
    const words = this.#words;
    const free = words[Word.edgeFree]!;
    if (free !== 0) {
      words[Word.edgeFree] = this.views.source[free - 1]!;
      return free - 1;
    }
    invariant(words[Word.edgeBump]! < this.views.graph.length, 'edges beyond the capacity that the main thread keeps');
    return words[Word.edgeBump]!++;
  }

  #giveEdge(edge: number): void {
    this.views.graph[edge] = 0;
    this.#freeRow(edge);
    this.#words[Word.count]!--;
  }

  #freeRow(edge: number): void {
    this.views.source[edge] = this.#words[Word.edgeFree]!;
    this.#words[Word.edgeFree] = edge + 1;
  }

  // ------------------------------------------------------------ recovery

  /** Recovery: forgets the row's lists. To be called for every row of the shard before `rebuild`. */
  resetRow(row: number): void {
    this.#lists.resetRow(row);
    if (this.#rows.loops[row] !== 0) this.#rows.loops[row] = 0;
  }

  /**
   * Recovery: lists, free lists and the count anew, from the edge columns and the nodes' life. Ghosts go. It may be lost
   * in its middle and begun again: the truth it reads is `edgeBump`, which it leaves alone, and the columns of edges that
   * are live, which it does not write.
   */
  rebuild(): void {
    const views = this.views;
    const words = this.#words;
    words[Word.edgeFree] = 0;
    words[Word.count] = 0;
    words[Word.cascades] = 0;
    words[Word.cascade] = 0;
    this.#lists.clear();
    const edges = words[Word.edgeBump]!;
    for (let edge = 0; edge < edges; edge++) {
      if (views.graph[edge] !== 0 && this.isLive(edge)) {
        this.#link(edge, views.source[edge]!, views.target[edge]!);
      } else {
        views.graph[edge] = 0;
        this.#freeRow(edge);
      }
    }
  }

  /** Names what does not agree between the edge columns and what is derived from them. The shard stands still meanwhile. */
  verify(): string[] {
    return verifyEdges(this.views, this.#rows, this.#isLive);
  }

  // ------------------------------------------------------------ reading

  /** Edge row, or NO_ROW. Scans the shorter of the two lists. */
  find(source: number, target: number, kind: number): number {
    const rows = this.#rows;
    const { entries, next } = this.#lists;
    const kinds = this.views.kind;
    const outLength = rows.outLength[source]!;
    const inLength = rows.inLength[target]!;
    const fromSource = outLength <= inLength;
    const wanted = fromSource ? target : source;
    const ghosts = this.#words[Word.cascades] !== 0;
    let length = fromSource ? outLength : inLength;
    if (length === 0) return NO_ROW;
    let block = fromSource ? rows.outHead[source]! : rows.inHead[target]!;
    while (length > 0) {
      const filled = ((length - 1) & (BLOCK - 1)) + 1;
      const first = (block - 1) * BLOCK;
      for (let place = first; place < first + filled; place++) {
        if (entries[place * 2 + 1] !== wanted) continue;
        const edge = entries[place * 2]!;
        if (kinds[edge] === kind && (!ghosts || this.isLive(edge))) return edge;
      }
      length -= filled;
      block = next[block - 1]!;
    }
    return NO_ROW;
  }

  /** Edges of the node in one direction; in both, a self-loop counts twice. */
  degree(row: number, direction: number): number {
    if (direction === Both) return this.degree(row, Out) + this.degree(row, In);
    const length = (direction === Out ? this.#rows.outLength : this.#rows.inLength)[row]!;
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
    return this.#scan.into(row, direction, kind, out, at, this.#words[Word.cascades] === 0 ? undefined : this.#isLive);
  }

  /** Entries in the node's lists: no fewer than it has neighbours. */
  entriesOf(row: number): number {
    return this.#rows.outLength[row]! + this.#rows.inLength[row]!;
  }

  /** Every live edge of the node in one direction. */
  each(row: number, direction: number, visit: (edge: number, neighbour: number) => void): void {
    const { entries, next } = this.#lists;
    const ghosts = this.#words[Word.cascades] !== 0;
    let length = (direction === Out ? this.#rows.outLength : this.#rows.inLength)[row]!;
    let block = (direction === Out ? this.#rows.outHead : this.#rows.inHead)[row]!;
    while (length > 0) {
      const filled = ((length - 1) & (BLOCK - 1)) + 1;
      const first = (block - 1) * BLOCK;
      for (let place = first; place < first + filled; place++) {
        const edge = entries[place * 2]!;
        if (!ghosts || this.isLive(edge)) visit(edge, entries[place * 2 + 1]!);
      }
      length -= filled;
      block = next[block - 1]!;
    }
  }

  /** Live edges by edge row, from `from` on; for walks over a whole shard. -1 at the end. */
  nextLive(from: number): number {
    const end = this.#words[Word.edgeBump]!;
    for (let edge = from; edge < end; edge++) if (this.views.graph[edge] !== 0 && this.isLive(edge)) return edge;
    return -1;
  }
}
