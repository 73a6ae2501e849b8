import { Memory } from '../../dist/src/memory/reserve.js';
import type { TestEdge } from './csr.js';

export interface PathGraph {
  readonly nodes: number;
  readonly edges: readonly TestEdge[];
  readonly source: number;
  readonly direction?: 'out' | 'both';
  readonly allowed?: readonly boolean[] | undefined;
}

/** 1 = may be entered. */
export function maskOf(allowed: readonly boolean[] | undefined): Uint8Array | undefined {
  if (allowed === undefined) return undefined;
  const mask = new Memory().u8('allowed', allowed.length);
  mask.set(allowed.map(Number));
  return mask;
}

/** Targets of each node, and of parallel edges the least weight. */
export function rowsOf({ nodes, edges, direction }: Omit<PathGraph, 'source'>): Map<number, number>[] {
  const rows = Array.from({ length: nodes }, () => new Map<number, number>());
  const add = (source: number, target: number, weight: number): void => {
    rows[source]!.set(target, Math.min(weight, rows[source]!.get(target) ?? Number.POSITIVE_INFINITY));
  };
  for (const [source, target, weight = 1] of edges) {
    add(source, target, weight);
    if (direction === 'both') add(target, source, weight);
  }
  return rows;
}

/** By a queue. */
export function plainHops(graph: PathGraph): number[] {
  const { nodes, source, allowed } = graph;
  const rows = rowsOf(graph);
  const hops = new Array<number>(nodes).fill(Number.POSITIVE_INFINITY);
  if (allowed?.[source] === false) return hops;
  hops[source] = 0;
  const queue = [source];
  for (const node of queue) {
    for (const target of rows[node]!.keys()) {
      if (allowed?.[target] === false || hops[target] !== Number.POSITIVE_INFINITY) continue;
      hops[target] = hops[node]! + 1;
      queue.push(target);
    }
  }
  return hops;
}

/** Dijkstra's algorithm without a heap: the nearest of all that are open, again and again. */
export function plainDistances(graph: PathGraph): number[] {
  const { nodes, source, allowed } = graph;
  const rows = rowsOf(graph);
  const distances = new Array<number>(nodes).fill(Number.POSITIVE_INFINITY);
  if (allowed?.[source] === false) return distances;
  distances[source] = 0;
  const open = new Set([source]);
  while (open.size > 0) {
    let nearest = -1;
    for (const node of open) if (nearest < 0 || distances[node]! < distances[nearest]!) nearest = node;
    open.delete(nearest);
    for (const [target, weight] of rows[nearest]!) {
      const found = distances[nearest]! + weight;
      if (allowed?.[target] === false || found >= distances[target]!) continue;
      distances[target] = found;
      open.add(target);
    }
  }
  return distances;
}
