import { describe, expect, test } from 'vitest';
import { explore, type Model, type Process, type State } from '../support/interleave.js';

/*
 * The steps of src/memory/lock.ts, one to one: each case below is one access to a shared word of that file, named by the
 * method it stands in. Spinning is one look before the sleep; a sleep that times out, or wakes for nothing, is a step too.
 */

interface Setup {
  readers: number;
  /** Acquisitions of each thread; Infinity: it never ends. */
  readRounds: number;
  writeRounds: number;
  /** Phases are 1 to this, then 1 again. */
  phases: number;
  timeouts?: boolean;
  /** Reader 0 may be lost at any step; its slot is then cleared. */
  loseReader?: boolean;
  /** Writers that follow one another, each but the last of which may be lost at any step. */
  writers?: number;
  /** A mistake put in on purpose, to see it found. */
  mistake?:
    | 'no WAITING'
    | 'WAITING wakes nobody'
    | 'no entitlement'
    | 'look before store'
    | 'owner compared'
    | 'no bits';
}

const OUT = 0;
const IN = 1;
const WAITING = 2;

enum R {
  admit,
  storeIn,
  lookAtWriter,
  lookFirst,
  storeInLate,
  storeWaiting,
  wakeSleepers,
  wakeNotify,
  spin,
  setBit,
  lookAgain,
  sleep,
  giveUpBit,
  giveUpOut,
  giveUpSleepers,
  giveUpNotify,
  clearBit,
  enter,
  inside,
  outSleepers,
  outNotify,
  ended,
  lost,
  clearedBit,
  clearedWord,
  clearedSleepers,
  cleared,
}
enum W {
  notYet,
  takeOver,
  takeOverStore,
  phase,
  store,
  readers,
  lookAtReader,
  setBit,
  lookAgain,
  sleep,
  clearBit,
  inside,
  release,
  sleepers,
  notify,
  ended,
  lost,
  clearedBit,
}

