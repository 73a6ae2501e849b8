import { webcrypto } from 'node:crypto';
import { NO_ROW } from '../base/limits.js';
import type { NodeId } from '../base/types.js';
import { ByteHeap } from './byte-heap.js';
import { avalanche, hashId, KEY_WORDS } from './id-hash.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from './region.js';
import type { Memory } from './reserve.js';

/*
 * Interner: (scope, id) → index, in shared memory. One writer, the main thread; other threads read without a lock.
 *
 *   state    i32 [32]        SPLIT    buckets split so far, beyond the first FIRST_BUCKETS
 *                            SIZE     ids bound
 *                            VERSION  odd while chains are being changed; readers of other threads look at it
 *   keys     i32 [2058]      of the hash, drawn when the interner is made: see id-hash.ts
 *   heads    u32 [buckets]   first index + 1 of the bucket's chain
 *   records  u32 [4 * cap.]  of an index: HASH, NEXT (index + 1), REF (heap ref + 1; 0 = no id), SCOPE
 *
 * Chained linear hashing (Litwin, "Linear hashing: a new tool for file and table addressing", 1980): each new id beyond one
 * a bucket splits one bucket, so the table grows without a pause and touches only what it uses. A record is 16 bytes, so a
 * step along a chain is one cache line. An unbound record keeps NEXT and its id until `release`, at least a quarantine
 * later: a reader who stands on it finds its way on.
 */
const FIRST_BUCKETS = 1024;
const SPLIT = 0;
const SIZE = 1;
const VERSION = 2;
const HASH = 0;
const NEXT = 1;
const REF = 2;
const SCOPE = 3;

const layout = defineRegion({
  name: 'interner',
  version: 3,
  buffers: 'column',
  // The mask is a parameter so that every thread that attaches finds the same buckets.
  params: ['capacity', 'hashMask'],
  fields: ({ capacity }) => ({
    state: ['i32', 32],
    keys: ['i32', KEY_WORDS],
    heads: ['u32', capacity + FIRST_BUCKETS],
    records: ['u32', capacity * 4],
  }),
});

/** How an id's bytes are stored. A string keeps its UTF-16 units, so even a lone surrogate comes back as it was. */
export const IdTag = { latin1: 1, utf16: 2, integer: 3 } as const;

/**
 * Steps of a reader's first walk before it looks whether chains changed under it: while they do, a walk may go in a ring.
 * Chains are some units long; of many ids that are bound at once a few have some more.
 */
const FIRST_WALK_STEPS = 4096;
/** More steps than there are indexes. */
const NEVER = 0x7fffffff;
/** A walk that found nothing came to the chain's end, or was cut short. */
const END = -1;
const CUT = -2;

const scratchF64 = new Float64Array(1);
const scratchU8 = new Uint8Array(scratchF64.buffer);

export interface InternerToken {
  readonly region: RegionToken;
  readonly heap: RegionToken;
}

export class Interner {
  readonly token: InternerToken;
  readonly #state: Int32Array;
  readonly #keys: Int32Array;
  readonly #heads: Uint32Array;
  readonly #records: Uint32Array;
  readonly #heap: ByteHeap;
  readonly #bytes: Uint8Array;
  readonly #hashMask: number;
  readonly #writer: boolean;

  private constructor(
    views: Views<ReturnType<typeof layout.fields>>,
    region: RegionToken,
    heap: ByteHeap,
    writer: boolean,
  ) {
    this.token = { region, heap: heap.token };
    this.#state = views.state;
    this.#keys = views.keys;
    this.#heads = views.heads;
    this.#records = views.records;
    this.#heap = heap;
    this.#bytes = heap.bytes;
    this.#writer = writer;
    this.#hashMask = region.params.hashMask!;
  }

  /** Main thread. Indexes run from 0 to `capacity` - 1; `hashMask` lets tests force collisions. */
  static create(memory: Memory, params: { capacity: number; heapBytes: number; hashMask?: number }): Interner {
    const { capacity, hashMask = 0xffffffff } = params;
    const region = createRegion(memory, layout, { capacity, hashMask });
    // Not from shared memory, which it refuses.
    region.views.keys.set(webcrypto.getRandomValues(new Int32Array(KEY_WORDS)));
    const heap = ByteHeap.create(memory, { bytes: params.heapBytes });
    return new Interner(region.views, region.token, heap, true);
  }

  /** Any other thread, for reading. */
  static attach(token: InternerToken): Interner {
    const region = attachRegion(layout, token.region);
    return new Interner(region.views, region.token, ByteHeap.attach(token.heap), false);
  }

