import { invariant } from '../base/errors.js';
import { MAX_THREADS } from '../base/limits.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from './region.js';
import type { Memory } from './reserve.js';

/*
 * Phase-fair lock of each shard. A shard has one writer at a time already (its state word says who), so writers never
 * compete; readers may be many. After each write phase the readers that wait go in together, then the writer has one
 * phase: neither starves (Brandenburg and Anderson, "Spin-based reader-writer synchronization for multiprocessor
 * real-time systems", 2010, gives phase-fairness; the word a reader here is this project's).
 *
 *   words    i32 [shards * (MAX_THREADS + 2) * 32], 128 bytes apart:
 *     WRITER   0 = no writer; else PRESENT | owner's thread slot << 1 | phase << 8
 *     WAITERS  threads of this shard that may be in Atomics.wait
 *     READER t OUT; IN; or WAITING in phase p = p << 2 | 2: that reader saw the writer of phase p
 *
 *   phases   i32 [shards * 32]  phase of the last writer; written by the shard's owner
 *   readers  i32 [32]           word 0: reader words in use, from thread slot 0 on: what a writer looks at
 *
 * Reader: stores IN, loads WRITER. No writer: it is in. Otherwise it stores WAITING(p), so that the writer of phase p
 * passes it by, and waits until WRITER is no longer that of p; a writer of any later phase counts WAITING(p) as in, so
 * the reader then goes in without asking. Writer: stores WRITER with a new phase, waits until each reader's word is OUT
 * or WAITING in its own phase. Both stores come before both loads (sequential consistency): it cannot be that the reader
 * misses the writer and the writer misses the reader.
 */
const layout = defineRegion({
  name: 'lock',
  version: 1,
  buffers: 'one',
  params: ['shards'],
  fields: ({ shards }) => ({
    words: ['i32', shards * (MAX_THREADS + 2) * 32],
    phases: ['i32', shards * 32],
    readers: ['i32', 32],
  }),
});

const STRIDE = 32;
const SHARD_WORDS = (MAX_THREADS + 2) * STRIDE;
const WRITER = 0;
const WAITERS = STRIDE;
const READERS = 2 * STRIDE;
const OUT = 0;
const IN = 1;
const PRESENT = 1;
const PHASE_SHIFT = 8;
/** Phases are compared for equality within one hold: 21 bits wrap long after any reader of the first has gone. */
const PHASE_MASK = 0x1fffff;
/** Loads of the other side's word before a thread sleeps: a few microseconds, about half a quantum. */
const SPINS = 400;

export class ShardLock {
  readonly token: RegionToken;
  readonly #words: Int32Array;
  readonly #phases: Int32Array;
  readonly #readers: Int32Array;

  private constructor(region: { views: Views<ReturnType<typeof layout.fields>>; token: RegionToken }) {
    this.token = region.token;
    this.#words = region.views.words;
    this.#phases = region.views.phases;
    this.#readers = region.views.readers;
  }

  static create(memory: Memory, params: { shards: number }): ShardLock {
    return new ShardLock(createRegion(memory, layout, params));
  }

  static attach(token: RegionToken): ShardLock {
    return new ShardLock(attachRegion(layout, token));
  }

