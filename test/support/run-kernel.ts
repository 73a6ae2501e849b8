import type { Kernel, PhasePlan } from '../../dist/src/base/kernel.js';

/** Small, seeded, good enough: xorshift32. */
export function random(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Runs a stage to its end on as many kernels over the same memory as there would be threads, chunks in any order. With
 * `repeat`, some chunks and moves are done twice, by another kernel the second time, as after the loss of a worker.
 */
export function runKernel(
  make: (breathe: () => boolean) => Kernel,
  first: PhasePlan,
  options: { threads?: number; seed?: number; repeat?: number } = {},
): { phases: number; chunks: number } {
  const { threads = 2, seed = 1, repeat = 0 } = options;
  const chance = random(seed);
  const kernels = Array.from({ length: threads }, () => make(() => true));
  const any = (): Kernel => kernels[Math.floor(chance() * threads)]!;
  let phases = 0;
  let chunks = 0;
  for (let plan: PhasePlan | undefined = first; plan !== undefined; phases++) {
    const order = Array.from({ length: plan.chunks }, (_, chunk) => chunk);
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(chance() * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (const chunk of order) {
      while (!any().chunk(plan.phase, chunk));
      chunks++;
      if (chance() < repeat) any().chunk(plan.phase, chunk);
    }
    const mover = any();
    let next = mover.next(plan.phase);
    if (chance() < repeat) next = any().next(plan.phase);
    plan = next;
  }
  return { phases, chunks };
}
