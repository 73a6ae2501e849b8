import { parentPort, workerData } from 'node:worker_threads';
import { ShardLock } from '../../dist/src/memory/lock.js';

/*
 * Users of one shard's lock for litmus tests. `data` holds plain words that are all equal whenever the lock is free.
 *   'read':  reads until it did `rounds` (0: until STOP) and counts what it saw broken.
 *   'write': changes all of `data` under the lock, `rounds` times (0: until STOP), counting up.
 *   'hold-read', 'hold-write': takes the lock (in the middle of a change), says so in HELD, and waits to be killed.
 */
const { mode, token, data, words, thread, rounds, timeoutMs } = workerData;
const lock = ShardLock.attach(token);
const [START, STOP, HELD] = [0, 1, 2];
const length = data.length;

// All begin together: a thread takes longer to start than most of these loops.
Atomics.wait(words, START, 0);

function more(round) {
  return rounds === 0 ? Atomics.load(words, STOP) === 0 : round < rounds;
}

function read() {
  const got = { rounds: 0, broken: 0, backwards: 0, timedOut: 0, changes: 0 };
  let last = 0;
  for (let round = 0; more(round); round++) {
    if (!lock.acquireRead(0, thread, timeoutMs)) {
      got.timedOut++;
      continue;
    }
    const first = data[0];
    for (let i = 1; i < length; i++) if (data[i] !== first) got.broken++;
    lock.releaseRead(0, thread);
    if (first < last) got.backwards++;
    if (first !== last) got.changes++;
    last = first;
    got.rounds++;
  }
  return got;
}

function write() {
  let round = 0;
  for (; more(round); round++) {
    lock.acquireWrite(0, thread);
    const next = data[0] + 1;
    for (let i = 0; i < length; i++) data[i] = next;
    lock.releaseWrite(0, thread);
  }
  return { rounds: round };
}

function hold() {
  if (mode === 'hold-read') {
    lock.acquireRead(0, thread, timeoutMs);
  } else {
    lock.acquireWrite(0, thread);
    const next = data[0] + 1;
    for (let i = 0; i < length / 2; i++) data[i] = next;
  }
  Atomics.store(words, HELD, 1);
  Atomics.notify(words, HELD);
  Atomics.wait(words, HELD, 1);
}

parentPort.postMessage(mode === 'read' ? read() : mode === 'write' ? write() : hold());
