import { describe, expect, test } from 'vitest';
import { MAX_THREADS } from '../../dist/src/base/limits.js';
import { ShardLock } from '../../dist/src/memory/lock.js';
import { Memory } from '../../dist/src/memory/reserve.js';

/** One thread plays several; what would wait for ever is not asked here: see test/stress/lock.test.ts. */
function locks(shards = 3): [ShardLock, ShardLock] {
  const lock = ShardLock.create(new Memory(), { shards });
  return [lock, ShardLock.attach(lock.token)];
}

describe('ShardLock', () => {
  test('readers share a shard, and leave it to the writer', () => {
    const [main, worker] = locks();
    expect(main.acquireRead(1, 0, 0)).toBe(true);
    expect(worker.acquireRead(1, 5, 0)).toBe(true);
    main.releaseRead(1, 0);
    worker.releaseRead(1, 5);
    worker.acquireWrite(1, 5);
    expect(main.writerOf(1)).toBe(5);
    worker.releaseWrite(1, 5);
    expect(main.writerOf(1)).toBe(-1);
  });

  test('a reader that times out holds nothing; other shards are free meanwhile', () => {
    const [main, worker] = locks();
    worker.acquireWrite(1, 5);
    for (const timeoutMs of [0, 1]) expect(main.acquireRead(1, 0, timeoutMs)).toBe(false);
    expect(main.acquireRead(0, 0, 0)).toBe(true);
    expect(main.acquireRead(2, 0, 0)).toBe(true);
    worker.releaseWrite(1, 5);
    worker.acquireWrite(1, 5);
    worker.releaseWrite(1, 5);
    expect(main.acquireRead(1, 0, 0)).toBe(true);
    for (const shard of [0, 1, 2]) main.releaseRead(shard, 0);
  });

  test('every thread slot can read and write', () => {
    const [main] = locks(1);
    for (let thread = 0; thread < MAX_THREADS; thread++) {
      expect(main.acquireRead(0, thread, 0)).toBe(true);
      main.releaseRead(0, thread);
      main.acquireWrite(0, thread);
      expect(main.writerOf(0)).toBe(thread);
      main.releaseWrite(0, thread);
    }
  });

  test('what a thread may not do is our own mistake', () => {
    const [main] = locks();
    main.acquireRead(0, 3, 0);
    expect(() => main.acquireRead(0, 3, 0)).toThrow('read by this thread already');
    main.releaseRead(0, 3);
    main.acquireWrite(0, 3);
    // Not refused: the word may name a lost thread whose slot was given to this one.
    expect(main.acquireRead(0, 3, 0)).toBe(false);
    expect(() => main.releaseWrite(0, 4)).toThrow('not held by this thread');
    expect(() => main.takeOver(0, 5, 3)).toThrow('held already');
  });

  test('the words of a lost reader are cleared, in every shard', () => {
    const [main, worker] = locks();
    for (const shard of [0, 1, 2]) worker.acquireRead(shard, 7, 0);
    main.clearThread(7);
    for (const shard of [0, 1, 2]) {
      main.acquireWrite(shard, 2);
      main.releaseWrite(shard, 2);
    }
  });

  test('the lock of a lost writer is taken over, in turn, and readers wait meanwhile', () => {
    const [main, worker] = locks();
    worker.acquireWrite(2, 7);
    main.clearThread(7);
    expect(main.acquireRead(2, 0, 0)).toBe(false);
    worker.takeOver(2, 7, 8);
    expect(main.writerOf(2)).toBe(8);
    // 8 is lost as well, and the one after it before it had put its name there.
    main.takeOver(2, 9, 10);
    expect(main.acquireRead(2, 0, 0)).toBe(false);
    main.releaseWrite(2, 10);
    expect(main.acquireRead(2, 0, 0)).toBe(true);
    main.releaseRead(2, 0);
  });

  test('a writer lost without the lock leaves it to be taken', () => {
    const [main] = locks();
    main.takeOver(0, 7, 8);
    expect(main.writerOf(0)).toBe(8);
    main.releaseWrite(0, 8);
  });
});
