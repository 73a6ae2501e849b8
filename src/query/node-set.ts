import { AthanorError } from '../base/errors.js';
import type { Handle, NodeId } from '../base/types.js';

/** How a result set finds the ids of its handles. */
export interface IdSource {
  idOf(row: number): NodeId | undefined;
  /** Whether the row may stand for another node than at `epoch`. */
  isStale(row: number, epoch: number): boolean;
  readonly epoch: number;
}

/** Rows of a slab. A result set takes a slice of one: a typed array of its own would cost more than the query. */
const SLAB_ROWS = 1 << 16;

/** What `make` allocates; the slab is as it was where there is no memory for it. */
function grown<T>(count: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new AthanorError('ATHANOR_CAPACITY', `a result of ${count} nodes: there is no memory for it`, {
      cause: error,
    });
  }
}

/**
 * Where queries write: an array with room behind `at`. Sets keep the slab they stand in alive; a full one is left to them.
 */
export class Slab {
  rows: Uint32Array = new Uint32Array(SLAB_ROWS);
  distances: Float64Array = new Float64Array(0);
  at = 0;

  /**
   * Makes room for `count` rows behind `at`.
   * @throws AthanorError ATHANOR_CAPACITY when there is no memory for them.
   */
  reserve(count: number): void {
    if (this.at + count <= this.rows.length) return;
    this.rows = grown(count, () => new Uint32Array(Math.max(SLAB_ROWS, count)));
    this.distances = new Float64Array(0);
    this.at = 0;
  }

  /** As `reserve`, with a distance beside each row. */
  reserveDistances(count: number): void {
    this.reserve(count);
    if (this.distances.length !== this.rows.length) {
      this.distances = grown(count, () => new Float64Array(this.rows.length));
    }
  }
}

/** The nodes that a query found, at the moment it was asked. */
export class NodeSet implements Iterable<NodeId> {
  /** Nodes found. */
  readonly length: number;
  readonly #source: IdSource;
  readonly #rows: Uint32Array;
  readonly #distances: Float64Array | undefined;
  readonly #start: number;
  readonly #epoch: number;

  /** @internal `epoch`: of the rows as the query found them. */
  constructor(
    source: IdSource,
    rows: Uint32Array,
    distances: Float64Array | undefined,
    start: number,
    length: number,
    epoch = source.epoch,
  ) {
    this.#source = source;
    this.#rows = rows;
    this.#distances = distances;
    this.#start = start;
    this.length = length;
    this.#epoch = epoch;
  }

  /** Their handles: a view, valid as long as the set. */
  get handles(): Uint32Array {
    return this.#rows.subarray(this.#start, this.#start + this.length);
  }

  /** Of `nearest`, and of `within` when sorted. */
  get distances(): Float64Array | undefined {
    return this.#distances?.subarray(this.#start, this.#start + this.length);
  }

  /**
   * Their ids.
   * @throws AthanorError ATHANOR_STALE_HANDLE when a node was removed and its handle is in use again or forgotten.
   */
  ids(): NodeId[] {
    const ids = new Array<NodeId>(this.length);
    for (let i = 0; i < this.length; i++) ids[i] = this.#id(i);
    return ids;
  }

  /** Their ids, as `ids`. */
  *[Symbol.iterator](): IterableIterator<NodeId> {
    for (let i = 0; i < this.length; i++) yield this.#id(i);
  }

  #id(i: number): NodeId {
    const row: Handle = this.#rows[this.#start + i]!;
    const id = this.#source.isStale(row, this.#epoch) ? undefined : this.#source.idOf(row);
    if (id === undefined) {
      throw new AthanorError(
        'ATHANOR_STALE_HANDLE',
        `handle ${row} (index ${i}): its node was removed after the query`,
      );
    }
    return id;
  }
}

/** Nodes with their distance from the place that was asked about, nearest first. */
export interface RankedNodeSet extends NodeSet {
  /** Distance of each node, in the order of the handles: a view, valid as long as the set. */
  readonly distances: Float64Array;
}
