import { EventEmitter } from 'node:events';
import type { Applier } from '../../dist/src/pool/applier.js';
import type { FrameRing } from '../../dist/src/ring/ring.js';
import type { Control } from '../../dist/src/schedule/control.js';
import { type Actor, LOST, MAIN, type World } from './world.js';

/** What a thread is given in place of the engine's memory. */
export interface Birth {
  readonly world: World;
  readonly control: Control;
  readonly rings: readonly FrameRing[];
  /** Words and offsets of applier.ts that its `run` waits on. */
  readonly wakeWord: number;
  readonly lingerMs: number;
  /** Longest time that a thread takes to start. */
  readonly startMs: number;
  /** Whether sleeping threads may be lost. */
  readonly mortal: boolean;
  claimSlot(threadId: number): number;
  applier(slot: number): Applier;
}

interface Task {
  readonly inspect: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

let nextThreadId = 1;

class Thread extends EventEmitter {
  readonly threadId: Actor = nextThreadId++;
  slot = -1;
  applier: Applier | undefined;
  task: Task | undefined;
  lost = false;
}

/** Piscina as pool.ts uses it, of threads that live in a `World`. */
export class Piscina {
  threads: Thread[] = [];
  readonly #birth: Birth;
  readonly #queue: Task[] = [];
  #ended = false;
  static losses = 0;

  constructor(options: { workerData: Birth; minThreads: number }) {
    this.#birth = options.workerData;
    for (let i = 0; i < options.minThreads; i++) this.#start();
  }

  on(): void {}

  run(_: unknown, { filename }: { filename: string }): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ inspect: filename.includes('inspect'), resolve, reject });
      this.#assign();
    });
  }

  async destroy(): Promise<void> {
    this.#ended = true;
    for (const { reject } of this.#queue.splice(0)) reject(new Error('the pool has ended'));
    for (const thread of this.threads) {
      thread.lost = true;
      thread.task?.reject(new Error('the thread was terminated'));
    }
  }

  #start(): void {
    const { world, startMs } = this.#birth;
    const thread = new Thread();
    this.threads.push(thread);
    world.at(thread.threadId, (world.random(1000) / 1000) * startMs, () => {
      // Threads that are lost while they start are a matter between Node and Piscina.
      world.aside(() => {
        thread.slot = this.#birth.claimSlot(thread.threadId);
        thread.applier = this.#birth.applier(thread.slot);
      });
      world.at(MAIN, 0, () => this.#assign());
    });
  }

  #assign(): void {
    const { world } = this.#birth;
    for (;;) {
      const free = this.threads.filter((thread) => thread.applier !== undefined && thread.task === undefined);
      if (free.length === 0 || this.#queue.length === 0) return;
      const thread = free[world.random(free.length)]!;
      thread.task = this.#queue.shift()!;
      if (thread.task.inspect) this.#go(thread, world.soon(), () => this.#inspect(thread, 0));
      else this.#go(thread, world.soon(), () => this.#turn(thread));
    }
  }

  /** A turn of the thread, which may be its last. */
  #go(thread: Thread, delayMs: number, turn: () => void): void {
    this.#birth.world.at(thread.threadId, delayMs, () => {
      if (thread.lost) return;
      try {
        turn();
      } catch (error) {
        if (error !== LOST) throw error;
        this.#lose(thread);
      }
    });
  }

  // Applier.run, a turn between each two of its steps.

  #turn(thread: Thread): void {
    const { world, control, wakeWord, lingerMs, mortal } = this.#birth;
    const applier = thread.applier!;
    const turn = applier.turn();
    if (turn === 'worked') {
      this.#go(thread, world.soon() / 10, () => this.#turn(thread));
      return;
    }
    if (turn !== 'idle') {
      this.#leave(thread);
      return;
    }
    const wake = applier.park();
    const unpark = (woken: boolean): void => {
      if (applier.unpark() || woken) this.#turn(thread);
      else this.#leave(thread);
    };
    if (wake === undefined) {
      this.#go(thread, world.soon() / 10, () => unpark(true));
      return;
    }
    this.#go(thread, world.soon() / 10, () => {
      const end = (how: string): void => this.#go(thread, world.soon() / 2, () => unpark(how !== 'timed-out'));
      if (!world.sleep(control.engine, wakeWord, wake, end, lingerMs)) unpark(true);
      else if (mortal && world.random(60) === 0) {
        this.#go(thread, (world.random(100) / 100) * lingerMs, () => {
          if (world.wake(end)) throw LOST;
        });
      }
    });
  }

  #leave(thread: Thread): void {
    if (thread.applier!.leave()) this.#done(thread);
    else this.#go(thread, 0, () => this.#turn(thread));
  }

  /** As pool/inspect.ts holds the shards one after another. */
  #inspect(thread: Thread, shard: number): void {
    const { world, control, rings } = this.#birth;
    if (shard === rings.length) {
      this.#done(thread);
    } else if (!control.claimAny(shard, thread.slot)) {
      this.#go(thread, 0.5, () => this.#inspect(thread, shard));
    } else {
      this.#go(thread, world.soon() * 4, () => {
        control.goIdle(shard);
        if (!rings[shard]!.isEmpty()) control.markReady(shard);
        this.#go(thread, 0, () => this.#inspect(thread, shard + 1));
      });
    }
  }

  #done(thread: Thread): void {
    const { world } = this.#birth;
    const task = thread.task!;
    // The main thread hears of it later.
    world.at(MAIN, world.soon(), () => {
      thread.task = undefined;
      task.resolve('idle');
      this.#assign();
    });
  }

  #lose(thread: Thread): void {
    const { world } = this.#birth;
    thread.lost = true;
    Piscina.losses++;
    world.at(MAIN, world.soon() * 4, () => {
      if (this.#ended) return;
      this.threads = this.threads.filter((other) => other !== thread);
      this.#start();
      const reject = (): void => thread.task?.reject(new Error('the worker was lost'));
      // The two come in any order.
      const before = world.random(2) === 0;
      if (before) reject();
      thread.emit('exit');
      if (!before) world.at(MAIN, world.soon(), reject);
    });
  }
}
