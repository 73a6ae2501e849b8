import { invariant } from '../base/errors.js';
import { FANOUT, type OrderedViews, Word } from './layout.js';

/** Nodes of an ordered index: taken, filled, split and given back. What they mean is told in ordered-index.ts. */
export class OrderedNodes {
  readonly views: OrderedViews;
  protected readonly words: Uint32Array;
  protected readonly leafKey: Float64Array;
  protected readonly leafRow: Uint32Array;
  protected readonly leafCount: Uint8Array;
  protected readonly leafNext: Uint32Array;
  protected readonly innerKey: Float64Array;
  protected readonly innerRow: Uint32Array;
  protected readonly innerChild: Uint32Array;
  protected readonly innerCount: Uint8Array;

  constructor(views: OrderedViews) {
    this.views = views;
    this.words = views.words;
    this.leafKey = views.leafKey;
    this.leafRow = views.leafRow;
    this.leafCount = views.leafCount;
    this.leafNext = views.leafNext;
    this.innerKey = views.innerKey;
    this.innerRow = views.innerRow;
    this.innerChild = views.innerChild;
    this.innerCount = views.innerCount;
  }

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

  protected putInInner(node: number, place: number, key: number, row: number, child: number): void {
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
    this.leafNext[right] = next;
    this.views.leafPrev[right] = leaf + 1;
    this.leafNext[leaf] = right + 1;
    if (next !== 0) this.views.leafPrev[next - 1] = right + 1;
    return right;
  }

  protected splitInner(node: number, kept: number): number {
    const right = this.takeInner();
    this.moveEntries(1, node * FANOUT + kept, right * FANOUT, FANOUT - kept);
    this.innerCount[right] = FANOUT - kept;
    this.innerCount[node] = kept;
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
