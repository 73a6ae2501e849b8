import { createRequire } from 'node:module';
import type { FixedReverseHeap } from 'mnemonist';
import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { placeOf } from '../base/search.js';
import type { NodeId } from '../base/types.js';
import { checkCount, checkId } from '../query/check.js';
import type { IdSource } from '../query/node-set.js';

// Of the library's one module alone: all of them take 200 ms to load.
const Heap = createRequire(import.meta.url)('mnemonist/fixed-reverse-heap.js') as typeof FixedReverseHeap;

/** What a job found out about each node of a graph, at the moment of the job's snapshot. Over shared memory. */
export class NodeValues implements Iterable<[NodeId, number]> {
  /** Those of the snapshot, which other jobs read as well. */
  readonly #handles: Uint32Array;
  #copy: Uint32Array | undefined;
  /** By the index of `handles`. */
  readonly values: Float64Array;
  /** Rounds that `pageRank` or `communities` made. */
  readonly iterations?: number;
  readonly #ids: IdSource;
  readonly #find: (id: NodeId) => number;
  readonly #epoch: number;

  /** @internal `find` gives the row of an id, or NO_ROW. */
  constructor(
    ids: IdSource,
    find: (id: NodeId) => number,
    of: { handles: Uint32Array; values: Float64Array; epoch: number; iterations?: number | undefined },
  ) {
    this.#ids = ids;
    this.#find = find;
    this.#epoch = of.epoch;
    this.#handles = of.handles;
    this.values = of.values;
    if (of.iterations !== undefined) this.iterations = of.iterations;
  }

  /** Nodes that have a value. */
  get length(): number {
    return this.#handles.length;
  }

  /** Ascending. The caller's own. */
  get handles(): Uint32Array {
    this.#copy ??= this.#handles.slice();
    return this.#copy;
  }

  /** Of a node of the snapshot that is still there: O(log n). */
  get(id: NodeId): number | undefined {
    checkId('id', id);
    const row = this.#find(id);
    if (row === NO_ROW || this.#ids.isStale(row, this.#epoch)) return undefined;
    const place = placeOf(this.#handles, row);
    return place < 0 ? undefined : this.values[place];
  }

  /**
   * The greatest values, greatest first; of equal ones those of the smaller ids, numbers before strings. O(n log count), and
   * the ids of all nodes whose value is that of the last.
   */
  top(count: number): Array<[NodeId, number]> {
    checkCount('count', count);
    const { values } = this;
    const wanted = Math.min(count, values.length);
    if (wanted === 0) return [];
    const greatest = new Heap<number>(Float64Array, (a, b) => b - a, wanted);
    for (let index = 0; index < values.length; index++) greatest.push(values[index]!);
    const least = greatest.consume()[wanted - 1]!;
    const sure: Array<[NodeId, number]> = [];
    const equal: Array<[NodeId, number]> = [];
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (value > least) sure.push([this.#id(index), value]);
      else if (value === least) equal.push([this.#id(index), value]);
    }
    const first = new Heap<[NodeId, number]>(Array, byId, wanted - sure.length);
    for (const entry of equal) first.push(entry);
    return sure.sort((a, b) => b[1] - a[1] || byId(a, b)).concat(first.consume() as Array<[NodeId, number]>);
  }

  /** @throws AthanorError ATHANOR_STALE_HANDLE when a node was removed since and its handle is in use again or forgotten. */
  *[Symbol.iterator](): IterableIterator<[NodeId, number]> {
    for (let index = 0; index < this.#handles.length; index++) yield [this.#id(index), this.values[index]!];
  }

  #id(index: number): NodeId {
    const row = this.#handles[index]!;
    const id = this.#ids.isStale(row, this.#epoch) ? undefined : this.#ids.idOf(row);
    if (id === undefined) {
      throw new AthanorError(
        'ATHANOR_STALE_HANDLE',
        `handle ${row} (index ${index}): its node was removed after the job`,
      );
    }
    return id;
  }
}

/** Numbers, then strings. */
function byId([a]: [NodeId, number], [b]: [NodeId, number]): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
