import { invariant } from '../base/errors.js';
import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { NO_ROW } from '../base/limits.js';
import type { Memory } from '../memory/reserve.js';
import { BucketSort } from './bucket-sort.js';

/** Whose arcs a row holds: those that leave the node, those that come to it, or both. */
export const Side = { out: 0, in: 1, both: 2 } as const;

/** What `ArcReader.next` returns instead of a number of arcs. */
export const CHUNK_END = -1;
/** The batch cannot be read at present: the chunk has to be begun again. */
export const NOT_NOW = -2;

/** Where arcs come from: edges in chunks, told by compact indexes, in batches. One reader a thread. */
export interface ArcReader {
  /** The batch: `sources[i]`, `targets[i]`, `weights[i]` for i below what `next` returned. */
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
  begin(chunk: number): void;
  /** Reads the next batch of the chunk: how many arcs it has, or CHUNK_END, or NOT_NOW. */
  next(): number;
}

/** Arcs of a bucket, about: what is sorted with its scratch in the second-level cache. */
const BUCKET_ARCS = 32_768;
/** Buckets at most: places that a thread writes to by turns. */
const MOST_BUCKETS = 4096;

export const BuildPhase = { count: 0, scatter: 1, sort: 2, close: 3 } as const;

/*
 * One side of a graph, built by a stage. Arcs go to buckets of consecutive rows (count, prefix sum, scatter: each chunk
 * has places of its own in each bucket, so that nothing is counted with atomics), then each bucket is sorted by itself, in
 * the cache, to where it stands. So memory is touched once, by the result: the first touch of a page is what costs most.
 *
 * A chunk that sorts in place cannot be done twice: the stage begins anew, with fresh memory, when a worker is lost.
 */
export interface CsrBuildTask {
  readonly nodes: number;
  readonly side: number;
  /** Chunks of the reader. */
  readonly chunks: number;
  /** A bucket is `1 << rowBits` rows. */
  readonly rowBits: number;
  readonly columnBits: number;
  readonly buckets: number;
  /** u32 [chunks * buckets] arcs of each chunk by bucket; then where they go. */
  readonly places: Uint32Array;
  /** u32 [buckets + 1] where a bucket begins. */
  readonly starts: Uint32Array;
  /** u32 [buckets] arcs of a bucket that are left, each once. */
  readonly kept: Uint32Array;
  /** u32 [arcs] row << columnBits | column while the bucket is unsorted, columns after; columns alone where `rows` is there. */
  readonly targets: Uint32Array;
  /** u32 [arcs] row within the bucket, where both do not fit 32 bits. */
  readonly rows: Uint32Array | undefined;
  readonly weights: Float64Array | undefined;
  readonly offsets: Uint32Array;
}

function bitsFor(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(2, values))));
}

/** Memory of one side with at most `edges` edges. */
export function csrBuildTask(
  memory: Memory,
  shape: { nodes: number; edges: number; side: number; chunks: number; weighted: boolean; bucketArcs?: number },
): { task: CsrBuildTask; first: PhasePlan; mostChunks: number } {
  const { nodes, side, chunks, weighted, bucketArcs = BUCKET_ARCS } = shape;
  const arcs = side === Side.both ? 2 * shape.edges : shape.edges;
  invariant(arcs < NO_ROW, 'offsets of 32 bits');
  const wanted = Math.min(MOST_BUCKETS, Math.max(1, Math.ceil(arcs / bucketArcs)), Math.max(1, nodes));
  const rowBits = Math.max(0, Math.ceil(Math.log2(Math.max(1, nodes) / wanted)));
  const columnBits = bitsFor(nodes);
  const buckets = Math.max(1, Math.ceil(nodes / 2 ** rowBits));
  const task: CsrBuildTask = {
    nodes,
    side,
    chunks,
    rowBits,
    columnBits,
    buckets,
    places: memory.u32('csr.places', chunks * buckets),
    starts: memory.u32('csr.starts', buckets + 1),
    kept: memory.u32('csr.kept', buckets),
    targets: memory.u32('csr.targets', arcs),
    rows: rowBits + columnBits > 32 ? memory.u32('csr.rows', arcs) : undefined,
    weights: weighted ? memory.f64('csr.weights', arcs) : undefined,
    offsets: memory.u32('csr.offsets', nodes + 1),
  };
  return { task, first: { phase: BuildPhase.count, chunks }, mostChunks: Math.max(chunks, buckets) };
}

/** Worker thread. Arcs and rows in, `offsets`, `targets` and `weights` out: sorted, each arc once. Linear in arcs. */
export class CsrBuild implements Kernel {
  readonly #task: CsrBuildTask;
  readonly #reader: ArcReader;
  readonly #breathe: Breathe;
  readonly #cursors: Uint32Array;
  readonly #sort: BucketSort;