function lockModel(setup: Setup): Model {
  const { readers, phases, mistake } = setup;
  const writers = setup.writers ?? 1;
  // Shared words
  const WRITER = 0; // phase * 4 + owner + 1
  const SLEEPERS = 1; // a bit a thread: readers first, then writers
  const PHASE = 2;
  const ADMITTED = 3;
  const word = (reader: number): number => 4 + reader;
  // A reader: program counter, what it last saw in WRITER, rounds left, sleeping, write phases since it waits
  const R_SIZE = 5;
  const r = (reader: number, at: number): number => 4 + readers + reader * R_SIZE + at;
  // A writer: program counter, reader looked at, what it saw in its word, rounds left, reader slept on + 1, end of the look
  const W_SIZE = 6;
  const w = (writer: number, at: number): number => r(readers, 0) + writer * W_SIZE + at;
  /** Entries of each reader since the present writer announced itself. */
  const entries = (reader: number): number => w(writers, 0) + reader;
  const PC = 0;
  const SEEN = 1;
  const AT = 1;
  const WORD = 2;
  const R_ROUNDS = 2;
  const ROUNDS = 3;
  const R_SLEEPS = 3;
  const SLEEPS = 4;
  const R_WRITES = 4;
  const END = 5;

  const endless = 200;
  const rounds = (count: number): number => (count === Number.POSITIVE_INFINITY ? endless : count);
  const initial: State = new Array<number>(entries(readers)).fill(0);
  for (let reader = 0; reader < readers; reader++) initial[r(reader, R_ROUNDS)] = rounds(setup.readRounds);
  for (let writer = 0; writer < writers; writer++) initial[w(writer, ROUNDS)] = rounds(setup.writeRounds);
  initial[w(0, PC)] = W.phase;

  const phaseOf = (value: number): number => value >> 2;
  const notifyWriterWord = (s: State): void => {
    for (let reader = 0; reader < readers; reader++) {
      if (s[r(reader, R_SLEEPS)] === 0) continue;
      s[r(reader, R_SLEEPS)] = 0;
      s[r(reader, PC)] = R.lookAgain;
    }
  };
  const notifyReaderWord = (s: State, reader: number): void => {
    for (let writer = 0; writer < writers; writer++) {
      if (s[w(writer, SLEEPS)] !== reader + 1) continue;
      s[w(writer, SLEEPS)] = 0;
      s[w(writer, PC)] = W.lookAgain;
    }
  };
  const sleeperSeen = (s: Readonly<State>): boolean => s[SLEEPERS] !== 0;

  const readerProcess =
    (me: number): Process =>
    (s, offer) => {
      const pc = s[r(me, PC)]!;
      const go = (label: string, next: R, change?: (t: State) => void): void =>
        offer(`reader ${me}: ${label}`, (t) => {
          t[r(me, PC)] = next;
          change?.(t);
        });
      const bit = 1 << me;
      const ended = (t: State): void => {
        if (t[r(me, R_ROUNDS)] !== endless) t[r(me, R_ROUNDS)]!--;
        t[r(me, PC)] = t[r(me, R_ROUNDS)] === 0 ? R.ended : mistake === 'look before store' ? R.lookFirst : R.storeIn;
        t[r(me, SEEN)] = 0;
      };
      const entered = (t: State): void => {
        t[r(me, R_WRITES)] = 0;
        t[r(me, SEEN)] = 0;
        t[entries(me)] = Math.min(3, t[entries(me)]! + 1);
      };
      const stillThere = (value: number): boolean =>
        mistake === 'owner compared'
          ? value === s[r(me, SEEN)]
          : value !== 0 && phaseOf(value) === phaseOf(s[r(me, SEEN)]!);
      if (setup.loseReader === true && me === 0 && pc < R.ended) {
        go('lost', R.lost, (t) => {
          t[r(me, R_SLEEPS)] = 0;
          t[r(me, R_WRITES)] = 0;
          t[r(me, SEEN)] = 0;
        });
      }
      switch (pc as R) {
        case R.admit: // admitReader
          return go('admit', mistake === 'look before store' ? R.lookFirst : R.storeIn, (t) => {
            t[ADMITTED] = Math.max(t[ADMITTED]!, me + 1);
          });
        case R.storeIn: // acquireRead: store IN
          return go('IN', R.lookAtWriter, (t) => {
            t[word(me)] = IN;
          });
        case R.lookAtWriter: // acquireRead: load WRITER
          if (s[WRITER] === 0) return go('no writer', R.inside, entered);
          return go('sees writer', mistake === 'no WAITING' ? R.spin : R.storeWaiting, (t) => {
            t[r(me, SEEN)] = s[WRITER]!;
          });
        case R.lookFirst: // the mistake: WRITER before IN
          if (s[WRITER] === 0) return go('no writer', R.storeInLate);
          return go('sees writer', R.lookFirst);
        case R.storeInLate:
          return go('IN', R.inside, (t) => {
            t[word(me)] = IN;
            entered(t);
          });
        case R.storeWaiting: // #waitForPhase: store WAITING
          return go('WAITING', R.wakeSleepers, (t) => {
            t[word(me)] = WAITING + phaseOf(s[r(me, SEEN)]!);
          });
        case R.wakeSleepers: // #wake
          return go('any sleeper?', sleeperSeen(s) && mistake !== 'WAITING wakes nobody' ? R.wakeNotify : R.spin);
        case R.wakeNotify:
          return go('notify', R.spin, (t) => notifyReaderWord(t, me));
        case R.spin: // #waitForPhase: the loop of SPINS
          if (!stillThere(s[WRITER]!)) return go('writer gone', R.enter);
          return go('spins', R.setBit);
        case R.setBit: // #fallAsleep
          return go('bit', R.lookAgain, (t) => {
            t[SLEEPERS]! |= mistake === 'no bits' ? 0 : bit;
          });
        case R.lookAgain: // #waitForPhase: the look before each sleep
          if (!stillThere(s[WRITER]!)) return go('writer gone', R.clearBit);
          if (setup.timeouts === true) go('gives up', R.giveUpBit);
          return go('writer still there', R.sleep, (t) => {
            t[r(me, SEEN)] = s[WRITER]!;
          });
        case R.sleep: // Atomics.wait: compares and sleeps in one step
          if (s[r(me, R_SLEEPS)] === 1) {
            if (setup.timeouts === true) {
              go('time is up', R.lookAgain, (t) => {
                t[r(me, R_SLEEPS)] = 0;
              });
            }
            return;
          }
          if (s[WRITER] !== s[r(me, SEEN)]) return go('not equal', R.lookAgain);
          return go('sleeps', R.sleep, (t) => {
            t[r(me, R_SLEEPS)] = 1;
          });
        case R.giveUpBit: // #awake
          return go('bit off', R.giveUpOut, (t) => {
            t[SLEEPERS]! &= ~bit;
          });
        case R.giveUpOut:
          return go('OUT', R.giveUpSleepers, (t) => {
            t[word(me)] = OUT;
            t[r(me, R_WRITES)] = 0;
          });
        case R.giveUpSleepers:
          if (sleeperSeen(s)) return go('any sleeper? yes', R.giveUpNotify);
          return go('any sleeper? no', R.ended, ended);
        case R.giveUpNotify:
          return go('notify', R.ended, (t) => {
            notifyReaderWord(t, me);
            ended(t);
          });
        case R.clearBit: // #awake
          return go('bit off', R.enter, (t) => {
            t[SLEEPERS]! &= ~bit;
          });
        case R.enter: // #enter
          if (mistake === 'no entitlement') return go('IN, asks again', R.lookAtWriter, (t) => (t[word(me)] = IN));
          return go('IN', R.inside, (t) => {
            t[word(me)] = IN;
            entered(t);
          });
        case R.inside: // releaseRead: store OUT
          return go('OUT', R.outSleepers, (t) => {
            t[word(me)] = OUT;
          });
        case R.outSleepers: // releaseRead: #wake
          if (sleeperSeen(s)) return go('any sleeper? yes', R.outNotify);
          return go('any sleeper? no', R.ended, ended);
        case R.outNotify:
          return go('notify', R.ended, (t) => {
            notifyReaderWord(t, me);
            ended(t);
          });
        case R.ended:
        case R.cleared:
          return;
        case R.lost: // clearThread, by the main thread
          return go('clear bit', R.clearedBit, (t) => {
            t[SLEEPERS]! &= ~bit;
          });
        case R.clearedBit:
          return go('clear word', s[word(me)] === OUT ? R.cleared : R.clearedWord, (t) => {
            t[word(me)] = OUT;
          });
        case R.clearedWord:
          return go('any sleeper?', sleeperSeen(s) ? R.clearedSleepers : R.cleared);
        case R.clearedSleepers:
          return go('notify', R.cleared, (t) => notifyReaderWord(t, me));
      }
    };

  const writerProcess =
    (me: number): Process =>
    (s, offer) => {
      const pc = s[w(me, PC)]!;
      const go = (label: string, next: W, change?: (t: State) => void): void =>
        offer(`writer ${me}: ${label}`, (t) => {
          t[w(me, PC)] = next;
          change?.(t);
        });
      const bit = 1 << (readers + me);
      const at = s[w(me, AT)]!;
      const passes = (value: number): boolean => value === OUT || value === WAITING + phaseOf(s[WRITER]!);
      const announced = (t: State): void => {
        for (let reader = 0; reader < readers; reader++) t[entries(reader)] = 0;
      };
      const nextReader = (t: State): void => {
        t[w(me, AT)]!++;
        t[w(me, WORD)] = 0;
        t[w(me, PC)] = W.lookAtReader;
        if (t[w(me, AT)]! < t[w(me, END)]!) return;
        t[w(me, PC)] = W.inside;
        t[w(me, AT)] = 0;
        t[w(me, END)] = 0;
        for (let reader = 0; reader < readers; reader++) {
          const readerPc = t[r(reader, PC)]! as R;
          // From its look at a writer on a reader is owed its turn.
          if (readerPc < R.storeWaiting || readerPc > R.enter) continue;
          t[r(reader, R_WRITES)] = Math.min(3, t[r(reader, R_WRITES)]! + 1);
        }
      };
      if (me + 1 < writers && pc > W.notYet && pc < W.ended) {
        go('lost', W.lost, (t) => {
          t[w(me, SLEEPS)] = 0;
        });
      }
      switch (pc as W) {
        case W.notYet: // a successor comes when the one before it is lost and cleared
          return;
        case W.takeOver: // takeOver: load WRITER
          if (s[WRITER] === 0) return go('takes over nothing', W.phase);
          return go('takes over', W.takeOverStore);
        case W.takeOverStore: // takeOver: store WRITER
          return go('own name', W.readers, (t) => {
            t[WRITER] = phaseOf(s[WRITER]!) * 4 + me + 1;
            announced(t);
            // The same phase is entered once more.
            for (let reader = 0; reader < readers; reader++) t[r(reader, R_WRITES)] = 0;
          });
        case W.phase: // acquireWrite: phases, a plain word of the owner's
          return go('phase', W.store, (t) => {
            t[PHASE] = (s[PHASE]! % phases) + 1;
          });
        case W.store: // acquireWrite: store WRITER
          return go('WRITER', W.readers, (t) => {
            t[WRITER] = s[PHASE]! * 4 + me + 1;
            announced(t);
          });
        case W.readers: // #waitForReaders: load readers
          return go('readers in use', W.lookAtReader, (t) => {
            t[w(me, AT)] = -1;
            t[w(me, END)] = s[ADMITTED]!;
            nextReader(t);
          });
        case W.lookAtReader: // #waitForReaders and the spins of #waitForReader
          if (passes(s[word(at)]!)) return go(`reader ${at} passes`, W.lookAtReader, nextReader);
          return go(`reader ${at} is in`, W.setBit);
        case W.setBit: // #fallAsleep
          return go('bit', W.lookAgain, (t) => {
            t[SLEEPERS]! |= bit;
          });
        case W.lookAgain: // #waitForReader: the look before each sleep
          if (passes(s[word(at)]!)) return go('passes', W.clearBit);
          return go('is still in', W.sleep, (t) => {
            t[w(me, WORD)] = s[word(at)]!;
          });
        case W.sleep: // Atomics.wait
          if (s[w(me, SLEEPS)] !== 0) return;
          if (s[word(at)] !== s[w(me, WORD)]) return go('not equal', W.lookAgain);
          return go('sleeps', W.sleep, (t) => {
            t[w(me, SLEEPS)] = at + 1;
          });
        case W.clearBit: // #awake
          return go('bit off', W.lookAtReader, (t) => {
            t[SLEEPERS]! &= ~bit;
            nextReader(t);
          });
        case W.inside: // what is written
          return go('wrote', W.release);
        case W.release: // releaseWrite: store 0
          return go('leaves', W.sleepers, (t) => {
            t[WRITER] = 0;
          });
        case W.sleepers: // releaseWrite: #wake
          return go('any sleeper?', sleeperSeen(s) ? W.notify : W.ended, sleeperSeen(s) ? undefined : again);
        case W.notify:
          return go('notify', W.ended, (t) => {
            notifyWriterWord(t);
            again(t);
          });
        case W.ended:
          return;
        case W.lost: // clearThread: its bits; then the main thread lets another claim the shard
          return go('clear bit', W.clearedBit, (t) => {
            t[SLEEPERS]! &= ~bit;
            t[w(me + 1, PC)] = W.takeOver;
            for (const field of [AT, WORD, ROUNDS, SLEEPS, END]) t[w(me, field)] = 0;
          });
        case W.clearedBit:
          return;
      }
      function again(t: State): void {
        if (t[w(me, ROUNDS)] !== endless) t[w(me, ROUNDS)]!--;
        if (t[w(me, ROUNDS)] !== 0) t[w(me, PC)] = W.phase;
      }
    };

  const processes: Process[] = [];
  for (let reader = 0; reader < readers; reader++) processes.push(readerProcess(reader));
  for (let writer = 0; writer < writers; writer++) processes.push(writerProcess(writer));

  const isInside = (s: Readonly<State>, reader: number): boolean => s[r(reader, PC)] === R.inside;
  const writes = (s: Readonly<State>, writer: number): boolean =>
    s[w(writer, PC)] === W.inside || s[w(writer, PC)] === W.release;
  const alwaysPossible: Record<string, (s: Readonly<State>) => boolean> = {};
  if (setup.readRounds === Number.POSITIVE_INFINITY) {
    for (let reader = setup.loseReader === true ? 1 : 0; reader < readers; reader++) {
      alwaysPossible[`reader ${reader} is in`] = (s) => isInside(s, reader);
    }
    alwaysPossible['the writer is in'] = (s) => writes(s, 0);
  }
  return {
    initial,
    processes,
    wrong: (s) => {
      for (let reader = 0; reader < readers; reader++) {
        for (let writer = 0; writer < writers; writer++) {
          if (isInside(s, reader) && writes(s, writer)) return `reader ${reader} and writer ${writer} are both in`;
        }
        if (s[r(reader, R_WRITES)]! > 1) return `reader ${reader} waits through more than one write phase`;
        const writerWaits = s[WRITER] !== 0 && !writes(s, (s[WRITER]! & 3) - 1);
        if (writerWaits && s[entries(reader)]! > 1) return `reader ${reader} goes in twice before the writer`;
      }
      return undefined;
    },
    mayEnd: (s) => {
      for (let reader = 0; reader < readers; reader++) {
        const pc = s[r(reader, PC)];
        if (pc !== R.ended && pc !== R.cleared) return false;
      }
      for (let writer = 0; writer < writers; writer++) {
        const pc = s[w(writer, PC)];
        if (pc !== W.ended && pc !== W.notYet && pc !== W.clearedBit) return false;
      }
      return s[SLEEPERS] === 0;
    },
    alwaysPossible,
    show: (s) => s.join(' '),
  };
}

