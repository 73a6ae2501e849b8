import { availableParallelism } from 'node:os';
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
 *     WRITER    0 = no writer; else PRESENT | owner's thread slot << 1 | phase << 8
 *     SLEEPERS  two words, a bit a thread slot: threads that may be in Atomics.wait for this shard
 *     READER t  OUT; IN; or WAITING in phase p = p << 2 | 2: that reader saw the writer of phase p
 *
 *   phases   i32 [shards * 32]  phase of the last writer, 1 and up; written by the shard's owner
 *   readers  i32 [32]           word 0: reader words in use, from thread slot 0 on: what a writer looks at
 *
 * Reader: stores IN, loads WRITER. No writer: it is in. Otherwise it stores WAITING(p), so that the writer of phase p
 * passes it by, and waits until WRITER is no longer of phase p; a writer of any later phase counts WAITING(p) as in, so
 * the reader then goes in without asking. Writer: stores WRITER with a new phase, waits until each reader's word is OUT
 * or WAITING in its own phase. Both stores come before both loads (sequential consistency): it cannot be that the reader
 * misses the writer and the writer misses the reader. test/memory/lock-model.test.ts walks all interleavings.
 *
 * A lost thread leaves its reader words and its SLEEPERS bits, which `clearThread` clears, and a WRITER word, which
 * `takeOver` makes its own: nothing here is a count that a thread could leave wrong.
 */
const layout = defineRegion({
  name: 'lock',
  version: 1,
  buffers: 'one',
  params: ['shards'],
  fields: ({ shards }) => ({
    words: ['i32', shards * SHARD_WORDS],
    phases: ['i32', shards * STRIDE],
    readers: ['i32', STRIDE],
  }),
});

const STRIDE = 32;
const SHARD_WORDS = (MAX_THREADS + 2) * STRIDE;
const WRITER = 0;
const SLEEPERS = STRIDE;
const READERS = 2 * STRIDE;
const OUT = 0;
const IN = 1;
const PRESENT = 1;
const PHASE_SHIFT = 8;
/**
 * Phases are compared for equality alone. A reader in phase p, waiting or about to say so, holds up the writer of the
 * next, so two phases would do, and one more for each writer lost meanwhile (the model shows both); there are 2^22.
 */
const LAST_PHASE = 0x3fffff;
/**
 * Loads of the other side's word before a thread sleeps: about 7 microseconds, a quantum of 64 moves; a sleep and its
 * wake-up cost ten times that. With one core the other side cannot move while this one spins.
 */
const SPINS = availableParallelism() > 1 ? 1000 : 0;
export class ShardLock {
  readonly token: RegionToken;
  readonly #words: Int32Array;
  readonly #phases: Int32Array;
  readonly #readers: Int32Array;
  /** Threads below this slot are known to be looked at by writers. */
  #admitted = 0;

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

  /** From here on writers look at the word of `thread`. Its first read does this too. */
  admitReader(thread: number): void {
    const readers = this.#readers;
    // Raised before the thread's first IN: a writer that loads a smaller number has stored WRITER before that reader looks.
    let seen = Atomics.load(readers, 0);
    while (seen <= thread) {
      const found = Atomics.compareExchange(readers, 0, seen, thread + 1);
      seen = found === seen ? thread + 1 : found;
    }
    this.#admitted = seen;
  }

