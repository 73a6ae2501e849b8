import { invariant } from '../base/errors.js';
import { FANOUT, type OrderedViews, Word } from './layout.js';
import type { Order } from './orders.js';

/**
 * Shared units that keys may hold all the same: a key tells names apart by what is left of it, and a node whose keys leave
 * something out looks a name up before it compares keys (bench/rejected/name-keys.mjs: 440 ns, against 580 with 0).
 */
const KEPT_UNITS = 4;

/**
 * Nodes of an ordered index: taken, filled, split and given back; leaves are of level 0. What they mean is told in
 * ordered-index.ts.
 */
export class OrderedNodes {
  readonly views: OrderedViews;
  protected readonly order: Order;
  protected readonly words: Uint32Array;
  protected readonly leafKey: Float64Array;
  protected readonly leafRow: Uint32Array;
  protected readonly leafCount: Uint8Array;
  protected readonly leafSkip: Uint8Array;
  protected readonly leafNext: Uint32Array;
  protected readonly innerKey: Float64Array;
  protected readonly innerRow: Uint32Array;
  protected readonly innerChild: Uint32Array;
  protected readonly innerCount: Uint8Array;
  protected readonly innerSkip: Uint8Array;

  constructor(views: OrderedViews, order: Order) {
    this.views = views;
    this.order = order;
    this.words = views.words;
    this.leafKey = views.leafKey;
    this.leafRow = views.leafRow;
    this.leafCount = views.leafCount;
    this.leafSkip = views.leafSkip;
    this.leafNext = views.leafNext;
    this.innerKey = views.innerKey;
    this.innerRow = views.innerRow;
    this.innerChild = views.innerChild;
    this.innerCount = views.innerCount;
    this.innerSkip = views.innerSkip;
  }

  // ------------------------------------------------------------ keys

  /** Key of the row in this node, whose keys leave out less from here on where the row does not share it. */
  protected admit(level: number, node: number, row: number): number {
    const skips = level === 0 ? this.leafSkip : this.innerSkip;
    const counts = level === 0 ? this.leafCount : this.innerCount;
    const rows = level === 0 ? this.leafRow : this.innerRow;
    if (skips[node] !== 0 && counts[node] !== 0) {
      const shared = this.order.shared(row, rows[node * FANOUT]!);
      if (shared < skips[node]!) this.rekey(level, node, shared);
    }
    return this.order.keyOf(row, skips[node]!);
  }

  /** The node's keys leave out what its names share, where that is much more than they do already. */
  protected tighten(level: number, node: number): void {
    const skips = level === 0 ? this.leafSkip : this.innerSkip;
    const count = (level === 0 ? this.leafCount : this.innerCount)[node]!;
    const rows = level === 0 ? this.leafRow : this.innerRow;
    if (count < 2) return;
    const shared = this.order.shared(rows[node * FANOUT]!, rows[node * FANOUT + count - 1]!);
    if (shared > skips[node]! + KEPT_UNITS) this.rekey(level, node, shared);
  }

  /** What keys of an empty node leave out, if two of its names share so much. */
  protected startSkip(row: number, other: number): number {
    const shared = this.order.shared(row, other);
    return shared > KEPT_UNITS ? shared : 0;
  }

  protected rekey(level: number, node: number, skip: number): void {
    const order = this.order;
    const keys = level === 0 ? this.leafKey : this.innerKey;
    const rows = level === 0 ? this.leafRow : this.innerRow;
    const skips = level === 0 ? this.leafSkip : this.innerSkip;
    if (skips[node] === skip) return;
    skips[node] = skip;
    const end = node * FANOUT + (level === 0 ? this.leafCount : this.innerCount)[node]!;
    for (let at = node * FANOUT; at < end; at++) keys[at] = order.keyOf(rows[at]!, skip);
  }

  // ------------------------------------------------------------ entries