  /** Once a thread, before it reads: from here on writers look at its word. */
  admitReader(thread: number): void {
    // Raised before the thread's first IN: a writer that loads a smaller number came before that reader's look at WRITER.
    for (let seen = Atomics.load(this.#readers, 0); seen <= thread; ) {
      const found = Atomics.compareExchange(this.#readers, 0, seen, thread + 1);
      if (found === seen) return;
      seen = found;
    }
  }

  /**
   * Any thread that was admitted, not re-entrant. False when the writer did not finish within `timeoutMs`: then nothing is held.
   */
  acquireRead(shard: number, thread: number, timeoutMs: number): boolean {
    const words = this.#words;
    const base = shard * SHARD_WORDS;
    const own = base + READERS + thread * STRIDE;
    invariant(words[own] === OUT, 'the shard is read by this thread already');
    // IN before the look at WRITER: a writer that this look misses sees the word.
    Atomics.store(words, own, IN);
    const writer = Atomics.load(words, base + WRITER);
    if (writer === 0) return true;
    return this.#waitForPhase(base, own, writer, timeoutMs);
  }

  #waitForPhase(base: number, own: number, writer: number, timeoutMs: number): boolean {
    const words = this.#words;
    const phase = (writer >>> PHASE_SHIFT) & PHASE_MASK;
    Atomics.store(words, own, (phase << 2) | 2);
    // The writer may wait for this very word: it was IN a moment ago.
    this.#wake(base, own);
    for (let spin = 0; spin < SPINS; spin++) {
      // Any other value ends the wait: no writer, or one of a later phase, which waits for this reader. What the writer of
      // `phase` wrote was written before it changed the word.
      if (Atomics.load(words, base + WRITER) !== writer) return this.#enter(own);
    }
    const deadlineMs = performance.now() + timeoutMs;
    // WAITERS before the last look at WRITER: a writer that leaves afterwards sees that somebody is to be woken.
    Atomics.add(words, base + WAITERS, 1);
    while (Atomics.load(words, base + WRITER) === writer) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) {
        Atomics.sub(words, base + WAITERS, 1);
        Atomics.store(words, own, OUT);
        this.#wake(base, own);
        return false;
      }
      Atomics.wait(words, base + WRITER, writer, leftMs);
    }
    Atomics.sub(words, base + WAITERS, 1);
    return this.#enter(own);
  }

  #enter(own: number): boolean {
    // The next writers wait for WAITING of an older phase as for IN: nothing changes for them but the name.
    Atomics.store(this.#words, own, IN);
    return true;
  }

  releaseRead(shard: number, thread: number): void {
    const base = shard * SHARD_WORDS;
    const own = base + READERS + thread * STRIDE;
    // All that was read was read before a writer sees OUT.
    Atomics.store(this.#words, own, OUT);
    this.#wake(base, own);
  }

  /** The shard's owner. Waits for the readers that are in; new ones wait for it. */
  acquireWrite(shard: number, thread: number): void {
    const words = this.#words;
    const base = shard * SHARD_WORDS;
    const phase = (this.#phases[shard * STRIDE]! + 1) & PHASE_MASK;
    this.#phases[shard * STRIDE] = phase;
    // Before the look at the readers: one that this look misses sees the writer.
    Atomics.store(words, base + WRITER, PRESENT | (thread << 1) | (phase << PHASE_SHIFT));
    this.#waitForReaders(base, phase);
  }

  #waitForReaders(base: number, phase: number): void {
    const words = this.#words;
    const passedBy = (phase << 2) | 2;
    const end = base + READERS + Atomics.load(this.#readers, 0) * STRIDE;
    for (let own = base + READERS; own < end; own += STRIDE) {
      // Pairs with the reader's store of OUT: what it read it has read.
      let word = Atomics.load(words, own);
      for (let spin = 0; word !== OUT && word !== passedBy && spin < SPINS; spin++) word = Atomics.load(words, own);
      if (word === OUT || word === passedBy) continue;
      Atomics.add(words, base + WAITERS, 1);
      for (word = Atomics.load(words, own); word !== OUT && word !== passedBy; word = Atomics.load(words, own)) {
        Atomics.wait(words, own, word);
      }
      Atomics.sub(words, base + WAITERS, 1);
    }
  }

  releaseWrite(shard: number, _thread: number): void {
    const base = shard * SHARD_WORDS;
    // All that was written is visible to a reader that loads this word.
    Atomics.store(this.#words, base + WRITER, 0);
    this.#wake(base, base + WRITER);
  }

  /** Notifies those who sleep on `at`, if any sleep at all: a notify costs more than the look. */
  #wake(base: number, at: number): void {
    // The change of the word came before: a sleeper either counted itself before this look, or finds the word changed.
    if (Atomics.load(this.#words, base + WAITERS) !== 0) Atomics.notify(this.#words, at);
  }

  /** Thread slot of the writer, or -1. */
  writerOf(shard: number): number {
    const writer = Atomics.load(this.#words, shard * SHARD_WORDS + WRITER);
    return writer === 0 ? -1 : (writer >>> 1) & 0x7f;
  }

  /** After the exit of `thread` has been seen: it reads nothing any more. Its write locks stay, for `takeOver`. */
  clearThread(thread: number): void {
    const words = this.#words;
    for (let base = 0; base < words.length; base += SHARD_WORDS) {
      const own = base + READERS + thread * STRIDE;
      if (Atomics.exchange(words, own, OUT) !== OUT) Atomics.notify(words, own);
    }
  }

  /** Recovery, after the exit of `from` has been seen: holds the write lock, whether or not `from` did. */
  takeOver(shard: number, from: number, thread: number): void {
    const base = shard * SHARD_WORDS;
    const writer = Atomics.load(this.#words, base + WRITER);
    if (writer === 0) {
      this.acquireWrite(shard, thread);
      return;
    }
    invariant(this.writerOf(shard) === from, 'the lock is held by neither the lost thread nor nobody');
    // WRITER stays as it is: readers go on waiting for the lost writer's phase to end, which `releaseWrite` will do. It may
    // have been lost before its readers had gone.
    this.#waitForReaders(base, (writer >>> PHASE_SHIFT) & PHASE_MASK);
  }
}
