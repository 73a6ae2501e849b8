// Derived from ../nodes.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import { invariant } from '../../base/errors.js';
import { FANOUT, type PoolViews, Word } from '../layout.js';

const DIM = 2;
/** Words of a leaf's entry. */
const ENTRY = 3;
/** Words of a box, and where its greatest coordinates stand. */
const BOX = 4;
const MAX_X = 2;
const MAX_Y = 3;

/** Part of its half perimeter at the last split or packing by which moves may grow a leaf's box before they reinsert. */
const SLACK = 0.2;

/** Nodes that are looked at for a free one where few are. */
const FEW = 64;

/** Link of the last discarded node: not 0, so that a discarded node never looks like a root. */
const LAST = 0xffffffff;

/**
 * Leaves and inner nodes of one shard's pool: taking, giving back, linking, and boxes. One writer at a time.
 */
export class NodePool {
  readonly views: PoolViews;
  readonly #words: Uint32Array;
  readonly #leafAt: Float64Array;
  readonly #leafCount: Uint8Array;
  readonly #leafParent: Uint32Array;
  readonly #leafGraph: Uint32Array;
  readonly #innerBox: Float64Array;
  readonly #innerChild: Uint32Array;
  readonly #innerCount: Uint8Array;
  readonly #innerParent: Uint32Array;

  constructor(views: PoolViews) {
    this.views = views;
    this.#words = views.words;
    this.#leafAt = views.leafAt;
    this.#leafCount = views.leafCount;
    this.#leafParent = views.leafParent;
    this.#leafGraph = views.leafGraph;
    this.#innerBox = views.innerBox;
    this.#innerChild = views.innerChild;
    this.#innerCount = views.innerCount;
    this.#innerParent = views.innerParent;
  }

  takeLeaf(graph: number): number {
    const words = this.#words;
    const most = this.#leafCount.length;
    // Discarded trees do not count in the bound: the first that the pool needs is given back here.
    if (words[Word.leafBump] === most) while (words[Word.leafFree] === 0 && this.reclaim(1));
    let leaf = this.#nextFree(this.#leafGraph, Word.leafScan, words[Word.leafBump]!, words[Word.leafFree]!, most);
    if (leaf >= 0) {
      words[Word.leafFree]!--;
    } else {
      leaf = words[Word.leafBump]!;
      invariant(leaf < most, 'leaves beyond their derived bound');
      words[Word.leafBump] = leaf + 1;
    }
    this.#leafCount[leaf] = 0;
    this.#leafParent[leaf] = 0;
    this.#leafGraph[leaf] = graph + 1;
    return leaf;
  }

  giveLeaf(leaf: number): void {
    this.#leafGraph[leaf] = 0;
    this.#leafCount[leaf] = 0;
    this.#words[Word.leafFree]!++;
  }

  /** It has children before another is taken: one without any is free. */
  takeInner(): number {
    const words = this.#words;
    const most = this.#innerCount.length;
    if (words[Word.innerBump] === most) while (words[Word.innerFree] === 0 && this.reclaim(1));
    let inner = this.#nextFree(this.#innerCount, Word.innerScan, words[Word.innerBump]!, words[Word.innerFree]!, most);
    if (inner >= 0) {
      words[Word.innerFree]!--;
    } else {
      inner = words[Word.innerBump]!;
      invariant(inner < most, 'inner nodes beyond their derived bound');
      words[Word.innerBump] = inner + 1;
    }
    // After a recovery it still holds what it once was.
    this.#innerCount[inner] = 0;
    this.#innerParent[inner] = 0;
    this.views.innerOpen[inner] = 0;
    return inner;
  }

  giveInner(inner: number): void {
    this.#innerCount[inner] = 0;
    this.#words[Word.innerFree]!++;
  }

