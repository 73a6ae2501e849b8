import type { CompactIndex } from './compact-index.js';
import type { GraphCopy } from './graph-copy.js';

/**
 * A graph's out-edges by compact index, which goes with the handles: node i's are those from `offsets[i]` to
 * `offsets[i + 1]` in `targets` and `weights`, by ascending target. Edges of several kinds between the same two nodes stand
 * side by side, in the order in which the engine first met the kinds.
 */
export interface CompactCsr {
  /** One more than there are nodes. */
  offsets: Uint32Array;
  /** Index of the node that each edge reaches. */
  targets: Uint32Array;
  /** Weight of each edge. */
  weights: Float64Array;
  /** By compact index, ascending. */
  handles: Uint32Array;
}

/** This thread's scratch: as long as the largest graph asked for. */
class Scratch {
  array = new Uint32Array(1024);

  of(length: number): Uint32Array {
    if (this.array.length < length) this.array = new Uint32Array(2 * length);
    return this.array;
  }
}
const ends = new Scratch();
const byTarget = new Scratch();
const sourceOf = new Scratch();
const cursors = new Scratch();
const bySource = new Scratch();

/** The CSR of a copy, in fresh arrays. O(nodes + edges), and a search for each edge's target where rows are scattered. */
export function compactCsr(copy: GraphCopy, index: CompactIndex): CompactCsr {
  const { order, size } = copy;
  const { places } = index;
  const offsets = new Uint32Array(order + 1);
  const targets = new Uint32Array(size);
  const weights = new Float64Array(size);
  let sorted = true;
  let at = 0;
  for (let node = 0; node < order; node++) {
    const place = places === undefined ? node : places[node]!;
    const end = copy.ends[place]!;
    let before = -1;
    for (let edge = place === 0 ? 0 : copy.ends[place - 1]!; edge < end; edge++, at++) {
      const target = index.indexOf(copy.targets[edge]!);
      targets[at] = target;
      weights[at] = copy.weights[edge]!;
      // Of two edges to the same target the kinds decide: they are looked at by the sort.
      if (target <= before) sorted = false;
      before = target;
    }
    offsets[node + 1] = at;
  }
  if (!sorted) sortLists(copy, places, offsets, targets, weights);
  return { offsets, targets, weights, handles: index.handles };
}

/**
 * Sorts each node's list by target and kind. A counting sort in two passes: edges by target; then, in that order, into the
 * lists of their sources.
 */
function sortLists(
  copy: GraphCopy,
  places: Uint32Array | undefined,
  offsets: Uint32Array,
  targets: Uint32Array,
  weights: Float64Array,
): void {
  const { order, size, kinds } = copy;
  // Where a target's edges end, once all stand there.
  const end = ends.of(order + 1).fill(0, 0, order + 1);
  for (let at = 0; at < size; at++) end[targets[at]! + 1]!++;
  for (let node = 0; node < order; node++) end[node + 1]! += end[node]!;
  const edges = byTarget.of(size);
  const sources = sourceOf.of(size);
  for (let node = 0, at = 0; node < order; node++) {
    const place = places === undefined ? node : places[node]!;
    const first = place === 0 ? 0 : copy.ends[place - 1]!;
    for (let edge = first; edge < copy.ends[place]!; edge++, at++) {
      const slot = end[targets[at]!]!++;
      edges[slot] = edge;
      sources[slot] = node;
    }
  }
  const cursor = cursors.of(order);
  for (let node = 0; node < order; node++) cursor[node] = offsets[node]!;
  const sorted = bySource.of(size);
  for (let target = 0, slot = 0; target < order; target++) {
    for (; slot < end[target]!; slot++) {
      const edge = edges[slot]!;
      const source = sources[slot]!;
      let to = cursor[source]!++;
      targets[to] = target;
      // Edges of other kinds between the same two: few, so that each finds its place by going along them.
      for (; to > offsets[source]! && targets[to - 1] === target && kinds[sorted[to - 1]!]! > kinds[edge]!; to--) {
        sorted[to] = sorted[to - 1]!;
      }
      sorted[to] = edge;
    }
  }
  for (let at = 0; at < size; at++) weights[at] = copy.weights[sorted[at]!]!;
}
