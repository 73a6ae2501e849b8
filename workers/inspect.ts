import { type InspectResult, type InspectTask, inspect } from '../src/pool/inspect.js';
import { join, memory } from '../src/pool/thread.js';

/** Pool task: digests or verifies every shard while its applying stands still. */
export default function run(task: InspectTask): InspectResult {
  memory.control.taskBegun();
  const { thread, applier } = join();
  return inspect(memory, thread, task, () => applier.step(true));
}
