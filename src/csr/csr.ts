import type { Memory } from '../memory/reserve.js';

/*
 * Compressed sparse rows (CSR). Nodes are told by compact indexes, 0 to nodes - 1, in ascending order of their handles.
 *
 *   offsets  u32 [nodes + 1]   node i's arcs are targets[offsets[i]] to targets[offsets[i + 1] - 1]
 *   targets  u32 [arcs]        ascending within a node, each once
 *   weights  f64 [arcs]        of parallel edges the least
 *   bounds   u32 [chunks + 1]  chunk c is the nodes bounds[c] to bounds[c + 1] - 1
 */

/** An adjacency of a graph, over shared memory; nobody writes it once it is built. */
export interface Csr {
  readonly nodes: number;
  readonly arcs: number;
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** Undefined where nobody asked for them. */
  readonly weights: Float64Array | undefined;
  readonly bounds: Uint32Array;
}

/** A graph as jobs read it: all of one moment. What no job asked for is undefined. */
export interface GraphCsr {
  readonly nodes: number;
  /** Handles by compact index, ascending. */
  readonly handles: Uint32Array;
  /** Arcs from source to target. */
  readonly out: Csr | undefined;
  /** The same arcs by target: `targets` holds the sources. */
  readonly in: Csr | undefined;
  /** The graph read as undirected: each neighbour once, whichever way the edges go. A self-loop is one arc. */
  readonly both: Csr | undefined;
  /** Place of each node in the order of ids (numbers, then strings), by compact index; a permutation of 0 to nodes - 1. */
  readonly rank: Uint32Array | undefined;
}

/** Arcs and nodes of a chunk, about: some 50 to 100 microseconds of a kernel that does little for each arc. */
export const CHUNK_WORK = 32_768;

/**
 * Bounds of chunks of nodes that weigh about the same, a node counting as one arc more than it has. A node with more arcs
 * than a chunk weighs is a chunk alone.
 */
export function makeBounds(memory: Memory, offsets: Uint32Array, nodes: number, chunkWork = CHUNK_WORK): Uint32Array {
  const work = nodes + (nodes === 0 ? 0 : offsets[nodes]!);
  const bounds = memory.u32('csr.bounds', Math.max(1, Math.ceil(work / chunkWork)) + 1);
  fillBounds(bounds, nodes, work, (node) => offsets[node]! + node);
  return bounds;
}

/** Bounds of chunks of nodes, as many as there is room for, with about as much of all `work` each; `before`: that of the nodes before one. */
export function fillBounds(bounds: Uint32Array, nodes: number, work: number, before: (node: number) => number): void {
  const chunks = bounds.length - 1;
  for (let chunk = 1; chunk < chunks; chunk++) {
    const wanted = (work / chunks) * chunk;
    // The first node at which so much work has come before.
    let low = bounds[chunk - 1]!;
    let high = nodes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    bounds[chunk] = low;
  }
  bounds[chunks] = nodes;
}

/** Number of chunks of `bounds`. */
export function chunksOf(csr: Csr): number {
  return csr.bounds.length - 1;
}
