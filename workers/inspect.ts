import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { EngineMemory, type MemoryToken } from '../src/pool/engine-memory.js';
import { type InspectResult, type InspectTask, inspect } from '../src/pool/inspect.js';

const memory = EngineMemory.attach(workerData as MemoryToken);

/** Pool task: digests or verifies every shard while its applying stands still. */
export default function run(task: InspectTask): InspectResult {
  return inspect(memory, memory.threads.slotOf(threadId), task);
}
