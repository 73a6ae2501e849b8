import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { ShardLock } from '../../dist/src/memory/lock.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const SCRIPT = new URL('../support/lock-worker.mjs', import.meta.url);
const [START, STOP, HELD] = [0, 1, 2];

/** Real threads, real memory order. Lengths are counts of acquisitions, never times. */

interface Bench {
  lock: ShardLock;
  data: Int32Array;
  words: Int32Array;
}

function bench(dataWords = 64): Bench {
  return {
    lock: ShardLock.create(new Memory(), { shards: 1 }),
    data: new Int32Array(new SharedArrayBuffer(4 * dataWords)),
    words: new Int32Array(new SharedArrayBuffer(64)),
  };
}

function start({ lock, data, words }: Bench, mode: string, thread: number, rounds = 0, timeoutMs = 60_000): Worker {
  return new Worker(SCRIPT, { workerData: { mode, token: lock.token, data, words, thread, rounds, timeoutMs } });
}

async function go({ words }: Bench, workers: Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  Atomics.store(words, START, 1);
  Atomics.notify(words, START);
}

async function resultOf<T>(worker: Worker): Promise<T> {
  const [result] = await once(worker, 'message');
  return result as T;
}

/** Resolves when the thread has ended, as the library sees it: by its exit. */
async function kill(worker: Worker): Promise<void> {
  await worker.terminate();
}

interface Read {
  rounds: number;
  broken: number;
  backwards: number;
  timedOut: number;
  changes: number;
}

/*
 * Allowed: a reader sees any state between two write phases, each no older than the one it saw before. Forbidden: words
 * that differ, a state older than the last, a thread that never gets its turn while the others do not rest.
 */
describe('readers and a writer', () => {
  test('the writer comes through readers that never rest', async () => {
    const setup = bench();
    const readers = [1, 2, 3].map((thread) => start(setup, 'read', thread));
    const writer = start(setup, 'write', 9, 4_000);
    const results = Promise.all(readers.map((reader) => resultOf<Read>(reader)));
    const written = resultOf<{ rounds: number }>(writer);
    await go(setup, [...readers, writer]);
    expect((await written).rounds).toBe(4_000);
    Atomics.store(setup.words, STOP, 1);
    for (const read of await results) expect(read).toMatchObject({ broken: 0, backwards: 0, timedOut: 0 });
    expect(setup.data[0]).toBe(4_000);
    await Promise.all([...readers, writer].map(kill));
  });

  test('readers come through a writer that never rests, and the main thread is one of them', async () => {
    const setup = bench();
    const readers = [1, 2].map((thread) => start(setup, 'read', thread, 3_000));
    const writer = start(setup, 'write', 9);
    const results = Promise.all(readers.map((reader) => resultOf<Read>(reader)));
    const written = resultOf<{ rounds: number }>(writer);
    await go(setup, [...readers, writer]);
    const { lock, data } = setup;
    let last = 0;
    for (let round = 0; round < 3_000; round++) {
      expect(lock.acquireRead(0, 0, 60_000)).toBe(true);
      const first = data[0]!;
      const broken = data.findIndex((word) => word !== first);
      lock.releaseRead(0, 0);
      expect([broken, first >= last]).toEqual([-1, true]);
      last = first;
    }
    for (const read of await results) {
      expect(read).toMatchObject({ rounds: 3_000, broken: 0, backwards: 0, timedOut: 0 });
    }
    Atomics.store(setup.words, STOP, 1);
    expect((await written).rounds).toBe(setup.data[0]);
    await Promise.all([...readers, writer].map(kill));
  });

  test('waits of no length at all hold nothing when they fail', async () => {
    const setup = bench(512);
    const readers = [1, 2].map((thread) => start(setup, 'read', thread, 20_000, 0));
    const writer = start(setup, 'write', 9);
    const results = Promise.all(readers.map((reader) => resultOf<Read>(reader)));
    const written = resultOf<{ rounds: number }>(writer);
    await go(setup, [...readers, writer]);
    for (const read of await results) {
      expect(read).toMatchObject({ broken: 0, backwards: 0 });
      expect(read.rounds + read.timedOut).toBe(20_000);
    }
    Atomics.store(setup.words, STOP, 1);
    expect((await written).rounds).toBe(setup.data[0]);
    await Promise.all([...readers, writer].map(kill));
  });
});

describe('threads that are lost', () => {
  test('a reader killed inside holds the writer up until it is cleared', async () => {
    const setup = bench();
    const holder = start(setup, 'hold-read', 3);
    await go(setup, [holder]);
    Atomics.wait(setup.words, HELD, 0);
    const writer = start(setup, 'write', 9, 10);
    const written = resultOf<{ rounds: number }>(writer);
    // The writer announces itself, and waits: readers wait for it in turn.
    while (setup.lock.writerOf(0) !== 9) await new Promise((resolve) => setImmediate(resolve));
    expect(setup.lock.acquireRead(0, 0, 5)).toBe(false);
    await kill(holder);
    expect(setup.data[0]).toBe(0);
    setup.lock.clearThread(3);
    expect((await written).rounds).toBe(10);
    expect(setup.lock.acquireRead(0, 0, 60_000)).toBe(true);
    expect(setup.data[0]).toBe(10);
    setup.lock.releaseRead(0, 0);
    await kill(writer);
  });

  test('a writer killed in mid-change: nobody reads it until the lock is taken over and the change undone', async () => {
    const setup = bench();
    const { lock, data, words } = setup;
    const holder = start(setup, 'hold-write', 9);
    await go(setup, [holder]);
    Atomics.wait(words, HELD, 0);
    const reader = start(setup, 'read', 1, 5);
    const read = resultOf<Read>(reader);
    await once(reader, 'online');
    await kill(holder);
    lock.clearThread(9);
    expect(lock.acquireRead(0, 0, 5)).toBe(false);
    expect([data[0], data[63]]).toEqual([1, 0]);
    lock.takeOver(0, 9, 0);
    data.fill(0);
    lock.releaseWrite(0, 0);
    expect(await read).toMatchObject({ rounds: 5, broken: 0, backwards: 0 });
    await kill(reader);
  });

  /*
   * Wherever the threads are lost, after clearing and taking over there is a lock that works. Allowed: data changed by half
   * under a lost writer's lock. Forbidden: data changed by half without it; a reader or a writer that waits for the dead.
   */
  test('threads killed anywhere, again and again', async () => {
    const setup = bench(16);
    const { lock, data, words } = setup;
    const live = start(setup, 'read', 1);
    const liveRead = resultOf<Read>(live);
    for (let round = 0; round < 10; round++) {
      const pair = [start(setup, 'write', 9), start(setup, 'read', 3)];
      await go(setup, round === 0 ? [live, ...pair] : pair);
      const until = data[0]! + 200;
      while (data[0]! < until) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(pair.map(kill));
      const lost = lock.writerOf(0);
      expect([-1, 9]).toContain(lost);
      const first = data[0]!;
      if (lost === -1) expect(data.every((word) => word === first)).toBe(true);
      lock.clearThread(3);
      lock.clearThread(9);
      lock.takeOver(0, 9, 0);
      data.fill(first);
      lock.releaseWrite(0, 0);
      expect(lock.acquireRead(0, 0, 60_000)).toBe(true);
      lock.releaseRead(0, 0);
    }
    Atomics.store(words, STOP, 1);
    expect(await liveRead).toMatchObject({ broken: 0, backwards: 0, timedOut: 0 });
    await kill(live);
  });
});
