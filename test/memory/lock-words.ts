import type { State } from '../support/interleave.js';

/*
 * The steps of src/memory/lock.ts, one to one: each case below is one access to a shared word of that file, named by the
 * method it stands in. Spinning is one look before the sleep; a sleep that times out, or wakes for nothing, is a step too.
 */

export interface Setup {
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
    | 'no bits'
    | 'only a set word is cleared'
    | 'nobody wakes for the lost';
}

export const OUT = 0;
export const IN = 1;
export const WAITING = 2;

export enum R {
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
export enum W {
  notYet,
  takeOver,
  takeOverSleepers,
  takeOverNotify,
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

// Shared words
export const WRITER = 0; // phase * 4 + owner + 1
export const SLEEPERS = 1; // a bit a thread: readers first, then writers
export const PHASE = 2;
export const ADMITTED = 3;
// Fields of a reader and of a writer, as `r` and `w` below find them
export const PC = 0;
export const SEEN = 1;
export const AT = 1;
export const WORD = 2;
export const R_ROUNDS = 2;
export const ROUNDS = 3;
export const R_SLEEPS = 3;
export const SLEEPS = 4;
export const R_WRITES = 4;
export const END = 5;

/** Rounds of a thread that never ends. */
export const ENDLESS = 200;

export const phaseOf = (value: number): number => value >> 2;

export type Words = ReturnType<typeof wordsOf>;

/** Where everything stands in a state. */
export function wordsOf(setup: Setup) {
  const { readers } = setup;
  const writers = setup.writers ?? 1;
  const word = (reader: number): number => 4 + reader;
  // A reader: program counter, what it last saw in WRITER, rounds left, sleeping, write phases since it waits
  const R_SIZE = 5;
  const r = (reader: number, at: number): number => 4 + readers + reader * R_SIZE + at;
  // A writer: program counter, reader looked at, what it saw in its word, rounds left, reader slept on + 1, end of the look
  const W_SIZE = 6;
  const w = (writer: number, at: number): number => r(readers, 0) + writer * W_SIZE + at;
  /** Entries of each reader since the present writer announced itself. */
  const entries = (reader: number): number => w(writers, 0) + reader;
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

  return { readers, writers, word, r, w, entries, notifyWriterWord, notifyReaderWord, sleeperSeen };
}
