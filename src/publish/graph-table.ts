import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { GraphBook } from '../memory/graph-book.js';
import type { Interner } from '../memory/interner.js';
import { RowQueue, TimedRowQueue } from './row-queue.js';
import { QUARANTINE_MS } from './rows.js';

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
  }) {
    this.use = parts.use;
    this.#names = parts.names;
    this.#book = parts.book;
    this.#shards = parts.shards;
    this.#capacity = parts.capacity;
    this.#reserved = parts.reserved;
    this.#fresh = Uint32Array.from({ length: parts.shards }, (_, shard) => shard);
    this.#free = Array.from({ length: parts.shards }, () => new RowQueue());
  }

  get live(): number {
    return this.#live;
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

  /** @throws AthanorError ATHANOR_CAPACITY, or ATHANOR_BACKPRESSURE while removed graphs still hold the rows. */
  create(name: string): number {
    if (this.#live >= this.#capacity) {
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `graph '${name}': option capacity.graphs allows ${this.#capacity}, and so many are there`,
      );
    }
    const before = this.find(name);
    const row = before === NO_ROW ? this.#takeAny() : this.#take(this.shardOf(before));
    if (row === NO_ROW) {
      throw new AthanorError('ATHANOR_BACKPRESSURE', `graph '${name}': removed graphs still hold their rows`);
    }
    if (before !== NO_ROW) this.#names.unbind(before);
    if (!this.#names.bind(0, name, row)) {
      if (before !== NO_ROW) this.#names.rebind(before);
      this.#free[this.shardOf(row)]!.push(row);
      throw new AthanorError('ATHANOR_CAPACITY', `graph '${name}': the names of graphs fill their reservation`);
    }
    this.#book.previous[row] = before === NO_ROW ? 0 : before + 1;
    this.#book.generation[row]!++;
    this.use[row] = GraphUse.live;
    this.#live++;
    this.onCreate(row, name);
    return row;
  }

  /** Takes back a `create` that was not published. */
  uncreate(row: number): void {
    this.#names.unbind(row);
    this.#names.release(row);
    const before = this.#book.previous[row]!;
    // Its removal may not be applied yet, and workers compare with its name.
    if (before !== 0) this.#names.rebind(before - 1);
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
  }

  /** The removed graph is reclaimed and its nodes' rows are free: its own may be used again after its quarantine. */
  retire(row: number, nowMs: number): void {
    const name = this.nameOf(row);
    const newest = this.find(name);
    this.#removalPositions.delete(row);
    if (newest === row) {
      this.#names.unbind(row);
    } else if (newest !== NO_ROW) {
      for (let at = newest; ; at = this.#book.previous[at]! - 1) {
        if (this.#book.previous[at] === row + 1) this.#book.previous[at] = this.#book.previous[row]!;
        if (this.#book.previous[at] === 0) break;
      }
    }
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
    }
  }

  #takeAny(): number {
    for (let tries = 0; tries < this.#shards; tries++) {
      const shard = this.#nextShard;
      this.#nextShard = (shard + 1) % this.#shards;
      const row = this.#take(shard);
      if (row !== NO_ROW) return row;
    }
    return NO_ROW;
  }

  #take(shard: number): number {
    const free = this.#free[shard]!;
    if (free.length > 0) return free.shift();
    const row = this.#fresh[shard]!;
    if (row >= this.#reserved) return NO_ROW;
    this.#fresh[shard] = row + this.#shards;
    return row;
  }
}
