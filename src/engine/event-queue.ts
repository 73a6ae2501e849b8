import type { Host } from '../schedule/host.js';
import { Turns } from './turns.js';

/** Events that a watcher holds unread, at most: some 8 MB of them. */
export const QUEUE_EVENTS = 65_536;

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The main thread's end of a watcher: a bounded queue that its reader takes events from. Nothing here keeps a process alive:
 * who waits for an event when none can come any more waits no longer than the process.
 */
export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #capacity: number;
  /** Called when the queue is read down to half while it was full, and when it ends. */
  readonly #onRoom: () => void;
  readonly #onEnd: () => void;
  #events: Array<T | undefined> = new Array<T | undefined>(16);
  #first = 0;
  #length = 0;
  #wasFull = false;
  #ended = false;
  #error: Error | undefined;
  #waiters: Waiter<T>[] = [];
  readonly #turns: Turns;
  /** The reader has waited for an event: the event loop has had a turn since. */
  #hasWaited = false;
  /** Events read so far. */
  taken = 0;

  constructor(capacity: number, host: Pick<Host, 'now' | 'endOfTick'>, onRoom: () => void, onEnd: () => void) {
    this.#turns = new Turns(host);
    this.#capacity = capacity;
    this.#onRoom = onRoom;
    this.#onEnd = onEnd;
  }

  get isFull(): boolean {
    if (this.#length < this.#capacity) return false;
    this.#wasFull = true;
    return true;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** The queue is not full. */
  push(event: T): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.taken++;
      waiter.resolve({ done: false, value: event });
      return;
    }
    if (this.#length === this.#events.length) this.#grow();
    this.#events[(this.#first + this.#length++) & (this.#events.length - 1)] = event;
  }

  #grow(): void {
    const { length } = this.#events;
    const grown = new Array<T | undefined>(length * 2);
    for (let i = 0; i < this.#length; i++) grown[i] = this.#events[(this.#first + i) & (length - 1)];
    this.#events = grown;
    this.#first = 0;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#length > 0) {
      const value = this.#events[this.#first]!;
      this.#events[this.#first] = undefined;
      this.#first = (this.#first + 1) & (this.#events.length - 1);
      this.#length--;
      this.taken++;
      if (this.#wasFull && this.#length <= this.#capacity / 2) {
        this.#wasFull = false;
        this.#onRoom();
      }
      if (this.#hasWaited) this.#turns.begin();
      this.#hasWaited = false;
      // A full queue is read in one go: others have their turn meanwhile.
      if (this.#turns.isDue) return this.#turns.take().then(() => ({ done: false, value }));
      return Promise.resolve({ done: false, value });
    }
    this.#hasWaited = true;
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** The reader leaves: what is unread is forgotten. */
  return(): Promise<IteratorResult<T>> {
    this.#length = 0;
    this.#events = [];
    this.end();
    this.#error = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No event comes any more; those that are here can be read, and then `error` is met, where there is one. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
    this.#onEnd();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