  /**
   * The next free node behind the one that was taken last, or -1. What is free is 0 in `marks`. By address and not by when it
   * was given back: the nodes of a packed tree then follow each other in memory (radius queries among 1,000,000 points: 13 to
   * 28 % faster after the second packing). Where few are free only a few are looked at: then new memory is cheaper.
   */
  #nextFree(marks: Uint32Array | Uint8Array, scan: number, bump: number, free: number, most: number): number {
    if (free === 0) return -1;
    const words = this.#words;
    const limit = free * 8 > bump || bump === most ? bump : FEW;
    let at = words[scan]!;
    for (let looked = 0; looked < limit; looked++) {
      if (at >= bump) at = 0;
      if (marks[at] === 0) {
        words[scan] = at + 1;
        return at;
      }
      at++;
    }
    words[scan] = at;
    return -1;
  }

  /** Inner slot + 1 that holds the node; 0 for a root. */
  parentOf(ref: number): number {
    return (ref & 1) === 0 ? this.#leafParent[ref >>> 1]! : this.#innerParent[ref >>> 1]!;
  }

  setParent(ref: number, slotPlusOne: number): void {
    if ((ref & 1) === 0) this.#leafParent[ref >>> 1] = slotPlusOne;
    else this.#innerParent[ref >>> 1] = slotPlusOne;
  }

  /** Writes the node's exact box into an inner slot. */
  writeBox(ref: number, slot: number): void {
    let minX = Number.POSITIVE_INFINITY;
    let minY = Number.POSITIVE_INFINITY;
    let maxX = Number.NEGATIVE_INFINITY;
    let maxY = Number.NEGATIVE_INFINITY;
    if ((ref & 1) === 0) {
      const leafAt = this.#leafAt;
      const start = (ref >>> 1) * FANOUT * ENTRY;
      // At least one entry: a leaf emptied while its tree is being packed keeps the box of the entry it had last.
      const end = start + Math.max(1, this.#leafCount[ref >>> 1]!) * ENTRY;
      for (let at = start; at < end; at += ENTRY) {
        const x = leafAt[at]!;
        const y = leafAt[at + 1]!;
        if (x < minX) minX = x;
        if (x > maxX) maxX = x;
        if (y < minY) minY = y;
        if (y > maxY) maxY = y;
      }
    } else {
      const box = this.#innerBox;
      const start = (ref >>> 1) * FANOUT * BOX;
      const end = start + this.#innerCount[ref >>> 1]! * BOX;
      for (let at = start; at < end; at += BOX) {
        if (box[at]! < minX) minX = box[at]!;
        if (box[at + 1]! < minY) minY = box[at + 1]!;
        if (box[at + MAX_X]! > maxX) maxX = box[at + MAX_X]!;
        if (box[at + MAX_Y]! > maxY) maxY = box[at + MAX_Y]!;
      }
    }
    const box = this.#innerBox;
    const at = slot * BOX;
    box[at] = minX;
    box[at + 1] = minY;
    box[at + MAX_X] = maxX;
    box[at + MAX_Y] = maxY;
  }

  /** The centre of the node's box along an axis, from what it holds. */
  centre(ref: number, axis: number): number {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    if ((ref & 1) === 0) {
      const start = (ref >>> 1) * FANOUT * ENTRY + axis;
      const end = start + Math.max(1, this.#leafCount[ref >>> 1]!) * ENTRY;
      for (let at = start; at < end; at += ENTRY) {
        const value = this.#leafAt[at]!;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    } else {
      const start = (ref >>> 1) * FANOUT * BOX + axis;
      const end = start + this.#innerCount[ref >>> 1]! * BOX;
      for (let at = start; at < end; at += BOX) {
        if (this.#innerBox[at]! < min) min = this.#innerBox[at]!;
        if (this.#innerBox[at + DIM]! > max) max = this.#innerBox[at + DIM]!;
      }
    }
    // Halves: the sum of the farthest coordinates overflows.
    return min * 0.5 + max * 0.5;
  }

  /** From its box as it is now, how far moves may grow a leaf's. */
  limitGrowth(ref: number): void {
    if ((ref & 1) === 1) return;
    const box = this.#innerBox;
    const at = (this.#leafParent[ref >>> 1]! - 1) * BOX;
    const sides = box[at + MAX_X]! - box[at]! + (box[at + MAX_Y]! - box[at + 1]!);
    this.views.leafLimit[ref >>> 1] = sides * (1 + SLACK);
  }

  /** Grows the leaf's box to the point, and its ancestors' with it, if that stays within its limit. */
  grow(leaf: number, up: number, x: number, y: number): boolean {
    const box = this.#innerBox;
    const at = (up - 1) * BOX;
    const minX = x < box[at]! ? x : box[at]!;
    const minY = y < box[at + 1]! ? y : box[at + 1]!;
    const maxX = x > box[at + MAX_X]! ? x : box[at + MAX_X]!;
    const maxY = y > box[at + MAX_Y]! ? y : box[at + MAX_Y]!;
    if (!(maxX - minX + (maxY - minY) <= this.views.leafLimit[leaf]!)) return false;
    this.cover(up, x, y);
    return true;
  }

  /** Whether the box in the slot holds the point. */
  holds(slotPlusOne: number, x: number, y: number): boolean {
    const box = this.#innerBox;
    const at = (slotPlusOne - 1) * BOX;
    return x >= box[at]! && x <= box[at + MAX_X]! && y >= box[at + 1]! && y <= box[at + MAX_Y]!;
  }

  /** Appends a child, with its exact box, to an inner node that has room. */
  append(inner: number, child: number): void {
    const slot = inner * FANOUT + this.#innerCount[inner]!++;
    this.#innerChild[slot] = child;
    this.setParent(child, slot + 1);
    this.writeBox(child, slot);
  }

  /** Takes the child in the slot out of its node: the last child moves into the hole. */
  takeOut(slot: number): void {
    const inner = (slot / FANOUT) | 0;
    const last = inner * FANOUT + --this.#innerCount[inner]!;
    if (last === slot) return;
    const child = this.#innerChild[last]!;
    this.#innerChild[slot] = child;
    this.setParent(child, slot + 1);
    const box = this.#innerBox;
    box.copyWithin(slot * BOX, last * BOX, last * BOX + BOX);
  }

  /** Makes the boxes from a node's slot up to the root contain the point. */
  cover(slotPlusOne: number, x: number, y: number): void {
    const box = this.#innerBox;
    for (let up = slotPlusOne; up !== 0; up = this.#innerParent[((up - 1) / FANOUT) | 0]!) {
      const at = (up - 1) * BOX;
      let inside = true;
      if (x < box[at]!) {
        box[at] = x;
        inside = false;
      } else if (x > box[at + MAX_X]!) {
        box[at + MAX_X] = x;
        inside = false;
      }
      if (y < box[at + 1]!) {
        box[at + 1] = y;
        inside = false;
      } else if (y > box[at + MAX_Y]!) {
        box[at + MAX_Y] = y;
        inside = false;
      }
      // An ancestor's box contains its child's: from here up nothing changes.
      if (inside) return;
    }
  }

  /** Puts a whole subtree aside, to be given back in slices by `reclaim`. O(1). */
  discard(ref: number): void {
    const next = this.#words[Word.discarded]!;
    this.setParent(ref, next === 0 ? LAST : next);
    this.#words[Word.discarded] = ref + 1;
  }

  /** Gives back at most `maxNodes` discarded nodes. True when some are left. */
  reclaim(maxNodes: number): boolean {
    const words = this.#words;
    for (let nodes = 0; nodes < maxNodes; nodes++) {
      const ref = words[Word.discarded]! - 1;
      if (ref < 0) return false;
      const next = this.parentOf(ref);
      words[Word.discarded] = next === LAST ? 0 : next;
      const node = ref >>> 1;
      if ((ref & 1) === 0) {
        this.giveLeaf(node);
      } else {
        for (let at = node * FANOUT; at < node * FANOUT + this.#innerCount[node]!; at++)
          this.discard(this.#innerChild[at]!);
        this.giveInner(node);
      }
    }
    return words[Word.discarded] !== 0;
  }
}
