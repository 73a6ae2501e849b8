import { FANOUT, type PackViews, type PoolViews } from './layout.js';
import type { NodePool } from './nodes.js';
import { INNER_FILL, LEAF_FILL, type Marks, Pack } from './packing-state.js';

/** Words of a leaf's entry, and of a record: its coordinates, and its row or node. */
const ENTRY = 4;
const ROW = 3;
const Z = 2;

/** The emitting phase of a packing: records in the order of their tiles become the nodes of a level, in packMade. */
export class Emission {
  readonly #pool: NodePool;
  readonly #nodes: PoolViews;
  readonly #views: PackViews;
  readonly #words: Uint32Array;
  readonly #marks: Marks;

  constructor(pool: NodePool, views: PackViews, marks: Marks) {
    this.#pool = pool;
    this.#nodes = pool.views;
    this.#views = views;
    this.#words = views.packWords;
    this.#marks = marks;
  }

  /**
   * About `maxItems` points; true when all of the tiles are done. Of those with the right mark in `entries` the slots go
   * there; one that moved meanwhile has its position in the tree of `old` entries. Without `old` there is no meanwhile, and
   * no mark; without `entries` nobody is told the slots.
   */
  points(graph: number, maxItems: number, entries: Uint32Array | undefined, old: Uint32Array | undefined): boolean {
    const words = this.#words;
    const { packPoints, packItemA: sorted } = this.#views;
    const { leafAt, leafCount } = this.#nodes;
    // So that the compiler compares 32 bits, not doubles.
    const gathered = this.#marks.gathered >>> 0;
    const moved = this.#marks.moved >>> 0;
    const until = words[Pack.until]!;
    let at = words[Pack.at]!;
    const end = Math.min(until, at + maxItems);
    while (at < end) {
      if (words[Pack.open] === 0 || at >= words[Pack.openUntil]!) this.#openLeaf(graph, at, until);
      const stop = Math.min(end, words[Pack.openUntil]!);
      const leaf = (words[Pack.open]! - 1) >>> 1;
      let slot = leaf * FANOUT + leafCount[leaf]!;
      for (; at < stop; at++) {
        let from = sorted[at]! * ENTRY;
        const row = packPoints[from + ROW]!;
        let source = packPoints;
        if (entries !== undefined) {
          if (old !== undefined) {
            const mark = entries[row]!;
            if (mark !== gathered) {
              // Removed meanwhile, and perhaps another graph's; or late: it was inserted again, or jumped.
              if (mark !== moved) continue;
              source = leafAt;
              from = (old[row]! - 1) * ENTRY;
            }
          }
          entries[row] = slot + 1;
        }
        const to = slot++ * ENTRY;
        leafAt[to] = source[from]!;
        leafAt[to + 1] = source[from + 1]!;
        leafAt[to + Z] = source[from + Z]!;
        leafAt[to + ROW] = row;
      }
      leafCount[leaf] = slot - leaf * FANOUT;
    }
    return this.#passed(at, until);
  }

  /** About `maxItems` nodes of the level below; true when all of the tiles are done. */
  nodes(maxItems: number): boolean {
    const words = this.#words;
    const { packPoints, packItemA: sorted } = this.#views;
    const until = words[Pack.until]!;
    const end = Math.min(until, words[Pack.at]! + maxItems);
    for (let at = words[Pack.at]!; at < end; at++) {
      if (words[Pack.open] === 0 || at >= words[Pack.openUntil]!) {
        this.#closeNode();
        words[Pack.open] = ((this.#pool.takeInner() << 1) | 1) + 1;
        words[Pack.openUntil] = nextUntil(at, until, INNER_FILL);
      }
      const ref = packPoints[sorted[at]! * ENTRY + ROW]!;
      this.#pool.append((words[Pack.open]! - 1) >>> 1, ref);
      this.#pool.limitGrowth(ref);
    }
    return this.#passed(end, until);
  }

  #passed(at: number, until: number): boolean {
    this.#words[Pack.at] = at;
    if (at < until) return false;
    this.#closeNode();
    return true;
  }

  #openLeaf(graph: number, at: number, until: number): void {
    const words = this.#words;
    // Points that are gone may have left none.
    if (words[Pack.open] === 0 || this.#nodes.leafCount[(words[Pack.open]! - 1) >>> 1]! > 0) {
      this.#closeNode();
      words[Pack.open] = (this.#pool.takeLeaf(graph) << 1) + 1;
    }
    words[Pack.openUntil] = nextUntil(at, until, LEAF_FILL);
  }

  /** The open node is one of the level's. An inner node with one child would be no node: the child stands for it. */
  #closeNode(): void {
    const words = this.#words;
    if (words[Pack.open] === 0) return;
    let ref = words[Pack.open]! - 1;
    words[Pack.open] = 0;
    if ((ref & 1) === 0) {
      if (this.#nodes.leafCount[ref >>> 1] === 0) {
        this.#pool.giveLeaf(ref >>> 1);
        return;
      }
    } else if (this.#nodes.innerCount[ref >>> 1] === 1) {
      const inner = ref >>> 1;
      ref = this.#nodes.innerChild[inner * FANOUT]!;
      this.#pool.setParent(ref, 0);
      this.#pool.giveInner(inner);
    }
    this.#views.packMade[words[Pack.made]!++] = ref;
  }
}

/** Where the node ends that begins with item `at`: those of a strip get as many items each, as far as that goes. */
function nextUntil(at: number, until: number, fill: number): number {
  const left = until - at;
  return at + Math.ceil(left / Math.ceil(left / fill));
}
