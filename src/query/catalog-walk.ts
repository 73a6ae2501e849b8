import { behind, NameOrder, TimeOrder } from '../catalog/orders.js';
import type { GraphFacts, ShardCatalog } from '../catalog/shard-catalog.js';
import type { Interner } from '../memory/interner.js';
import { GraphState } from '../project/graph-columns.js';

/** A graph as it was read, under the lock of its shard. */
export interface Found {
  readonly row: number;
  readonly name: string;
  readonly createdAt: number;
  /** Publish sequence of its creation. */
  readonly born: number;
  readonly nodes: number;
  readonly edges: number;
}

/** A question about graphs in an order, as one shard after the other is asked it. `most` rows are asked for at a time. */
export interface Walk {
  /** Order of the answer. */
  compare(a: Found, b: Found): number;
  /** At the beginning for a shard; what does not come before `last` is not wanted. */
  begin(last: Found | undefined): void;
  /**
   * Under the shard's lock: the next rows, at most `most`, into `out`, which is the same each time and left as it is; its
   * length is the most that is looked at.
   */
  take(catalog: ShardCatalog, most: number, out: Uint32Array): number;
  /** Whether the shard has no more, after `take` wrote `taken` rows of `most`. */
  isOver(taken: number, most: number): boolean;
  /** The lock is given back, and `last` was the last row taken: the next `take` goes on behind it. */
  goOnBehind(last: Found): void;
}

/** Probes for the two ends of a range of names. */
export class NameEnds {
  readonly from: NameOrder;
  readonly to: NameOrder;

  constructor(names: Interner) {
    this.from = new NameOrder(names);
    this.to = new NameOrder(names);
  }
}

/** Names from `from` on and before `to`, in the order of names or from its end. */
export class NameWalk implements Walk {
  readonly #from: NameOrder;
  readonly #to: NameOrder;
  readonly #lower: string;
  readonly #upper: string | undefined;
  readonly #descending: boolean;

  /** `ends`: the walk's until its end. They are large, so that who walks often makes them once. */
  constructor(ends: NameEnds, from: string, to: string | undefined, descending: boolean) {
    this.#from = ends.from;
    this.#to = ends.to;
    this.#lower = from;
    this.#upper = to;
    this.#descending = descending;
  }

  compare(a: Found, b: Found): number {
    return a.name < b.name !== this.#descending ? -1 : 1;
  }

  begin(last: Found | undefined): void {
    const descending = this.#descending;
    this.#from.aimAt(last === undefined || !descending ? this.#lower : behind(last.name));
    this.#to.aimAt(last === undefined || descending ? this.#upper : last.name);
  }

