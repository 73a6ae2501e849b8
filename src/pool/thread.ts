import { writeSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { monotonicMs } from '../base/clock.js';
import { Applier } from './applier.js';
import { EngineMemory, type MemoryToken } from './engine-memory.js';

/** Worker thread: the engine's memory, and this thread's part in it, the same for all kinds of tasks. */
export const memory = EngineMemory.attach(workerData as MemoryToken);

let joined: { readonly thread: number; readonly applier: Applier } | undefined;

const STDERR = 2;

/** A defect of the library: what it was is said at once, for what a thread writes otherwise goes with it. */
function end(error: unknown): void {
  try {
    writeSync(STDERR, `athanor: a worker failed: ${error instanceof Error ? error.stack : String(error)}\n`);
  } catch {
    // Nobody reads it. The thread ends all the same.
  }
  process.exit(1);
}

/** The thread's slot and its applier; taken on first use. */
export function join(): { readonly thread: number; readonly applier: Applier } {
  if (joined === undefined) {
    const thread = memory.threads.claim(threadId);
    memory.control.joined(thread);
    joined = { thread, applier: new Applier(memory, thread, monotonicMs, end) };
  }
  return joined;
}
