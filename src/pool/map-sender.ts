import type { MessagePort } from 'node:worker_threads';
import { failureOf } from './map-failure.js';
import { type MapBatch, type MapFailure, type MapMessage, Outcome } from './map-task.js';
import { isTooDeep, MOST_LEVELS } from './nesting.js';
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
  /** Batches sent. */
  #sent = 0;

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

  /** Of the first outcome that is not sent, in the chunk. */
  get from(): number {
    return this.#from;
  }

  /** What is not sent is made again. */
  drop(): void {
    this.#names = [];
    this.#values = [];
    this.#outcomes = undefined;
  }

  /** Where the next outcome will stand: for `amend`. */
  get place(): number {
    return this.#sent * 2 ** 21 + this.#values.length;
  }

  result(name: string, value: unknown): void {
    let sendable = value;
    if ((typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol') {
      try {
        sendable = typeof value === 'object' ? plainCopy(value) : undefined;
        if (sendable === undefined) {
          sendable = structuredClone(value);
          if (isTooDeep(sendable)) throw new RangeError(`it is nested deeper than ${MOST_LEVELS} levels`);
        }
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

  /** The outcome at this place is a failure after all; false when it was sent. */
  amend(place: number, failure: MapFailure): boolean {
    const at = place - this.#sent * 2 ** 21;
    if (at < 0 || at >= this.#values.length) return false;
    this.#outcomes ??= new Array<number>(this.#values.length).fill(Outcome.result);
    this.#outcomes[at] = Outcome.failed;
    this.#values[at] = failure;
    return true;
  }

  /** What came too late to be an outcome; of a graph, or nobody knows of which. */
  stray(graph: string | undefined, failure: MapFailure): void {
    this.#port.postMessage({ graph, failure } satisfies MapMessage);
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
    this.drop();
    this.#sent++;
    try {
      this.#port.postMessage(batch satisfies MapMessage);
    } catch {
      this.#sendSingly(batch);
    }
  }

  /** Together they cannot be sent: more than fits into a message, say. The one that is to blame fails for its graph. */
  #sendSingly({ chunk, from, names, outcomes, values }: MapBatch): void {
    for (let i = 0; i < values.length; i++) {
      const one = { chunk, from: from + i, names: [names[i]!] };
      const outcome = outcomes?.[i] ?? Outcome.result;
      try {
        this.#port.postMessage({ ...one, outcomes: [outcome], values: [values[i]] } satisfies MapMessage);
      } catch (error) {
        const failure = failureOf(error, UNCLONABLE);
        this.#port.postMessage({ ...one, outcomes: [Outcome.failed], values: [failure] } satisfies MapMessage);
      }
    }
  }
}

const UNCLONABLE = 'its result cannot be cloned: ';
