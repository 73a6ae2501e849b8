import { type Csr, fillBounds } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** What kernels read of an adjacency. */
export type Arcs = Pick<Csr, 'offsets' | 'targets'>;

export function arcsOf({ offsets, targets }: Csr): Arcs {
  return { offsets, targets };
}

/** Bounds of chunks for a kernel that reads a node's arcs in one adjacency, or in two: then of as many as both have. */
export function boundsOf(memory: Memory, first: Csr, second: Csr | undefined): Uint32Array {
  if (second === undefined) return first.bounds;
  const { nodes } = first;
  const chunks = first.bounds.length - 1 + (second.bounds.length - 1);
  const work = first.arcs + second.arcs + nodes;
  const bounds = memory.u32('arcs.bounds', chunks + 1);
  fillBounds(bounds, nodes, work, (node) => arcsBetween(first, second, 0, node) + node);
  return bounds;
}

/** Arcs of the nodes from `begin` on, before `end`, in one adjacency or in both. */
export function arcsBetween(first: Arcs, second: Arcs | undefined, begin: number, end: number): number {
  const arcs = first.offsets[end]! - first.offsets[begin]!;
  return second === undefined ? arcs : arcs + second.offsets[end]! - second.offsets[begin]!;
}
