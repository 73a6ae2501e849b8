import { AthanorError } from './errors.js';

/**
 * What may end a wait from outside: a signal, an engine that fails or closes. It may live for long and see many waits, so it
 * keeps a callback of each, no promise: a promise that is raced again and again keeps a reaction of every race.
 */
export interface Ending {
  readonly ended: boolean;
  /** Why, once it has ended. */
  readonly error: unknown;
  /** `onEnd` is called when it ends, unless what is returned was called before; soon, where it has ended. */
  add(onEnd: (error: unknown) => void): () => void;
}

/** An ending that its owner brings about. */
export class EndingSource implements Ending {
  readonly #waiting = new Set<(error: unknown) => void>();
  ended = false;
  error: unknown;

  /** Callbacks that were added and not removed. */
  get waiting(): number {
    return this.#waiting.size;
  }

  add(onEnd: (error: unknown) => void): () => void {
    if (this.ended) queueMicrotask(() => onEnd(this.error));
    // One entry for each call: the same function may wait twice.
    const entry = (error: unknown): void => onEnd(error);
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  }

  /** Only the first error counts. */
  end(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.error = error;
    for (const onEnd of [...this.#waiting]) onEnd(error);
    this.#waiting.clear();
  }
}

/** Of each signal that somebody waits with; one listener for all of them, or Node warns of more than ten. */
const waitingBySignal = new WeakMap<AbortSignal, Set<() => void>>();

/** The abort of a signal: its error is ATHANOR_ABORTED. */
export function abortOf(signal: AbortSignal): Ending {
  return {
    get ended() {
      return signal.aborted;
    },
    get error() {
      return aborted(signal);
    },
    add: (onEnd) => onAbort(signal, () => onEnd(aborted(signal))),
  };
}

/** Calls `task` when the signal is aborted, unless what is returned was called before. */
export function onAbort(signal: AbortSignal, task: () => void): () => void {
  const waiting = waitingBySignal.get(signal) ?? new Set<() => void>();
  const entry = (): void => task();
  waiting.add(entry);
  if (waiting.size === 1) {
    waitingBySignal.set(signal, waiting);
    signal.addEventListener('abort', listener, { once: true });
  }
  return () => {
    if (!waiting.delete(entry) || waiting.size > 0) return;
    // A signal with a listener is kept alive by Node: nobody waits with it any more.
    waitingBySignal.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listener(event: Event): void {
  const signal = event.target as AbortSignal;
  const waiting = waitingBySignal.get(signal);
  waitingBySignal.delete(signal);
  for (const task of [...(waiting ?? [])]) {
    waiting?.delete(task);
    task();
  }
}

export function aborted(signal: AbortSignal): AthanorError {
  return new AthanorError('ATHANOR_ABORTED', 'signal: the call was aborted', { cause: signal.reason });
}

/** Settles as `promise` does, or rejects as soon as one of `endings` has ended. Then nothing of it is kept by any of them. */
export function unlessEnded<T>(promise: PromiseLike<T>, endings: readonly (Ending | undefined)[]): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const leave: Array<() => void> = [];
    let isOver = false;
    const over = (): void => {
      isOver = true;
      for (const each of leave.splice(0)) each();
    };
    // Heard in any case, so that a rejection that comes later is nobody's.
    promise.then(
      (value) => {
        over();
        resolve(value);
      },
      (error: unknown) => {
        over();
        reject(error);
      },
    );
    for (const ending of endings) {
      if (ending === undefined || isOver) continue;
      const onEnd = (why: unknown): void => {
        over();
        reject(why);
      };
      if (ending.ended) onEnd(ending.error);
      else leave.push(ending.add(onEnd));
    }
  });
}
