import { DefaultSerializer } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import { show } from '../base/errors.js';
import { type MapBatch, type MapFailure, type MapMessage, Outcome } from './map-task.js';

/**
 * Worker thread. Gathers results into batches for the main thread. A result is cloned when it is added: the function may
 * change what it returned as soon as it is called again.
 */
export class MapSender {
  readonly #port: MessagePort;
  #chunk = 0;
  #from = 0;
  #names: string[] = [];
  #values: unknown[] = [];
  /** Made when there is the first that is not plain. */
  #outcomes: number[] | undefined;
  #serializer: DefaultSerializer | undefined;

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
    if (typeof value !== 'object' || value === null) {
      if (typeof value === 'function' || typeof value === 'symbol') {
        this.failed(name, failureOf(new TypeError(`${show(value)} cannot be cloned`), UNCLONABLE));
      } else {
        this.#add(name, Outcome.plain, value);
      }
      return;
    }
    try {
      this.#serializer ??= begun();
      this.#serializer.writeValue(value);
    } catch {
      // What it wrote of the value stands behind the others, where nobody reads it.
      this.send();
      this.#serializer = undefined;
      this.#cloned(name, value);
      return;
    }
    this.#add(name, Outcome.serialized, undefined);
  }

  /** What the serializer knows nothing of (shared memory, for one) may yet be cloned. */
  #cloned(name: string, value: unknown): void {
    try {
      this.#add(name, Outcome.plain, structuredClone(value));
    } catch (error) {
      this.failed(name, failureOf(error, UNCLONABLE));
    }
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
    if (outcome !== Outcome.plain) this.#outcomes ??= new Array<number>(this.#values.length).fill(Outcome.plain);
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
      bytes: this.#serializer?.releaseBuffer(),
    };
    this.#from += this.#values.length;
    this.#names = [];
    this.#values = [];
    this.#outcomes = undefined;
    this.#serializer = undefined;
    this.#port.postMessage(batch satisfies MapMessage);
  }
}

function begun(): DefaultSerializer {
  const serializer = new DefaultSerializer();
  serializer.writeHeader();
  return serializer;
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
    cause = new Error(message);
  }
  return { cause, code, message: before + message };
}
