import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { BLOCK, type EdgeViews, type GraphRegions, type RowViews, Word } from './layout.js';

/** What makes a row a node, kept by others: ALIVE is bit 0 of `flags`; `born` is the sequence at which it last became one. */
export interface NodeLife {
  readonly flags: Uint8Array;
  readonly born: Float64Array;
}

/** Which of a node's lists: edges that leave it, or that come to it. */
export const Out = 0;
export const In = 1;

/** Edges that a removed node may have for its cascade to be done within the event: about 10 microseconds. */
const CASCADE_AT_ONCE = 64;

/**
 * Edges and adjacency of one shard. Writing methods are for the shard's writer under its lock. Every one of them can be
 * repeated after a loss in its middle, from the edge columns alone: a column row counts as an edge only when its graph is
 * set, which is the last store of its making and the first of its undoing. So edges need no undo slot.
 *
 * An edge is live while both its ends are, and have been since it was written. A removed node with many edges leaves them
 * to `reclaimStep`; until then they are there but not live, and readers pass them by.
 */
export class ShardEdges {
  readonly views: EdgeViews;
  readonly #rows: RowViews;
  readonly #life: NodeLife;
  readonly #words: Uint32Array;

  constructor(regions: GraphRegions, shard: number, life: NodeLife) {
    this.views = regions.edges[shard]!;
    this.#rows = regions.rows;
    this.#life = life;
    this.#words = this.views.words;
  }

