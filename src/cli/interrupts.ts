import { constants } from 'node:os';

/** A line for people, when the first signal came. */
export const INTERRUPTED = 'interrupted: the summary follows; once more ends at once\n';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The signals that end a run. The first asks for an end with a summary; the second ends the program at once, as if nobody had
 * listened, after `atOnce` has put away what is on the terminal.
 */
export class Interrupts {
  readonly #stop = new AbortController();
  readonly #first: () => void;
  readonly #atOnce: () => void;
  readonly #listener = (signal: NodeJS.Signals): void => this.#take(signal);
  #signal: NodeJS.Signals | undefined;

  constructor(first: () => void, atOnce: () => void) {
    this.#first = first;
    this.#atOnce = atOnce;
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What a shell expects of a program that the signal ended: 128 and its number. */
  get exitCode(): number {
    return this.#signal === undefined ? 0 : 128 + (constants.signals[this.#signal] ?? 0);
  }

  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#signal === undefined) {
      this.#signal = signal;
      this.#stop.abort();
      this.#first();
      return;
    }
    this.end();
    this.#atOnce();
    process.kill(process.pid, signal);
  }
}
