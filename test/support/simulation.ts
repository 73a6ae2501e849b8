import type { Engine } from '../../dist/src/engine/engine.js';
import { makeEngine } from '../../dist/src/engine/make-engine.js';
import type { EngineOptions } from '../../dist/src/index.js';
import { Applier, LINGER_MS } from '../../dist/src/pool/applier.js';
import type { EngineMemory } from '../../dist/src/pool/engine-memory.js';
import type { InspectResult, InspectTask } from '../../dist/src/pool/inspect.js';
import { PAUSE_MS, type Participant } from '../../dist/src/pool/participant.js';
import type { PoolEvents, Workers, World } from '../../dist/src/pool/pool.js';
import { ControlFlag, Word } from '../../dist/src/schedule/control.js';
import type { Host } from '../../dist/src/schedule/host.js';
import { CRASH, type Crashes } from './crashes.js';
import { type Guest, inspectionOf, participantOf } from './guests.js';

interface Occasion {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
  cancelled: boolean;
}

/** A worker thread that exists in turns alone. */
interface Thread {
  readonly id: number;
  readonly slot: number;
  readonly applier: Applier;
}

/** Longest virtual delay of anything that the host promises "soon". */
export const SOON_MS = 0.5;

/**
 * A world with a clock of its own: everything happens in turns, in an order that the seed alone decides. Threads share the
 * engine's real memory, and take their turns with the real applier. At each of the steps of crashes.ts in a turn, others
 * may take theirs, or the thread may be lost (finer interleavings are the business of the model tests).
 */
export class Simulation {
  nowMs = 1;
  /** Numbers from the seed: whole, from 0 to below `below`. */
  readonly random: (below: number) => number;
  readonly #crashes: Crashes;
  readonly #occasions: Occasion[] = [];
  #order = 0;
  #threads: Thread[] = [];
  /** Tasks that wait for a thread. */
  #queued = 0;
  #parked = new Map<Thread, (woken: boolean) => void>();
  #progressTask: (() => void) | undefined;
  #progressSeen = 0;
  #nextThread = 1000;
  #memory!: EngineMemory;
  #events!: PoolEvents;
  #closed = false;
  crashes = 0;
  turns = 0;
  /** Whether applying takes virtual time. */
  slow = true;
  /** Called now and then while no shard is locked: what a reader sees. */
  onRead: () => void = () => undefined;
  #nested = 0;

  constructor(seed: number, crashes: Crashes) {
    let state = seed >>> 0 || 1;
    this.random = (below) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    this.#crashes = crashes;
  }

  /** Of the engine that was started. */
  get memory(): EngineMemory {
    return this.#memory;
  }

  /** An engine in this world. */
  start(options: EngineOptions): Promise<Engine> {
    const starting = makeEngine({ clock: () => Math.floor(this.nowMs), ...options }, (memory, events, resolved) =>
      this.#world(memory, events, resolved.workers),
    );
    return this.until(starting);
  }

