import { expect, test } from 'vitest';
import { EventQueue } from '../../dist/src/engine/event-queue.js';
import { Turns } from '../../dist/src/engine/turns.js';

/** A clock that the test turns, and the event loop's turns, counted. */
function world() {
  const state = { nowMs: 0, turns: 0 };
  const host = {
    now: () => state.nowMs,
    endOfTick: (task: () => void) =>
      void setImmediate(() => {
        state.turns++;
        task();
      }),
  };
  return { state, host };
}

test.each([0.001, 0.05, 1, 20])('a turn is due every 4 ms, whatever a step takes: %f ms', async (stepMs) => {
  const { state, host } = world();
  const turns = new Turns(host);
  let sinceMs = 0;
  let longestMs = 0;
  while (state.nowMs < 1000) {
    state.nowMs += stepMs;
    sinceMs += stepMs;
    longestMs = Math.max(longestMs, sinceMs);
    if (!turns.isDue) continue;
    await turns.take();
    sinceMs = 0;
  }
  expect(longestMs).toBeLessThanOrEqual(Math.max(4.5, 2 * stepMs));
  expect(state.turns).toBeGreaterThan(1000 / Math.max(4.5, 2 * stepMs) - 1);
  // Nor more often: a turn costs some microseconds.
  expect(state.turns).toBeLessThanOrEqual(1000 / Math.max(4, stepMs) + 1);
});

test('who reads what is there already lets the event loop go on', async () => {
  const { state, host } = world();
  const nothing = (): void => undefined;
  const queue = new EventQueue<number>(10_000, host, nothing, nothing);
  for (let n = 0; n < 5000; n++) queue.push(n);
  queue.end();
  const read: number[] = [];
  let isAsked = false;
  let sinceMs = 0;
  let longestMs = 0;
  for await (const n of queue) {
    read.push(n);
    // Each event keeps its reader for 0.1 ms.
    state.nowMs += 0.1;
    sinceMs += 0.1;
    longestMs = Math.max(longestMs, sinceMs);
    if (isAsked) continue;
    isAsked = true;
    setImmediate(() => {
      isAsked = false;
      sinceMs = 0;
    });
  }
  expect(read).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  // As long as two slices where the test's own turn comes before the reader's.
  expect(longestMs).toBeLessThan(9);
  expect(state.turns).toBeGreaterThan(50);
});
