import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { GraphBook } from '../memory/graph-book.js';
import type { Interner } from '../memory/interner.js';
import { Room } from './room.js';
import { RowQueue, TimedRowQueue } from './row-queue.js';
import { QUARANTINE_MS } from './rows.js';

/** Rows that leave quarantine for one that is wanted, where as many may. */
const RELEASED_AT_ONCE = 16;

/** What the main thread has published about a graph's row. */
export const GraphUse = { free: 0, live: 1, removed: 2 } as const;

/**
 * Main thread. Rows of graphs by name, as published. A graph created again after its removal gets a new row in the same
 * shard, so the two are applied in order, and at most one row of a name is alive at any moment.
 */
export class GraphTable {
  /** GraphUse by row. */
  readonly use: Uint8Array;
  readonly #names: Interner;
  readonly #book: GraphBook;
  readonly #shards: number;
  readonly #capacity: number;
  readonly #reserved: number;
  readonly #fresh: Uint32Array;
  readonly #free: RowQueue[];
  readonly #quarantine = new TimedRowQueue();
  readonly #removed: number[] = [];
  /** By row: the row + 1 of the graph of the same name that was created when this one's removal was published; 0 = none. */
  readonly #newer: Uint32Array;
  readonly #room: Room;
  /** Removed graphs that are not retired yet. */
  #leaving = 0;
  /** Rows that have left quarantine. */
  #released = 0;
  /** Called when a row is bound to a name. */
  onCreate: (row: number, name: string) => void = () => undefined;
  readonly #removalPositions = new Map<number, number>();
  #nextShard = 0;
  #live = 0;

  constructor(parts: {
    names: Interner;
    book: GraphBook;
    use: Uint8Array;
    shards: number;
    /** Graphs that may be live at once; `reserved` rows exist. */
    capacity: number;
    reserved: number;
    room?: Room;
  }) {
    this.use = parts.use;
    this.#names = parts.names;
    this.#book = parts.book;
    this.#shards = parts.shards;
    this.#capacity = parts.capacity;
    this.#reserved = parts.reserved;
    this.#newer = new Uint32Array(parts.reserved);
    this.#room = parts.room ?? new Room();
    this.#fresh = Uint32Array.from({ length: parts.shards }, (_, shard) => shard);
    this.#free = Array.from({ length: parts.shards }, () => new RowQueue());
  }

  get live(): number {
    return this.#live;
  }

  /** Whether a removed graph is not reclaimed yet: its edges and data still take room. */
  get isLeaving(): boolean {
    return this.#leaving > 0;
  }

  /** When the next row may leave quarantine; Infinity when none waits. */
  get nextReleaseMs(): number {
    return this.#quarantine.length === 0 ? Number.POSITIVE_INFINITY : this.#quarantine.firstMs + QUARANTINE_MS;
  }

  /** Rows from here on were never used. */
  get highWater(): number {
    return Math.max(...this.#fresh);
  }

  shardOf(row: number): number {
    return row % this.#shards;
  }

  generationOf(row: number): number {
    return this.#book.generation[row]!;
  }

  nameOf(row: number): string {
    return this.#names.idOf(row) as string;
  }

  /** Newest row of the name, live or removed; NO_ROW where there is none. */
  find(name: string): number {
    return this.#names.find(0, name);
  }

  /** @throws AthanorError ATHANOR_CAPACITY, or ATHANOR_BACKPRESSURE while removed graphs still hold rows or names. */
  create(name: string, nowMs = 0): number {
    if (this.#live >= this.#capacity) {
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `graph ${show(name)}: option capacity.graphs allows ${this.#capacity}, and ${this.#live} are live`,
      );
    }
    const before = this.find(name);
    const row = before === NO_ROW ? this.#takeAny(nowMs) : this.#take(this.shardOf(before), nowMs);
    if (row === NO_ROW) this.#refuse(name, 'no row is free', (need) => this.#freeFor(name) >= need);
    if (before !== NO_ROW) this.#names.unbind(before);
    if (!this.#names.bind(0, name, row)) {
      if (before !== NO_ROW) this.#names.rebind(before);
      this.#free[this.shardOf(row)]!.push(row);
      const released = this.#released;
      if (this.#comesBack())
        this.#refuse(name, 'names of graphs fill their reservation', () => this.#released > released);
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `graph ${show(name)}: the names of graphs fill their reservation: raise option capacity.graphs`,
      );
    }
    if (before !== NO_ROW) this.#newer[before] = row + 1;
    this.#newer[row] = 0;
    this.#book.previous[row] = before === NO_ROW ? 0 : before + 1;
    this.#book.generation[row]!++;
    this.use[row] = GraphUse.live;
    this.#live++;
    this.onCreate(row, name);
    return row;
  }

