import { totalmem } from 'node:os';
import { AthanorError } from '../base/errors.js';

/** A reservation as the ledger keeps it. */
export interface Reservation {
  readonly name: string;
  readonly bytes: number;
}

/** Part of a buffer. */
export interface Place {
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
}

/** Small regions of an engine share buffers of `ALWAYS_MAPPED_BYTES`, and begin where the prefetcher's line does. */
const SMALL_REGION_BYTES = 2 ** 23;
const PLACE_ALIGNMENT_BYTES = 128;

/**
 * The only place that allocates shared memory. A reservation costs address space, not memory: the kernel commits a page
 * when it is first touched, and every page starts as zeros. One ledger an engine; main thread only.
 */
export class Memory {
  readonly #ledger: Reservation[] = [];
  readonly #advice: string;
  readonly #shares: boolean;
  /** Only counts: nothing is reserved, and what is placed cannot be used. */
  readonly measures: boolean;
  /** Buffers that small regions share, and how far each is filled. */
  readonly #shared: { buffer: SharedArrayBuffer; bytes: number }[] = [];
  #reservedBytes = 0;

  /**
   * `advice` ends the message of a refusal. A job has a ledger of its own, which goes with it; the regions of an engine, which
   * end together, share buffers.
   */
  constructor(advice = "lower the option 'capacity'", kind: 'apart' | 'sharing' | 'measuring' = 'apart') {
    this.#advice = advice;
    this.#shares = kind !== 'apart';
    this.measures = kind === 'measuring';
  }

  /** Bytes of address space reserved so far. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  get ledger(): readonly Reservation[] {
    return this.#ledger;
  }

  /**
   * A zeroed buffer of at least `bytes`.
   * @throws AthanorError ATHANOR_CAPACITY naming the region when the system refuses.
   */
  reserve(name: string, bytes: number): SharedArrayBuffer {
    const buffer = this.#take(name, bytes);
    this.#ledger.push({ name, bytes });
    return buffer;
  }

