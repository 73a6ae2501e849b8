import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { FANOUT, LEAST, MAX_LEVELS, type OrderedViews, Word } from './layout.js';
import { OrderedNodes } from './ordered-nodes.js';
import type { Order } from './orders.js';

/** Entries up to which two neighbours become one node: no insert soon after splits it again. */
const JOINED = (FANOUT * 3) / 4;

/**
 * A shard's graphs in an order: a B+ tree (Comer, "The ubiquitous B-tree", 1979) whose inner entries are exactly the first
 * entries of their children, so that no row of a graph that is gone is ever compared with; its keys are told in orders.ts. `insert` and `remove` are for the
 * shard's writer under its lock, `takeInto` and `takeBackInto` for readers under theirs; each is O(log n), and one more for
 * each row taken. A node that is split because something was put behind its last entry stays full: rows that come in order
 * fill their leaves.
 */
export class OrderedIndex extends OrderedNodes {
  /** By level, from the leaf up: the node of the last descent, and the place in it. */
  readonly #path = new Uint32Array(MAX_LEVELS);
  readonly #slots = new Int32Array(MAX_LEVELS);

  /** `order` is this index's alone: it aims it at what it inserts and removes. */
  constructor(views: OrderedViews, order: Order) {
    super(views, order);
  }

  get size(): number {
    return this.words[Word.size]!;
  }

  // ------------------------------------------------------------ writing

  /** The row is not in the index. */
  insert(row: number): void {
    const words = this.words;
    const order = this.order;
    order.aim(row);
    words[Word.size]!++;
    if (words[Word.height] === 0) {
      const root = this.takeLeaf();
      this.putInLeaf(root, 0, order.keyOf(row, 0), row);
      words[Word.root] = root;
      words[Word.height] = 1;
      return;
    }
    const leaf = this.#descend(order, NO_ROW);
    const place = placeOf(
      this.leafKey,
      this.leafRow,
      leaf * FANOUT,
      this.leafCount[leaf]!,
      this.leafSkip[leaf]!,
      order,
    );
    if (this.leafCount[leaf]! < FANOUT) {
      // Before the first, or behind the last, it may not begin as they do.
      const isInside = place > 0 && place < this.leafCount[leaf]!;
      this.putInLeaf(leaf, place, isInside ? order.key : this.admit(0, leaf, row), row);
      if (place === 0) this.#renew(1, row);
      return;
    }
    const atEnd = place === FANOUT && this.leafNext[leaf] === 0;
    const right = this.splitLeaf(leaf, atEnd ? FANOUT : FANOUT / 2);
    if (atEnd) this.leafSkip[right] = this.startSkip(row, this.leafRow[leaf * FANOUT + FANOUT - 1]!);
    const target = atEnd || place > FANOUT / 2 ? right : leaf;
    this.putInLeaf(target, target === right ? place - this.leafCount[leaf]! : place, this.admit(0, target, row), row);
    if (place === 0) this.#renew(1, row);
    this.#insertInner(this.leafRow[right * FANOUT]!, right);
  }

