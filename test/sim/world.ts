/** Whose turn a task is: the main thread's, or that of the thread with this id. */
export type Actor = number;
export const MAIN: Actor = 0;

/** Thrown where a thread is lost. */
export const LOST = new Error('the thread is lost here');

export interface Occasion {
  readonly actor: Actor;
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
  cancelled: boolean;
}

interface Sleeper {
  readonly array: Int32Array;
  readonly index: number;
  readonly end: (how: 'ok' | 'timed-out') => void;
}

/** Longest virtual delay of anything that is promised "soon": a message, a wake-up, the start of a task. */
export const SOON_MS = 0.4;
/** Turns inside turns. */
const MOST_NESTED = 4;

/** Whole numbers from a seed: 0 to below `below`. */
export function randomOf(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * A clock of its own, and threads that exist in turns alone, in an order that the seed alone decides. Before every access to
 * a shared word others may take their turns in the middle of this one, or the thread may be lost.
 */
export class World {
  nowMs = 1;
  readonly random: (below: number) => number;
  /** One access in so many is interrupted; 0: none. */
  interruptEvery = 6;
  /** How long an interruption may last: a thread that is not run for a while. */
  interruptMs = 0.5;
  /** The accesses of threads that are left until one is lost there. */
  lossIn = Number.POSITIVE_INFINITY;
  /** Accesses to shared words by threads, and by all. */
  threadSteps = 0;
  steps = 0;
  /** Checked whenever something has happened. */
  invariant: () => void = () => undefined;
  readonly #occasions: Occasion[] = [];
  readonly #sleepers: Sleeper[] = [];
  readonly #stack: Actor[] = [];
  #order = 0;
  #open = true;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  soon(): number {
    return (this.random(1000) / 1000) * SOON_MS;
  }

  at(actor: Actor, delayMs: number, task: () => void): Occasion {
    const occasion = { actor, atMs: this.nowMs + delayMs, order: this.#order++, task, cancelled: false };
    this.#occasions.push(occasion);
    return occasion;
  }

  /** An access to a shared word comes next. */
  access(): void {
    if (!this.#open) return;
    const actor = this.#stack.at(-1) ?? MAIN;
    this.steps++;
    this.nowMs += 0.0002;
    if (actor !== MAIN) {
      this.threadSteps++;
      if (--this.lossIn === 0) throw LOST;
    }
    if (this.interruptEvery === 0 || this.#stack.length >= MOST_NESTED || this.random(this.interruptEvery) !== 0)
      return;
    // Code of the main thread that goes on after an `await` stands on no stack.
    const alone = this.#stack.length === 0;
    if (alone) this.#stack.push(MAIN);
    try {
      this.#next(this.nowMs + (this.random(1000) / 1000) * this.interruptMs);
    } finally {
      if (alone) this.#stack.pop();
    }
  }

  /** Looks at shared words as no thread does: nothing happens meanwhile. */
  aside<T>(look: () => T): T {
    const open = this.#open;
    this.#open = false;
    try {
      return look();
    } finally {
      this.#open = open;
    }
  }

  /** The next thing happens, of those whose actor is not in the middle of something; false when there is none until then. */
  #next(untilMs: number): boolean {
    const occasions = this.#occasions;
    let next = -1;
    for (let i = 0; i < occasions.length; i++) {
      const here = occasions[i]!;
      if (this.#stack.includes(here.actor)) continue;
      const best = occasions[next];
      if (best === undefined || here.atMs < best.atMs || (here.atMs === best.atMs && here.order < best.order)) next = i;
    }
    if (next < 0 || occasions[next]!.atMs > untilMs) return false;
    const [occasion] = occasions.splice(next, 1);
    if (occasion!.cancelled) return true;
    this.nowMs = Math.max(this.nowMs, occasion!.atMs);
    this.#stack.push(occasion!.actor);
    try {
      occasion!.task();
    } finally {
      this.#stack.pop();
    }
    this.aside(this.invariant);
    return true;
  }

  // ------------------------------------------------------------ waiting on a word

  /** `Atomics.wait` and `waitAsync`: the word is looked at and the wait begins in one step. False: it had changed already. */
  sleep(array: Int32Array, index: number, value: number, end: Sleeper['end'], timeoutMs?: number): boolean {
    if (this.aside(() => Atomics.load(array, index)) !== value) return false;
    const actor = this.#stack.at(-1) ?? MAIN;
    const sleeper: Sleeper = { array, index, end };
    this.#sleepers.push(sleeper);
    if (timeoutMs !== undefined) this.at(actor, timeoutMs, () => this.wake(sleeper.end, 'timed-out'));
    return true;
  }

  notify(array: Int32Array, index: number, count: number): number {
    let woken = 0;
    for (; woken < count; woken++) {
      const asleep = this.#sleepers.filter((sleeper) => sleeper.array === array && sleeper.index === index);
      if (asleep.length === 0) break;
      this.wake(asleep[this.random(asleep.length)]!.end, 'ok');
    }
    return woken;
  }

  /** Ends the sleep; false when it had ended. */
  wake(end: Sleeper['end'], how?: 'ok' | 'timed-out'): boolean {
    const at = this.#sleepers.findIndex((sleeper) => sleeper.end === end);
    if (at < 0) return false;
    this.#sleepers.splice(at, 1);
    if (how !== undefined) end(how);
    return true;
  }

  // ------------------------------------------------------------ time

  /** Lets things happen until the promise is settled. Nothing left to happen before that is a hang. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    for (;;) {
      await this.#microtasks();
      if (settled) return promise;
      if (!this.#next(Number.POSITIVE_INFINITY)) throw new Error(`nothing is left to happen at ${this.nowMs} ms`);
    }
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    do await this.#microtasks();
    while (this.#next(untilMs));
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Lets everything happen. */
  async quiesce(): Promise<void> {
    let turns = 0;
    do {
      if (++turns > 200_000) throw new Error('things go on happening for ever');
      await this.#microtasks();
    } while (this.#next(Number.POSITIVE_INFINITY));
  }

  /** What the main thread awaited goes on: no chain of promises in the engine is longer. */
  async #microtasks(): Promise<void> {
    for (let i = 0; i < 12; i++) await undefined;
  }
}

/** The world that Node's functions belong to at present. */
let current: World | undefined;
export function enter(world: World | undefined): void {
  current = world;
}

/** Puts the current world behind `Atomics` and the timers, until the answer is called. */
export function install(): () => void {
  const undo: Array<() => void> = [];
  const put = (object: object, name: string, value: unknown): void => {
    const record = object as Record<string, unknown>;
    const before = record[name];
    record[name] = value;
    undo.push(() => {
      record[name] = before;
    });
  };
  for (const name of ['load', 'store', 'add', 'sub', 'or', 'and', 'exchange', 'compareExchange'] as const) {
    const real = Atomics[name] as (array: Int32Array, index: number, a: number, b: number) => number;
    put(Atomics, name, (array: Int32Array, index: number, a: number, b: number) => {
      current?.access();
      return real(array, index, a, b);
    });
  }
  put(Atomics, 'notify', (array: Int32Array, index: number, count = Number.POSITIVE_INFINITY) => {
    current!.access();
    return current!.notify(array, index, count);
  });
  put(Atomics, 'waitAsync', (array: Int32Array, index: number, value: number) => {
    const world = current!;
    world.access();
    let answer: (how: string) => void = () => undefined;
    const end = (how: string): void => void world.at(MAIN, world.soon(), () => answer(how));
    if (!world.sleep(array, index, value, end)) return { async: false, value: 'not-equal' };
    return { async: true, value: new Promise((resolve) => (answer = resolve)) };
  });
  const after = (delayMs: number, task: () => void) => current!.at(MAIN, delayMs + current!.soon(), task);
  const cancel = (occasion: Occasion | undefined): void => {
    if (occasion !== undefined) occasion.cancelled = true;
  };
  put(globalThis, 'setImmediate', (task: () => void) => current!.at(MAIN, current!.soon() / 10, task));
  put(globalThis, 'setTimeout', (task: () => void, delayMs: number) => after(delayMs, task));
  put(globalThis, 'clearTimeout', cancel);
  // The engine's only interval does nothing but keep the process alive.
  put(globalThis, 'setInterval', () => undefined);
  put(globalThis, 'clearInterval', cancel);
  return () => {
    for (const step of undo.reverse()) step();
  };
}

/** The clock of the current world, in place of base/clock.ts. */
export function nowMs(): number {
  return current!.nowMs;
}
