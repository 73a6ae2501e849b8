import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { Applier, type ApplierEnd } from '../src/pool/applier.js';
import { EngineMemory, type MemoryToken } from '../src/pool/engine-memory.js';

const memory = EngineMemory.attach(workerData as MemoryToken);
const applier = new Applier(memory, memory.threads.claim(threadId));

/** Pool task: applies ready shards until there is nothing left to do. */
export default function apply(): ApplierEnd {
  return applier.run();
}
