import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const SCRIPT = new URL('../support/interner-worker.mjs', import.meta.url);
const [READY, DONE, MISSED, WRONG, GHOSTS] = [0, 1, 2, 3, 4];
const STAYS = 500;
const CHURNED = 4000;

/*
 * Allowed: a reader finds an id late, or still finds one just unbound. Forbidden: it misses an id that was there all the
 * while, however the table grows and chains change under it, finds one that never was, or another's index.
 */
test('readers find what stays, while the writer binds, unbinds and splits', async () => {
  const interner = Interner.create(new Memory(), { capacity: STAYS + CHURNED, heapBytes: 1 << 22 });
  for (let i = 0; i < STAYS; i++) interner.bind(0, `stay ${i}`, i);
  const words = new Int32Array(new SharedArrayBuffer(8 * 4));
  const readers = [0, 1].map(
    () => new Worker(SCRIPT, { workerData: { token: interner.token, stays: STAYS, churned: CHURNED, words } }),
  );
  const ended = readers.map((reader) => once(reader, 'message'));
  for (let ready = 0; ready < readers.length; ready = Atomics.load(words, READY))
    Atomics.wait(words, READY, ready, 100);
  // Each index is bound for half a turn, and waits for the other half, as quarantine has it.
  for (let n = 0; n < 60 * CHURNED; n++) {
    if (n >= CHURNED) interner.release(STAYS + (n % CHURNED));
    interner.bind(0, `come ${n % 5000}`, STAYS + (n % CHURNED));
    if (n >= CHURNED / 2) interner.unbind(STAYS + ((n - CHURNED / 2) % CHURNED));
  }
  Atomics.store(words, DONE, 1);
  const lookups = await Promise.all(ended);
  expect(lookups.every(([count]) => count > 0)).toBe(true);
  expect({ missed: words[MISSED], wrong: words[WRONG], ghosts: words[GHOSTS] }).toEqual({
    missed: 0,
    wrong: 0,
    ghosts: 0,
  });
});
