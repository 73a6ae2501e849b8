import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Memory } from '../../dist/src/memory/reserve.js';
import { Outbox, OutboxEntry } from '../../dist/src/ring/outbox.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_202);

function entryOf(sequence: number, phase: number, ordinal: number): OutboxEntry {
  const entry = new OutboxEntry();
  return Object.assign(entry, { sequence, phase, ordinal, x: sequence / 2, node: ordinal, detect: 1, subject: 7 });
}

interface World {
  outbox: Outbox;
  /** Sequences of events that are committed, or told in part. */
  committed: number;
  /** All that ever was to be told, as `sequence.ordinal`, in order. */
  due: string[];
  taken: string[];
  next: number;
}

function publishEvent(world: World, entries: number, crash: 'none' | 'before commit' | 'before publish'): void {
  const { outbox } = world;
  const sequence = world.next;
  // Comes again and again until all its entries fit; the consumer takes some in between.
  for (;;) {
    outbox.begin();
    const resuming = outbox.resumes(sequence);
    let fits = true;
    for (let ordinal = 0; ordinal < entries && fits; ordinal++) {
      if (resuming && outbox.wasPublished(0, ordinal)) continue;
      fits = outbox.write(entryOf(sequence, 0, ordinal));
    }
    if (!fits) {
      outbox.publish();
      expect(outbox.unread).toBeGreaterThan(0);
      take(world, outbox.unread);
      continue;
    }
    outbox.close();
    if (crash === 'before commit') {
      // The owner is lost: the event is not applied, and comes again.
      outbox.settle(sequence);
      expect(outbox.pending).toBe(false);
      crash = 'none';
      continue;
    }
    break;
  }
  world.next++;
  world.committed = sequence;
  for (let ordinal = 0; ordinal < entries; ordinal++) world.due.push(`${sequence}.${ordinal}`);
  if (crash === 'before publish') outbox.settle(sequence + 1);
  else outbox.publish();
  expect(outbox.pending).toBe(false);
}

function take(world: World, most: number): void {
  const { outbox, taken } = world;
  const entry = new OutboxEntry();
  const count = Math.min(most, outbox.unread);
  for (let ahead = 0; ahead < count; ahead++) {
    outbox.read(ahead, entry);
    expect(entry.x).toBe(entry.sequence / 2);
    expect(entry.subject).toBe(7);
    expect(entry.node).toBe(entry.ordinal);
    taken.push(`${entry.sequence}.${entry.ordinal}`);
  }
  outbox.take(count);
}

test(`every entry is taken once, in order, over the wrap and whatever is lost (seed ${SEED})`, () => {
  const crash = fc.constantFrom('none' as const, 'none' as const, 'before commit' as const, 'before publish' as const);
  const step = fc.oneof(
    fc.record({ entries: fc.integer({ min: 0, max: 40 }), crash }),
    fc.record({ take: fc.integer({ min: 0, max: 30 }) }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { maxLength: 60 }),
      fc.boolean(),
      (log, steps, wraps) => {
        // Positions begin near both wraps: of the signed and of the unsigned number.
        const startPosition = wraps ? 2 ** 31 - 25 : -25;
        const outbox = Outbox.create(new Memory(), { slots: 2 ** log, startPosition });
        const world: World = { outbox, committed: 0, due: [], taken: [], next: 1 };
        for (const one of steps) {
          if ('take' in one) take(world, one.take);
          else publishEvent(world, one.entries, one.crash);
          expect(world.due.length - world.taken.length).toBe(outbox.unread);
        }
        take(world, outbox.unread);
        expect(world.taken).toEqual(world.due);
      },
    ),
    { seed: SEED, numRuns: 200 },
  );
});

test('the consumer is told once for each time it asked, and never of nothing', () => {
  const outbox = Outbox.create(new Memory(), { slots: 8 });
  outbox.begin();
  const tell = (): boolean => {
    outbox.publish();
    return outbox.mustTell();
  };
  expect(outbox.write(entryOf(1, 0, 0))).toBe(true);
  expect(tell()).toBe(false);
  outbox.take(1);
  outbox.arm();
  expect(tell()).toBe(false);
  outbox.write(entryOf(2, 0, 0));
  expect(tell()).toBe(true);
  outbox.write(entryOf(3, 0, 0));
  expect(tell()).toBe(false);
});

test('an outbox is full with one slot left', () => {
  const outbox = Outbox.create(new Memory(), { slots: 4 });
  outbox.begin();
  for (let k = 0; k < 3; k++) expect(outbox.write(entryOf(1, 0, k))).toBe(true);
  expect(outbox.write(entryOf(1, 0, 3))).toBe(false);
  expect(outbox.isHalfFull).toBe(true);
  outbox.publish();
  expect(outbox.hasRoom).toBe(false);
  outbox.take(1);
  expect(outbox.hasRoom).toBe(true);
  expect(outbox.write(entryOf(1, 0, 3))).toBe(true);
});
