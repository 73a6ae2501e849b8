import { NO_ROW } from '../base/limits.js';
import { RowQueue, TimedRowQueue } from './row-queue.js';

/** Rows that are handed to a shard at once: 1,024 rows of any column are whole cache lines, so shards do not share one. */
const BLOCK_ROWS = 1024;
/** A freed row is not used again for this long. */
export const QUARANTINE_MS = 1000;
/**
 * Epochs are so long. A row that was read is bound anew a quarantine later at the earliest: two epochs. So they tell the two
 * apart, and 32 bits of them last for 68 years, however often rows come and go.
 */
const EPOCH_MS = QUARANTINE_MS / 2;
/** Rows that leave quarantine for one that is wanted, where as many may: the work stays in proportion. */
const RELEASED_AT_ONCE = 64;

/**
 * Main thread. Dense rows, handed out oldest freed first. A retired row waits in quarantine, at least QUARANTINE_MS and as
 * long as a hold older than its retirement lasts, so that handles and reads that are under way never meet another node.
 */
export class RowAllocator {
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
   * `reserved` rows exist, for live nodes and those in quarantine. `boundEpoch` is zeroed memory of a word a row. `onRelease`
   * is told of each row that leaves quarantine.
   */
  constructor(parts: {
    reserved: number;
    shards: number;
    boundEpoch: Uint32Array;
    shardOfRow: (row: number) => number;
    onRelease: (row: number) => void;
  }) {
    this.#reserved = parts.reserved;
    this.#boundEpoch = parts.boundEpoch;
    this.#fresh = new Uint32Array(parts.shards);
    this.#freshEnd = new Uint32Array(parts.shards);
    this.#free = Array.from({ length: parts.shards }, () => new RowQueue());
    this.#shardOfRow = parts.shardOfRow;
    this.#onRelease = parts.onRelease;
  }

  /** Rows that are handed out and not retired. */
  get live(): number {
    return this.#live;
  }

  get quarantined(): number {
    return this.#quarantine.length;
  }

  /** Rows that are to be had at once. */
  get free(): number {
    return this.#reserved - this.#live - this.#quarantine.length;
  }

  /** Rows from here on were never used. */
  get highWater(): number {
    return Math.min(this.#reserved, this.#nextBlock * BLOCK_ROWS);
  }

  /** Raised when rows leave quarantine: what was bound in a later epoch than a read was taken may be another node. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A row for a node of the shard, or NO_ROW: all that exist are live or in quarantine. */
  allocate(shard: number, nowMs: number): number {
    const row = this.#take(shard, nowMs);
    if (row === NO_ROW) return NO_ROW;
    this.#live++;
    this.#boundEpoch[row] = this.#epoch;
    return row;
  }

  #take(shard: number, nowMs: number): number {
    const own = this.#free[shard]!;
    // Those whose time has come before those that were never used: what comes and goes keeps to the memory that it has touched.
    if (own.length === 0 && this.#quarantine.length > 0) this.releaseExpired(nowMs, RELEASED_AT_ONCE);
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
    for (const heldSince of this.#holds.values()) if (heldSince < before) before = heldSince;
    let released = 0;
    while (released < maxRows && this.#quarantine.length > 0 && this.#quarantine.firstMs <= before) {
      const row = this.#quarantine.shift();
      const shard = this.#shardOfRow(row);
      this.#onRelease(row);
      this.#free[shard]!.push(row);
      released++;
    }
    if (released > 0) this.#epoch = Math.max(this.#epoch, Math.floor(nowMs / EPOCH_MS) + 1);
    return released;
  }

  /** When the next row may leave quarantine, if nothing holds it; Infinity when none waits. */
  get nextReleaseMs(): number {
    return this.#quarantine.length === 0 ? Number.POSITIVE_INFINITY : this.#quarantine.firstMs + QUARANTINE_MS;
  }

  /** Whether the row was bound after a read of epoch `taken`. */
  isStale(row: number, taken: number): boolean {
    return this.#boundEpoch[row]! > taken;
  }
}
