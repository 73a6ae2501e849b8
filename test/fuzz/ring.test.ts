import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Memory } from '../../dist/src/memory/reserve.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { FrameFormat } from '../../dist/src/schema/frame.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_250_101);
const FRAME_EVENTS = 4;
const format = new FrameFormat(FRAME_EVENTS, 16);

/** The model: frames handed over and not passed, oldest first, each a list of numbers; and the events applied of the first. */
class Model {
  readonly frames: number[][] = [];
  eventsApplied = 0;
  next = 1;
  position: number;
  constructor(position: number) {
    this.position = position;
  }
}

interface Real {
  producer: FrameRing;
  consumer: FrameRing;
  slots: number;
}

type Command = fc.Command<Model, Real>;

/** Fills `frames` beyond the head; hands them over when all found room, else none. */
class Publish implements Command {
  constructor(
    readonly frames: number,
    readonly events: number,
  ) {}
  check(): boolean {
    return true;
  }
  run(model: Model, { producer, slots }: Real): void {
    const filled: number[][] = [];
    for (let ahead = 0; ahead < this.frames; ahead++) {
      const view = producer.claim(ahead);
      expect(view !== undefined, `room for frame ${ahead}`).toBe(model.frames.length + ahead < slots);
      if (view === undefined) return;
      const numbers = Array.from({ length: this.events }, (_, i) => model.next + filled.length * this.events + i);
      view.firstSequence = numbers[0]!;
      view.count = this.events;
      numbers.forEach((value, i) => {
        view.x[i] = value;
        view.row[i] = value;
      });
      filled.push(numbers);
    }
    producer.publish(this.frames);
    model.next += this.frames * this.events;
    model.position += this.frames;
    model.frames.push(...filled);
  }
  toString(): string {
    return `publish(${this.frames} x ${this.events})`;
  }
}

/** Applies some events of the frame at the cursor, and passes it when none is left. */
class Apply implements Command {
  constructor(readonly events: number) {}
  check(): boolean {
    return true;
  }
  run(model: Model, { consumer }: Real): void {
    const view = consumer.peek();
    const expected = model.frames[0];
    expect(view === undefined).toBe(expected === undefined);
    if (view === undefined || expected === undefined) return;
    expect(consumer.eventsApplied).toBe(model.eventsApplied);
    expect(view.count).toBe(expected.length);
    expect(view.firstSequence).toBe(expected[0]);
    for (let i = 0; i < this.events && model.eventsApplied < expected.length; i++) {
      const at = consumer.eventsApplied;
      expect([view.x[at], view.row[at]]).toEqual([expected[at], expected[at]]);
      consumer.eventsApplied = at + 1;
      model.eventsApplied++;
    }
    if (model.eventsApplied < expected.length) return;
    consumer.release();
    model.frames.shift();
    model.eventsApplied = 0;
  }
  toString(): string {
    return `apply(${this.events})`;
  }
}

/** The applier is lost; another attaches. */
class Lose implements Command {
  check(): boolean {
    return true;
  }
  run(_model: Model, real: Real): void {
    real.consumer = FrameRing.attach(real.producer.token);
  }
  toString(): string {
    return 'lose';
  }
}

class Look implements Command {
  check(): boolean {
    return true;
  }
  run(model: Model, { producer, consumer }: Real): void {
    const head = model.position >>> 0;
    const applied = (model.position - model.frames.length) >>> 0;
    expect(producer.headPosition).toBe(head);
    expect([producer.appliedPosition(), consumer.appliedPosition()]).toEqual([applied, applied]);
    expect(producer.inFlight()).toBe(model.frames.length);
    expect([producer.isEmpty(), consumer.isEmpty()]).toEqual([model.frames.length === 0, model.frames.length === 0]);
  }
  toString(): string {
    return 'look';
  }
}

const publish = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: FRAME_EVENTS }))
  .map(([frames, events]) => new Publish(frames, events));
const apply = fc.integer({ min: 1, max: FRAME_EVENTS }).map((events) => new Apply(events));
/** Repeated for their weight. */
const commands = fc.commands([publish, apply, publish, apply, fc.constant(new Lose()), fc.constant(new Look())], {
  maxCommands: 120,
  size: 'max',
});

describe('FrameRing against a queue', () => {
  test.each([
    ['at 0', 0],
    ['before the tag of a position wraps', 0xffff - 20],
    ['before positions turn negative', 0x7fffffff - 20],
    ['before positions wrap', 0xffffffff - 20],
  ])('positions that start %s', (_, startPosition) => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4, 8), commands, (slots, list) => {
        fc.modelRun(() => {
          const producer = FrameRing.create(new Memory(), { slots, format, startPosition });
          const real = { producer, consumer: FrameRing.attach(producer.token), slots };
          return { model: new Model(startPosition), real };
        }, list);
      }),
      { seed, numRuns: 150 },
    );
  });
});
