import { invariant } from '../base/errors.js';
import type { PhasePlan } from '../base/kernel.js';
import { MAX_THREADS } from '../base/limits.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/*
 * Board of one stage of a job: which phase is under way, and who has which of its chunks.
 *
 *   words  i32 [4 * 32], 128 bytes apart:
 *     STATE      turn << 8 | OPEN, FINISHED, or thread slot + 1 of who prepares the next phase. A turn is one phase
 *     PHASE      the kernel's name for the phase of this turn; written while STATE names a preparer
 *     CHUNKS     its chunks; likewise, or raised later by the main thread: then nobody but it ends the phase
 *     CANCELLED  1 = the job is over, whatever is left
 *     NEXT       where to look for a free chunk next; a hint: what it skips is found by looking at all
 *     DONE       chunks done in all phases, for progress; a lost worker may leave it wrong by one
 *   slots  i32 [chunks]  turn << 8 | thread slot + 1 of the owner, or DONE; a former turn = free
 *
 *   free ──claim──▶ owned ──complete──▶ done         owned ──giveBack, release──▶ free
 *
 * A phase is over when every slot is done; whoever sees that first (by compare-and-swap of STATE) prepares the next. All
 * of it is found again from these words when a thread is lost: there is no count that anything depends on.
 */
const layout = defineRegion({
  name: 'job-board',
  version: 1,
  buffers: 'one',
  params: ['chunks'],
  fields: ({ chunks }) => ({
    words: ['i32', 4 * 32],
    slots: ['i32', chunks],
  }),
});

const STATE = 0;
const PHASE = 1;
const CHUNKS = 2;
const CANCELLED = 32;
const NEXT = 64;
const DONE_COUNT = 96;

const TURN_SHIFT = 8;
const OPEN = 0;
const FINISHED = 0xfe;
const DONE = 0xff;
invariant(MAX_THREADS < FINISHED, 'thread slots fit below the marks');
const LAST_TURN = 0x7ffffe;

/** No chunk is to be had: all are owned or done, or the phase has ended. */
export const NO_CHUNK = -1;

/** Any thread. */
export class JobBoard {
  readonly token: RegionToken;
  readonly #words: Int32Array;
  readonly #slots: Int32Array;
  /** Chunks below this one are known to be done in the turn that was looked at last. */
  #doneBelow = 0;
  #lookedAt = -1;
  /** State and phase that the last claim belongs to. */
  #claimedState = 0;
  claimedPhase = 0;

  private constructor(region: { views: Views<ReturnType<typeof layout.fields>>; token: RegionToken }) {
    this.token = region.token;
    this.#words = region.views.words;
    this.#slots = region.views.slots;
  }

  /** Main thread: room for phases of at most `chunks`, open in its first. */
  static create(memory: Memory, chunks: number, first: PhasePlan): JobBoard {
    const board = new JobBoard(createRegion(memory, layout, { chunks: Math.max(1, chunks) }));
    board.#write(first);
    board.#words[STATE] = (1 << TURN_SHIFT) | OPEN;
    return board;
  }

  static attach(token: RegionToken): JobBoard {
    return new JobBoard(attachRegion(layout, token));
  }

  #write({ phase, chunks }: PhasePlan): void {
    invariant(chunks <= this.#slots.length, 'a phase of more chunks than the board has room for');
    const words = this.#words;
    Atomics.store(words, PHASE, phase);
    Atomics.store(words, CHUNKS, chunks);
    Atomics.store(words, NEXT, 0);
  }