  #comesBack(): boolean {
    return this.#leaving + this.#quarantine.length > 0;
  }

  /** While room comes back: what it is taken by. */
  #refuse(name: string, why: string, isThere: (need: number) => boolean): never {
    const quarantined = this.#quarantine.length;
    this.#room.refuse(
      'graphs',
      `graph ${show(name)}: ${why}: ${this.#live} are live, ${this.#leaving} removed and not reclaimed yet, ${quarantined} in quarantine for a second`,
      (need) => isThere(Math.min(need, this.#capacity - this.#live)),
      () => this.#comesBack(),
    );
  }

  /** Rows that a graph of that name may have, and that are free. One that is being removed keeps the name in its shard. */
  #freeFor(name: string): number {
    const before = this.find(name);
    let free = 0;
    for (let shard = 0; shard < this.#shards; shard++) {
      if (before !== NO_ROW && shard !== this.shardOf(before)) continue;
      const fresh = Math.ceil((this.#reserved - this.#fresh[shard]!) / this.#shards);
      free += this.#free[shard]!.length + Math.max(0, fresh);
    }
    return free;
  }

  /** Takes back a `create` that was not published. */
  uncreate(row: number): void {
    this.#names.unbind(row);
    this.#names.release(row);
    const before = this.#book.previous[row]!;
    // Its removal may not be applied yet, and workers compare with its name.
    if (before !== 0) {
      this.#names.rebind(before - 1);
      this.#newer[before - 1] = 0;
    }
    this.use[row] = GraphUse.free;
    this.#live--;
    this.#free[this.shardOf(row)]!.push(row);
  }

  /** The graph's removal stands in the frame before ring position `position` of its shard. */
  remove(row: number, position: number): void {
    this.use[row] = GraphUse.removed;
    this.#removalPositions.set(row, position);
    this.#removed.push(row);
    this.#live--;
    this.#leaving++;
  }

  /** Whether the removal of a removed graph is applied, given what the ring of its shard has applied. */
  isRemovalApplied(row: number, appliedPosition: number): boolean {
    return ((appliedPosition - this.#removalPositions.get(row)!) | 0) >= 0;
  }

  /** Moves the rows removed since the last call to the end of `into`. */
  takeRemoved(into: number[]): void {
    for (const row of this.#removed) into.push(row);
    this.#removed.length = 0;
  }

  /** Takes back a `remove` that was not published. */
  unremove(row: number): void {
    this.use[row] = GraphUse.live;
    this.#removalPositions.delete(row);
    this.#removed.pop();
    this.#live++;
    this.#leaving--;
  }

  /** The removed graph is reclaimed and its nodes' rows are free: its own may be used again after its quarantine. */
  retire(row: number, nowMs: number): void {
    this.#removalPositions.delete(row);
    const newer = this.#newer[row]!;
    const older = this.#book.previous[row]!;
    if (newer === 0) this.#names.unbind(row);
    else this.#book.previous[newer - 1] = older;
    if (older !== 0) this.#newer[older - 1] = newer;
    this.#leaving--;
    this.#quarantine.push(row, nowMs);
  }

  /** Lets at most `maxRows` rows out of quarantine whose time has come. */
  releaseExpired(nowMs: number, maxRows: number): void {
    for (let released = 0; released < maxRows; released++) {
      if (this.#quarantine.length === 0 || this.#quarantine.firstMs > nowMs - QUARANTINE_MS) return;
      const row = this.#quarantine.shift();
      this.#names.release(row);
      this.use[row] = GraphUse.free;
      this.#free[this.shardOf(row)]!.push(row);
      this.#released++;
    }
  }

  #takeAny(nowMs: number): number {
    for (let tries = 0; tries < this.#shards; tries++) {
      const shard = this.#nextShard;
      this.#nextShard = (shard + 1) % this.#shards;
      const row = this.#take(shard, nowMs);
      if (row !== NO_ROW) return row;
    }
    return NO_ROW;
  }

  #take(shard: number, nowMs: number): number {
    const free = this.#free[shard]!;
    // Before a row that was never used: what comes and goes keeps to the memory that it has touched.
    if (free.length === 0 && this.#quarantine.length > 0) this.releaseExpired(nowMs, RELEASED_AT_ONCE);
    if (free.length > 0) return free.shift();
    const row = this.#fresh[shard]!;
    if (row >= this.#reserved) return NO_ROW;
    this.#fresh[shard] = row + this.#shards;
    return row;
  }
}
