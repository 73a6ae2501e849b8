import type { Roamer, WatchBook } from '../memory/watch-book.js';
import type { NodeColumns } from '../project/node-columns.js';
import { Detect } from '../ring/outbox.js';
import { type EntryWriter, ROAMING_PHASE } from './entry-writer.js';
import type { NearRows } from './near-rows.js';

const NONE = 0xffffffff;

/** Pairs of nodes that come near and that part: the detector's part for roaming watchers. */
export class RoamDetector {
  readonly #watch: WatchBook;
  readonly #nodes: NodeColumns;
  readonly #near: NearRows;
  readonly #writer: EntryWriter;
  /** z of the entry's node. */
  #z = 0;

  constructor(watch: WatchBook, nodes: NodeColumns, near: NearRows, writer: EntryWriter) {
    this.#watch = watch;
    this.#nodes = nodes;
    this.#near = near;
    this.#writer = writer;
  }

  /** A node that was at a position, or not, and will be at one, or not. The entry holds the node and where it is then. */
  node(
    graph: number,
    row: number,
    was: boolean,
    x0: number,
    y0: number,
    z0: number,
    will: boolean,
    x1: number,
    y1: number,
    z1: number,
  ): boolean {
    if (was && will && x0 === x1 && y0 === y1 && z0 === z1) return true;
    const near = this.#near;
    near.use(graph);
    this.#z = will ? z1 : z0;
    for (const { slot, radius } of this.#watch.roamersOf(this.#writer.entry.group)) {
      const before = near.keep(was ? near.within(graph, x0, y0, z0, radius) : 0).sort();
      const met = will ? near.within(graph, x1, y1, z1, radius) : 0;
      if (!this.#differences(row, slot, before, near.rows.subarray(0, met).sort())) return false;
    }
    return true;
  }

  #differences(row: number, slot: number, before: Uint32Array, after: Uint32Array): boolean {
    const faraway: number[] = [];
    const nearby: number[] = [];
    for (let i = 0, j = 0; i < before.length || j < after.length; ) {
      const a = i < before.length ? before[i]! : NONE;
      const b = j < after.length ? after[j]! : NONE;
      if (a <= b) i++;
      if (b <= a) j++;
      if (a < b && a !== row) faraway.push(a);
      else if (b < a && b !== row) nearby.push(b);
    }
    if (faraway.length + nearby.length === 0) return true;
    const { entry } = this.#writer;
    entry.detect = Detect.faraway;
    if (this.#tell(slot, faraway, 0) < 0) return false;
    entry.detect = Detect.nearby;
    return this.#tell(slot, nearby, faraway.length) >= 0;
  }

  /** Tells of the entry's node and each of the others; the next ordinal, or -1 when there is no room. */
  #tell(slot: number, others: number[], ordinal: number): number {
    const writer = this.#writer;
    const { entry } = writer;
    const { x, y } = this.#nodes;
    entry.subject = slot;
    let next = ordinal;
    for (const other of this.#near.inOrder(others)) {
      entry.other = other;
      entry.otherX = x[other]!;
      entry.otherY = y[other]!;
      entry.distance = this.#near.distance(entry.x, entry.y, this.#z, other);
      if (!writer.emit(ROAMING_PHASE + slot, next++)) return -1;
    }
    return next;
  }

  /** The graph is removed: every near pair parts, the node that came first with each that came later. */
  graphRemoved(graph: number): boolean {
    for (const roamer of this.#watch.roamersOf(this.#writer.entry.group)) {
      if (!this.#pairsPart(graph, roamer)) return false;
    }
    return true;
  }

  #pairsPart(graph: number, { slot, radius }: Roamer): boolean {
    const near = this.#near;
    const writer = this.#writer;
    const { entry } = writer;
    const phase = ROAMING_PHASE + slot;
    if (writer.isOver(phase)) return true;
    near.use(graph);
    const rows = writer.rowsOf(ROAMING_PHASE, () => near.inOrder(near.all(graph)));
    entry.detect = Detect.faraway;
    let [k, ordinal] = writer.reachedOf(phase);
    for (; k < rows.length; k++) {
      const node = rows[k]!;
      writer.reach(phase, k, ordinal);
      entry.node = node;
      entry.x = this.#nodes.x[node]!;
      entry.y = this.#nodes.y[node]!;
      this.#z = near.heightOf(node);
      const found = near.within(graph, entry.x, entry.y, this.#z, radius);
      const others: number[] = [];
      for (let j = 0; j < found; j++) {
        const other = near.rows[j]!;
        if (other !== node && near.comesBefore(node, other)) others.push(other);
      }
      ordinal = this.#tell(slot, others, ordinal);
      if (ordinal < 0) return false;
    }
    return true;
  }
}
