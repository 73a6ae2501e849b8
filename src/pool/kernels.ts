import type { Breathe, Kernel } from '../base/kernel.js';
import { type ManyBatch, ManyCopy, type ManyCopyTask, ManyQueries } from '../query/many.js';
import { type PairJoin, PairKernel } from '../query/pairs.js';
import type { EngineMemory } from './engine-memory.js';
import type { KernelFactory } from './participant.js';
import { Snapshot, type SnapshotTask } from './snapshot.js';

/** What jobs can ask of workers, by name. A kernel's data is what its stage gives. */
const kernels: Readonly<Record<string, KernelFactory<never>>> = {
  'many.queries': (memory, thread, batch: ManyBatch, breathe) => new ManyQueries(memory, thread, batch, breathe),
  'many.copy': (_memory, _thread, copy: ManyCopyTask) => new ManyCopy(copy),
  snapshot: (memory, thread, task: SnapshotTask, breathe) => new Snapshot(memory, thread, task, breathe),
  pairs: (_memory, _thread, join: PairJoin, breathe) => new PairKernel(join, breathe),
};

export function kernelOf(name: string, memory: EngineMemory, thread: number, data: unknown, breathe: Breathe): Kernel {
  return kernels[name]!(memory, thread, data as never, breathe);
}