  /** The row is in the index, and what it is ordered by is still what it was when it was inserted. */
  remove(row: number): void {
    const order = this.order;
    const keys = this.leafKey;
    const rows = this.leafRow;
    order.aim(row);
    const leaf = this.words[Word.height] === 0 ? 0 : this.#descend(order, row);
    const first = leaf * FANOUT;
    const before = this.leafCount[leaf]!;
    const place = before === 0 ? 0 : placeOf(keys, rows, first, before, this.leafSkip[leaf]!, order);
    invariant(place < before && rows[first + place] === row, 'a graph that is removed is in the ordered indexes');
    this.words[Word.size]!--;
    const count = before - 1;
    for (let at = first + place; at < first + count; at++) {
      keys[at] = keys[at + 1]!;
      rows[at] = rows[at + 1]!;
    }
    this.leafCount[leaf] = count;
    if (count === 0) {
      this.freeLeaf(leaf);
      this.#removeInner(1);
      return;
    }
    if (place === 0) this.#renew(1, rows[first]!);
    if (count >= LEAST) return;
    this.#path[0] = leaf;
    if (this.#join(0)) this.#removeInner(1);
  }

  /** Recovery: nothing is in the index. */
  clear(): void {
    this.words.fill(0);
  }

  // ------------------------------------------------------------ reading

  /** Rows from the probe `from` to the probe `to`, itself left out, in order; at most `most`. Returns how many. */
  takeInto(from: Order, to: Order, most: number, out: Uint32Array): number {
    if (this.words[Word.height] === 0) return 0;
    const keys = this.leafKey;
    const rows = this.leafRow;
    let leaf = this.#descend(from, NO_ROW);
    let place = placeOf(keys, rows, leaf * FANOUT, this.leafCount[leaf]!, this.leafSkip[leaf]!, from);
    for (let taken = 0; ; ) {
      const end = leaf * FANOUT + this.leafCount[leaf]!;
      const side = to.enter(rows[leaf * FANOUT]!, this.leafSkip[leaf]!);
      if (side < 0) return taken;
      const last = side > 0 ? Number.POSITIVE_INFINITY : to.key;
      for (let at = leaf * FANOUT + place; at < end; at++) {
        if (taken === most) return taken;
        const key = keys[at]!;
        const row = rows[at]!;
        if (key > last || (key === last && !to.precedes(row))) return taken;
        out[taken++] = row;
      }
      const next = this.leafNext[leaf]!;
      if (next === 0) return taken;
      leaf = next - 1;
      place = 0;
    }
  }

  /** The same rows from the other end: from the last before `to` down to `from`. */
  takeBackInto(from: Order, to: Order, most: number, out: Uint32Array): number {
    if (this.words[Word.height] === 0) return 0;
    const keys = this.leafKey;
    const rows = this.leafRow;
    let leaf = this.#descend(to, NO_ROW);
    let place = placeOf(keys, rows, leaf * FANOUT, this.leafCount[leaf]!, this.leafSkip[leaf]!, to);
    for (let taken = 0; ; ) {
      const side = from.enter(rows[leaf * FANOUT]!, this.leafSkip[leaf]!);
      if (side > 0) return taken;
      const first = side < 0 ? Number.NEGATIVE_INFINITY : from.key;
      for (let at = leaf * FANOUT + place - 1; at >= leaf * FANOUT; at--) {
        if (taken === most) return taken;
        const key = keys[at]!;
        const row = rows[at]!;
        if (key < first || (key === first && from.precedes(row))) return taken;
        out[taken++] = row;
      }
      const before = this.views.leafPrev[leaf]!;
      if (before === 0) return taken;
      leaf = before - 1;
      place = this.leafCount[leaf]!;
    }
  }

  // ------------------------------------------------------------ down and up

  /** The leaf that the probe belongs to; `row` is the probe's own, where it is in the index. */
  #descend(order: Order, row: number): number {
    const words = this.words;
    const path = this.#path;
    const slots = this.#slots;
    let node = words[Word.root]!;
    for (let level = words[Word.height]! - 1; level > 0; level--) {
      const first = node * FANOUT;
      const count = this.innerCount[node]!;
      let slot = placeOf(this.innerKey, this.innerRow, first, count, this.innerSkip[node]!, order);
      // The child before, unless the row itself is the first of this one. Before the first there is none.
      if ((slot === count || this.innerRow[first + slot] !== row) && slot > 0) slot--;
      path[level] = node;
      slots[level] = slot;
      node = this.innerChild[first + slot]!;
    }
    return node;
  }

