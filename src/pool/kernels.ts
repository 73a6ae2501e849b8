import { ManyPlace, ManySearch, type Placing, type SearchRound } from '../query/many.js';
import type { EngineMemory } from './engine-memory.js';
import type { Breathe, Kernel, KernelFactory } from './participant.js';

/** What jobs can ask of workers, by name. A kernel's data is what its stage gives. */
const kernels: Readonly<Record<string, KernelFactory<never>>> = {
  'many.search': (memory, thread, round: SearchRound, breathe) => new ManySearch(memory, thread, round, breathe),
  'many.place': (_memory, _thread, placing: Placing) => new ManyPlace(placing),
};

export function kernelOf(name: string, memory: EngineMemory, thread: number, data: unknown, breathe: Breathe): Kernel {
  return kernels[name]!(memory, thread, data as never, breathe);
}
