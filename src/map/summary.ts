import type { GraphReader } from '../query/graph-reader.js';

/** What the module says of a graph. */
export interface SummaryStatistics {
  /** Nodes of the graph. */
  nodes: number;
  /** As stored; of undirected graphs, pairs of nodes that have one. A loop is one. */
  edges: number;
  /** Weakly connected: over edges in either direction. A node without edges is one. */
  components: number;
  /** Three nodes with an edge, in either direction, between any two. */
  triangles: number;
  /** `degrees[d]` nodes have d ends of edges at them: both ends of a loop. As long as the greatest degree asks for. */
  degrees: number[];
}

/** `data` of the module: whether an edge from a to b and one from b to a are the same. Default false. */
export interface SummaryOptions {
  /** Default false. */
  undirected?: boolean;
}

/** This thread's scratch, as long as the largest graph asked for. */
class Scratch {
  #array = new Uint32Array(256);

  of(length: number): Uint32Array {
    if (this.#array.length < length) this.#array = new Uint32Array(2 * length);
    return this.#array;
  }
}
const starts = new Scratch();
const lists = new Scratch();
const ends = new Scratch();
const marks = new Scratch();
const parents = new Scratch();
const degreeOf = new Scratch();

/**
 * A module for `graphs.map`: summary statistics of each graph. O(nodes + edges), and O(edges^1.5) at worst for triangles:
 * each edge points to its end of higher degree, and the lists of both ends are held against each other (Schank and Wagner,
 * "Finding, counting and listing all triangles in large graphs", 2005, "forward").
 */
export default function summary(graph: GraphReader, options: SummaryOptions = {}): SummaryStatistics {
  const { undirected = false } = checked(options);
  const { order } = graph;
  const { offsets, targets } = graph.csr();
  const degree = degreeOf.of(order).fill(0, 0, order);
  const start = starts.of(order + 1).fill(0, 0, order + 1);
  // Pairs of nodes: each is told once, at the edge from the lower index, or at that from the higher where it is alone.
  let pairs = 0;
  let loops = 0;
  let components = order;
  const parent = parents.of(order);
  for (let node = 0; node < order; node++) parent[node] = node;
  for (let from = 0; from < order; from++) {
    for (let at = offsets[from]!; at < offsets[from + 1]!; at++) {
      const to = targets[at]!;
      // Of parallel edges, which stand side by side, the first.
      const again = at > offsets[from]! && targets[at - 1] === to;
      if (!undirected) {
        degree[from]!++;
        degree[to]!++;
      }
      if (again) continue;
      if (to === from) {
        loops++;
        if (undirected) degree[from]! += 2;
        continue;
      }
      if (from > to && has(offsets, targets, to, from)) continue;
      pairs++;
      start[from + 1]!++;
      start[to + 1]!++;
      if (undirected) {
        degree[from]!++;
        degree[to]!++;
      }
      if (unite(parent, from, to)) components--;
    }
  }
  return {
    nodes: order,
    edges: undirected ? pairs + loops : targets.length,
    components,
    triangles: pairs < 3 ? 0 : countTriangles(order, pairs, offsets, targets, start),
    degrees: histogram(degree, order),
  };
}

function checked(options: SummaryOptions | null): SummaryOptions {
  if (options === null || options === undefined) return {};
  const { undirected } = options;
  if (typeof options !== 'object' || (undirected !== undefined && typeof undirected !== 'boolean')) {
    throw new TypeError('data.undirected is not a boolean');
  }
  return options;
}

/** Whether there is an edge from `from` to `to`: a search in its sorted list. */
function has(offsets: Uint32Array, targets: Uint32Array, from: number, to: number): boolean {
  let low = offsets[from]!;
  let high = offsets[from + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (targets[middle]! < to) low = middle + 1;
    else high = middle;
  }
  return low < offsets[from + 1]! && targets[low] === to;
}

/** Joins two sets; false when they were one. Paths are halved on the way. */
function unite(parent: Uint32Array, a: number, b: number): boolean {
  const rootA = rootOf(parent, a);
  const rootB = rootOf(parent, b);
  if (rootA === rootB) return false;
  if (rootA < rootB) parent[rootB] = rootA;
  else parent[rootA] = rootB;
  return true;
}

function rootOf(parent: Uint32Array, of: number): number {
  let node = of;
  while (parent[node] !== node) {
    parent[node] = parent[parent[node]!]!;
    node = parent[node]!;
  }
  return node;
}

/** `start[n + 1]`: neighbours of node n, either way, each once. Overwritten. */
function countTriangles(
  order: number,
  pairs: number,
  offsets: Uint32Array,
  targets: Uint32Array,
  start: Uint32Array,
): number {
  // Neighbours of higher degree, or of the same and a higher index; as many lists as nodes, `pairs` entries in all.
  const out = ends.of(order).fill(0, 0, order);
  const isUp = (a: number, b: number): boolean => {
    const more = start[b + 1]! - start[a + 1]!;
    return more > 0 || (more === 0 && b > a);
  };
  const each = (visit: (low: number, high: number) => void): void => {
    for (let from = 0; from < order; from++) {
      for (let at = offsets[from]!; at < offsets[from + 1]!; at++) {
        const to = targets[at]!;
        if (to === from || (at > offsets[from]! && targets[at - 1] === to)) continue;
        if (from > to && has(offsets, targets, to, from)) continue;
        if (isUp(from, to)) visit(from, to);
        else visit(to, from);
      }
    }
  };
  each((low) => {
    out[low]!++;
  });
  const list = lists.of(pairs);
  const first = marks.of(2 * order);
  let at = 0;
  for (let node = 0; node < order; node++) {
    first[node] = at;
    at += out[node]!;
    out[node] = first[node]!;
  }
  each((low, high) => {
    list[out[low]!++] = high;
  });
  // Node n's list ends at `out[n]`. Marks behind the firsts: who marked a node last, + 1.
  const mark = first.subarray(order, 2 * order).fill(0);
  let triangles = 0;
  for (let node = 0; node < order; node++) {
    const end = out[node]!;
    if (end - first[node]! < 2) continue;
    for (let k = first[node]!; k < end; k++) mark[list[k]!] = node + 1;
    for (let k = first[node]!; k < end; k++) {
      const middle = list[k]!;
      for (let m = first[middle]!; m < out[middle]!; m++) triangles += +(mark[list[m]!] === node + 1);
    }
  }
  return triangles;
}

function histogram(degree: Uint32Array, order: number): number[] {
  let most = -1;
  for (let node = 0; node < order; node++) if (degree[node]! > most) most = degree[node]!;
  const degrees = new Array<number>(most + 1).fill(0);
  for (let node = 0; node < order; node++) degrees[degree[node]!]!++;
  return degrees;
}
