// Derived from ../emission.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import { FANOUT, type PoolViews } from '../layout.js';
import { GATHERED, INNER_FILL, LEAF_FILL, Pack } from '../packing-state.js';
import type { NodePool } from './nodes.js';
import { groupEnd, groupStart } from './tile-sort.js';

const DIM = 2;
/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 3;
const ROW = 2;
/** Points that are looked up together. */
const BLOCK = 256;

/** The emitting phase of a packing: items of packItemA, tile by tile, become the nodes of a level, in packItemB. */
export class Emission {
  readonly #pool: NodePool;
  readonly #views: PoolViews;
  readonly #words: Uint32Array;
  readonly #scratch = {
    rows: new Uint32Array(BLOCK),
    from: new Uint32Array(BLOCK),
    marks: new Uint32Array(BLOCK),
    points: new Float64Array(BLOCK * DIM),
  };

  constructor(pool: NodePool) {
    this.#pool = pool;
    this.#views = pool.views;
    this.#words = pool.views.packWords;
  }

  /** About `maxItems` points, from the tree of `old` entries to that of `entries`; true when the level is done. */
  points(graph: number, old: Uint32Array, entries: Uint32Array, maxItems: number): boolean {
    const words = this.#words;
    const end = Math.min(words[Pack.items]!, words[Pack.at]! + maxItems);
    for (let at = words[Pack.at]!; at < end; at += BLOCK) {
      this.#block(graph, old, entries, at, Math.min(BLOCK, end - at));
    }
    return this.#passed(end);
  }

  /** About `maxItems` nodes of the level below; true when the level is done. */
  nodes(maxItems: number): boolean {
    const words = this.#words;
    const { packItemA } = this.#views;
    const end = Math.min(words[Pack.items]!, words[Pack.at]! + maxItems);
    for (let i = words[Pack.at]!; i < end; i++) {
      if (words[Pack.open] !== 0 && (words[Pack.openCount]! >= INNER_FILL || groupStart(words, i) === i)) {
        this.#closeNode();
      }
      this.#append(packItemA[i]!);
    }
    return this.#passed(end);
  }

  #passed(end: number): boolean {
    const words = this.#words;
    words[Pack.at] = end;
    if (end < words[Pack.items]!) return false;
    if (words[Pack.open] !== 0) this.#closeNode();
    return true;
  }

  /** A block of points, looked up as those of the tile sort are (60 ns a point, not 260). */
  #block(graph: number, old: Uint32Array, entries: Uint32Array, at: number, count: number): void {
    const words = this.#words;
    const { packItemA, leafAt, leafCount } = this.#views;
    const { rows, from, marks, points } = this.#scratch;
    for (let i = 0; i < count; i++) rows[i] = packItemA[at + i]!;
    for (let i = 0; i < count; i++) from[i] = old[rows[i]!]!;
    for (let i = 0; i < count; i++) marks[i] = entries[rows[i]!]!;
    for (let i = 0; i < count; i++) {
      const slot = from[i]! === 0 ? 0 : from[i]! - 1;
      points[i * DIM] = leafAt[slot * ENTRY]!;
      points[i * DIM + 1] = leafAt[slot * ENTRY + 1]!;
    }
    let leaf = words[Pack.open] === 0 ? -1 : (words[Pack.open]! - 1) >>> 1;
    let room = leaf < 0 ? 0 : LEAF_FILL - words[Pack.openCount]!;
    let nextGroup = groupStart(words, at);
    if (nextGroup < at) nextGroup = groupEnd(words, at);
    for (let i = 0; i < count; i++) {
      if (at + i === nextGroup) {
        nextGroup = groupEnd(words, nextGroup);
        room = 0;
      }
      // Removed meanwhile, or removed and inserted again, which makes it late.
      if (marks[i] !== GATHERED || from[i] === 0) continue;
      if (room === 0) {
        if (words[Pack.open] !== 0) this.#closeNode();
        leaf = this.#pool.takeLeaf(graph);
        words[Pack.open] = (leaf << 1) + 1;
        room = LEAF_FILL;
      }
      room--;
      const slot = leaf * FANOUT + leafCount[leaf]!++;
      leafAt[slot * ENTRY] = points[i * DIM]!;
      leafAt[slot * ENTRY + 1] = points[i * DIM + 1]!;
      leafAt[slot * ENTRY + ROW] = rows[i]!;
      entries[rows[i]!] = slot + 1;
    }
    // A group that begins with the next block closes the node then.
    words[Pack.openCount] = LEAF_FILL - room;
  }

  /** The open node is one of the level's. An inner node with one child would be no node: the child stands for it. */
  #closeNode(): void {
    const words = this.#words;
    let ref = words[Pack.open]! - 1;
    if ((ref & 1) === 1 && this.#views.innerCount[ref >>> 1] === 1) {
      const inner = ref >>> 1;
      ref = this.#views.innerChild[inner * FANOUT]!;
      this.#pool.setParent(ref, 0);
      this.#pool.giveInner(inner);
    }
    this.#views.packItemB[words[Pack.made]!++] = ref;
    words[Pack.open] = 0;
  }

  #append(ref: number): void {
    const words = this.#words;
    if (words[Pack.open] === 0) {
      words[Pack.open] = ((this.#pool.takeInner() << 1) | 1) + 1;
      words[Pack.openCount] = 0;
    }
    const inner = (words[Pack.open]! - 1) >>> 1;
    this.#pool.append(inner, ref);
    this.#pool.limitGrowth(ref);
    words[Pack.openCount]!++;
  }
}