/** Sizes are recorded so that a model that lost its steps is noticed. */
describe('lock model: every interleaving', () => {
  test('two readers and a writer, three rounds: exclusion, phase-fairness, nobody is left asleep', () => {
    const { states, ends } = explore(lockModel({ readers: 2, readRounds: 3, writeRounds: 3, phases: 3 }));
    expect(ends).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(10_000);
  });

  test('threads that never rest: each can always go in, with no more than two phases', () => {
    explore(lockModel({ readers: 2, readRounds: Infinity, writeRounds: Infinity, phases: 2 }));
  });

  test('three readers', () => {
    explore(lockModel({ readers: 3, readRounds: 1, writeRounds: 2, phases: 2 }));
  });

  test('waits that time out hold nothing and stop nobody', () => {
    explore(lockModel({ readers: 2, readRounds: 2, writeRounds: 2, phases: 2, timeouts: true }));
  });

  test('a reader that is lost at any step, then cleared', () => {
    explore(lockModel({ readers: 2, readRounds: 2, writeRounds: 2, phases: 2, loseReader: true }));
  });

  test('a writer that is lost at any step, and so is the one who takes over', () => {
    explore(lockModel({ readers: 2, readRounds: 1, writeRounds: 1, phases: 2, writers: 3 }));
  });
});

describe('lock model: a mistake is found', () => {
  const small = { readers: 2, readRounds: 2, writeRounds: 2, phases: 3 };

  test('a reader that looks before it stores', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'look before store' }))).toThrow('are both in');
  });
  test('a reader that does not say that it waits', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'no WAITING' }))).toThrow('stuck');
  });
  test('a reader that wakes nobody when it begins to wait', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'WAITING wakes nobody' }))).toThrow('stuck');
  });
  test('sleepers that are not told of', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'no bits' }))).toThrow('stuck');
  });
  test('a reader that asks again after its wait', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'no entitlement' }))).toThrow('more than one write phase');
  });
  test('a wait that ends when the lost owner is replaced', () => {
    expect(() =>
      explore(
        lockModel({ readers: 1, readRounds: 1, writeRounds: 1, phases: 2, writers: 2, mistake: 'owner compared' }),
      ),
    ).toThrow('are both in');
  });
});
