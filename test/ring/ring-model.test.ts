import { describe, expect, test } from 'vitest';
import { explore, type Model, type Process, type State } from '../support/interleave.js';

/*
 * The steps of src/ring/ring.ts, one to one, with appliers that follow one another, each but the last of which may be lost
 * at any step. An event counts as applied when EVENTS is stored: what was done for it before is undone by recovery and
 * done again, so a lost applier drops PENDING. Positions wrap at 8, their tag in EVENTS at 4, and start near both.
 */
const POSITIONS = 8;
const TAGS = 4;
const EVENT_BITS = 2;
const EVENT_MASK = 3;
const SLOTS = 2;
const FRAME_EVENTS = 2;
const START = 6;

interface Setup {
  frames: number;
  /** Frames that the producer fills before it hands them over together. */
  together: number;
  appliers: number;
  mistake?: 'head before event' | 'a slot too many' | 'EVENTS reset first' | 'EVENTS reset last';
}

const HEAD = 0;
const APPLIED = 1;
const EVENTS = 2;
/** Events applied for good, by their number; and the one that is being applied + 1. */
const DONE = 3;
const PENDING = 4;
/** The producer: program counter, its copies of head and cursor, frames claimed, event written next. */
const P = { pc: 5, head: 6, passed: 7, ahead: 8, event: 9, next: 10 } as const;
/** The applier: which one, program counter, event of its frame. */
const A = { who: 11, pc: 12, event: 13 } as const;
const slotWord = (slot: number, event: number): number => 14 + slot * FRAME_EVENTS + event;
const SIZE = 14 + SLOTS * FRAME_EVENTS;

enum Produce {
  claim,
  reload,
  write,
  publishEarly,
  publish,
  ended,
}
enum Apply {
  peek,
  resume,
  apply,
  commit,
  resetFirst,
  release,
  resetLast,
}