  /** The first entry below the place in the path at `level` is another now. */
  #renew(level: number, row: number): void {
    const height = this.words[Word.height]!;
    for (let at = level; at < height; at++) {
      const slot = this.#slots[at]!;
      this.#replaceInner(this.#path[at]!, slot, row);
      if (slot !== 0) return;
    }
  }

  #replaceInner(node: number, slot: number, row: number): void {
    this.innerKey[node * FANOUT + slot] = this.admit(1, node, row);
    this.innerRow[node * FANOUT + slot] = row;
  }

  /** The leaf `child`, which begins with this row, comes behind the place in the path; and so on up. */
  #insertInner(row: number, child: number): void {
    const words = this.words;
    for (let level = 1; ; level++) {
      if (level === words[Word.height]) {
        this.#growRoot(row, child);
        return;
      }
      const node = this.#path[level]!;
      const place = this.#slots[level]! + 1;
      if (this.innerCount[node]! < FANOUT) {
        this.putInInner(node, place, row, child);
        return;
      }
      const atEnd = place === FANOUT && this.#isLast(level);
      const right = this.splitInner(node, atEnd ? FANOUT : FANOUT / 2);
      if (atEnd) this.innerSkip[right] = this.startSkip(row, this.innerRow[node * FANOUT + FANOUT - 1]!);
      if (atEnd || place > FANOUT / 2) this.putInInner(right, place - this.innerCount[node]!, row, child);
      else this.putInInner(node, place, row, child);
      row = this.innerRow[right * FANOUT]!;
      child = right;
    }
  }

  /** Whether the path's node is the last of its level. */
  #isLast(level: number): boolean {
    for (let above = level + 1; above < this.words[Word.height]!; above++) {
      if (this.#slots[above]! + 1 !== this.innerCount[this.#path[above]!]) return false;
    }
    return true;
  }

  /** A root above the present one and its new neighbour, which begins with this row. */
  #growRoot(row: number, neighbour: number): void {
    const words = this.words;
    const old = words[Word.root]!;
    const first = (words[Word.height] === 1 ? this.leafRow : this.innerRow)[old * FANOUT]!;
    const root = this.takeInner();
    this.innerSkip[root] = this.startSkip(first, row);
    this.putInInner(root, 0, first, old);
    this.putInInner(root, 1, row, neighbour);
    words[Word.root] = root;
    words[Word.height]!++;
  }

  /** The child at the place in the path at `level` is gone; and what follows from it above. */
  #removeInner(from: number): void {
    const words = this.words;
    for (let level = from; ; level++) {
      if (level === words[Word.height]) {
        // The root itself is gone.
        words[Word.height] = 0;
        return;
      }
      const node = this.#path[level]!;
      const slot = this.#slots[level]!;
      const first = node * FANOUT;
      const count = this.innerCount[node]! - 1;
      this.moveEntries(1, first + slot + 1, first + slot, count - slot);
      this.innerCount[node] = count;
      if (count === 0) {
        this.freeInner(node);
        continue;
      }
      if (slot === 0) this.#renew(level + 1, this.innerRow[first]!);
      if (level + 1 === words[Word.height]) {
        this.#shrinkRoot();
        return;
      }
      if (count >= LEAST || !this.#join(level)) return;
    }
  }

  /** A root with one child gives its place to it. */
  #shrinkRoot(): void {
    const words = this.words;
    while (words[Word.height]! > 1 && this.innerCount[words[Word.root]!] === 1) {
      const root = words[Word.root]!;
      words[Word.root] = this.innerChild[root * FANOUT]!;
      words[Word.height]!--;
      this.freeInner(root);
    }
  }

  /**
   * The path's node at `level` has few entries: becomes one with its neighbour, or takes some of it. True when a node is gone;
   * then the path above stands on its place.
   */
  #join(level: number): boolean {
    if (level + 1 === this.words[Word.height]) return false;
    const parent = this.#path[level + 1]!;
    // Without a neighbour under its parent it is the last of its level.
    if (this.innerCount[parent] === 1) return false;
    const slot = this.#slots[level + 1] || 1;
    const left = this.innerChild[parent * FANOUT + slot - 1]!;
    const right = this.innerChild[parent * FANOUT + slot]!;
    const counts = level === 0 ? this.leafCount : this.innerCount;
    const lefts = counts[left]!;
    const rights = counts[right]!;
    const total = lefts + rights;
    const rows = level === 0 ? this.leafRow : this.innerRow;
    // Entries move between the two: their keys leave out the same.
    const skips = level === 0 ? this.leafSkip : this.innerSkip;
    const shared = this.order.shared(rows[left * FANOUT]!, rows[right * FANOUT + rights - 1]!);
    const skip = Math.min(shared, skips[left]!, skips[right]!);
    this.rekey(level, left, skip);
    this.rekey(level, right, skip);
    if (total <= JOINED) {
      this.moveEntries(level, right * FANOUT, left * FANOUT + lefts, rights);
      counts[left] = total;
      this.tighten(level, left);
      this.#slots[level + 1] = slot;
      if (level === 0) this.freeLeaf(right);
      else this.freeInner(right);
      return true;
    }
    const half = total >>> 1;
    if (half > lefts) {
      this.moveEntries(level, right * FANOUT, left * FANOUT + lefts, half - lefts);
      this.moveEntries(level, right * FANOUT + half - lefts, right * FANOUT, total - half);
    } else {
      this.moveEntries(level, right * FANOUT, right * FANOUT + lefts - half, rights);
      this.moveEntries(level, left * FANOUT + half, right * FANOUT, lefts - half);
    }
    counts[left] = half;
    counts[right] = total - half;
    this.tighten(level, left);
    this.tighten(level, right);
    this.#replaceInner(parent, slot, rows[right * FANOUT]!);
    return false;
  }
}

/** Entries of the node, which has some, that come before the probe. */
function placeOf(
  keys: Float64Array,
  rows: Uint32Array,
  first: number,
  count: number,
  skip: number,
  probe: Order,
): number {
  const side = probe.enter(rows[first]!, skip);
  if (side !== 0) return side < 0 ? 0 : count;
  const key = probe.key;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = keys[first + middle]!;
    if (found < key || (found === key && probe.precedes(rows[first + middle]!))) low = middle + 1;
    else high = middle;
  }
  return low;
}