  constructor(task: CsrBuildTask, reader: ArcReader, breathe: Breathe) {
    this.#task = task;
    this.#reader = reader;
    this.#breathe = breathe;
    this.#cursors = new Uint32Array(task.buckets);
    this.#sort = new BucketSort(task.rowBits, task.columnBits, task.weights !== undefined, breathe);
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === BuildPhase.count) return this.#count(chunk);
    if (phase === BuildPhase.scatter) return this.#scatter(chunk);
    if (phase === BuildPhase.sort) return this.#sortBucket(chunk);
    return this.#close();
  }

  next(phase: number): PhasePlan | undefined {
    const { chunks, buckets } = this.#task;
    if (phase === BuildPhase.count) {
      this.#place();
      return { phase: BuildPhase.scatter, chunks };
    }
    if (phase === BuildPhase.scatter) return { phase: BuildPhase.sort, chunks: buckets };
    return phase === BuildPhase.sort ? { phase: BuildPhase.close, chunks: 1 } : undefined;
  }

  bytes(): number {
    const { targets, offsets, weights } = this.#task;
    return targets.byteLength + offsets.byteLength + (weights?.byteLength ?? 0);
  }

  #count(chunk: number): boolean {
    const { side, rowBits, buckets, places } = this.#task;
    const reader = this.#reader;
    const { sources, targets } = reader;
    const counts = this.#cursors;
    counts.fill(0);
    reader.begin(chunk);
    let arcs = reader.next();
    for (; arcs >= 0; arcs = reader.next()) {
      if (side !== Side.in) for (let i = 0; i < arcs; i++) counts[sources[i]! >>> rowBits]!++;
      if (side === Side.in) for (let i = 0; i < arcs; i++) counts[targets[i]! >>> rowBits]!++;
      if (side === Side.both) {
        for (let i = 0; i < arcs; i++) if (sources[i] !== targets[i]) counts[targets[i]! >>> rowBits]!++;
      }
      if (!this.#breathe()) return false;
    }
    if (arcs === NOT_NOW) return false;
    places.set(counts, chunk * buckets);
    return true;
  }

  /** Counts become places: a bucket after the other, in each the chunks in order. */
  #place(): void {
    const { chunks, buckets, places, starts } = this.#task;
    let sum = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      starts[bucket] = sum;
      for (let at = bucket; at < chunks * buckets; at += buckets) {
        const count = places[at]!;
        places[at] = sum;
        sum += count;
      }
    }
    starts[buckets] = sum;
  }

  #scatter(chunk: number): boolean {
    const { side, buckets, places } = this.#task;
    const reader = this.#reader;
    this.#cursors.set(places.subarray(chunk * buckets, (chunk + 1) * buckets));
    reader.begin(chunk);
    let arcs = reader.next();
    for (; arcs >= 0; arcs = reader.next()) {
      if (side !== Side.in) this.#put(reader.sources, reader.targets, arcs, false);
      if (side !== Side.out) this.#put(reader.targets, reader.sources, arcs, side === Side.both);
      if (!this.#breathe()) return false;
    }
    return arcs !== NOT_NOW;
  }

  #put(rowsOf: Uint32Array, columnsOf: Uint32Array, arcs: number, withoutLoops: boolean): void {
    const { rowBits, columnBits, targets, rows, weights } = this.#task;
    const { weights: weightsOf } = this.#reader;
    const cursors = this.#cursors;
    const mask = 2 ** rowBits - 1;
    if (rows === undefined && weights === undefined) {
      for (let i = 0; i < arcs; i++) {
        const row = rowsOf[i]!;
        const column = columnsOf[i]!;
        if (withoutLoops && row === column) continue;
        targets[cursors[row >>> rowBits]!++] = ((row & mask) << columnBits) | column;
      }
      return;
    }
    for (let i = 0; i < arcs; i++) {
      const row = rowsOf[i]!;
      const column = columnsOf[i]!;
      if (withoutLoops && row === column) continue;
      const to = cursors[row >>> rowBits]!++;
      if (weights !== undefined) weights[to] = weightsOf[i]!;
      if (rows === undefined) {
        targets[to] = ((row & mask) << columnBits) | column;
      } else {
        rows[to] = row & mask;
        targets[to] = column;
      }
    }
  }

  #sortBucket(bucket: number): boolean {
    const { nodes, rowBits, starts, kept, targets, rows, weights, offsets } = this.#task;
    const sort = this.#sort;
    const from = starts[bucket]!;
    const arcs = starts[bucket + 1]! - from;
    sort.reserve(arcs);
    sort.keys.set(targets.subarray(from, from + arcs));
    if (rows !== undefined) sort.rows.set(rows.subarray(from, from + arcs));
    if (weights !== undefined) sort.values.set(weights.subarray(from, from + arcs));
    if (!sort.sort(arcs)) return false;
    const firstRow = bucket * 2 ** rowBits;
    const count = Math.min(nodes - firstRow, 2 ** rowBits);
    const written = sort.write(arcs, { columns: targets, values: weights, offsets }, from, firstRow, count);
    if (written < 0) return false;
    kept[bucket] = written;
    return true;
  }

  /** Closes the gaps that arcs given twice have left. */
  #close(): boolean {
    const { nodes, rowBits, buckets, starts, kept, targets, weights, offsets } = this.#task;
    let end = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const from = starts[bucket]!;
      const gap = from - end;
      if (gap > 0) {
        targets.copyWithin(end, from, from + kept[bucket]!);
        weights?.copyWithin(end, from, from + kept[bucket]!);
        const lastRow = Math.min(nodes, (bucket + 1) * 2 ** rowBits);
        for (let row = bucket * 2 ** rowBits; row < lastRow; row++) offsets[row]! -= gap;
        if (!this.#breathe()) return false;
      }
      end += kept[bucket]!;
    }
    offsets[nodes] = end;
    return true;
  }
}
