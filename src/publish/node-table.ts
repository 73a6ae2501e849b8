import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { NodeId } from '../base/types.js';
import type { Interner } from '../memory/interner.js';
import type { NodeBook } from '../memory/node-book.js';
import { IdCache } from './id-cache.js';
import { Removals } from './removals.js';
import { Room } from './room.js';
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
/** Ids let out of quarantine by an event that finds no room for its own: some milliseconds' work. */
const RELEASED_AT_ONCE = 4096;

/**
 * Main thread. Node ids and rows, as published: binds ids to rows, unbinds them when their removal is applied, and takes
 * back what an array of events bound that was then refused.
 *
 *   rows   [ live | leaving: removed, not unbound yet | in quarantine | free ]
 *
 * The capacity is that of the live ones. The others come back, so that who is refused for their sake may try again.
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
  readonly #capacity: number;
  readonly #room: Room;
  /** Nodes of each graph that are live, and of all graphs that are not removed: as published. */
  readonly #liveOf: Uint32Array;
  #live = 0;

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
    room?: Room;
  }) {
    this.ids = parts.ids;
    this.book = parts.book;
    this.attention = parts.attention;
    this.#shardOf = parts.shardOfGraph;
    this.#capacity = parts.nodes;
    this.#room = parts.room ?? new Room();
    this.#liveOf = new Uint32Array(parts.book.first.length);
    this.removals = new Removals(parts.removalStamps, parts.shards);
    this.rows = new RowAllocator({
      reserved: parts.reserved,
      shards: parts.shards,
      boundEpoch: parts.boundEpoch,
      shardOfRow: (row) => this.#shardOf(this.ids.scopeOf(row)),
      onRelease: (row) => this.ids.release(row),
    });
  }

  /** Nodes that are bound and not removed, nor their graph: as published. */
  get live(): number {
    return this.#live;
  }

  /** Rows that come back without their owner's doing: of what was removed. */
  get leaving(): number {
    return this.rows.live - this.#live;
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
   * @throws AthanorError ATHANOR_CAPACITY when so many are live, ATHANOR_BACKPRESSURE while the rows or the bytes of ids of
   * removed nodes are not free yet; nothing is done then.
   */
  bind(graph: number, id: NodeId, nowMs: number): number {
    if (this.#live >= this.#capacity) {
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `node ${show(id)}: option capacity.nodes allows ${this.#capacity}, and ${this.#live} are live`,
      );
    }
    const shard = this.#shardOf(graph);
    const row = this.rows.allocate(shard, nowMs);
    if (row === NO_ROW) this.#refuse(id, 'no row is free', nowMs, (need) => this.rows.free >= need);
    let isBound = this.ids.bind(graph, id, row);
    // Ids whose quarantine is over may make room.
    if (!isBound && this.rows.releaseExpired(nowMs, RELEASED_AT_ONCE) > 0) isBound = this.ids.bind(graph, id, row);
    if (!isBound) {
      this.rows.giveBack(row, shard);
      if (!this.#comesBack()) {
        throw new AthanorError(
          'ATHANOR_CAPACITY',
          `node ${show(id)}: ids fill their reservation, with ${this.#live} nodes live: raise option capacity.nodes`,
        );
      }
      const { epoch, quarantined } = this.rows;
      const isFreer = (): boolean => this.rows.epoch > epoch || this.rows.quarantined < quarantined;
      this.#refuse(id, 'ids fill their reservation', nowMs, isFreer);
    }
    this.#liveOf[graph]!++;
    this.#live++;
    this.book.link(row, graph);
    this.attention[row] = Attention.undeclared;
    // Cached on its second use: of a million new ids most are not used again soon, and cached strings die old.
    return row;
  }

  #comesBack(): boolean {
    return this.leaving + this.rows.quarantined > 0;
  }

  /** While room comes back: what it is taken by. */
  #refuse(id: NodeId, why: string, nowMs: number, isThere: (need: number) => boolean): never {
    const { quarantined, nextReleaseMs } = this.rows;
    const wait = Math.max(0, Math.ceil(nextReleaseMs - nowMs));
    const until = quarantined === 0 ? '' : ` (the first for ${wait} ms${wait === 0 ? ' more, once it is read' : ''})`;
    this.#room.refuse(
      'nodes',
      `node ${show(id)}: ${why}: ${this.#live} nodes are live, ${this.leaving} removed and not reclaimed yet, ${quarantined} in quarantine${until}`,
      (need) => isThere(Math.min(need, this.#capacity - this.#live)),
      () => this.#comesBack(),
    );
  }

  /** Takes back a `bind` of a node that is live, of which nothing was published. */
  uncreate(row: number): void {
    const graph = this.ids.scopeOf(row);
    this.#liveOf[graph]!--;
    this.#live--;
    this.#forget(row, graph);
    // No event names the row, and no reader has met it.
    this.ids.release(row);
    this.rows.giveBack(row, this.#shardOf(graph));
  }

  /** The row's removal is applied: its id is no longer found, and the row is free after its quarantine. */
  #unbind(row: number, nowMs: number): void {
    this.#forget(row, this.ids.scopeOf(row));
    this.rows.retire(row, nowMs);
  }

  #forget(row: number, graph: number): void {
    this.#cache.delete(graph, this.ids.idOf(row)!);
    this.ids.unbind(row);
    this.book.unlink(row);
    this.attention[row] = 0;
  }

  /** The row's removal is published, in the frame before ring position `position`. */
  removed(row: number, position: number): void {
    const graph = this.ids.scopeOf(row);
    if ((this.attention[row]! & Attention.removed) === 0) {
      this.#liveOf[graph]!--;
      this.#live--;
    }
    this.attention[row]! |= Attention.removed;
    this.removals.add(this.#shardOf(graph), row, position);
  }

  /** An event is published on a row whose removal was: it keeps the row. */
  wanted(row: number): void {
    this.restore(row, this.attention[row]! & ~Attention.removed, 0);
  }

  /** Attention and removal stamp of a row are what they were before. */
  restore(row: number, attention: number, stamp: number): void {
    const change = ((this.attention[row]! & Attention.removed) - (attention & Attention.removed)) / Attention.removed;
    if (change !== 0) {
      this.#liveOf[this.ids.scopeOf(row)]! += change;
      this.#live += change;
    }
    this.attention[row] = attention;
    this.removals.setStamp(row, stamp);
  }

  /** The graph's removal is published: its nodes are live no more. */
  graphRemoved(graph: number): void {
    this.#live -= this.#liveOf[graph]!;
  }

  /** Takes back `graphRemoved`. */
  graphUnremoved(graph: number): void {
    this.#live += this.#liveOf[graph]!;
  }

  /** Unbinds ids whose removal is applied; at most `budget`. Returns how many. */
  collect(shard: number, appliedPosition: number, nowMs: number, budget: number): number {
    for (let taken = 0; taken < budget; taken++) {
      const row = this.removals.take(shard, appliedPosition);
      if (row < 0) return taken;
      this.#unbind(row, nowMs);
    }
    return budget;
  }

  /** Unbinds rows of a reclaimed graph; at most `budget`. Returns how many: fewer than `budget` when none is left. */
  dropGraph(graph: number, nowMs: number, budget: number): number {
    for (let taken = 0; taken < budget; taken++) {
      const first = this.book.first[graph]!;
      if (first === 0) {
        this.#cache.dropScope(graph);
        this.#liveOf[graph] = 0;
        return taken;
      }
      this.removals.setStamp(first - 1, 0);
      this.#unbind(first - 1, nowMs);
    }
    return budget;
  }
}
