import { invariant } from '../base/errors.js';
import { FANOUT, type PoolViews, Word } from './layout.js';

const DIM = 3;
/** Words of a leaf's entry. */
const ENTRY = 4;
/** Words of a box, and where its greatest coordinates stand. */
const BOX = 6;
const MAX_X = 3;
const MAX_Y = 4;
const MAX_Z = 5;
const Z = 2;

/** Part of its half perimeter at the last split or packing by which moves may grow a leaf's box before they reinsert. */
const SLACK = 0.2;

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
    // Discarded trees do not count in the bound: the first that the pool needs is given back here.
    if (words[Word.leafBump] === this.#leafCount.length) while (words[Word.leafFree] === 0 && this.reclaim(1));
    let leaf = words[Word.leafFree]! - 1;
    if (leaf >= 0) {
      words[Word.leafFree] = this.#leafParent[leaf]!;
    } else {
      leaf = words[Word.leafBump]!;
      invariant(leaf < this.#leafCount.length, 'leaves beyond their derived bound');
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
    this.#leafParent[leaf] = this.#words[Word.leafFree]!;
    this.#words[Word.leafFree] = leaf + 1;
  }

  takeInner(): number {
    const words = this.#words;
    if (words[Word.innerBump] === this.#innerCount.length) while (words[Word.innerFree] === 0 && this.reclaim(1));
    let inner = words[Word.innerFree]! - 1;
    if (inner >= 0) {
      words[Word.innerFree] = this.#innerParent[inner]!;
    } else {
      inner = words[Word.innerBump]!;
      invariant(inner < this.#innerCount.length, 'inner nodes beyond their derived bound');
      words[Word.innerBump] = inner + 1;
    }
    this.#innerCount[inner] = 0;
    this.#innerParent[inner] = 0;
    return inner;
  }

  giveInner(inner: number): void {
    this.#innerCount[inner] = 0;
    this.#innerParent[inner] = this.#words[Word.innerFree]!;
    this.#words[Word.innerFree] = inner + 1;
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
    let minZ = Number.POSITIVE_INFINITY;
    let maxX = Number.NEGATIVE_INFINITY;
    let maxY = Number.NEGATIVE_INFINITY;
    let maxZ = Number.NEGATIVE_INFINITY;
    if ((ref & 1) === 0) {
      const leafAt = this.#leafAt;
      const start = (ref >>> 1) * FANOUT * ENTRY;
      // At least one entry: a leaf emptied while its tree is being packed keeps the box of the entry it had last.
      const end = start + Math.max(1, this.#leafCount[ref >>> 1]!) * ENTRY;
      for (let at = start; at < end; at += ENTRY) {
        const x = leafAt[at]!;
        const y = leafAt[at + 1]!;
        const z = leafAt[at + Z]!;
        if (x < minX) minX = x;
        if (x > maxX) maxX = x;
        if (y < minY) minY = y;
        if (y > maxY) maxY = y;
        if (z < minZ) minZ = z;
        if (z > maxZ) maxZ = z;
      }
    } else {
      const box = this.#innerBox;
      const start = (ref >>> 1) * FANOUT * BOX;
      const end = start + this.#innerCount[ref >>> 1]! * BOX;
      for (let at = start; at < end; at += BOX) {
        if (box[at]! < minX) minX = box[at]!;
        if (box[at + 1]! < minY) minY = box[at + 1]!;
        if (box[at + Z]! < minZ) minZ = box[at + Z]!;
        if (box[at + MAX_X]! > maxX) maxX = box[at + MAX_X]!;
        if (box[at + MAX_Y]! > maxY) maxY = box[at + MAX_Y]!;
        if (box[at + MAX_Z]! > maxZ) maxZ = box[at + MAX_Z]!;
      }
    }
    const box = this.#innerBox;
    const at = slot * BOX;
    box[at] = minX;
    box[at + 1] = minY;
    box[at + Z] = minZ;
    box[at + MAX_X] = maxX;
    box[at + MAX_Y] = maxY;
    box[at + MAX_Z] = maxZ;
  }

  /** Twice the centre of the node's box along an axis, from what it holds. */
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
    return min + max;
  }

  /** From its box as it is now, how far moves may grow a leaf's. */
  limitGrowth(ref: number): void {
    if ((ref & 1) === 1) return;
    const box = this.#innerBox;
    const at = (this.#leafParent[ref >>> 1]! - 1) * BOX;
    const lengthZ = box[at + MAX_Z]! - box[at + Z]!;
    const sides = box[at + MAX_X]! - box[at]! + (box[at + MAX_Y]! - box[at + 1]!) + lengthZ;
    this.views.leafLimit[ref >>> 1] = sides * (1 + SLACK);
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
  cover(slotPlusOne: number, x: number, y: number, z: number): void {
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
      if (z < box[at + Z]!) {
        box[at + Z] = z;
        inside = false;
      } else if (z > box[at + MAX_Z]!) {
        box[at + MAX_Z] = z;
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
