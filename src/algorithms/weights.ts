import type { Breathe } from '../base/kernel.js';
import type { Csr } from '../csr/csr.js';

/** Arcs between two looks at the clock. */
const BREATH_ARCS = 65_536;

/**
 * Looks for weights that are negative or NaN in a chunk of the rows: `badArcs[chunk]` becomes its first such arc, plus one; 0
 * stays where there is none. False when the job is over.
 */
export function checkWeights(csr: Csr, badArcs: Uint32Array, chunk: number, breathe: Breathe): boolean {
  const { offsets, bounds } = csr;
  const weights = csr.weights!;
  const end = offsets[bounds[chunk + 1]!]!;
  for (let arc = offsets[bounds[chunk]!]!; arc < end; ) {
    const stop = Math.min(end, arc + BREATH_ARCS);
    while (arc < stop && weights[arc]! >= 0) arc++;
    if (arc < stop) {
      badArcs[chunk] = arc + 1;
      return true;
    }
    if (arc < end && !breathe()) return false;
  }
  return true;
}

/** Whether `checkWeights` found one. */
export function hasBadWeight(badArcs: Uint32Array): boolean {
  for (let chunk = 0; chunk < badArcs.length; chunk++) if (badArcs[chunk] !== 0) return true;
  return false;
}

/** After the stage: the first arc whose weight is negative or NaN; then there is no result. Indexes are compact. */
export function badWeightOf(task: {
  badArcs: Uint32Array;
  forward: Csr;
}): { source: number; target: number; weight: number } | undefined {
  const found = task.badArcs.find((arc) => arc !== 0);
  if (found === undefined) return undefined;
  const { offsets, targets, weights, nodes } = task.forward;
  const arc = found - 1;
  // The last node whose arcs begin at it or before.
  let low = 0;
  let high = nodes - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (offsets[middle]! <= arc) low = middle;
    else high = middle - 1;
  }
  return { source: low, target: targets[arc]!, weight: weights![arc]! };
}

/** Weight of the arc, which must be there. */
export function weightOfArc({ offsets, targets, weights }: Csr, source: number, target: number): number {
  let low = offsets[source]!;
  let high = offsets[source + 1]! - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (targets[middle]! < target) low = middle + 1;
    else high = middle;
  }
  return weights![low]!;
}
