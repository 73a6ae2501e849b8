import { type ArcReader, CHUNK_END } from './build.js';

/** Arcs of a chunk. */
const CHUNK_ARCS = 65_536;
const BATCH_ARCS = 4096;

/** Edges by compact indexes, in columns. */
export interface ArcArrays {
  readonly arcs: number;
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
}

export function arrayChunks(arcs: number): number {
  return Math.ceil(arcs / CHUNK_ARCS);
}

/** Any thread. */
export class ArrayArcs implements ArcReader {
  readonly sources = new Uint32Array(BATCH_ARCS);
  readonly targets = new Uint32Array(BATCH_ARCS);
  readonly weights = new Float64Array(BATCH_ARCS);
  readonly #arrays: ArcArrays;
  #at = 0;
  #end = 0;

  constructor(arrays: ArcArrays) {
    this.#arrays = arrays;
  }

  begin(chunk: number): void {
    this.#at = chunk * CHUNK_ARCS;
    this.#end = Math.min(this.#arrays.arcs, this.#at + CHUNK_ARCS);
  }

  next(): number {
    if (this.#at >= this.#end) return CHUNK_END;
    const from = this.#at;
    const end = Math.min(this.#end, from + BATCH_ARCS);
    const { sources, targets, weights } = this.#arrays;
    this.sources.set(sources.subarray(from, end));
    this.targets.set(targets.subarray(from, end));
    if (weights.length > 0) this.weights.set(weights.subarray(from, end));
    this.#at = end;
    return end - from;
  }
}
