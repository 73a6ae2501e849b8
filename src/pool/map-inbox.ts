import { DefaultDeserializer } from 'node:v8';
import { type MapBatch, type MapFailure, Outcome } from './map-task.js';

/** A batch that is read. */
interface Reading {
  readonly batch: MapBatch;
  /** The next to be read, and where reading of them is to begin: what stands before was received before. */
  at: number;
  readonly fresh: number;
  readonly bytes: DefaultDeserializer | undefined;
}

/** Main thread. Results that have come and are to be taken: each graph's once. They are decoded as they are taken. */
export class MapInbox {
  readonly #starts: Uint32Array;
  readonly #received: Uint32Array;
  readonly #taken: Uint32Array;
  #batches: Array<{ readonly batch: MapBatch; readonly fresh: number }> = [];
  /** Batches before this one were read. */
  #first = 0;
  #reading: Reading | undefined;
  /** Chunks of which everything was taken, and batches. */
  chunksTaken = 0;
  batchesTaken = 0;
  unreadBytes = 0;
  /** Graphs whose outcome is here, or was. */
  received = 0;

  // What `advance` has come to.
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
    return this.#reading === undefined && this.#first === this.#batches.length;
  }

  /** Whether all outcomes of the chunk are here. */
  isWhole(chunk: number): boolean {
    return this.#received[chunk] === this.#starts[chunk + 1]! - this.#starts[chunk]!;
  }

  put(batch: MapBatch): void {
    const { chunk, from, values } = batch;
    const fresh = this.#received[chunk]! - from;
    if (fresh >= values.length) return;
    this.received += values.length - fresh;
    this.#received[chunk] = from + values.length;
    this.unreadBytes += batch.bytes?.length ?? 0;
    this.#batches.push({ batch, fresh });
  }

  /** Forgets what is here. */
  clear(): void {
    this.#batches = [];
    this.#first = 0;
    this.#reading = undefined;
  }

  /** Goes to the next outcome: false when there is none. Those of graphs that are gone are passed by. */
  advance(): boolean {
    for (;;) {
      const reading = (this.#reading ??= this.#open());
      if (reading === undefined) return false;
      const { batch, bytes } = reading;
      const { names, values, outcomes } = batch;
      const at = reading.at++;
      if (at === values.length) {
        this.#close(reading);
        continue;
      }
      const outcome = outcomes === undefined ? Outcome.plain : outcomes[at]!;
      // Read even when it was received before: the next stands behind it.
      const value = outcome === Outcome.serialized ? bytes!.readValue() : values[at];
      if (at < reading.fresh || outcome === Outcome.gone) continue;
      this.name = names[at]!;
      this.value = value;
      this.failure =
        outcome === Outcome.failed ? (value as MapFailure) : outcome === Outcome.deadly ? 'deadly' : undefined;
      return true;
    }
  }

  #open(): Reading | undefined {
    if (this.#first === this.#batches.length) return undefined;
    const { batch, fresh } = this.#batches[this.#first]!;
    this.#first++;
    // Batches that were read go, but not one by one.
    if (this.#first === this.#batches.length || this.#first > 1024) {
      this.#batches = this.#batches.slice(this.#first);
      this.#first = 0;
    }
    if (batch.bytes === undefined) return { batch, fresh, at: 0, bytes: undefined };
    const bytes = new Deserializer(batch.bytes);
    bytes.readHeader();
    return { batch, fresh, at: 0, bytes };
  }

  #close({ batch, fresh }: Reading): void {
    const { chunk, values, bytes } = batch;
    this.unreadBytes -= bytes?.length ?? 0;
    this.#reading = undefined;
    this.batchesTaken++;
    this.#taken[chunk]! += values.length - fresh;
    if (this.#taken[chunk] === this.#starts[chunk + 1]! - this.#starts[chunk]!) this.chunksTaken++;
  }
}

/** Node's documentation has the method; its declarations have not. */
const Documented = DefaultDeserializer as unknown as new (
  bytes: Uint8Array,
) => DefaultDeserializer & { _readHostObject(): ArrayBufferView };

/** Arrays of a result get memory of their own: Node's are views of the whole batch. */
class Deserializer extends Documented {
  override _readHostObject(): ArrayBufferView {
    const view = super._readHostObject();
    if (view instanceof DataView) {
      return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    }
    // Any array's own copy; a Buffer's `slice` makes another view.
    return Uint8Array.prototype.slice.call(view);
  }
}