  take(catalog: ShardCatalog, most: number, out: Uint32Array): number {
    if (this.#descending) return catalog.names.takeBackInto(this.#from, this.#to, most, out);
    return catalog.names.takeInto(this.#from, this.#to, most, out);
  }

  isOver(taken: number, most: number): boolean {
    return taken < most;
  }

  goOnBehind(last: Found): void {
    if (this.#descending) this.#to.aimAt(last.name);
    else this.#from.aimAt(behind(last.name));
  }
}

/** Times of creation from `from` to `to`, both included; graphs of one time in the order of their creations. */
export class TimeWalk implements Walk {
  readonly #from: TimeOrder;
  readonly #to: TimeOrder;
  readonly #lower: number;
  readonly #upper: number;
  readonly #descending: boolean;

  constructor(graphs: GraphFacts, from: number, to: number, descending: boolean) {
    this.#from = new TimeOrder(graphs.created, graphs.born);
    this.#to = new TimeOrder(graphs.created, graphs.born);
    this.#lower = from;
    this.#upper = to;
    this.#descending = descending;
  }

  compare(a: Found, b: Found): number {
    const order = a.createdAt - b.createdAt || a.born - b.born;
    return this.#descending ? -order : order;
  }

  begin(last: Found | undefined): void {
    const descending = this.#descending;
    if (last === undefined || !descending) this.#from.aimAt(this.#lower, 0);
    else this.#from.aimAt(last.createdAt, last.born + 1);
    if (last === undefined || descending) this.#to.aimAt(this.#upper, Number.POSITIVE_INFINITY);
    else this.#to.aimAt(last.createdAt, last.born);
  }

  take(catalog: ShardCatalog, most: number, out: Uint32Array): number {
    if (this.#descending) return catalog.times.takeBackInto(this.#from, this.#to, most, out);
    return catalog.times.takeInto(this.#from, this.#to, most, out);
  }

  isOver(taken: number, most: number): boolean {
    return taken < most;
  }

  goOnBehind(last: Found): void {
    if (this.#descending) this.#to.aimAt(last.createdAt, last.born);
    else this.#from.aimAt(last.createdAt, last.born + 1);
  }
}

/** Stands for no count. */
const NONE = -1;

/**
 * Counts of nodes from `from` to `to`, both included; graphs of one count in no order. A list has no order that one could go
 * on in, so the rows that were taken from it are kept: the walk goes on behind the last of them that is still there, and at
 * the list's head when none is. Rows are put in at the head, so what stays where it is is met once; what comes back may be
 * met again and is passed over.
 */
export class CountWalk implements Walk {
  readonly #graphs: GraphFacts;
  readonly #least: number;
  readonly #most: number;
  readonly #descending: boolean;
  #from = 0;
  #to = 0;
  /** Count of the list that the walk stands in; NONE before the first. */
  #count = NONE;
  /** Rows taken from that list. */
  readonly #taken: number[] = [];
  /** Rows taken from the shard, once the lock was given back. */
  readonly #met = new Set<number>();
  /** Rows that the last `take` wrote. */
  #before = 0;

  /** `from` and `to` are whole, or Infinity. */
  constructor(graphs: GraphFacts, from: number, to: number, descending: boolean) {
    this.#graphs = graphs;
    this.#least = from;
    this.#most = to;
    this.#descending = descending;
  }

  compare(a: Found, b: Found): number {
    return this.#descending ? b.nodes - a.nodes : a.nodes - b.nodes;
  }

  begin(last: Found | undefined): void {
    this.#from = this.#least;
    this.#to = this.#most;
    if (last !== undefined && this.#descending) this.#from = last.nodes + 1;
    else if (last !== undefined) this.#to = last.nodes - 1;
    this.#count = NONE;
    this.#taken.length = 0;
    this.#met.clear();
  }

  take(catalog: ShardCatalog, most: number, out: Uint32Array): number {
    const { counts } = catalog;
    const again = this.#count !== NONE;
    for (let i = 0; again && i < this.#before; i++) this.#met.add(out[i]!);
    let at = again ? this.#whereItWas(catalog) : this.#nextList(catalog);
    let taken = 0;
    // Every step counts, those past rows met before as well: the lock is held for so many at most.
    for (let steps = 0; this.#count !== NONE && taken < most && steps < out.length; ) {
      if (at === 0) {
        at = this.#nextList(catalog);
        continue;
      }
      const row = catalog.graphOf(at - 1);
      this.#taken.push(at - 1);
      at = counts.after(at - 1);
      steps++;
      if (!this.#met.has(row)) out[taken++] = row;
    }
    this.#before = taken;
    return taken;
  }

  isOver(): boolean {
    return this.#count === NONE;
  }

  goOnBehind(): void {}

  /** First of the next list in the range, a local row + 1; 0 and no count where there is none. */
  #nextList({ counts }: ShardCatalog): number {
    const count = this.#count;
    let next: number;
    // A graph that grows as fast as the walk goes does not lead it on for ever.
    if (count === NONE) this.#to = Math.min(this.#to, counts.most);
    if (this.#descending) {
      const to = count === NONE ? this.#to : count - 1;
      next = to < this.#from ? NONE : counts.countTo(to);
    } else {
      const from = count === NONE ? this.#from : count + 1;
      next = from > this.#to ? NONE : counts.countFrom(from);
    }
    this.#taken.length = 0;
    this.#count = next < this.#from || next > this.#to ? NONE : next;
    return this.#count === NONE ? 0 : counts.first(next);
  }

  /** Where the walk goes on in its list, a local row + 1; 0 at its end. */
  #whereItWas(catalog: ShardCatalog): number {
    const { state, order } = this.#graphs;
    const taken = this.#taken;
    for (; taken.length > 0; taken.pop()) {
      const local = taken[taken.length - 1]!;
      const row = catalog.graphOf(local);
      if (state[row] === GraphState.alive && order[row] === this.#count) return catalog.counts.after(local);
    }
    return catalog.counts.first(this.#count);
  }
}
