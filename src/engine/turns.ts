import type { Host } from '../schedule/host.js';

/** After so long without a turn of the event loop it has one: timers, input and aborts wait no longer. */
const SLICE_MS = 4;
/** The clock is looked at after so many steps at most: a look costs about as much as a quarter of an event. */
const MOST_STEPS_A_LOOK = 64;

/**
 * Lets the event loop go on while something is handed out, or taken in, step by step without waiting for anything: promises
 * that are settled already never leave the microtask queue.
 */
export class Turns {
  readonly #host: Pick<Host, 'now' | 'endOfTick'>;
  #sinceMs: number;
  #lookedMs: number;
  #stepsALook = 1;
  #untilLook = 1;

  constructor(host: Pick<Host, 'now' | 'endOfTick'>) {
    this.#host = host;
    this.#sinceMs = host.now();
    this.#lookedMs = this.#sinceMs;
  }

  /** To be asked at each step: whether a turn is due. */
  get isDue(): boolean {
    if (--this.#untilLook > 0) return false;
    const now = this.#host.now();
    // As many steps as take a small part of a slice, however long one takes.
    const steps = now - this.#lookedMs > SLICE_MS / 16 ? this.#stepsALook >>> 1 : this.#stepsALook * 2;
    this.#stepsALook = Math.max(1, Math.min(steps, MOST_STEPS_A_LOOK));
    this.#untilLook = this.#stepsALook;
    this.#lookedMs = now;
    return now - this.#sinceMs >= SLICE_MS;
  }

  /** Resolves after a turn of the event loop. */
  async take(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#host.endOfTick(resolve);
    });
    this.begin();
  }

  /** The event loop has just had a turn. */
  begin(): void {
    this.#sinceMs = this.#host.now();
    this.#lookedMs = this.#sinceMs;
  }
}
