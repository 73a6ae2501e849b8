import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { NodeId } from '../base/types.js';
import type { Interner } from '../memory/interner.js';
import type { NodeBook } from '../memory/node-book.js';
import { IdCache } from './id-cache.js';
import { Removals } from './removals.js';
import { RowAllocator } from './rows.js';

/** Bits of a row's attention word: why an event on it cannot take the shortest way. */
export const Attention = {
  /** No frame has declared the binding of the row to its id yet. */
  undeclared: 1,
  /** A removal of the node is published: an event on it from here on keeps the row. */
  removed: 2,
} as const;

/** Entries of the Map in front of the interner: about 20 MB when full. */
const CACHED_IDS = 1 << 18;
/** Rows let out of quarantine by an event that finds none: some milliseconds' work. */
const RELEASED_AT_ONCE = 65_536;

/**
 * Main thread. Node ids and rows, as published: binds ids to rows, unbinds them when their removal is applied, and takes
 * back what an array of events bound that was then refused.
 */
export class NodeTable {
  readonly ids: Interner;
  readonly book: NodeBook;
  readonly rows: RowAllocator;
  readonly removals: Removals;
  /** Attention bits by row. */
  readonly attention: Uint8Array;
  readonly #cache = new IdCache(CACHED_IDS);
  readonly #shardOf: (graph: number) => number;

  constructor(parts: {
    ids: Interner;
    book: NodeBook;
    /** Zeroed memory of a word a row each. */
    boundEpoch: Uint32Array;
    removalStamps: Uint32Array;
    attention: Uint8Array;
    nodes: number;
    reserved: number;
    shards: number;
    shardOfGraph: (graph: number) => number;
  }) {
    this.ids = parts.ids;
    this.book = parts.book;
    this.attention = parts.attention;
    this.#shardOf = parts.shardOfGraph;
    this.removals = new Removals(parts.removalStamps, parts.shards);
    this.rows = new RowAllocator({
      nodes: parts.nodes,
      reserved: parts.reserved,
      shards: parts.shards,
      boundEpoch: parts.boundEpoch,
      shardOfRow: (row) => this.#shardOf(this.ids.scopeOf(row)),
      onRelease: (row) => this.ids.release(row),
    });
  }

  /** Row of a bound id, or NO_ROW. */
  find(graph: number, id: NodeId): number {
    const cached = this.#cache.get(graph, id);
    if (cached !== NO_ROW) return cached;
    const row = this.ids.find(graph, id);
    if (row !== NO_ROW) this.#cache.set(graph, id, row);
    return row;
  }

  /**
   * Binds a new id to a row.
   * @throws AthanorError ATHANOR_CAPACITY, or ATHANOR_BACKPRESSURE while rows wait in quarantine; nothing is done then.
   */
  bind(graph: number, id: NodeId, nowMs: number): number {
    const shard = this.#shardOf(graph);
    let row = this.rows.allocate(shard);
    if (row === NO_ROW && this.rows.releaseExpired(nowMs, RELEASED_AT_ONCE) > 0) row = this.rows.allocate(shard);
    if (row === NO_ROW) {
      if (this.rows.shortage === 'capacity') {
        throw new AthanorError(
          'ATHANOR_CAPACITY',
          `node ${show(id)}: option capacity.nodes allows ${this.rows.capacity}, and so many are there`,
        );
      }
      throw new AthanorError('ATHANOR_BACKPRESSURE', `node ${show(id)}: all free rows are in quarantine`);
    }
    let isBound = this.ids.bind(graph, id, row);
    // Ids whose quarantine is over may make room.
    if (!isBound && this.rows.releaseExpired(nowMs, RELEASED_AT_ONCE) > 0) isBound = this.ids.bind(graph, id, row);
    if (!isBound) {
      this.rows.giveBack(row, shard);
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `node ${show(id)}: ids fill their reservation: raise option capacity.nodes`,
      );
    }
    this.book.link(row, graph);
    this.attention[row] = Attention.undeclared;
    // Cached on its second use: of a million new ids most are not used again soon, and cached strings die old.
    return row;
  }

  /** The row is free from here on: its id is no longer found. */
  unbind(row: number, nowMs: number): void {
    const graph = this.ids.scopeOf(row);
    this.#cache.delete(graph, this.ids.idOf(row)!);
    this.ids.unbind(row);
    this.book.unlink(row);
    this.attention[row] = 0;
    this.rows.retire(row, nowMs);
  }

  /** The row's removal is published, in the frame before ring position `position`. */
  removed(row: number, position: number): void {
    this.attention[row]! |= Attention.removed;
    this.removals.add(this.#shardOf(this.ids.scopeOf(row)), row, position);
  }

  /** An event is published on a row whose removal was: it keeps the row. */
  wanted(row: number): void {
    this.attention[row]! &= ~Attention.removed;
    this.removals.setStamp(row, 0);
  }

  /** Unbinds ids whose removal is applied; at most `budget`. True when it was used up. */
  collect(shard: number, appliedPosition: number, nowMs: number, budget: number): boolean {
    for (let taken = 0; taken < budget; taken++) {
      const row = this.removals.take(shard, appliedPosition);
      if (row < 0) return false;
      this.unbind(row, nowMs);
    }
    return true;
  }

  /** Unbinds rows of a reclaimed graph; at most `budget`. True when some are left. */
  dropGraph(graph: number, nowMs: number, budget: number): boolean {
    for (let taken = 0; taken < budget; taken++) {
      const first = this.book.first[graph]!;
      if (first === 0) {
        this.#cache.dropScope(graph);
        return false;
      }
      this.removals.setStamp(first - 1, 0);
      this.unbind(first - 1, nowMs);
    }
    return true;
  }
}
