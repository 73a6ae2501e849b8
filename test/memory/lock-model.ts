import type { Model, Process, State } from '../support/interleave.js';
import { readerProcess } from './lock-reader.js';
import { ENDLESS, PC, R, R_ROUNDS, R_WRITES, ROUNDS, type Setup, SLEEPERS, W, WRITER, wordsOf } from './lock-words.js';
import { writerProcess } from './lock-writer.js';

/** Readers and writers of one shard's lock, and what must hold in every state. */
export function lockModel(setup: Setup): Model {
  const words = wordsOf(setup);
  const { readers, writers, r, w, entries } = words;
  const rounds = (count: number): number => (count === Number.POSITIVE_INFINITY ? ENDLESS : count);
  const initial: State = new Array<number>(entries(readers)).fill(0);
  for (let reader = 0; reader < readers; reader++) initial[r(reader, R_ROUNDS)] = rounds(setup.readRounds);
  for (let writer = 0; writer < writers; writer++) initial[w(writer, ROUNDS)] = rounds(setup.writeRounds);
  initial[w(0, PC)] = W.phase;

  const processes: Process[] = [];
  for (let reader = 0; reader < readers; reader++) processes.push(readerProcess(setup, words, reader));
  for (let writer = 0; writer < writers; writer++) processes.push(writerProcess(setup, words, writer));

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
