import { parentPort, workerData } from 'node:worker_threads';
import { Interner } from '../../dist/src/memory/interner.js';

/*
 * A reader of interners that another thread changes, one after the other. Ids 'stay i' and the numbers -i are bound to i and
 * `stays` + i all the while; ids 'gone i' never are; id 'come n' is bound to its own one of the churned indexes, or not. What
 * is wrong is counted, not thrown.
 */
const { tokens, stays, churned, words } = workerData;
const [SEEN, ROUND, MISSED, WRONG, GHOSTS] = [0, 1, 2, 3, 4];
const NO_ROW = 0xffffffff;
const interners = tokens.map((token) => Interner.attach(token));
let lookups = 0;
let seen = -1;
for (;;) {
  const round = Atomics.load(words, ROUND);
  if (round === interners.length) break;
  if (round > seen) {
    seen = round;
    Atomics.add(words, SEEN, 1);
    Atomics.notify(words, SEEN);
  }
  const i = lookups++;
  const interner = interners[round];
  const at = i % stays;
  const row = interner.find(0, `stay ${at}`);
  const byNumber = interner.find(0, -at);
  if (row === NO_ROW || byNumber === NO_ROW) Atomics.add(words, MISSED, 1);
  else if (row !== at || byNumber !== stays + at || interner.idOf(row) !== `stay ${at}`) Atomics.add(words, WRONG, 1);
  if (interner.find(0, `gone ${at}`) !== NO_ROW || interner.find(1, `stay ${at}`) !== NO_ROW)
    Atomics.add(words, GHOSTS, 1);
  const n = i % (2 * churned);
  const come = interner.find(0, `come ${n}`);
  if (come !== NO_ROW && come !== 2 * stays + (n % churned)) Atomics.add(words, WRONG, 1);
}
parentPort.postMessage(lookups);
