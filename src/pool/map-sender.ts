import type { MessagePort } from 'node:worker_threads';
import { show } from '../base/errors.js';
import { type MapBatch, type MapFailure, type MapMessage, Outcome } from './map-task.js';
import { plainCopy } from './plain-copy.js';

/**
 * Worker thread. Gathers results into batches for the main thread. An object is cloned when it is added, and again when it
 * is sent: the function may change what it returned as soon as it is called again.
 */
export class MapSender {
  readonly #port: MessagePort;
  #chunk = 0;
  #from = 0;
  #names: string[] = [];
  #values: unknown[] = [];
  /** Made when there is the first that is no result. */
  #outcomes: number[] | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** The next outcome is that of the chunk's graph `from`. Nothing is unsent. */
  begin(chunk: number, from: number): void {
    this.#chunk = chunk;
    this.#from = from;
  }

  /** Outcomes that are not sent yet. */
  get unsent(): number {
    return this.#values.length;
  }

  result(name: string, value: unknown): void {
    let sendable = value;
    if ((typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol') {
      try {
        sendable = (typeof value === 'object' ? plainCopy(value) : undefined) ?? structuredClone(value);
      } catch (error) {
        this.failed(name, failureOf(error, UNCLONABLE));
        return;
      }
    }
    this.#add(name, Outcome.result, sendable);
  }

  gone(): void {
    this.#add('', Outcome.gone, undefined);
  }

  deadly(name: string): void {
    this.#add(name, Outcome.deadly, undefined);
  }

  failed(name: string, failure: MapFailure): void {
    this.#add(name, Outcome.failed, failure);
  }

  #add(name: string, outcome: number, value: unknown): void {
    if (outcome !== Outcome.result) this.#outcomes ??= new Array<number>(this.#values.length).fill(Outcome.result);
    this.#outcomes?.push(outcome);
    this.#names.push(name);
    this.#values.push(value);
  }

  send(): void {
    if (this.#values.length === 0) return;
    const batch: MapBatch = {
      chunk: this.#chunk,
      from: this.#from,
      names: this.#names,
      outcomes: this.#outcomes,
      values: this.#values,
    };
    this.#from += this.#values.length;
    this.#names = [];
    this.#values = [];
    this.#outcomes = undefined;
    this.#port.postMessage(batch satisfies MapMessage);
  }
}

const UNCLONABLE = 'its result cannot be cloned: ';

/** What can be said of an error on another thread. */
export function failureOf(error: unknown, before = ''): MapFailure {
  let code: unknown;
  let message: string;
  try {
    message = error instanceof Error ? error.message : show(error);
    const given: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (typeof given === 'string' || typeof given === 'number') code = given;
  } catch {
    message = 'an error that cannot be read';
  }
  let cause: unknown;
  try {
    cause = structuredClone(error);
  } catch {
    // Such as an error with a function as its cause.
  }
  // An error of another kind (a DOMException) is an empty object then.
  if (error instanceof Error ? !(cause instanceof Error) : cause === undefined) cause = new Error(message);
  return { cause, code, message: before + message };
}
