import { failureOf } from './map-failure.js';
import type { MapSender } from './map-sender.js';
import type { MapFailure } from './map-task.js';
import { callFor, type Origin, warnOf } from './strays.js';

/** Of a job, in this thread: what its functions leave behind is told to it. */
export interface Participant {
  tell(failure: MapFailure, call: Call | undefined): void;
}

/** By job. */
export const live = new Map<number, Participant>();

/** A function's call that is traced: hears of what it leaves behind. */
export class Call implements Origin {
  readonly #job: number;
  /** The graph's name. */
  name = '';
  /** Where its outcome stands, and of which sender; none yet: undefined. */
  place = 0;
  sender: MapSender | undefined;
  /** Rejects the promise that is awaited. */
  reject: ((error: unknown) => void) | undefined;

  constructor(job: number) {
    this.#job = job;
  }

  stray(error: unknown): void {
    if (this.reject !== undefined) this.reject(error);
    else tellStray(this.#job, error, this);
  }
}

/** To the job's participant in this thread, whichever it is by now. */
export function tellStray(job: number, error: unknown, call?: Call): void {
  const mapper = live.get(job);
  if (mapper === undefined) warnOf(call === undefined ? 'a function' : `graph ${JSON.stringify(call.name)}`, error);
  else mapper.tell(failureOf(error), call);
}

/** What the function returned, if it is a promise or the like: as one of Node's, so that `then` is read and called once. */
export function promised(call: Call | undefined, value: unknown): Promise<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Promise) return value;
  if (!('then' in value)) return undefined;
  return call === undefined ? taken(value) : callFor(call, taken, value);
}

function taken(value: object): Promise<unknown> | undefined {
  const { then } = value as { then: unknown };
  if (typeof then !== 'function') return undefined;
  return new Promise((resolve, reject) => {
    then.call(value, resolve, reject);
  });
}