  protected putInLeaf(leaf: number, place: number, key: number, row: number): void {
    const keys = this.leafKey;
    const rows = this.leafRow;
    const at = leaf * FANOUT + place;
    for (let to = leaf * FANOUT + this.leafCount[leaf]!; to > at; to--) {
      keys[to] = keys[to - 1]!;
      rows[to] = rows[to - 1]!;
    }
    keys[at] = key;
    rows[at] = row;
    this.leafCount[leaf]!++;
  }

  protected putInInner(node: number, place: number, row: number, child: number): void {
    const key = this.admit(1, node, row);
    const at = node * FANOUT + place;
    this.moveEntries(1, at, at + 1, this.innerCount[node]! - place);
    this.innerKey[at] = key;
    this.innerRow[at] = row;
    this.innerChild[at] = child;
    this.innerCount[node]!++;
  }

  protected moveEntries(level: number, from: number, to: number, count: number): void {
    if (count === 0) return;
    if (level === 0) {
      this.leafKey.copyWithin(to, from, from + count);
      this.leafRow.copyWithin(to, from, from + count);
    } else {
      this.innerKey.copyWithin(to, from, from + count);
      this.innerRow.copyWithin(to, from, from + count);
      this.innerChild.copyWithin(to, from, from + count);
    }
  }

  /** The entries from `kept` on go to a new leaf behind this one. */
  protected splitLeaf(leaf: number, kept: number): number {
    const right = this.takeLeaf();
    const next = this.leafNext[leaf]!;
    this.moveEntries(0, leaf * FANOUT + kept, right * FANOUT, FANOUT - kept);
    this.leafCount[right] = FANOUT - kept;
    this.leafCount[leaf] = kept;
    this.leafSkip[right] = this.leafSkip[leaf]!;
    this.leafNext[right] = next;
    this.views.leafPrev[right] = leaf + 1;
    this.leafNext[leaf] = right + 1;
    if (next !== 0) this.views.leafPrev[next - 1] = right + 1;
    this.tighten(0, leaf);
    this.tighten(0, right);
    return right;
  }

  protected splitInner(node: number, kept: number): number {
    const right = this.takeInner();
    this.moveEntries(1, node * FANOUT + kept, right * FANOUT, FANOUT - kept);
    this.innerCount[right] = FANOUT - kept;
    this.innerCount[node] = kept;
    this.innerSkip[right] = this.innerSkip[node]!;
    this.tighten(1, node);
    this.tighten(1, right);
    return right;
  }

  /** An empty leaf that is linked with none. */
  protected takeLeaf(): number {
    const words = this.words;
    const free = words[Word.leafFree]!;
    const leaf = free === 0 ? words[Word.leafBump]!++ : free - 1;
    invariant(leaf < this.leafCount.length, 'leaves of an ordered index stay within their bound');
    if (free !== 0) words[Word.leafFree] = this.leafNext[leaf]!;
    this.leafCount[leaf] = 0;
    this.leafSkip[leaf] = 0;
    this.leafNext[leaf] = 0;
    this.views.leafPrev[leaf] = 0;
    return leaf;
  }

  protected takeInner(): number {
    const words = this.words;
    const free = words[Word.innerFree]!;
    const node = free === 0 ? words[Word.innerBump]!++ : free - 1;
    invariant(node < this.innerCount.length, 'inner nodes of an ordered index stay within their bound');
    if (free !== 0) words[Word.innerFree] = this.views.innerNext[node]!;
    this.innerCount[node] = 0;
    this.innerSkip[node] = 0;
    return node;
  }

  protected freeLeaf(leaf: number): void {
    const { leafPrev } = this.views;
    const next = this.leafNext[leaf]!;
    const before = leafPrev[leaf]!;
    if (before !== 0) this.leafNext[before - 1] = next;
    if (next !== 0) leafPrev[next - 1] = before;
    this.leafNext[leaf] = this.words[Word.leafFree]!;
    this.words[Word.leafFree] = leaf + 1;
  }

  protected freeInner(node: number): void {
    this.views.innerNext[node] = this.words[Word.innerFree]!;
    this.words[Word.innerFree] = node + 1;
  }
}
