import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Memory } from '../../dist/src/memory/reserve.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Control } from '../../dist/src/schedule/control.js';
import { FrameFormat } from '../../dist/src/schema/frame.js';

const SCRIPT = new URL('../support/ring-worker.mjs', import.meta.url);
const NEAR_WRAP = 0xffffffff - 100;
const [WAKE, PARKED, DONE, NEXT, WRONG, MISSED] = [0, 1, 2, 3, 4, 5];

/** Real threads, real memory order. Lengths are counts of frames, never times. */

function fill(ring: FrameRing, ahead: number, sequence: number, events: number): boolean {
  const frame = ring.claim(ahead);
  if (frame === undefined) return false;
  frame.firstSequence = sequence;
  frame.count = events;
  for (let i = 0; i < events; i++) {
    frame.row[i] = sequence + i;
    frame.x[i] = (sequence + i) / 2;
    frame.sequenceDelta[i] = i;
  }
  return true;
}

describe('hand-over', () => {
  /*
   * Allowed: the consumer sees frames late. Forbidden: a frame seen before all of its events were written, out of order,
   * twice, not at all, or overwritten while it is read.
   */
  test.each([
    { slots: 2, frames: 40_000, together: 1 },
    { slots: 4, frames: 40_000, together: 3 },
    { slots: 8, frames: 40_000, together: 1 },
  ])('$slots slots, $together at a time: sums and order are right', async ({ slots, frames, together }) => {
    const format = new FrameFormat(8, 8);
    const ring = FrameRing.create(new Memory(), { slots, format, startPosition: NEAR_WRAP });
    const worker = new Worker(SCRIPT, { workerData: { mode: 'sum', token: ring.token } });
    const ended = once(worker, 'message');
    let sequence = 1;
    let full = 0;
    for (let frame = 0; frame < frames; ) {
      const group = Math.min(together, frames - frame);
      let filled = 0;
      let ahead = sequence;
      while (filled < group && fill(ring, filled, ahead, 1 + ((frame + filled) % 8))) {
        ahead += 1 + ((frame + filled) % 8);
        filled++;
      }
      if (filled < group) {
        // The worker may still be starting: give it the core.
        if (++full % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      ring.publish(group);
      sequence = ahead;
      frame += group;
    }
    while (!fill(ring, 0, sequence, 0));
    ring.publish(1);
    const [got] = await ended;
    const events = sequence - 1;
    expect(got).toEqual({
      frames: frames + 1,
      events,
      disorder: 0,
      id: (events * (events + 1)) / 2,
      x: (events * (events + 1)) / 4,
    });
    expect(ring.inFlight()).toBe(0);
    await worker.terminate();
  });
});

describe('parking and waking', () => {
  /*
   * Two appliers take turns with one shard and sleep between frames. Allowed: either serves any frame. Forbidden: both at
   * once, a frame left lying while both sleep (the sleep would time out), a frame out of order.
   */
  test('no frame is left lying, and the shard has one owner at a time', async () => {
    const memory = new Memory();
    const ring = FrameRing.create(memory, { slots: 4, format: new FrameFormat(1, 8), startPosition: NEAR_WRAP });
    const control = Control.create(memory, { shards: 1 });
    const words = new Int32Array(new SharedArrayBuffer(64));
    const workers = [1, 2].map(
      (slot) =>
        new Worker(SCRIPT, {
          workerData: { mode: 'park', token: ring.token, controlToken: control.token, words, slot },
        }),
    );
    const ended = workers.map((worker) => once(worker, 'message'));
    const wake = (): void => {
      Atomics.add(words, WAKE, 1);
      if (Atomics.load(words, PARKED) !== 0) Atomics.notify(words, WAKE, 1);
    };
    const frames = 20_000;
    for (let frame = 1; frame <= frames; frame++) {
      while (!fill(ring, 0, frame, 1)) await new Promise((resolve) => setImmediate(resolve));
      ring.publish(1);
      if (control.markReady(0)) wake();
      // Now and then everybody has time to fall asleep.
      if (frame % 64 === 0) while (ring.inFlight() !== 0) await new Promise((resolve) => setImmediate(resolve));
    }
    while (ring.inFlight() !== 0) await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(words, DONE, 1);
    wake();
    wake();
    const served = (await Promise.all(ended)).map(([count]) => count as number);
    expect(served[0]! + served[1]!).toBe(frames);
    expect([words[NEXT], words[WRONG], words[MISSED]]).toEqual([frames, 0, 0]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
});

describe('appliers killed in the middle', () => {
  /*
   * Allowed: the event at the cursor is done again by the next applier. Forbidden: one before the cursor done again, one
   * after it skipped, the cursor's frame lost or passed by half.
   */
  test('the next one goes on at the very event', async () => {
    const ring = FrameRing.create(new Memory(), { slots: 8, format: new FrameFormat(64, 8), startPosition: NEAR_WRAP });
    const words = new Int32Array(new SharedArrayBuffer(64));
    const observer = FrameRing.attach(ring.token);
    let sequence = 1;
    let cursor = 0;
    for (let round = 0; round < 12; round++) {
      const worker = new Worker(SCRIPT, { workerData: { mode: 'crawl', token: ring.token, words } });
      await once(worker, 'online');
      const target = sequence + 64 * (20 + round * 7);
      while (sequence < target) {
        if (fill(ring, 0, sequence, 64)) {
          ring.publish(1);
          sequence += 64;
        } else {
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      await worker.terminate();
      const frame = observer.peek();
      const applied = frame === undefined ? sequence - 1 : frame.firstSequence + observer.eventsApplied - 1;
      expect(applied).toBeGreaterThanOrEqual(cursor);
      // The last event begun is the one at the cursor, or the one before it.
      expect([applied, applied + 1]).toContain(words[NEXT + 8]);
      cursor = applied;
    }
    expect(words[WRONG]).toBe(0);
    expect(cursor).toBeGreaterThan(64 * 20);
  });
});
