import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { abortOf, EndingSource, onAbort, unlessEnded } from '../../dist/src/base/ending.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a wait settles as its promise does, and its endings keep nothing of it', async () => {
  const ending = new EndingSource();
  const other = new EndingSource();
  for (let i = 0; i < 100; i++) {
    expect(await unlessEnded(Promise.resolve(i), [ending, undefined, other])).toBe(i);
    await expect(unlessEnded(Promise.reject(new Error('no')), [ending, other])).rejects.toThrow('no');
  }
  expect([ending.waiting, other.waiting]).toEqual([0, 0]);
});

test('an ending ends all that wait, once, and what comes later at once; the promise may fail unheard', async () => {
  const ending = new EndingSource();
  const other = new EndingSource();
  let refuse: (error: Error) => void = () => undefined;
  const never = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  const waits = [unlessEnded(never, [ending, other]), unlessEnded(never, [other, ending])];
  const why = new Error('over');
  ending.end(why);
  ending.end(new Error('again'));
  for (const wait of waits) await expect(wait).rejects.toBe(why);
  await expect(unlessEnded(Promise.resolve(1), [other, ending])).rejects.toBe(why);
  expect([ending.waiting, other.waiting]).toEqual([0, 0]);
  // Nobody listens any more: it must not end the process.
  refuse(new Error('unheard'));
  await turn();
});

test('an ending without a reason is one too', async () => {
  const ending = new EndingSource();
  const wait = unlessEnded(new Promise(() => undefined), [ending]);
  ending.end(undefined);
  await expect(wait).rejects.toBeUndefined();
});

test('a callback that is added after the end is called soon, one that left is not', async () => {
  const ending = new EndingSource();
  const called: string[] = [];
  const leave = ending.add(() => called.push('left'));
  // The same function twice is two.
  const twice = (): void => void called.push('twice');
  ending.add(twice);
  ending.add(twice)();
  leave();
  ending.end(new Error('over'));
  ending.add(() => called.push('late'));
  expect(called).toEqual(['twice']);
  await turn();
  expect(called).toEqual(['twice', 'late']);
});

test('a signal has one listener for all that wait, and none when nobody does', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = (): number => getEventListeners(signal, 'abort').length;
  const waits = Array.from({ length: 50 }, () => unlessEnded(new Promise(() => undefined), [abortOf(signal)]));
  let left = 0;
  const leave = Array.from({ length: 50 }, () => onAbort(signal, () => left++));
  expect(listeners()).toBe(1);
  for (const each of leave) each();
  for (const each of leave) each();
  expect(listeners()).toBe(1);
  controller.abort('enough');
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'ATHANOR_ABORTED', cause: 'enough' });
  expect([left, listeners()]).toEqual([0, 0]);
  await expect(unlessEnded(Promise.resolve(1), [abortOf(signal)])).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });

  const another = new AbortController();
  for (let i = 0; i < 20; i++) await unlessEnded(Promise.resolve(i), [abortOf(another.signal)]);
  expect(getEventListeners(another.signal, 'abort').length).toBe(0);
});
