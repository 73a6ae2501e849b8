import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { monotonicMs } from '../src/base/clock.js';
import { Applier, type ApplierEnd } from '../src/pool/applier.js';
import { EngineMemory, type MemoryToken } from '../src/pool/engine-memory.js';

const memory = EngineMemory.attach(workerData as MemoryToken);
let applier: Applier | undefined;

function join(): Applier {
  return (applier ??= new Applier(memory, memory.threads.claim(threadId), monotonicMs));
}

// Its slot tells that a thread has started and may be terminated. Node still links this module: a moment later it does not.
queueMicrotask(join);

/** Pool task: applies ready shards until there is nothing left to do. */
export default function apply(): ApplierEnd {
  return join().run();
}
