import { parentPort, workerData } from 'node:worker_threads';
import { Interner } from '../../dist/src/memory/interner.js';

/*
 * A reader of an interner that another thread changes. Ids 'stay i' are bound to i all the while; ids 'gone i' never are;
 * ids 'come n' are bound to some index of the churned ones, or not. What is wrong is counted, not thrown.
 */
const { token, stays, churned, words } = workerData;
const [READY, DONE, MISSED, WRONG, GHOSTS] = [0, 1, 2, 3, 4];
const interner = Interner.attach(token);
Atomics.add(words, READY, 1);
Atomics.notify(words, READY);
let lookups = 0;
for (let i = 0; Atomics.load(words, DONE) === 0; i++) {
  const index = interner.find(0, `stay ${i % stays}`);
  if (index === 0xffffffff) Atomics.add(words, MISSED, 1);
  else if (index !== i % stays) Atomics.add(words, WRONG, 1);
  if (interner.find(0, `gone ${i % stays}`) !== 0xffffffff) Atomics.add(words, GHOSTS, 1);
  const come = interner.find(0, `come ${i % 1000}`);
  if (come !== 0xffffffff && (come < stays || come >= stays + churned)) Atomics.add(words, WRONG, 1);
  lookups++;
}
parentPort.postMessage(lookups);
