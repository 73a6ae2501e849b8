import { type MapBatch, type MapFailure, Outcome } from './map-task.js';

/** A batch, and how many of its outcomes had come before. */
interface Arrival {
  readonly batch: MapBatch;
  readonly old: number;
}

/** Main thread. Results that have come and are to be taken: each graph's once. */
export class MapInbox {
  readonly #starts: Uint32Array;
  readonly #received: Uint32Array;
  readonly #taken: Uint32Array;
  #batches: Arrival[] = [];
  /** Batches before this one were read; and the place of the next outcome in this one. */
  #first = 0;
  #at = 0;
  /** Chunks of which everything was taken, and batches. */
  chunksTaken = 0;
  batchesTaken = 0;
  /** Graphs whose outcome is here, or was. */
  received = 0;

  // What `advance` has come to.
  /** Among all graphs of the call. */
  graph = 0;
  name = '';
  value: unknown;
  /** Why there is no value; `deadly` where workers were lost. */
  failure: MapFailure | 'deadly' | undefined;

  constructor(starts: Uint32Array, received: Uint32Array) {
    this.#starts = starts;
    this.#received = received;
    this.#taken = new Uint32Array(received.length);
  }

  get isEmpty(): boolean {
    return this.#first === this.#batches.length;
  }

  /** Whether all outcomes of the chunk are here. */
  isWhole(chunk: number): boolean {
    return this.#received[chunk] === this.#starts[chunk + 1]! - this.#starts[chunk]!;
  }

  put(batch: MapBatch): void {
    const { chunk, from, values } = batch;
    const old = this.#received[chunk]! - from;
    if (old >= values.length) return;
    this.received += values.length - old;
    this.#received[chunk] = from + values.length;
    if (this.isEmpty) this.#at = old;
    this.#batches.push({ batch, old });
  }

  /** Forgets what is here. */
  clear(): void {
    this.#batches = [];
    this.#first = 0;
  }

  /** Goes to the next outcome: false when there is none. Those of graphs that are gone are passed by. */
  advance(): boolean {
    while (!this.isEmpty) {
      const { chunk, from, names, values, outcomes } = this.#batches[this.#first]!.batch;
      const at = this.#at++;
      if (at === values.length) {
        this.#close();
        continue;
      }
      const outcome = outcomes === undefined ? Outcome.result : outcomes[at]!;
      if (outcome === Outcome.gone) continue;
      this.graph = this.#starts[chunk]! + from + at;
      this.name = names[at]!;
      this.value = values[at];
      this.failure =
        outcome === Outcome.failed ? (values[at] as MapFailure) : outcome === Outcome.deadly ? 'deadly' : undefined;
      return true;
    }
    return false;
  }

  /** The first batch is read. */
  #close(): void {
    const { batch, old } = this.#batches[this.#first++]!;
    const { chunk, values } = batch;
    this.batchesTaken++;
    this.#taken[chunk]! += values.length - old;
    if (this.#taken[chunk] === this.#starts[chunk + 1]! - this.#starts[chunk]!) this.chunksTaken++;
    // Batches that were read go, but not one by one.
    if (this.isEmpty || this.#first >= 64) {
      this.#batches = this.#batches.slice(this.#first);
      this.#first = 0;
    }
    if (!this.isEmpty) this.#at = this.#batches[this.#first]!.old;
  }
}
