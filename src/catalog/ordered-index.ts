import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { FANOUT, LEAST, MAX_LEVELS, type OrderedViews, Word } from './layout.js';
import { OrderedNodes } from './ordered-nodes.js';
import type { Order } from './orders.js';

/** Entries up to which two neighbours become one node: no insert soon after splits it again. */
const JOINED = (FANOUT * 3) / 4;

/**
 * A shard's graphs in an order: a B+ tree (Comer, "The ubiquitous B-tree", 1979) whose inner entries are exactly the first
 * entries of their children, so that no row of a graph that is gone is ever compared with. `insert` and `remove` are for the
 * shard's writer under its lock, `takeInto` and `takeBackInto` for readers under theirs; each is O(log n), and one more for
 * each row taken. A node that is split because something was put behind its last entry stays full: rows that come in order
 * fill their leaves.
 */
export class OrderedIndex extends OrderedNodes {
  readonly #order: Order;
  /** By level, from the leaf up: the node of the last descent, and the place in it. */
  readonly #path = new Uint32Array(MAX_LEVELS);
  readonly #slots = new Int32Array(MAX_LEVELS);

  /** `order` is this index's alone: it aims it at what it inserts and removes. */
  constructor(views: OrderedViews, order: Order) {
    super(views);
    this.#order = order;
  }

  get size(): number {
    return this.words[Word.size]!;
  }

  // ------------------------------------------------------------ writing

  /** The row is not in the index. */
  insert(row: number): void {
    const words = this.words;
    const order = this.#order;
    order.aim(row);
    if (words[Word.height] === 0) {
      words[Word.root] = this.takeLeaf();
      words[Word.height] = 1;
    }
    const leaf = this.#descend(order, NO_ROW);
    const place = placeOf(this.leafKey, this.leafRow, leaf * FANOUT, this.leafCount[leaf]!, order);
    words[Word.size]!++;
    if (this.leafCount[leaf]! < FANOUT) {
      this.putInLeaf(leaf, place, order.key, row);
      if (place === 0) this.#renew(1, order.key, row);
      return;
    }
    const atEnd = place === FANOUT && this.leafNext[leaf] === 0;
    const right = this.splitLeaf(leaf, atEnd ? FANOUT : FANOUT / 2);
    if (atEnd || place > FANOUT / 2) {
      this.putInLeaf(right, place - this.leafCount[leaf]!, order.key, row);
    } else {
      this.putInLeaf(leaf, place, order.key, row);
      if (place === 0) this.#renew(1, order.key, row);
    }
    this.#insertInner(this.leafKey[right * FANOUT]!, this.leafRow[right * FANOUT]!, right);
  }

  /** The row is in the index, and what it is ordered by is still what it was when it was inserted. */
  remove(row: number): void {
    const order = this.#order;
    const keys = this.leafKey;
    const rows = this.leafRow;
    order.aim(row);
    const leaf = this.words[Word.height] === 0 ? 0 : this.#descend(order, row);
    const first = leaf * FANOUT;
    const before = this.leafCount[leaf]!;
    const place = placeOf(keys, rows, first, before, order);
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
    if (place === 0) this.#renew(1, keys[first]!, rows[first]!);
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
    const last = to.key;
    let leaf = this.#descend(from, NO_ROW);
    let place = placeOf(keys, rows, leaf * FANOUT, this.leafCount[leaf]!, from);
    for (let taken = 0; ; ) {
      const end = leaf * FANOUT + this.leafCount[leaf]!;
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
    const first = from.key;
    let leaf = this.#descend(to, NO_ROW);
    let place = placeOf(keys, rows, leaf * FANOUT, this.leafCount[leaf]!, to);
    for (let taken = 0; ; ) {
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
      let slot = placeOf(this.innerKey, this.innerRow, first, count, order);
      // The child before, unless the row itself is the first of this one. Before the first there is none.
      if ((slot === count || this.innerRow[first + slot] !== row) && slot > 0) slot--;
      path[level] = node;
      slots[level] = slot;
      node = this.innerChild[first + slot]!;
    }
    return node;
  }

  /** The first entry below the place in the path at `level` is another now. */
  #renew(level: number, key: number, row: number): void {
    const height = this.words[Word.height]!;
    for (let at = level; at < height; at++) {
      const slot = this.#slots[at]!;
      const place = this.#path[at]! * FANOUT + slot;
      this.innerKey[place] = key;
      this.innerRow[place] = row;
      if (slot !== 0) return;
    }
  }

  /** The leaf `child`, which begins with this entry, comes behind the place in the path; and so on up. */
  #insertInner(key: number, row: number, child: number): void {
    const words = this.words;
    for (let level = 1; ; level++) {
      if (level === words[Word.height]) {
        this.#growRoot(key, row, child);
        return;
      }
      const node = this.#path[level]!;
      const place = this.#slots[level]! + 1;
      if (this.innerCount[node]! < FANOUT) {
        this.putInInner(node, place, key, row, child);
        return;
      }
      const atEnd = place === FANOUT && this.#isLast(level);
      const right = this.splitInner(node, atEnd ? FANOUT : FANOUT / 2);
      if (atEnd || place > FANOUT / 2) this.putInInner(right, place - this.innerCount[node]!, key, row, child);
      else this.putInInner(node, place, key, row, child);
      key = this.innerKey[right * FANOUT]!;
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

  /** A root above the present one and its new neighbour, which begins with this entry. */
  #growRoot(key: number, row: number, neighbour: number): void {
    const words = this.words;
    const old = words[Word.root]!;
    const ofLeaf = words[Word.height] === 1;
    const root = this.takeInner();
    const keys = ofLeaf ? this.leafKey : this.innerKey;
    const rows = ofLeaf ? this.leafRow : this.innerRow;
    this.putInInner(root, 0, keys[old * FANOUT]!, rows[old * FANOUT]!, old);
    this.putInInner(root, 1, key, row, neighbour);
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
      if (slot === 0) this.#renew(level + 1, this.innerKey[first]!, this.innerRow[first]!);
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
    if (total <= JOINED) {
      this.moveEntries(level, right * FANOUT, left * FANOUT + lefts, rights);
      counts[left] = total;
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
    const keys = level === 0 ? this.leafKey : this.innerKey;
    const rows = level === 0 ? this.leafRow : this.innerRow;
    this.innerKey[parent * FANOUT + slot] = keys[right * FANOUT]!;
    this.innerRow[parent * FANOUT + slot] = rows[right * FANOUT]!;
    return false;
  }
}

/** Entries of the node that come before the probe. */
function placeOf(keys: Float64Array, rows: Uint32Array, first: number, count: number, probe: Order): number {
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