function ringModel(setup: Setup): Model {
  const { mistake } = setup;
  const events = setup.frames * FRAME_EVENTS;
  const distance = (from: number, to: number): number => (to - from + POSITIONS) % POSITIONS;
  const limit = mistake === 'a slot too many' ? SLOTS + 1 : SLOTS;

  const producer: Process = (s, offer) => {
    const go = (label: string, next: Produce, change?: (t: State) => void): void =>
      offer(`producer: ${label}`, (t) => {
        t[P.pc] = next;
        change?.(t);
      });
    const position = (s[P.head]! + s[P.ahead]!) % POSITIONS;
    switch (s[P.pc]! as Produce) {
      case Produce.claim: // claim: the copy of the cursor
        if (distance(s[P.passed]!, position) < limit) {
          return go('has a slot', mistake === 'head before event' ? Produce.publishEarly : Produce.write);
        }
        return go('looks again', Produce.reload);
      case Produce.reload: // claim: load APPLIED
        // Full is a return value; the caller comes again, which this model leaves out until something changed.
        if (distance(s[APPLIED]!, position) >= limit && s[P.passed] === s[APPLIED]) return;
        return go('loads APPLIED', Produce.claim, (t) => {
          t[P.passed] = s[APPLIED]!;
        });
      case Produce.publishEarly:
        return go('HEAD too early', Produce.write, (t) => {
          t[HEAD] = (s[P.head]! + 1) % POSITIONS;
        });
      case Produce.write: {
        const last = s[P.event]! + 1 === FRAME_EVENTS;
        const full = last && (s[P.ahead]! + 1 === setup.together || s[P.next]! + 1 === events);
        return go('writes an event', full ? Produce.publish : last ? Produce.claim : Produce.write, (t) => {
          t[slotWord(position % SLOTS, s[P.event]!)] = s[P.next]! + 1;
          t[P.next]!++;
          t[P.event] = last ? 0 : s[P.event]! + 1;
          if (last) t[P.ahead]!++;
        });
      }
      case Produce.publish: // publish: store HEAD
        return go('HEAD', s[P.next] === events ? Produce.ended : Produce.claim, (t) => {
          t[P.head] = position;
          t[HEAD] = position;
          t[P.ahead] = 0;
        });
      case Produce.ended:
        return;
    }
  };

  const applier: Process = (s, offer) => {
    const go = (label: string, next: Apply, change?: (t: State) => void): void =>
      offer(`applier ${s[A.who]}: ${label}`, (t) => {
        t[A.pc] = next;
        change?.(t);
      });
    if (s[A.who]! + 1 < setup.appliers) {
      go('lost', Apply.peek, (t) => {
        t[A.who]!++;
        t[A.event] = 0;
        t[PENDING] = 0;
      });
    }
    const applied = s[APPLIED]!;
    const tag = applied % TAGS;
    const at = slotWord(applied % SLOTS, s[A.event]!);
    const twoStores = mistake === 'EVENTS reset first' || mistake === 'EVENTS reset last';
    switch (s[A.pc]! as Apply) {
      case Apply.peek: // peek: load HEAD
        if (s[HEAD] === applied) return;
        return go('sees a frame', Apply.resume);
      case Apply.resume: {
        // get eventsApplied
        const word = s[EVENTS]!;
        const done = twoStores || word >> EVENT_BITS === tag ? word & EVENT_MASK : 0;
        return go('resumes', done === FRAME_EVENTS ? Apply.release : Apply.apply, (t) => {
          t[A.event] = done === FRAME_EVENTS ? 0 : done;
        });
      }
      case Apply.apply:
        return go('applies', Apply.commit, (t) => {
          t[PENDING] = s[at]!;
        });
      case Apply.commit: {
        // set eventsApplied
        const last = s[A.event]! + 1 === FRAME_EVENTS;
        const then = !last ? Apply.apply : mistake === 'EVENTS reset first' ? Apply.resetFirst : Apply.release;
        return go('EVENTS', then, (t) => {
          t[EVENTS] = (twoStores ? 0 : tag << EVENT_BITS) | (s[A.event]! + 1);
          t[A.event] = last ? 0 : s[A.event]! + 1;
          t[DONE] = s[PENDING] === s[DONE]! + 1 ? s[DONE]! + 1 : 99;
          t[PENDING] = 0;
        });
      }
      case Apply.resetFirst:
        return go('EVENTS 0', Apply.release, (t) => {
          t[EVENTS] = 0;
        });
      case Apply.release: // release: store APPLIED
        return go('APPLIED', mistake === 'EVENTS reset last' ? Apply.resetLast : Apply.peek, (t) => {
          t[APPLIED] = (applied + 1) % POSITIONS;
        });
      case Apply.resetLast:
        return go('EVENTS 0', Apply.peek, (t) => {
          t[EVENTS] = 0;
        });
    }
  };

  const initial = new Array<number>(SIZE).fill(0);
  for (const at of [HEAD, APPLIED, P.head, P.passed]) initial[at] = START;
  return {
    initial,
    processes: [producer, applier],
    wrong: (s) => (s[DONE] === 99 ? 'an event is applied twice, skipped, or before it was written' : undefined),
    mayEnd: (s) => s[DONE] === events && s[P.pc] === Produce.ended,
    show: (s) => s.join(' '),
  };
}

describe('ring model: every interleaving', () => {
  test('one frame at a time, appliers lost at any step', () => {
    const { states } = explore(ringModel({ frames: 5, together: 1, appliers: 3 }));
    expect(states).toBeGreaterThan(500);
  });
  test('frames handed over together', () => {
    explore(ringModel({ frames: 6, together: 2, appliers: 3 }));
  });
});

describe('ring model: a mistake is found', () => {
  const broken = 'an event is applied twice, skipped, or before it was written';
  test.each(['head before event', 'a slot too many', 'EVENTS reset first', 'EVENTS reset last'] as const)(
    '%s',
    (mistake) => {
      expect(() => explore(ringModel({ frames: 5, together: 1, appliers: 3, mistake }))).toThrow(broken);
    },
  );
});
