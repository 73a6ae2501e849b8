import { createRequire } from 'node:module';
import type { FixedReverseHeap } from 'mnemonist';
import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { NodeId } from '../base/types.js';
import { checkId } from '../publish/check.js';
import { checkCount } from '../query/check.js';
import type { IdSource } from '../query/node-set.js';

// Of the library's one module alone: all of them take 200 ms to load.
const Heap = createRequire(import.meta.url)('mnemonist/fixed-reverse-heap.js') as typeof FixedReverseHeap;

/** What a job found out about each node of a graph, at the moment of the job's snapshot. Over shared memory. */
export class NodeValues implements Iterable<[NodeId, number]> {
  /** Ascending. */
  readonly handles: Uint32Array;
  /** By the same index. */
  readonly values: Float64Array;
  /** Rounds of an algorithm that goes by rounds. */
  readonly iterations?: number;
  readonly #ids: IdSource;
  readonly #find: (id: NodeId) => number;
  readonly #epoch: number;

  /** `find` gives the row of an id, or NO_ROW. */
  constructor(
    ids: IdSource,
    find: (id: NodeId) => number,
    of: { handles: Uint32Array; values: Float64Array; epoch: number; iterations?: number | undefined },
  ) {
    this.#ids = ids;
    this.#find = find;
    this.#epoch = of.epoch;
    this.handles = of.handles;
    this.values = of.values;
    if (of.iterations !== undefined) this.iterations = of.iterations;
  }

  get length(): number {
    return this.handles.length;
  }

  /** Of a node of the snapshot that is still there: O(log n). */
  get(id: NodeId): number | undefined {
    checkId('id', id);
    const row = this.#find(id);
    if (row === NO_ROW || this.#ids.isStale(row, this.#epoch)) return undefined;
    const { handles } = this;
    let low = 0;
    let high = handles.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (handles[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return handles[low] === row ? this.values[low] : undefined;
  }

  /** The greatest values, greatest first; of equal ones those of the smaller handles. O(n log count). */
  top(count: number): Array<[NodeId, number]> {
    checkCount('count', count);
    const { values } = this;
    // A heap keeps the least of its order: whoever has more comes before.
    const before = (a: number, b: number): number => values[b]! - values[a]! || a - b;
    const heap = new Heap<number>(Array, before, Math.min(count, values.length));
    if (values.length > 0) for (let index = 0; index < values.length; index++) heap.push(index);
    return Array.from(heap.consume(), (index) => [this.#id(index), values[index]!]);
  }

  /** @throws AthanorError ATHANOR_STALE_HANDLE when a node was removed since and its handle is in use again or forgotten. */
  *[Symbol.iterator](): IterableIterator<[NodeId, number]> {
    for (let index = 0; index < this.handles.length; index++) yield [this.#id(index), this.values[index]!];
  }

  #id(index: number): NodeId {
    const row = this.handles[index]!;
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