  get finished(): boolean {
    // Pairs with the store of FINISHED: all that the chunks wrote is visible.
    return (Atomics.load(this.#words, STATE) & 0xff) === FINISHED;
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, CANCELLED) !== 0;
  }

  /** Main thread. */
  cancel(): void {
    Atomics.store(this.#words, CANCELLED, 1);
    // The flag first: who waits for the state looks at it next.
    Atomics.notify(this.#words, STATE);
  }

  /** Chunks done, for progress. */
  get done(): number {
    return Atomics.load(this.#words, DONE_COUNT);
  }

  // ------------------------------------------------------------ chunks

  /** A chunk of `claimedPhase`, or NO_CHUNK. */
  claim(thread: number): number {
    const words = this.#words;
    const state = Atomics.load(words, STATE);
    if ((state & 0xff) !== OPEN) return NO_CHUNK;
    // Written while the state was not open: right if the state is still the same after the chunk is owned.
    this.claimedPhase = Atomics.load(words, PHASE);
    const chunks = Atomics.load(words, CHUNKS);
    this.#claimedState = state;
    while (Atomics.load(words, NEXT) < chunks) {
      const chunk = Atomics.add(words, NEXT, 1);
      if (chunk >= chunks) break;
      if (this.#take(chunk, state, thread)) return chunk;
    }
    // Chunks that the hint passed by and nobody has: given back, of lost threads, or hinted to one who came from a former turn.
    for (let chunk = this.#firstNotDone(state, chunks); chunk < chunks; chunk++) {
      if (this.#take(chunk, state, thread)) return chunk;
    }
    return NO_CHUNK;
  }

  #take(chunk: number, state: number, thread: number): boolean {
    const slots = this.#slots;
    const turn = state >>> TURN_SHIFT;
    const seen = Atomics.load(slots, chunk);
    // Of this turn, owned or done; of a later one when this claim comes too late.
    if (seen >>> TURN_SHIFT >= turn) return false;
    // The exchange decides between threads; it pairs with `giveBack` and `release`, so that the former owner's writes come before.
    if (Atomics.compareExchange(slots, chunk, seen, (turn << TURN_SHIFT) | (thread + 1)) !== seen) return false;
    // The slot before the state: if the state is still the same, the turn cannot end before this chunk is done. Otherwise
    // the turn is over, and a slot that names it is free.
    return Atomics.load(this.#words, STATE) === state;
  }

  /** The chunk is done by its owner. */
  complete(chunk: number): void {
    // All that was written for the chunk is visible to whoever sees it done.
    Atomics.store(this.#slots, chunk, (this.#claimedState & ~0xff) | DONE);
    Atomics.add(this.#words, DONE_COUNT, 1);
  }

  /** Its owner could not do it now. */
  giveBack(chunk: number): void {
    Atomics.store(this.#slots, chunk, 0);
  }

  #firstNotDone(state: number, chunks: number): number {
    if (this.#lookedAt !== state) {
      this.#lookedAt = state;
      this.#doneBelow = 0;
    }
    const done = (state & ~0xff) | DONE;
    // Pairs with `complete`.
    while (this.#doneBelow < chunks && Atomics.load(this.#slots, this.#doneBelow) === done) this.#doneBelow++;
    return this.#doneBelow;
  }

  // ------------------------------------------------------------ a main thread that calls chunks done itself

  /** Main thread: so many chunks may be claimed. Participants of such a phase never move to the next. */
  raise(chunks: number): void {
    invariant(chunks <= this.#slots.length, 'more chunks than the board has room for');
    Atomics.store(this.#words, CHUNKS, chunks);
  }

  /** Main thread: the chunk is done, whoever has it. */
  settle(chunk: number): void {
    const turn = Atomics.load(this.#words, STATE) & ~0xff;
    // Its owner claims no other turn of it, and a release passes by what is done.
    Atomics.store(this.#slots, chunk, turn | DONE);
    Atomics.add(this.#words, DONE_COUNT, 1);
  }

  // ------------------------------------------------------------ phases

  /** Whether the caller is the one to prepare the next phase: all chunks are done, and it was first to see it. */
  beginMove(thread: number): boolean {
    const words = this.#words;
    const state = Atomics.load(words, STATE);
    if ((state & 0xff) !== OPEN) return false;
    const chunks = Atomics.load(words, CHUNKS);
    if (this.#firstNotDone(state, chunks) < chunks) return false;
    this.claimedPhase = Atomics.load(words, PHASE);
    this.#claimedState = state;
    // Fails when the turn of `state` is over: then phase and chunks above may have been another's.
    return Atomics.compareExchange(words, STATE, state, state | (thread + 1)) === state;
  }

  /** After `beginMove`: opens the next phase, or ends the stage. */
  endMove(next: PhasePlan | undefined): void {
    const words = this.#words;
    const turn = this.#claimedState >>> TURN_SHIFT;
    if (next !== undefined) {
      invariant(turn < LAST_TURN, 'phases beyond the last turn');
      this.#write(next);
    }
    // Last: who sees the new state sees phase, chunks and all that was prepared.
    Atomics.store(words, STATE, next === undefined ? (turn << TURN_SHIFT) | FINISHED : (turn + 1) << TURN_SHIFT);
    Atomics.notify(words, STATE);
  }

  /** Waits a moment for the phase to end. */
  pause(ms: number): void {
    const state = Atomics.load(this.#words, STATE);
    if ((state & 0xff) === FINISHED || this.cancelled) return;
    // A state that changed since the look ends the wait at once.
    Atomics.wait(this.#words, STATE, state, ms);
  }

  /**
   * Main thread, after the exit of `thread` has been seen and before its slot is another's: what it had is free again.
   * Whether there was anything.
   */
  release(thread: number): boolean {
    let had = false;
    const slots = this.#slots;
    for (let chunk = 0; chunk < slots.length; chunk++) {
      const seen = Atomics.load(slots, chunk);
      // Of a former turn it is free already, and another may be about to claim it: then the exchange fails, rightly.
      if ((seen & 0xff) === thread + 1 && Atomics.compareExchange(slots, chunk, seen, 0) === seen) had = true;
    }
    const state = Atomics.load(this.#words, STATE);
    if ((state & 0xff) !== thread + 1) return had;
    // It was preparing the next phase: another does it again. Nobody else changes such a state.
    Atomics.store(this.#words, STATE, state & ~0xff);
    Atomics.notify(this.#words, STATE);
    return true;
  }
}
