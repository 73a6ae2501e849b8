// Events to another thread: frames through the ring, against the same events by postMessage. The other thread sums.
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Memory } from '../../dist/src/memory/reserve.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Control, Word } from '../../dist/src/schedule/control.js';
import { EventType, FrameFormat, Presence } from '../../dist/src/schema/frame.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, places, xorshift32 } from '../support/workload.mjs';

const FRAME_EVENTS = 512;
const SLOTS = 64;
const BATCH = 500;
/** Looks at the other side before a thread sleeps: about 7 microseconds. */
const SPINS = 1000;
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

/** The two ends of the ring: it, and the words through which a thread that waits is woken. */
class Producer {
  constructor() {
    const memory = new Memory();
    this.ring = FrameRing.create(memory, {
      slots: SLOTS,
      format: new FrameFormat(FRAME_EVENTS, 4096),
      startPosition: 0xffffff00,
    });
    this.control = Control.create(memory, { shards: 1 });
  }

  claim() {
    for (let spin = 0; spin < SPINS; spin++) {
      const frame = this.ring.claim(0);
      if (frame !== undefined) return frame;
    }
    // As `drained()` does: half a ring later, so that threads that share a core change places seldom.
    const { control, ring } = this;
    const target = ring.headPosition - SLOTS / 2;
    for (;;) {
      const seen = Atomics.load(control.engine, Word.progress);
      control.arm(0, target);
      if (((ring.appliedPosition() - target) | 0) >= 0) return ring.claim(0);
      Atomics.wait(control.engine, Word.progress, seen);
    }
  }

  seal(frame, sequence) {
    frame.firstSequence = sequence;
    frame.count = FRAME_EVENTS;
    frame.payloadBytes = 0;
    this.ring.publish(1);
    const { engine } = this.control;
    // The head first: a consumer that parks afterwards finds the frame.
    if (Atomics.load(engine, Word.parked) === 0) return;
    Atomics.add(engine, Word.wake, 1);
    Atomics.notify(engine, Word.wake);
  }
}

function ringByColumns(producer, data, events) {
  const deltas = Uint32Array.from({ length: FRAME_EVENTS }, (_, i) => i);
  for (let done = 0; done < events; done += FRAME_EVENTS) {
    const frame = producer.claim();
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
    producer.seal(frame, done + 1);
  }
}

function ringOneByOne(producer, data, events) {
  for (let done = 0; done < events; done += FRAME_EVENTS) {
    const frame = producer.claim();
    writeOneByOne(frame, data, done % data.count);
    producer.seal(frame, done + 1);
  }
}

function writeOneByOne(frame, data, from) {
  const { type, presence, graph, row, kind, x, y, time, sequenceDelta } = frame;
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
  const producer = new Producer();
  const worker = new Worker(new URL('consumer.mjs', import.meta.url), {
    workerData: { ring: producer.ring.token, control: producer.control.token, spins: SPINS },
  });
  await once(worker, 'message');
  const data = source(128 * FRAME_EVENTS);
  const runs = tiny ? 1 : 7;
  console.log(` hand-over, frames of ${FRAME_EVENTS}, ring of ${SLOTS}, seed ${POINT_SEED.toString(16)}, ns an event`);

  const bench = async (what, frames, portion, overRing, send, yardsticks) => {
    const events = tiny ? FRAME_EVENTS * BATCH : frames * FRAME_EVENTS;
    const wanted = sumsOf(data, events, portion);
    const round = async () => {
      const told = once(worker, 'message');
      worker.postMessage({ wanted: events, ring: overRing });
      send(overRing ? producer : worker, data, events);
      const [found] = await told;
      for (const sum of Object.keys(wanted)) expectEqual(`${what}: sum of ${sum}`, found[sum], wanted[sum]);
    };
    if (!tiny) await round();
    const result = report(what, await measure(events, round, { runs }), yardsticks);
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
