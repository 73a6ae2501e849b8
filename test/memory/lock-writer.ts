import type { Process, State } from '../support/interleave.js';
import {
  ADMITTED,
  AT,
  END,
  ENDLESS,
  OUT,
  PC,
  PHASE,
  phaseOf,
  R,
  R_WRITES,
  ROUNDS,
  type Setup,
  SLEEPERS,
  SLEEPS,
  W,
  WAITING,
  WORD,
  type Words,
  WRITER,
} from './lock-words.js';

/** The steps of a writer. */
export function writerProcess(setup: Setup, words: Words, me: number): Process {
  const { phases, mistake } = setup;
  const { readers, writers, word, r, w, entries, notifyWriterWord, sleeperSeen } = words;
  return (s, offer) => {
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
        if (readerPc >= R.giveUpBit && readerPc <= R.giveUpNotify) continue;
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
        if (s[WRITER] === 0) {
          return go('takes over nothing', mistake === 'nobody wakes for the lost' ? W.phase : W.takeOverSleepers);
        }
        return go('takes over', W.takeOverStore);
      case W.takeOverSleepers: // takeOver: #wake
        return go('any sleeper?', sleeperSeen(s) ? W.takeOverNotify : W.phase);
      case W.takeOverNotify:
        return go('notify', W.phase, notifyWriterWord);
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
      if (t[w(me, ROUNDS)] !== ENDLESS) t[w(me, ROUNDS)]!--;
      if (t[w(me, ROUNDS)] !== 0) t[w(me, PC)] = W.phase;
    }
  };
}