  get size(): number {
    return Atomics.load(this.#state, SIZE);
  }

  /** Where ids are: a string's units are of a byte each (latin1), or of two, the lower first (utf16). */
  get heap(): ByteHeap {
    return this.#heap;
  }

  /** Bytes of the heap that ids have ever taken: those of released ids are used again before it grows. */
  get touchedHeapBytes(): number {
    return this.#heap.touchedBytes;
  }

  /** Index of a bound id, or NO_ROW. */
  find(scope: number, id: NodeId): number {
    const hash = this.#hash(scope, id);
    if (this.#writer) {
      const index = this.#walk(hash, scope, id, NEVER);
      return index < 0 ? NO_ROW : index;
    }
    for (let maxSteps = FIRST_WALK_STEPS; ; ) {
      // Even: no change is under way. What the writer changed before it is visible.
      const version = Atomics.load(this.#state, VERSION);
      const index = this.#walk(hash, scope, id, maxSteps);
      // Found: the id was compared.
      if (index >= 0) return index;
      // Not found: true only if no chain changed meanwhile; and if none did, a walk cut short was in a long chain, not in a ring.
      if ((version & 1) === 0 && Atomics.load(this.#state, VERSION) === version) {
        if (index === END) return NO_ROW;
        maxSteps *= 2;
      }
    }
  }

  /** Index of the id; END, or CUT when the chain went on after `maxSteps`. */
  #walk(hash: number, scope: number, id: NodeId, maxSteps: number): number {
    const records = this.#records;
    let next = this.#heads[this.#bucketOf(hash)]!;
    for (let steps = 0; next !== 0; steps++) {
      if (steps === maxSteps) return CUT;
      const at = (next - 1) * 4;
      if (records[at + HASH] === hash && records[at + SCOPE] === scope && this.#equals(records[at + REF]!, id)) {
        return next - 1;
      }
      next = records[at + NEXT]!;
    }
    return END;
  }

  /** Writer. False, with nothing done, when the heap is full. The index is neither bound nor waiting for its release. */
  bind(scope: number, id: NodeId, index: number): boolean {
    const ref = this.#store(id);
    if (ref < 0) return false;
    const records = this.#records;
    const at = index * 4;
    records[at + HASH] = this.#hash(scope, id);
    records[at + REF] = ref + 1;
    records[at + SCOPE] = scope;
    this.rebind(index);
    return true;
  }

  /** Writer. An index that was unbound, and not released, is found again; its id stays readable all the while. */
  rebind(index: number): void {
    const records = this.#records;
    const bucket = this.#bucketOf(records[index * 4 + HASH]!);
    records[index * 4 + NEXT] = this.#heads[bucket]!;
    // The record is whole before another thread can reach it: the store of the head comes after all of it.
    Atomics.store(this.#heads, bucket, index + 1);
    const size = this.#state[SIZE]! + 1;
    Atomics.store(this.#state, SIZE, size);
    if (size > FIRST_BUCKETS + this.#state[SPLIT]!) this.#split();
  }

  /** Writer. The id is no longer found; `idOf` still answers it. */
  unbind(index: number): void {
    const records = this.#records;
    const bucket = this.#bucketOf(records[index * 4 + HASH]!);
    // Odd before the first store to a chain, even after the last: a reader that missed an id between them looks again.
    Atomics.add(this.#state, VERSION, 1);
    let before = 0;
    for (let next = this.#heads[bucket]!; next !== 0; next = records[(next - 1) * 4 + NEXT]!) {
      if (next === index + 1) {
        const after = records[index * 4 + NEXT]!;
        if (before === 0) this.#heads[bucket] = after;
        else records[(before - 1) * 4 + NEXT] = after;
        Atomics.sub(this.#state, SIZE, 1);
        break;
      }
      before = next;
    }
    Atomics.add(this.#state, VERSION, 1);
  }

  /** Writer. The id's bytes are given back: `idOf` answers undefined. */
  release(index: number): void {
    const ref = this.#records[index * 4 + REF]!;
    if (ref === 0) return;
    this.#records[index * 4 + REF] = 0;
    this.#heap.free(ref - 1);
  }

  idOf(index: number): NodeId | undefined {
    const ref = this.#records[index * 4 + REF]!;
    if (ref === 0) return undefined;
    const start = this.#heap.startOf(ref - 1);
    const length = this.#heap.lengthOf(ref - 1);
    const bytes = this.#bytes;
    switch (this.#heap.tagOf(ref - 1)) {
      case IdTag.integer:
        for (let i = 0; i < 8; i++) scratchU8[i] = bytes[start + i]!;
        return scratchF64[0]!;
      case IdTag.latin1:
        return latin1(bytes, start, start + length);
      default: {
        let text = '';
        for (let i = start; i < start + length; i += 2) text += String.fromCharCode(bytes[i]! | (bytes[i + 1]! << 8));
        return text;
      }
    }
  }

  /** Ref in `heap` of the id's bytes. The index is bound, or not yet released. */
  refOf(index: number): number {
    return this.#records[index * 4 + REF]! - 1;
  }

  /** Records that a look-up of the id looks at. For tests and inspection. */
  stepsOf(scope: number, id: NodeId): number {
    const records = this.#records;
    const index = this.find(scope, id);
    let steps = 0;
    for (
      let next = this.#heads[this.#bucketOf(this.#hash(scope, id))]!;
      next !== 0;
      next = records[(next - 1) * 4 + NEXT]!
    ) {
      steps++;
      if (next - 1 === index) break;
    }
    return steps;
  }

  scopeOf(index: number): number {
    return this.#records[index * 4 + SCOPE]!;
  }

  /** 32 bits from the id as stored, for digests: no string is made. The same id gives the same bits in every engine. */
  mixId(index: number, seed: number): number {
    const ref = this.#records[index * 4 + REF]!;
    if (ref === 0) return seed;
    const start = this.#heap.startOf(ref - 1);
    const end = start + this.#heap.lengthOf(ref - 1);
    let hash = Math.imul(seed ^ this.#heap.tagOf(ref - 1), 0x9e3779b1);
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ this.#bytes[i]!, 0x01000193);
    return avalanche(hash);
  }

  // ------------------------------------------------------------ buckets

  #bucketOf(hash: number): number {
    // As many low bits as number the last bucket; one bit less for a bucket that is not split yet.
    const last = FIRST_BUCKETS + Atomics.load(this.#state, SPLIT) - 1;
    const mask = 0xffffffff >>> Math.clz32(last);
    const bucket = (hash & mask) >>> 0;
    return bucket <= last ? bucket : bucket & (mask >>> 1);
  }

  /** Moves those of one bucket whose next hash bit is set to a new bucket at the end of the table. */
  #split(): void {
    const records = this.#records;
    const heads = this.#heads;
    const added = FIRST_BUCKETS + this.#state[SPLIT]!;
    if (added >= heads.length) return;
    const bit = (0x80000000 >>> Math.clz32(added)) >>> 0;
    const from = added - bit;
    Atomics.add(this.#state, VERSION, 1);
    let stay = 0;
    let go = 0;
    for (let next = heads[from]!; next !== 0; ) {
      const at = (next - 1) * 4;
      const after = records[at + NEXT]!;
      if ((records[at + HASH]! & bit) !== 0) {
        records[at + NEXT] = go;
        go = next;
      } else {
        records[at + NEXT] = stay;
        stay = next;
      }
      next = after;
    }
    heads[from] = stay;
    heads[added] = go;
    Atomics.add(this.#state, SPLIT, 1);
    Atomics.add(this.#state, VERSION, 1);
  }

  // ------------------------------------------------------------ ids

  #hash(scope: number, id: NodeId): number {
    return (hashId(this.#keys, scope, id) & this.#hashMask) >>> 0;
  }

  #store(id: NodeId): number {
    const heap = this.#heap;
    const bytes = this.#bytes;
    if (typeof id === 'number') {
      const ref = heap.allocate(8, IdTag.integer);
      if (ref < 0) return ref;
      // -0 + 0 is 0: one id for both zeros.
      scratchF64[0] = id + 0;
      const start = heap.startOf(ref);
      for (let i = 0; i < 8; i++) bytes[start + i] = scratchU8[i]!;
      return ref;
    }
    let wide = false;
    for (let i = 0; i < id.length && !wide; i++) wide = id.charCodeAt(i) > 0xff;
    const ref = heap.allocate(wide ? id.length * 2 : id.length, wide ? IdTag.utf16 : IdTag.latin1);
    if (ref < 0) return ref;
    const start = heap.startOf(ref);
    if (wide) {
      for (let i = 0; i < id.length; i++) {
        const unit = id.charCodeAt(i);
        bytes[start + 2 * i] = unit;
        bytes[start + 2 * i + 1] = unit >>> 8;
      }
    } else {
      for (let i = 0; i < id.length; i++) bytes[start + i] = id.charCodeAt(i);
    }
    return ref;
  }

  #equals(stored: number, id: NodeId): boolean {
    if (stored === 0) return false;
    const ref = stored - 1;
    const tag = this.#heap.tagOf(ref);
    const length = this.#heap.lengthOf(ref);
    const start = this.#heap.startOf(ref);
    const bytes = this.#bytes;
    if (typeof id === 'number') {
      if (tag !== IdTag.integer) return false;
      scratchF64[0] = id + 0;
      for (let i = 0; i < 8; i++) if (bytes[start + i] !== scratchU8[i]) return false;
      return true;
    }
    if (tag === IdTag.latin1) {
      if (length !== id.length) return false;
      for (let i = 0; i < length; i++) if (bytes[start + i] !== id.charCodeAt(i)) return false;
      return true;
    }
    if (tag !== IdTag.utf16 || length !== id.length * 2) return false;
    for (let i = 0; i < id.length; i++) {
      if ((bytes[start + 2 * i]! | (bytes[start + 2 * i + 1]! << 8)) !== id.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** Short strings: adding units is faster than a decoder, and neither copies shared memory first. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  const of = String.fromCharCode;
  let text = '';
  let i = start;
  // Eight at a time makes few strings on the way, and a flat one of the usual id: more than twice as fast as one by one.
  for (; i + 8 <= end; i += 8) {
    text += of(
      bytes[i]!,
      bytes[i + 1]!,
      bytes[i + 2]!,
      bytes[i + 3]!,
      bytes[i + 4]!,
      bytes[i + 5]!,
      bytes[i + 6]!,
      bytes[i + 7]!,
    );
  }
  for (; i < end; i++) text += of(bytes[i]!);
  return text;
}
