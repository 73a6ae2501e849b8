import { NO_ROW } from '../base/limits.js';
import { RowQueue, TimedRowQueue } from './row-queue.js';

/** Rows that are handed to a shard at once: 1,024 rows of any column are whole cache lines, so shards do not share one. */
const BLOCK_ROWS = 1024;
/** A freed row is not used again for this long. */
export const QUARANTINE_MS = 1000;

/** Why no row was to be had. */
export type RowShortage = 'capacity' | 'quarantine';

/**
 * Main thread. Dense rows, handed out oldest freed first. A retired row waits in quarantine, at least QUARANTINE_MS and as
 * long as a hold older than its retirement lasts, so that handles and reads that are under way never meet another node.
 */
export class RowAllocator {
  readonly #capacity: number;
  readonly #reserved: number;
  readonly #boundEpoch: Uint32Array;
  readonly #fresh: Uint32Array;
  readonly #freshEnd: Uint32Array;
  readonly #free: RowQueue[];
  readonly #shardOfRow: (row: number) => number;
  readonly #quarantine = new TimedRowQueue();
  readonly #holds = new Map<symbol, number>();
  readonly #onRelease: (row: number) => void;
  #nextBlock = 0;
  #live = 0;
  #epoch = 1;

  /**
   * `nodes` rows may be live at once; `reserved` rows exist, the rest being for those in quarantine. `boundEpoch` is
   * zeroed memory of a word a row. `onRelease` is told of each row that leaves quarantine.
   */
  constructor(parts: {
    nodes: number;
    reserved: number;
    shards: number;
    boundEpoch: Uint32Array;
    shardOfRow: (row: number) => number;
    onRelease: (row: number) => void;
  }) {
    this.#capacity = parts.nodes;
    this.#reserved = parts.reserved;
    this.#boundEpoch = parts.boundEpoch;
    this.#fresh = new Uint32Array(parts.shards);
    this.#freshEnd = new Uint32Array(parts.shards);
    this.#free = Array.from({ length: parts.shards }, () => new RowQueue());
    this.#shardOfRow = parts.shardOfRow;
    this.#onRelease = parts.onRelease;
  }

  get live(): number {
    return this.#live;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get quarantined(): number {
    return this.#quarantine.length;
  }

  /** Rows from here on were never used. */
  get highWater(): number {
    return Math.min(this.#reserved, this.#nextBlock * BLOCK_ROWS);
  }

  /** Raised whenever rows leave quarantine: what was bound in a later epoch than a read was taken may be another node. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A row for a node of the shard, or NO_ROW: `shortage` tells why. */
  allocate(shard: number): number {
    if (this.#live >= this.#capacity) return NO_ROW;
    const row = this.#take(shard);
    if (row === NO_ROW) return NO_ROW;
    this.#live++;
    this.#boundEpoch[row] = this.#epoch;
    return row;
  }

  /** Whether every row that exists is live or in quarantine. */
  get isOut(): boolean {
    return this.#live + this.#quarantine.length >= this.#reserved;
  }

  get shortage(): RowShortage {
    return this.#live >= this.#capacity ? 'capacity' : 'quarantine';
  }

  #take(shard: number): number {
    const own = this.#free[shard]!;
    if (own.length > 0) return own.shift();
    if (this.#fresh[shard]! < this.#freshEnd[shard]!) return this.#fresh[shard]!++;
    const start = this.#nextBlock * BLOCK_ROWS;
    if (start < this.#reserved) {
      this.#nextBlock++;
      this.#fresh[shard] = start + 1;
      this.#freshEnd[shard] = Math.min(this.#reserved, start + BLOCK_ROWS);
      return start;
    }
    // Out of its own: any row is as good, it may only share cache lines with another shard's.
    for (let other = 0; other < this.#free.length; other++) {
      if (this.#free[other]!.length > 0) return this.#free[other]!.shift();
      if (this.#fresh[other]! < this.#freshEnd[other]!) return this.#fresh[other]!++;
    }
    return NO_ROW;
  }

  /** A row that was allocated for the shard and met no reader: it may be used again at once. */
  giveBack(row: number, shard: number): void {
    this.#live--;
    this.#free[shard]!.push(row);
  }

  /** The row's id is unbound: it may be used again after its quarantine. */
  retire(row: number, nowMs: number): void {
    this.#live--;
    this.#quarantine.push(row, nowMs);
  }

  /** Keeps rows that retire from now on in quarantine until `unhold`. For jobs, batches of queries, attached reads. */
  hold(nowMs: number): symbol {
    const token = Symbol('hold');
    this.#holds.set(token, nowMs);
    return token;
  }

  unhold(token: symbol): void {
    this.#holds.delete(token);
  }

  /** Lets at most `maxRows` rows out of quarantine whose time has come. Returns how many. */
  releaseExpired(nowMs: number, maxRows: number): number {
    let before = nowMs - QUARANTINE_MS;
    for (const heldSince of this.#holds.values()) before = Math.min(before, heldSince);
    let released = 0;
    while (released < maxRows && this.#quarantine.length > 0 && this.#quarantine.firstMs <= before) {
      const row = this.#quarantine.shift();
      const shard = this.#shardOfRow(row);
      this.#onRelease(row);
      this.#free[shard]!.push(row);
      released++;
    }
    if (released > 0) this.#epoch++;
    return released;
  }

  /** When the next row may leave quarantine; Infinity when none waits. */
  get nextReleaseMs(): number {
    return this.#quarantine.length === 0 ? Number.POSITIVE_INFINITY : this.#quarantine.firstMs + QUARANTINE_MS;
  }

  /** Whether the row was bound after a read of epoch `taken`. */
  isStale(row: number, taken: number): boolean {
    return this.#boundEpoch[row]! > taken;
  }
}
