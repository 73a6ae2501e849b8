import type { Process, State } from '../support/interleave.js';
import {
  ADMITTED,
  ENDLESS,
  IN,
  OUT,
  PC,
  phaseOf,
  R,
  R_ROUNDS,
  R_SLEEPS,
  R_WRITES,
  SEEN,
  type Setup,
  SLEEPERS,
  WAITING,
  type Words,
  WRITER,
} from './lock-words.js';

/** The steps of a reader. */
export function readerProcess(setup: Setup, words: Words, me: number): Process {
  const { mistake } = setup;
  const { word, r, entries, notifyReaderWord, sleeperSeen } = words;
  return (s, offer) => {
    const pc = s[r(me, PC)]!;
    const go = (label: string, next: R, change?: (t: State) => void): void =>
      offer(`reader ${me}: ${label}`, (t) => {
        t[r(me, PC)] = next;
        change?.(t);
      });
    const bit = 1 << me;
    const ended = (t: State): void => {
      if (t[r(me, R_ROUNDS)] !== ENDLESS) t[r(me, R_ROUNDS)]!--;
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
        if (mistake === 'only a set word is cleared' && s[word(me)] === OUT) return go('nothing to clear', R.cleared);
        return go('clear word', R.clearedWord, (t) => {
          t[word(me)] = OUT;
        });
      case R.clearedWord:
        return go('any sleeper?', sleeperSeen(s) ? R.clearedSleepers : R.cleared);
      case R.clearedSleepers:
        return go('notify', R.cleared, (t) => notifyReaderWord(t, me));
    }
  };
}
