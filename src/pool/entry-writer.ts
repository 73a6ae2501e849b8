import { type Outbox, OutboxEntry } from '../ring/outbox.js';

/** Behind every ordinal of a phase. */
const WHOLE_PHASE = 0xffffffff;

/** Phases of an event's entries: those of zones come before those of roaming slots. */
export const ROAMING_PHASE = 1 << 20;

/**
 * Writes the entries of one event after another into a shard's outbox, but for those that were handed over when the event
 * came before and not all of them fitted. Keeps what was found for such an event, for when it comes again.
 */
export class EntryWriter {
  readonly entry = new OutboxEntry();
  readonly #outbox: Outbox;
  #resuming = false;
  #memoPhase = -1;
  #memo: Uint32Array | undefined;
  /** How far a phase was that looks for its entries as it goes: index and ordinal. */
  #reached: readonly [number, number] = [0, 0];
  #reachedPhase = -1;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  begin(sequence: number, time: number, group: number): void {
    const { entry } = this;
    if (entry.sequence !== sequence) this.#forget();
    entry.sequence = sequence;
    entry.time = time;
    entry.group = group;
    entry.other = 0;
    this.#resuming = this.#outbox.resumes(sequence);
  }

  /** All is written: from here on the event may be applied. */
  end(): void {
    this.#outbox.close();
    if (this.#memo !== undefined) this.#forget();
  }

  #forget(): void {
    this.#memo = undefined;
    this.#memoPhase = -1;
    this.#reachedPhase = -1;
  }

  /** Writes the entry unless it was handed over before; false when there is no room. */
  emit(phase: number, ordinal: number): boolean {
    if (this.#resuming && this.#outbox.wasPublished(phase, ordinal)) return true;
    this.entry.phase = phase;
    this.entry.ordinal = ordinal;
    return this.#outbox.write(this.entry);
  }

  /** Whether all entries of the phase were handed over before. */
  isOver(phase: number): boolean {
    return this.#resuming && this.#outbox.wasPublished(phase, WHOLE_PHASE);
  }

  /** The rows that the phase tells of, found once in this thread. */
  rowsOf(phase: number, find: () => number[]): Uint32Array {
    if (this.#memo === undefined || this.#memoPhase !== phase) {
      this.#memo = Uint32Array.from(find());
      this.#memoPhase = phase;
    }
    return this.#memo;
  }

  reach(phase: number, index: number, ordinal: number): void {
    this.#reachedPhase = phase;
    this.#reached = [index, ordinal];
  }

  reachedOf(phase: number): readonly [number, number] {
    return this.#reachedPhase === phase ? this.#reached : [0, 0];
  }
}