  /** Edges in use, with those of cascades under way. */
  get count(): number {
    return this.#words[Word.count]!;
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
   * True when the edge is new. Both ends are alive. A weight of NaN is "not given": kept, or 1 of a new edge.
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
      if (!Number.isNaN(weight)) views.weight[known] = weight;
      views.time[known] = time;
      views.sequence[known] = sequence;
      return false;
    }
    const edge = this.#takeEdge();
    views.source[edge] = source;
    views.target[edge] = target;
    views.kind[edge] = kind;
    views.weight[edge] = Number.isNaN(weight) ? 1 : weight;
    views.time[edge] = time;
    views.sequence[edge] = sequence;
    views.outEntry[edge] = this.#append(this.#rows.outHead, this.#rows.outLength, source, edge, target);
    views.inEntry[edge] = this.#append(this.#rows.inHead, this.#rows.inLength, target, edge, source);
    views.graph[edge] = graph + 1;
    this.#words[Word.count]!++;
    return true;
  }

  /** True when there was such an edge. */
  remove(source: number, target: number, kind: number): boolean {
    const edge = this.find(source, target, kind);
    if (edge === NO_ROW) return false;
    this.#unlink(edge);
    return true;
  }

  /** The node is about to be removed (its ALIVE bit is still set). Returns how many live edges go with it. */
  dropNode(row: number): number {
    const rows = this.#rows;
    const out = rows.outLength[row]!;
    const ins = rows.inLength[row]!;
    if (out + ins === 0) return 0;
    const live = this.#countLive(row, Out) + this.#countLive(row, In) - this.#countLoops(row);
    if (out + ins <= CASCADE_AT_ONCE) {
      this.#freeList(row, Out);
      this.#freeList(row, In);
      return live;
    }
    const record = this.#takeBlock();
    const entries = this.views.entries;
    const at = record * BLOCK * 2;
    entries[at] = rows.outHead[row]!;
    entries[at + 1] = out;
    entries[at + 2] = rows.inHead[row]!;
    entries[at + 3] = ins;
    this.views.next[record] = this.#words[Word.cascade]!;
    this.#words[Word.cascade] = record + 1;
    this.#words[Word.cascades]!++;
    rows.outHead[row] = rows.outLength[row] = rows.inHead[row] = rows.inLength[row] = 0;
    return live;
  }

  /** The row's graph is removed: its edges go, each with the end that comes first. */
  detachRow(row: number): void {
    this.#freeList(row, Out);
    this.#freeList(row, In);
  }

  /** Reclaims at most `maxEdges` edges of removed nodes. True when some are left. */
  reclaimStep(maxEdges: number): boolean {
    const words = this.#words;
    const { entries, next } = this.views;
    let left = maxEdges;
    while (words[Word.cascade] !== 0 && left > 0) {
      const record = words[Word.cascade]! - 1;
      const at = record * BLOCK * 2;
      left = this.#reclaimList(at, Out, left);
      if (left > 0) left = this.#reclaimList(at + 2, In, left);
      if (left === 0) break;
      words[Word.cascade] = next[record]!;
      words[Word.cascades]!--;
      this.#giveBlock(record);
    }
    if (words[Word.cascade] === 0) return false;
    // The record may be done exactly when the budget was: the next step finds it empty.
    return entries.length > 0;
  }

  /** Takes entries off a detached list (head at words `at`, length behind it). Returns what is left of the budget. */
  #reclaimList(at: number, direction: number, budget: number): number {
    const { entries, next, graph, outEntry, inEntry } = this.views;
    const own = direction === Out ? outEntry : inEntry;
    let left = budget;
    while (entries[at + 1]! > 0 && left > 0) {
      const block = entries[at]! - 1;
      const slot = (entries[at + 1]! - 1) & (BLOCK - 1);
      const edge = entries[(block * BLOCK + slot) * 2]!;
      // Freed by the cascade of its other end, and perhaps taken anew: then its entry is elsewhere.
      if (graph[edge] !== 0 && own[edge] === block * BLOCK + slot + 1) this.#freeFrom(edge, direction);
      entries[at + 1]!--;
      left--;
      if (slot === 0) {
        entries[at] = next[block]!;
        this.#giveBlock(block);
      }
    }
    return left;
  }

  /** Frees an edge whose entry on one side is dealt with by the caller. */
  #freeFrom(edge: number, direction: number): void {
    const { source, target, sequence, outEntry, inEntry } = this.views;
    const rows = this.#rows;
    if (direction === Out) {
      // The other end's list is its own only while that end is the node that the edge was written to.
      if (this.#holds(target[edge]!, sequence[edge]!)) {
        this.#takeOut(rows.inHead, rows.inLength, target[edge]!, inEntry[edge]! - 1, inEntry);
      }
    } else if (this.#holds(source[edge]!, sequence[edge]!)) {
      this.#takeOut(rows.outHead, rows.outLength, source[edge]!, outEntry[edge]! - 1, outEntry);
    }
    this.#giveEdge(edge);
  }

  #unlink(edge: number): void {
    const { source, target, outEntry, inEntry } = this.views;
    const rows = this.#rows;
    this.#takeOut(rows.outHead, rows.outLength, source[edge]!, outEntry[edge]! - 1, outEntry);
    this.#takeOut(rows.inHead, rows.inLength, target[edge]!, inEntry[edge]! - 1, inEntry);
    this.#giveEdge(edge);
  }

  /** Frees every edge of one of the row's own lists, last entry first. */
  #freeList(row: number, direction: number): void {
    const { entries, next } = this.views;
    const head = direction === Out ? this.#rows.outHead : this.#rows.inHead;
    const length = direction === Out ? this.#rows.outLength : this.#rows.inLength;
    const own = direction === Out ? this.views.outEntry : this.views.inEntry;
    while (length[row]! > 0) {
      const block = head[row]! - 1;
      const slot = (length[row]! - 1) & (BLOCK - 1);
      const edge = entries[(block * BLOCK + slot) * 2]!;
      length[row]!--;
      if (slot === 0) {
        head[row] = next[block]!;
        this.#giveBlock(block);
      }
      if (this.views.graph[edge] !== 0 && own[edge] === block * BLOCK + slot + 1) this.#freeFrom(edge, direction);
    }
  }

  #append(head: Uint32Array, length: Uint32Array, row: number, edge: number, neighbour: number): number {
    const { entries, next } = this.views;
    const slot = length[row]! & (BLOCK - 1);
    if (slot === 0) {
      const block = this.#takeBlock();
      next[block] = head[row]!;
      head[row] = block + 1;
    }
    const place = (head[row]! - 1) * BLOCK + slot;
    entries[place * 2] = edge;
    entries[place * 2 + 1] = neighbour;
    length[row]!++;
    return place + 1;
  }

  /** Takes the entry at `place` out of the row's list: the last entry moves into the hole. */
  #takeOut(head: Uint32Array, length: Uint32Array, row: number, place: number, own: Uint32Array): void {
    const { entries, next } = this.views;
    const block = head[row]! - 1;
    const slot = (length[row]! - 1) & (BLOCK - 1);
    const last = block * BLOCK + slot;
    if (last !== place) {
      entries[place * 2] = entries[last * 2]!;
      entries[place * 2 + 1] = entries[last * 2 + 1]!;
      own[entries[place * 2]!] = place + 1;
    }
    length[row]!--;
    if (slot === 0) {
      head[row] = next[block]!;
      this.#giveBlock(block);
    }
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
    this.views.source[edge] = this.#words[Word.edgeFree]!;
    this.#words[Word.edgeFree] = edge + 1;
    this.#words[Word.count]!--;
  }

  #takeBlock(): number {
    const words = this.#words;
    const free = words[Word.blockFree]!;
    if (free !== 0) {
      words[Word.blockFree] = this.views.next[free - 1]!;
      return free - 1;
    }
    invariant(words[Word.blockBump]! < this.views.next.length, 'adjacency blocks beyond their derived bound');
    return words[Word.blockBump]!++;
  }

  #giveBlock(block: number): void {
    this.views.next[block] = this.#words[Word.blockFree]!;
    this.#words[Word.blockFree] = block + 1;
  }

  // ------------------------------------------------------------ recovery

  /** Recovery: forgets the row's lists. To be called for every row of the shard before `rebuild`. */
  resetRow(row: number): void {
    const rows = this.#rows;
    rows.outHead[row] = rows.outLength[row] = rows.inHead[row] = rows.inLength[row] = 0;
  }

  /** Recovery: lists, free lists and the count anew, from the edge columns and the nodes' life. */
  rebuild(): void {
    const views = this.views;
    const words = this.#words;
    const edges = words[Word.edgeBump]!;
    words.fill(0);
    words[Word.edgeBump] = edges;
    for (let edge = 0; edge < edges; edge++) {
      if (views.graph[edge] !== 0 && this.isLive(edge)) {
        const source = views.source[edge]!;
        const target = views.target[edge]!;
        views.outEntry[edge] = this.#append(this.#rows.outHead, this.#rows.outLength, source, edge, target);
        views.inEntry[edge] = this.#append(this.#rows.inHead, this.#rows.inLength, target, edge, source);
        words[Word.count]!++;
      } else {
        views.graph[edge] = 0;
        views.source[edge] = words[Word.edgeFree]!;
        words[Word.edgeFree] = edge + 1;
      }
    }
  }

  // ------------------------------------------------------------ reading

  /** Edge row, or NO_ROW. Scans the shorter of the two lists. */
  find(source: number, target: number, kind: number): number {
    const rows = this.#rows;
    const { entries, next, kind: kinds } = this.views;
    const outLength = rows.outLength[source]!;
    const inLength = rows.inLength[target]!;
    const fromSource = outLength <= inLength;
    const wanted = fromSource ? target : source;
    const ghosts = this.#words[Word.cascades] !== 0;
    let length = fromSource ? outLength : inLength;
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

  /** Edges of the node in one direction. */
  degree(row: number, direction: number): number {
    if (this.#words[Word.cascades] !== 0) return this.#countLive(row, direction);
    return direction === Out ? this.#rows.outLength[row]! : this.#rows.inLength[row]!;
  }

  #countLive(row: number, direction: number): number {
    if (this.#words[Word.cascades] === 0) {
      return direction === Out ? this.#rows.outLength[row]! : this.#rows.inLength[row]!;
    }
    let live = 0;
    this.each(row, direction, () => {
      live++;
    });
    return live;
  }

  #countLoops(row: number): number {
    let loops = 0;
    this.each(row, Out, (_edge, neighbour) => {
      if (neighbour === row) loops++;
    });
    return loops;
  }

  /** Every live edge of the node in one direction. */
  each(row: number, direction: number, visit: (edge: number, neighbour: number) => void): void {
    const { entries, next } = this.views;
    const ghosts = this.#words[Word.cascades] !== 0;
    let length = direction === Out ? this.#rows.outLength[row]! : this.#rows.inLength[row]!;
    let block = direction === Out ? this.#rows.outHead[row]! : this.#rows.inHead[row]!;
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
