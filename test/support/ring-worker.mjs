import { parentPort, workerData } from 'node:worker_threads';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Control, ShardState } from '../../dist/src/schedule/control.js';

/*
 * Consumers of a ring for litmus tests. What is wrong is counted, not thrown, so that a test sees all of it.
 *   'sum':   takes frames as they come until a frame without events; counts what is out of order.
 *   'park':  one of several appliers of one shard, which sleep without a time-out that would hide a missed wake-up.
 *   'crawl': applies frames, telling of each event in `done`, until it is killed.
 */
const { mode, token, controlToken, words, slot } = workerData;
const ring = FrameRing.attach(token);
const [WAKE, PARKED, DONE, NEXT, WRONG, MISSED] = [0, 1, 2, 3, 4, 5];

function sum() {
  const got = { frames: 0, events: 0, disorder: 0, id: 0, x: 0 };
  let last = 0;
  for (;;) {
    const frame = ring.peek();
    if (frame === undefined) continue;
    const count = frame.count;
    if (frame.firstSequence !== last + 1 && count > 0) got.disorder++;
    const { row, x, sequenceDelta } = frame;
    const base = frame.firstSequence;
    for (let i = 0; i < count; i++) {
      const sequence = base + sequenceDelta[i];
      if (sequence !== ++last || row[i] !== sequence >>> 0 || x[i] !== sequence / 2) got.disorder++;
      got.id += row[i];
      got.x += x[i];
    }
    got.frames++;
    got.events += count;
    ring.release();
    if (count === 0) return got;
  }
}

function park() {
  const control = Control.attach(controlToken);
  let served = 0;
  for (;;) {
    if (control.stateOf(0) === ShardState.ready && control.claim(0, slot)) {
      for (let frame = ring.peek(); frame !== undefined; frame = ring.peek()) {
        // Plain words, changed by whoever owns the shard: two owners at once would lose some.
        if (frame.firstSequence !== words[NEXT] + 1) words[WRONG]++;
        words[NEXT]++;
        served++;
        ring.release();
      }
      control.goIdle(0);
      if (!ring.isEmpty()) control.markReady(0);
      continue;
    }
    if (Atomics.load(words, DONE) === 1) return served;
    Atomics.add(words, PARKED, 1);
    const wake = Atomics.load(words, WAKE);
    if (control.stateOf(0) !== ShardState.ready && Atomics.load(words, DONE) === 0) {
      if (Atomics.wait(words, WAKE, wake, 5000) === 'timed-out') Atomics.add(words, MISSED, 1);
    }
    Atomics.sub(words, PARKED, 1);
  }
}

function crawl() {
  for (;;) {
    const frame = ring.peek();
    if (frame === undefined) {
      Atomics.wait(words, WAKE, Atomics.load(words, WAKE), 1);
      continue;
    }
    const count = frame.count;
    for (let i = ring.eventsApplied; i < count; i++) {
      // What an event does is undone when its applier is lost before the next line: here, by being idempotent.
      words[NEXT + 8] = frame.row[i];
      if (frame.row[i] !== ((frame.firstSequence + i) | 0)) Atomics.add(words, WRONG, 1);
      ring.eventsApplied = i + 1;
    }
    ring.release();
  }
}

const result = mode === 'sum' ? sum() : mode === 'park' ? park() : crawl();
parentPort.postMessage(result);
