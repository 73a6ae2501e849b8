import type { Breathe } from '../base/kernel.js';
import { Word } from '../schedule/control.js';
import type { EngineMemory } from './engine-memory.js';

/* Worker thread: a shard to which no event is applied meanwhile. Readers are not held up. */

/** Waits until the shard is this thread's, and no event applied to it. */
export function holdStill(memory: EngineMemory, shard: number, thread: number, meanwhile: () => void): void {
  const { control } = memory;
  while (!control.claimAny(shard, thread)) {
    meanwhile();
    // Another worker applies the shard: its slice ends soon, since appliers were asked to give way. The word is any that
    // seldom changes: this is a pause, not a message.
    Atomics.wait(control.engine, Word.flags, Atomics.load(control.engine, Word.flags), 1);
  }
}

/** Does it while no event is applied to the shard. False when another worker has the shard, or the job is over: to be tried again. */
export function tryStill(
  memory: EngineMemory,
  shard: number,
  thread: number,
  breathe: Breathe,
  task: () => void,
): boolean {
  // Another worker applies the shard; it was asked to give way, and this one looks again soon.
  if (!breathe() || !memory.control.claimAny(shard, thread)) return false;
  try {
    task();
  } finally {
    letGo(memory, shard);
  }
  return true;
}

/**
 * The end of it. The shard is ready whatever it was: a packing or a removal may be under way that an applier gave back, and
 * a frame that was published meanwhile found the shard running. An applier that finds nothing to do lets it go idle.
 */
export function letGo(memory: EngineMemory, shard: number): void {
  memory.control.giveBack(shard);
}