  /**
   * Zeroed memory for a region, in a buffer of its own or in one that it shares.
   * @throws AthanorError ATHANOR_CAPACITY naming the region when the system refuses.
   */
  place(name: string, bytes: number): Place {
    if (!this.#shares || bytes > SMALL_REGION_BYTES) return { buffer: this.reserve(name, bytes), start: 0 };
    this.#ledger.push({ name, bytes });
    let shared = this.#shared.find((open) => open.bytes + bytes <= ALWAYS_MAPPED_BYTES);
    if (shared === undefined) {
      shared = { buffer: this.#take(name, ALWAYS_MAPPED_BYTES), bytes: 0 };
      this.#shared.push(shared);
    }
    const start = shared.bytes;
    shared.bytes = Math.ceil((start + bytes) / PLACE_ALIGNMENT_BYTES) * PLACE_ALIGNMENT_BYTES;
    return { buffer: shared.buffer, start };
  }

  #take(name: string, bytes: number): SharedArrayBuffer {
    const buffer = this.measures ? NOTHING : tryReserve(bytes, this.#shares);
    if (buffer === undefined) {
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `the system refused ${bytes} bytes of address space for '${name}' (${this.#reservedBytes} reserved before it): ${this.#advice}`,
      );
    }
    this.#reservedBytes += mappedBytesOf(bytes);
    return buffer;
  }

  /** A zeroed column of its own buffer. */
  f64(name: string, length: number): Float64Array {
    return new Float64Array(this.reserve(name, length * 8) as ArrayBufferLike as ArrayBuffer, 0, length);
  }

  u32(name: string, length: number): Uint32Array {
    return new Uint32Array(this.reserve(name, length * 4) as ArrayBufferLike as ArrayBuffer, 0, length);
  }

  u8(name: string, length: number): Uint8Array {
    return new Uint8Array(this.reserve(name, length) as ArrayBufferLike as ArrayBuffer, 0, length);
  }

  /** As `reserve`, but halves the request down to `leastBytes` before it gives up. */
  reserveUpTo(name: string, bytes: number, leastBytes: number): SharedArrayBuffer {
    for (let asked = bytes; asked > leastBytes; asked = Math.max(leastBytes, Math.floor(asked / 2 / 4096) * 4096)) {
      const buffer = tryReserve(asked, this.#shares);
      if (buffer !== undefined) {
        this.#reservedBytes += mappedBytesOf(asked);
        this.#ledger.push({ name, bytes: asked });
        return buffer;
      }
    }
    return this.reserve(name, leastBytes);
  }
}

/** Memory that this process may use: the machine's, or what its control group allows. */
export function memoryBytesLimit(): number {
  // 0, or beyond what is there, where nothing constrains the process.
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return constrained > 0 && constrained < total ? constrained : total;
}

/** What one result may fill: half of the memory that this process may use, so that what it is made from fits beside it. */
export function resultBytesLimit(): number {
  return Math.floor(memoryBytesLimit() / 2);
}

/**
 * The C library's allocator maps what is larger than a threshold, untouched, and clears the rest by writing zeros, which
 * commits it. The threshold follows what was freed, up to 32 MiB: a buffer above that is always mapped.
 */
const ALWAYS_MAPPED_BYTES = 2 ** 25 + 2 ** 16;
/** Below this, zeros cost less than a mapping. */
const SMALL_BYTES = 2 ** 16;

/** What is measured stands in it. */
const NOTHING = new SharedArrayBuffer(0);

function mappedBytesOf(bytes: number): number {
  return bytes <= SMALL_BYTES ? bytes : Math.max(bytes, ALWAYS_MAPPED_BYTES);
}

/** The longest growable buffer of Node.js 20. Above it ordinary ones are taken. */
const GROWABLE_BYTES = 2 ** 32;

/**
 * A buffer of at least `bytes`. An engine's are growable and full from the start. V8 maps those without asking the kernel to account
 * for them: a process may then start child processes, however much is reserved. The kernel refuses to fork a process with more
 * writable address space in one piece than the machine has memory, and ordinary buffers that lie beside each other are one piece.
 * Views of a stated length are as fast as over an ordinary buffer; views that follow a buffer's length are not, so there are none.
 */
function tryReserve(bytes: number, isEngines: boolean): SharedArrayBuffer | undefined {
  const length = mappedBytesOf(bytes);
  try {
    return isEngines && length > SMALL_BYTES && length <= GROWABLE_BYTES
      ? new SharedArrayBuffer(length, { maxByteLength: length })
      : new SharedArrayBuffer(length);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const weights = new WeakMap<ArrayBufferLike, ArrayBuffer>();
/** Of the memory that this process may use, and at most; for each thread. A collection takes it some milliseconds. */
const WEIGHED_PART = 1 / 64;
const WEIGHED_MOST_BYTES = 2 ** 27;
let weighedFrom: number | undefined;
/** Bytes of shared memory that no weight stands for yet. */
let unweighed = 0;

/**
 * V8 does not count shared memory when it decides to collect garbage: gigabytes of results that nobody has any more would
 * stay. An ordinary buffer, never touched, stands for the shared ones since the one before and goes with the newest of them: for
 * so many at once that it is mapped, since clearing it would cost more than the results, and that there is enough to collect.
 */
export function weigh(shared: ArrayBufferLike, bytes: number): void {
  weighedFrom ??= Math.max(ALWAYS_MAPPED_BYTES, Math.min(WEIGHED_MOST_BYTES, 2 * resultBytesLimit() * WEIGHED_PART));
  unweighed += bytes;
  if (unweighed < weighedFrom) return;
  const weight = unweighed;
  unweighed = 0;
  try {
    weights.set(shared, new ArrayBuffer(weight));
  } catch (error) {
    // Refused: then these weigh nothing.
    if (!(error instanceof RangeError)) throw error;
  }
}
