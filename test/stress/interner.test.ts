import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Interner } from '../../dist/src/memory/interner.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const SCRIPT = new URL('../support/interner-worker.mjs', import.meta.url);
const [SEEN, ROUND, MISSED, WRONG, GHOSTS] = [0, 1, 2, 3, 4];
const STAYS = 500;
const CHURNED = 8000;
const ROUNDS = 6;
const TURNS = 5;

/*
 * Allowed: a reader finds an id late, or still finds one just unbound. Forbidden: it misses an id that was there all the
 * while, however the table grows and chains change under it, finds one that never was, or another's index.
 */
test.each([
  { what: 'short chains', hashMask: 0xffffffff },
  // Each chain is dozens of records long, and a change meets readers in the middle of it.
  { what: 'long chains', hashMask: 0xff },
])('readers find what stays, while the writer binds, unbinds and splits: $what', async ({ hashMask }) => {
  const memory = new Memory();
  const interners = Array.from({ length: ROUNDS }, () => {
    const interner = Interner.create(memory, { capacity: 2 * STAYS + CHURNED, heapBytes: 1 << 20, hashMask });
    for (let i = 0; i < STAYS; i++) {
      interner.bind(0, `stay ${i}`, i);
      interner.bind(0, -i, STAYS + i);
    }
    return interner;
  });
  const words = new Int32Array(new SharedArrayBuffer(8 * 4));
  const tokens = interners.map((interner) => interner.token);
  const readers = [0, 1].map(
    () => new Worker(SCRIPT, { workerData: { tokens, stays: STAYS, churned: CHURNED, words } }),
  );
  const ended = readers.map((reader) => once(reader, 'message'));
  for (const [round, interner] of interners.entries()) {
    // The writer begins when every reader is at work on this interner.
    for (let seen = 0; seen < readers.length * (round + 1); seen = Atomics.load(words, SEEN))
      Atomics.wait(words, SEEN, seen, 100);
    // Each index is bound for half a turn, to two ids in turn, and waits for the other half, as quarantine has it. A table
    // grows in its first half turn; the next one grows under readers again.
    for (let n = 0; n < TURNS * CHURNED; n++) {
      const index = 2 * STAYS + (n % CHURNED);
      if (n >= CHURNED) interner.release(index);
      interner.bind(0, `come ${n % (2 * CHURNED)}`, index);
      if (n >= CHURNED / 2) interner.unbind(2 * STAYS + ((n - CHURNED / 2) % CHURNED));
    }
    Atomics.add(words, ROUND, 1);
  }
  await Promise.all(ended);
  expect({ missed: words[MISSED], wrong: words[WRONG], ghosts: words[GHOSTS] }).toEqual({
    missed: 0,
    wrong: 0,
    ghosts: 0,
  });
  expect(brokenCanariesWithin(tokens)).toEqual([]);
});
