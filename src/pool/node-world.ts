import { monotonicMs } from '../base/clock.js';
import { Word } from '../schedule/control.js';
import type { Host } from '../schedule/host.js';
import type { EngineMemory } from './engine-memory.js';
import { Pool, type PoolEvents, type ResourceLimits, type World } from './pool.js';

/** Node's event loop and worker threads. */
export function nodeWorld(
  memory: EngineMemory,
  events: PoolEvents,
  options: { workers: number; resourceLimits: ResourceLimits },
): World {
  const pool = new Pool(memory, events, options);
  return { pool, host: nodeHost(memory, pool) };
}

function nodeHost(memory: EngineMemory, pool: Pool): Host {
  const { engine } = memory.control;
  return {
    now: monotonicMs,
    endOfTick: (task) => {
      setImmediate(task);
    },
    after: (delayMs, task) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    inBackground: (delayMs, task) => {
      const timer = setTimeout(task, delayMs).unref();
      return () => clearTimeout(timer);
    },
    submitApplier: () => {
      void pool.submitApplier();
    },
    wakeApplier: () => pool.wake(),
    onProgress: (task) => {
      // A worker changes the counter before it notifies: a change since this load ends the wait at once. The wait keeps no
      // process alive; the applier task that will end it does.
      const seen = Atomics.load(engine, Word.progress);
      const wait = Atomics.waitAsync(engine, Word.progress, seen);
      if (wait.async) void wait.value.then(task);
      else setImmediate(task);
    },
  };
}
