// The other thread of the hand-over bench: sums what it is handed, and tells when it has had as many events as it was told.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Control, Word } from '../../dist/src/schedule/control.js';

function start() {
  const ring = FrameRing.attach(workerData.ring);
  const control = Control.attach(workerData.control);
  let sums = { events: 0, id: 0, x: 0, y: 0, kind: 0 };
  let wanted = 0;

  const add = (events, id, x, y, kind) => {
    sums.events += events;
    sums.id += id;
    sums.x += x;
    sums.y += y;
    sums.kind += kind;
  };
  const tell = () => {
    if (sums.events < wanted) return;
    parentPort.postMessage(sums);
    sums = { events: 0, id: 0, x: 0, y: 0, kind: 0 };
  };

  // Every column is summed alone: additions of one column wait for each other, those of different ones do not.
  const sumColumns = (count, ids, xs, ys, kinds) => {
    let id = 0;
    let x = 0;
    let y = 0;
    let kind = 0;
    for (let i = 0; i < count; i++) {
      id += ids[i];
      x += xs[i];
      y += ys[i];
      kind += kinds[i];
    }
    add(count, id, x, y, kind);
  };

  // As an applier does: waits in Atomics.wait when there is nothing, tells a producer that waits for room.
  const fromRing = () => {
    while (sums.events < wanted) {
      const frame = nextFrame();
      sumColumns(frame.count, frame.row, frame.x, frame.y, frame.kind);
      ring.release();
      control.announce(0, ring.appliedPosition());
    }
    tell();
  };
  const nextFrame = () => {
    for (;;) {
      for (let spin = 0; spin < workerData.spins; spin++) {
        const frame = ring.peek();
        if (frame !== undefined) return frame;
      }
      Atomics.add(control.engine, Word.parked, 1);
      const wake = Atomics.load(control.engine, Word.wake);
      if (ring.isEmpty()) Atomics.wait(control.engine, Word.wake, wake);
      Atomics.sub(control.engine, Word.parked, 1);
    }
  };

  parentPort.on('message', (message) => {
    if (message.id !== undefined) {
      add(1, message.id, message.x, message.y, message.kind);
    } else if (Array.isArray(message)) {
      for (const event of message) add(1, event.id, event.x, event.y, event.kind);
    } else if (message.row !== undefined) {
      sumColumns(message.row.length, message.row, message.x, message.y, message.kind);
    } else {
      wanted = message.wanted;
      if (message.ring) fromRing();
      return;
    }
    tell();
  });
  parentPort.postMessage('ready');
}

if (!isMainThread && workerData?.ring !== undefined) start();
