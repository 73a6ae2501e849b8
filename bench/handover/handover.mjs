// Events to another thread: frames through the ring, against the same events by postMessage. The other thread sums.
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Memory } from '../../dist/src/memory/reserve.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { EventType, FrameFormat, Presence } from '../../dist/src/schema/frame.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, places, xorshift32 } from '../support/workload.mjs';

const FRAME_EVENTS = 512;
const SLOTS = 64;
const BATCH = 500;
const GRAPH = 3;
const NOW = 1.7e12;

/** Events that are sent again and again: whole frames, whole batches. */
function source(count) {
  const { x, y } = places(count, POINT_SEED);
  const next = xorshift32(POINT_SEED);
  const row = Uint32Array.from({ length: count }, () => next() * 2 ** 22);
  const kind = Uint32Array.from({ length: count }, () => next() * 16);
  return { count, row, kind, x, y };
}

/** What the other thread has to find, added up in the order and in the portions in which it adds. */
function sumsOf(data, events, portion) {
  const sums = { events, id: 0, x: 0, y: 0, kind: 0 };
  for (let from = 0; from < events; from += portion) {
    const part = { id: 0, x: 0, y: 0, kind: 0 };
    for (let k = from; k < from + portion; k++) {
      const i = k % data.count;
      part.id += data.row[i];
      part.x += data.x[i];
      part.y += data.y[i];
      part.kind += data.kind[i];
    }
    for (const sum of ['id', 'x', 'y', 'kind']) sums[sum] += part[sum];
  }
  return sums;
}

function claim(ring) {
  for (;;) {
    const frame = ring.claim(0);
    if (frame !== undefined) return frame;
  }
}

function seal(ring, frame, sequence) {
  frame.firstSequence = sequence;
  frame.count = FRAME_EVENTS;
  frame.payloadBytes = 0;
  ring.publish(1);
}

function ringByColumns(ring, data, events) {
  const deltas = Uint32Array.from({ length: FRAME_EVENTS }, (_, i) => i);
  for (let done = 0; done < events; done += FRAME_EVENTS) {
    const frame = claim(ring);
    const from = done % data.count;
    const end = from + FRAME_EVENTS;
    frame.type.fill(EventType.nodeMoved);
    frame.presence.fill(Presence.x | Presence.y | Presence.kind);
    frame.graph.fill(GRAPH);
    frame.row.set(data.row.subarray(from, end));
    frame.kind.set(data.kind.subarray(from, end));
    frame.x.set(data.x.subarray(from, end));
    frame.y.set(data.y.subarray(from, end));
    frame.time.fill(NOW);
    frame.sequenceDelta.set(deltas);
    seal(ring, frame, done + 1);
  }
}

function ringOneByOne(ring, data, events) {
  for (let done = 0; done < events; done += FRAME_EVENTS) {
    const frame = claim(ring);
    const { type, presence, graph, row, kind, x, y, time, sequenceDelta } = frame;
    const from = done % data.count;
    for (let i = 0; i < FRAME_EVENTS; i++) {
      type[i] = EventType.nodeMoved;
      presence[i] = Presence.x | Presence.y | Presence.kind;
      graph[i] = GRAPH;
      row[i] = data.row[from + i];
      kind[i] = data.kind[from + i];
      x[i] = data.x[from + i];
      y[i] = data.y[from + i];
      time[i] = NOW;
      sequenceDelta[i] = i;
    }
    seal(ring, frame, done + 1);
  }
}

function transferred(worker, data, events) {
  for (let done = 0; done < events; done += FRAME_EVENTS) {
    const from = done % data.count;
    const end = from + FRAME_EVENTS;
    const message = {
      type: new Uint8Array(FRAME_EVENTS).fill(EventType.nodeMoved),
      presence: new Uint16Array(FRAME_EVENTS).fill(Presence.x | Presence.y | Presence.kind),
      graph: new Uint32Array(FRAME_EVENTS).fill(GRAPH),
      row: data.row.slice(from, end),
      kind: data.kind.slice(from, end),
      x: data.x.slice(from, end),
      y: data.y.slice(from, end),
      time: new Float64Array(FRAME_EVENTS).fill(NOW),
    };
    worker.postMessage(
      message,
      Object.values(message).map((column) => column.buffer),
    );
  }
}

function eventOf(data, i) {
  return {
    type: 'node.moved',
    graph: GRAPH,
    id: data.row[i],
    kind: data.kind[i],
    x: data.x[i],
    y: data.y[i],
    time: NOW,
  };
}

function objectsInBatches(worker, data, events) {
  for (let done = 0; done < events; done += BATCH) {
    worker.postMessage(Array.from({ length: BATCH }, (_, i) => eventOf(data, (done + i) % data.count)));
  }
}

function objectsOneByOne(worker, data, events) {
  for (let done = 0; done < events; done++) worker.postMessage(eventOf(data, done % data.count));
}

export async function run({ tiny = false } = {}) {
  const format = new FrameFormat(FRAME_EVENTS, 4096);
  const ring = FrameRing.create(new Memory(), { slots: SLOTS, format, startPosition: 0xffffff00 });
  const worker = new Worker(new URL('consumer.mjs', import.meta.url), { workerData: { token: ring.token } });
  await once(worker, 'message');
  const data = source(128 * FRAME_EVENTS);
  const runs = tiny ? 1 : 7;
  console.log(` hand-over, frames of ${FRAME_EVENTS}, ring of ${SLOTS}, seed ${POINT_SEED.toString(16)}, ns an event`);

  const bench = async (what, frames, portion, overRing, send, yardsticks) => {
    const events = tiny ? FRAME_EVENTS * BATCH : frames * FRAME_EVENTS;
    const wanted = sumsOf(data, events, portion);
    const once1 = async () => {
      const told = once(worker, 'message');
      worker.postMessage({ wanted: events, ring: overRing });
      send(overRing ? ring : worker, data, events);
      const [found] = await told;
      for (const sum of Object.keys(wanted)) expectEqual(`${what}: sum of ${sum}`, found[sum], wanted[sum]);
    };
    if (!tiny) await once1();
    const result = report(what, await measure(events, once1, { runs }), yardsticks);
    console.log(`  ${''.padEnd(46)}${(1e3 / result.ns).toFixed(2).padStart(8)} million events/s`);
    return result;
  };

  // Multiples of the batch: every way sends the same events.
  const single = await bench('postMessage, objects one by one', BATCH, 1, false, objectsOneByOne);
  const batches = await bench('postMessage, objects in batches of 500', BATCH * 2, 1, false, objectsInBatches);
  const arrays = await bench('postMessage, typed arrays transferred', BATCH * 4, FRAME_EVENTS, false, transferred);
  const yardsticks = { 'one by one': single, batches, transferred: arrays };
  await bench('ring, frames written one by one', BATCH * 40, FRAME_EVENTS, true, ringOneByOne, yardsticks);
  await bench('ring, frames written by columns', BATCH * 40, FRAME_EVENTS, true, ringByColumns, yardsticks);
  await worker.terminate();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