  /**
   * Any thread; not re-entrant, and a thread that writes the shard waits in vain. False when the writer did not finish
   * within `timeoutMs`: then nothing is held.
   */
  acquireRead(shard: number, thread: number, timeoutMs: number): boolean {
    if (thread >= this.#admitted) this.admitReader(thread);
    const words = this.#words;
    const base = shard * SHARD_WORDS;
    const own = base + READERS + thread * STRIDE;
    invariant(words[own] === OUT, 'the shard is read by this thread already');
    // IN before the look at WRITER: a writer that this look misses sees the word.
    Atomics.store(words, own, IN);
    const writer = Atomics.load(words, base + WRITER);
    if (writer === 0) return true;
    return this.#waitForPhase(base, thread, writer, timeoutMs);
  }

  #waitForPhase(base: number, thread: number, writer: number, timeoutMs: number): boolean {
    const words = this.#words;
    const own = base + READERS + thread * STRIDE;
    const phase = writer >>> PHASE_SHIFT;
    Atomics.store(words, own, (phase << 2) | 2);
    // The writer may sleep on this very word: it was IN a moment ago.
    this.#wake(base, own);
    for (let spin = 0; spin < SPINS; spin++) {
      // Another phase, or none, ends the wait: a writer of a later phase waits for this reader. What the writer of `phase`
      // wrote was written before it changed the word. (The owner alone may change meanwhile: see `takeOver`.)
      if (Atomics.load(words, base + WRITER) >>> PHASE_SHIFT !== phase) return this.#enter(own);
    }
    const deadlineMs = performance.now() + timeoutMs;
    // The bit before the last look at WRITER: a writer that leaves afterwards sees that somebody is to be woken.
    this.#fallAsleep(base, thread);
    for (let seen = writer; (seen = Atomics.load(words, base + WRITER)) >>> PHASE_SHIFT === phase; ) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) {
        this.#awake(base, thread);
        Atomics.store(words, own, OUT);
        this.#wake(base, own);
        return false;
      }
      Atomics.wait(words, base + WRITER, seen, leftMs);
    }
    this.#awake(base, thread);
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
    const base = shard * SHARD_WORDS;
    const last = this.#phases[shard * STRIDE]!;
    const phase = last === LAST_PHASE ? 1 : last + 1;
    this.#phases[shard * STRIDE] = phase;
    // Before the look at the readers: one that this look misses sees the writer.
    Atomics.store(this.#words, base + WRITER, PRESENT | (thread << 1) | (phase << PHASE_SHIFT));
    this.#waitForReaders(base, thread, phase);
  }

  #waitForReaders(base: number, thread: number, phase: number): void {
    const words = this.#words;
    const passedBy = (phase << 2) | 2;
    const end = base + READERS + Atomics.load(this.#readers, 0) * STRIDE;
    for (let own = base + READERS; own < end; own += STRIDE) {
      // Pairs with the reader's store of OUT: what it read it has read.
      const word = Atomics.load(words, own);
      if (word !== OUT && word !== passedBy) this.#waitForReader(base, thread, own, passedBy);
    }
  }

  #waitForReader(base: number, thread: number, own: number, passedBy: number): void {
    const words = this.#words;
    for (let spin = 0; spin < SPINS; spin++) {
      const word = Atomics.load(words, own);
      if (word === OUT || word === passedBy) return;
    }
    // The bit before the last look at the word: a reader that leaves afterwards sees that somebody is to be woken.
    this.#fallAsleep(base, thread);
    for (let word = IN; (word = Atomics.load(words, own)) !== OUT && word !== passedBy; ) {
      // A reader that goes from WAITING to IN wakes nobody: this sleep ends when it leaves, or is cleared.
      Atomics.wait(words, own, word);
    }
    this.#awake(base, thread);
  }

  releaseWrite(shard: number, thread: number): void {
    const words = this.#words;
    const base = shard * SHARD_WORDS;
    invariant(((words[base + WRITER]! >>> 1) & 0x7f) === thread, 'the write lock is not held by this thread');
    // All that was written is visible to a reader that loads this word.
    Atomics.store(words, base + WRITER, 0);
    this.#wake(base, base + WRITER);
  }

  #fallAsleep(base: number, thread: number): void {
    Atomics.or(this.#words, base + SLEEPERS + (thread >>> 5), 1 << (thread & 31));
  }

  #awake(base: number, thread: number): void {
    Atomics.and(this.#words, base + SLEEPERS + (thread >>> 5), ~(1 << (thread & 31)));
  }

  /** Notifies those who sleep on `at`, if anybody sleeps at all: a notify costs more than the look. */
  #wake(base: number, at: number): void {
    const words = this.#words;
    // The change of the word came before: a sleeper either set its bit before this look, or finds the word changed.
    if ((Atomics.load(words, base + SLEEPERS) | Atomics.load(words, base + SLEEPERS + 1)) !== 0) {
      Atomics.notify(words, at);
    }
  }

  /** Thread slot of the writer, or -1. */
  writerOf(shard: number): number {
    const writer = Atomics.load(this.#words, shard * SHARD_WORDS + WRITER);
    return writer === 0 ? -1 : (writer >>> 1) & 0x7f;
  }

  /**
   * After the exit of `thread` has been seen, and before its slot is given to another: it reads nothing any more and
   * sleeps nowhere. Its write locks stay, for `takeOver`.
   */
  clearThread(thread: number): void {
    const words = this.#words;
    for (let base = 0; base < words.length; base += SHARD_WORDS) {
      const own = base + READERS + thread * STRIDE;
      this.#awake(base, thread);
      Atomics.store(words, own, OUT);
      // Whatever stood there: it may have been lost after its own OUT and before it woke the writer.
      this.#wake(base, own);
    }
  }

  /**
   * The shard's new owner, after the exit of the owner `from` has been seen: holds the write lock, whether or not `from`
   * did. May itself be lost at any step, and be followed by another.
   */
  takeOver(shard: number, from: number, thread: number): void {
    const words = this.#words;
    const base = shard * SHARD_WORDS;
    const writer = Atomics.load(words, base + WRITER);
    if (writer === 0) {
      // `from` may have been lost after it left and before it woke the readers; the next writer would wait for them.
      this.#wake(base, base + WRITER);
      this.acquireWrite(shard, thread);
      return;
    }
    // The word may name `from`, or an owner before it, when `from` was lost on its way to this very line.
    invariant(((writer >>> 1) & 0x7f) !== thread || from === thread, 'the write lock is held already');
    const phase = writer >>> PHASE_SHIFT;
    // The lost writer's phase goes on: the readers that wait for its end go on waiting, until `releaseWrite` ends it.
    Atomics.store(words, base + WRITER, PRESENT | (thread << 1) | (phase << PHASE_SHIFT));
    // It may have been lost before its readers had gone.
    this.#waitForReaders(base, thread, phase);
  }
}
