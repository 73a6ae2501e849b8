import { threadId } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { MAX_THREADS } from '../../dist/src/base/limits.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { ThreadSlots } from '../../dist/src/memory/threads.js';

test('slot 0 is the maker’s, others are claimed in order and reused', () => {
  const slots = ThreadSlots.create(new Memory());
  expect(slots.slotOf(threadId)).toBe(0);
  expect([slots.claim(1001), slots.claim(1002), slots.claim(1003)]).toEqual([1, 2, 3]);
  expect(ThreadSlots.attach(slots.token).slotOf(1002)).toBe(2);
  slots.release(2);
  expect(slots.slotOf(1002)).toBe(-1);
  expect(slots.claim(1004)).toBe(2);
});

test('every slot can be claimed, and not one more', () => {
  const slots = ThreadSlots.create(new Memory());
  for (let slot = 1; slot < MAX_THREADS; slot++) expect(slots.claim(1000 + slot)).toBe(slot);
  expect(() => slots.claim(2000)).toThrow(/more than 64 threads/);
  slots.release(MAX_THREADS - 1);
  expect(slots.claim(2000)).toBe(MAX_THREADS - 1);
});