  #world(memory: EngineMemory, events: PoolEvents, workers: number): World {
    this.#crashes.onStep = () => this.#interrupt();
    this.#memory = memory;
    this.#events = events;
    for (let i = 0; i < workers; i++) this.#threads.push(this.#newThread());
    const after: Host['after'] = (delayMs, task) => {
      const occasion = this.at(delayMs + this.#soon(), task);
      return () => void (occasion.cancelled = true);
    };
    const host: Host = {
      now: () => this.nowMs,
      endOfTick: (task) => void this.at(this.#soon() / 10, task),
      after,
      inBackground: after,
      submitApplier: () => this.#submit(),
      wakeApplier: () => this.#wake(),
      onProgress: (task) => {
        this.#progressSeen = Atomics.load(memory.control.engine, Word.progress);
        this.#progressTask = task;
      },
    };
    return { host, pool: this.#pool() };
  }

  #pool(): Workers {
    const simulation = this;
    return {
      get active() {
        return Atomics.load(simulation.#memory.control.engine, Word.active);
      },
      ready: () => Promise.resolve(),
      threads: () => this.#threads.map(({ slot }) => ({ thread: slot, idleMs: 0 })),
      offer: () => undefined,
      inspect: (task) => this.#inspect(task),
      participate: (task) =>
        new Promise((resolve, reject) => {
          this.#guests.push({ task, resolve, reject });
          this.#memory.control.taskSubmitted();
          this.#submittedGuests++;
          this.#wake();
          this.at(this.#soon(), () => this.#assign());
        }),
      map: () => Promise.reject(new Error('promises of a user are no part of this world')),
      end: () => undefined,
      close: async () => {
        this.#closed = true;
        this.#memory.control.setFlag(ControlFlag.closing);
        while (this.#wake());
      },
    };
  }

  // ------------------------------------------------------------ time

  #soon(): number {
    return (this.random(1000) / 1000) * SOON_MS;
  }

  at(delayMs: number, task: () => void): Occasion {
    const occasion = { atMs: this.nowMs + delayMs, order: this.#order++, task, cancelled: false };
    this.#occasions.push(occasion);
    return occasion;
  }

  /** The next thing happens; false when nothing is left to happen until then. */
  #step(untilMs = Number.POSITIVE_INFINITY): boolean {
    const { control } = this.#memory;
    if (this.#progressTask !== undefined && Atomics.load(control.engine, Word.progress) !== this.#progressSeen) {
      const task = this.#progressTask;
      this.#progressTask = undefined;
      this.at(this.#soon(), task);
    }
    let next = -1;
    for (let i = 0; i < this.#occasions.length; i++) {
      const here = this.#occasions[i]!;
      const best = this.#occasions[next];
      if (best === undefined || here.atMs < best.atMs || (here.atMs === best.atMs && here.order < best.order)) next = i;
    }
    if (next < 0 || this.#occasions[next]!.atMs > untilMs) return false;
    const [occasion] = this.#occasions.splice(next, 1);
    this.nowMs = Math.max(this.nowMs, occasion!.atMs);
    this.turns++;
    if (!occasion!.cancelled) occasion!.task();
    if (this.random(50) === 0) this.#read();
    return true;
  }

  #interrupt(): void {
    // A step takes its time, and only what is due meanwhile happens in the middle of it.
    if (this.slow) this.nowMs += 0.003;
    if (this.#nested >= 3 || this.random(4) !== 0) return;
    this.#nested++;
    if (this.random(8) === 0) this.#read();
    else this.#step(this.nowMs);
    this.#nested--;
  }

  #read(): void {
    const { lock, shards } = this.#memory;
    for (let shard = 0; shard < shards; shard++) if (lock.writerOf(shard) >= 0) return;
    this.onRead();
  }

  /** Lets things happen until the promise is settled. Nothing left to happen before that is a hang. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    for (;;) {
      // As many turns of the microtask queue as a promise takes from the end of a task to what waits for it.
      for (let i = 0; i < 32; i++) await undefined;
      if (settled) return promise;
      if (this.#memory !== undefined && !this.#step())
        throw new Error(`nothing is left to happen, at ${this.nowMs} ms`);
    }
  }

  /** Lets things happen for so long. */
  async pass(ms: number): Promise<void> {
    let over = false;
    this.at(ms, () => {
      over = true;
    });
    while (!over) {
      this.#step();
      await undefined;
    }
  }

  /** Lets everything happen. */
  async quiesce(): Promise<void> {
    while (this.#step()) for (let i = 0; i < 4; i++) await undefined;
  }

  // ------------------------------------------------------------ threads

  #newThread(): Thread {
    const id = this.#nextThread++;
    const slot = this.#memory.threads.claim(id);
    const now = (): number => {
      // Every look at the clock costs: so slices and quanta end at places that the seed decides.
      if (this.slow) this.nowMs += this.random(100) === 0 ? this.random(12) : 0.0001;
      return this.nowMs;
    };
    return { id, slot, applier: new Applier(this.#memory, slot, now, () => undefined) };
  }

  #submit(): void {
    Atomics.add(this.#memory.control.engine, Word.active, 1);
    this.#queued++;
    this.at(this.#soon(), () => this.#assign());
  }

  /** Threads in a task. */
  readonly #busy = new Set<Thread>();

  #assign(): void {
    const idle = this.#threads.filter((thread) => !this.#busy.has(thread));
    if (idle.length === 0) return;
    const thread = idle[this.random(idle.length)]!;
    const guest = this.random(2) === 0 || this.#queued === 0 ? this.#guests.shift() : undefined;
    if (guest === undefined && this.#queued === 0) return;
    this.#busy.add(thread);
    if (guest !== undefined) {
      this.#join(thread, guest);
      return;
    }
    this.#queued--;
    this.#turn(thread);
  }

  // ------------------------------------------------------------ jobs

  readonly #guests: Guest[] = [];
  /** Submitted and not ended. */
  #submittedGuests = 0;

  #join(thread: Thread, guest: Guest): void {
    const participant = participantOf(this.#memory, guest.task, thread, () => this.nowMs);
    const go = (): void => {
      let end: ReturnType<Participant['turn']>;
      try {
        end = this.#crashes.during(() => participant.turn());
      } catch (error) {
        if (error !== CRASH) throw error;
        this.#crashed(thread, guest);
        return;
      }
      if (end === 'worked') this.at(this.#soon() / 5, go);
      else if (end === 'idle') this.at(PAUSE_MS, go);
      else this.at(this.#soon(), () => this.#part(thread, () => guest.resolve(end)));
    };
    go();
  }

  #part(thread: Thread, settle: () => void): void {
    this.#busy.delete(thread);
    if (--this.#submittedGuests === 0) this.#memory.control.noTasks();
    settle();
    if (!this.#closed) this.#events.applierEnded();
    this.#assign();
  }

  #turn(thread: Thread): void {
    const { engine } = this.#memory.control;
    let end: ReturnType<Applier['turn']>;
    try {
      end = this.#crashes.during(() => thread.applier.turn());
    } catch (error) {
      if (error !== CRASH) throw error;
      this.#crashed(thread);
      return;
    }
    if (end === 'worked') {
      this.at(this.#soon() / 5, () => this.#turn(thread));
      return;
    }
    if (end !== 'idle') {
      this.#leave(thread);
      return;
    }
    const wake = thread.applier.park();
    const go = (woken: boolean): void => {
      const ready = thread.applier.unpark();
      if (ready || woken) this.#turn(thread);
      else this.#leave(thread);
    };
    if (wake === undefined) {
      this.at(this.#soon() / 5, () => go(true));
      return;
    }
    // The wait begins a moment after the look: a wake-up in between changes the word, and nobody sleeps.
    this.at(this.#soon() / 5, () => {
      if (Atomics.load(engine, Word.wake) !== wake) {
        go(true);
        return;
      }
      const timeout = this.at(LINGER_MS, () => {
        this.#parked.delete(thread);
        go(false);
      });
      this.#parked.set(thread, (woken) => {
        timeout.cancelled = true;
        this.#parked.delete(thread);
        this.at(this.#soon(), () => go(woken));
      });
    });
  }

  #wake(): boolean {
    const { engine } = this.#memory.control;
    Atomics.add(engine, Word.wake, 1);
    const sleepers = [...this.#parked.values()];
    if (sleepers.length === 0) return false;
    sleepers[this.random(sleepers.length)]!(true);
    return true;
  }

  #leave(thread: Thread): void {
    if (!thread.applier.leave()) {
      this.#turn(thread);
      return;
    }
    // The main thread hears of it later.
    this.at(this.#soon(), () => {
      this.#busy.delete(thread);
      this.#ended();
    });
  }

  #ended(): void {
    if (this.#busy.size === 0 && this.#queued === 0) {
      Atomics.store(this.#memory.control.engine, Word.active, 0);
      Atomics.store(this.#memory.control.engine, Word.parked, 0);
    }
    if (!this.#closed) this.#events.applierEnded();
    this.#assign();
  }

  #crashed(thread: Thread, guest?: Guest): void {
    this.crashes++;
    this.#threads = this.#threads.filter((other) => other !== thread);
    this.at(this.#soon() * 4, () => {
      this.#busy.delete(thread);
      this.#events.workerLost(thread.slot, undefined);
      this.at(this.#soon() * 20, () => {
        this.#threads.push(this.#newThread());
        this.#assign();
      });
      if (guest !== undefined) {
        this.#part(thread, () => guest.reject(CRASH));
        return;
      }
      Atomics.sub(this.#memory.control.engine, Word.active, 1);
      this.#ended();
    });
  }

  async #inspect(task: InspectTask): Promise<InspectResult> {
    const result = await inspectionOf(this.#memory, task, (look) => void this.at(SOON_MS, look));
    if (!this.#closed) this.#events.applierEnded();
    return result;
  }
}
