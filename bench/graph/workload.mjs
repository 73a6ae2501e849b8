// Two graphs of the GAP Benchmark Suite, read as undirected, as compressed sparse rows in shared memory. Seeded.
import { makeBounds } from '../../dist/src/csr/csr.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { rmatEdges, uniformEdges } from '../edges/generate.mjs';
import { xorshift32 } from '../support/workload.mjs';

export const GRAPH_SEED = 0x51ed270b;
export const EDGES_A_NODE = 16;

/** `kind`: 'uniform' or 'kronecker'. 2^scale nodes, 16 times as many edges, some of them given twice. */
export function edgeList(kind, scale) {
  const make = kind === 'uniform' ? uniformEdges : rmatEdges;
  return make(2 ** scale, EDGES_A_NODE * 2 ** scale, GRAPH_SEED);
}

/** Whole weights, 1 to 255. */
export function weightsOf(edges) {
  const next = xorshift32(GRAPH_SEED);
  return Float64Array.from({ length: edges }, () => 1 + Math.floor(next() * 255));
}

/** Rows in order, each target once, no self-loops; a counting sort by target and then by source keeps rows ascending. */
function csr(nodes, sources, targets) {
  const byTarget = sorted(nodes, targets, sources);
  const { offsets, values } = sorted(nodes, byTarget.values, byTarget.keys);
  const memory = new Memory();
  const kept = memory.u32('offsets', nodes + 1);
  const once = memory.u32('targets', values.length);
  let at = 0;
  for (let node = 0; node < nodes; node++) {
    let last = node;
    for (let i = offsets[node]; i < offsets[node + 1]; i++) {
      if (values[i] !== last && values[i] !== node) once[at++] = values[i];
      last = values[i];
    }
    kept[node + 1] = at;
  }
  return {
    nodes,
    arcs: at,
    offsets: kept,
    targets: once.subarray(0, at),
    weights: undefined,
    bounds: makeBounds(memory, kept, nodes),
  };
}

function sorted(nodes, keys, values) {
  const offsets = new Uint32Array(nodes + 1);
  for (let i = 0; i < keys.length; i++) offsets[keys[i] + 1]++;
  for (let i = 0; i < nodes; i++) offsets[i + 1] += offsets[i];
  const next = offsets.slice();
  const sortedKeys = new Uint32Array(keys.length);
  const sortedValues = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const at = next[keys[i]]++;
    sortedKeys[at] = keys[i];
    sortedValues[at] = values[i];
  }
  return { offsets, keys: sortedKeys, values: sortedValues };
}

/** `kind`: 'uniform' or 'kronecker'. 2^scale nodes, 16 times as many edges before those given twice are dropped. */
export function benchGraph(kind, scale) {
  const { nodes, sources, targets } = edgeList(kind, scale);
  const memory = new Memory();
  const handles = memory.u32('handles', nodes);
  const rank = memory.u32('rank', nodes);
  for (let i = 0; i < nodes; i++) handles[i] = rank[i] = i;
  const twice = (a, b) => {
    const all = new Uint32Array(2 * a.length);
    all.set(a);
    all.set(b, a.length);
    return all;
  };
  return {
    nodes,
    handles,
    rank,
    out: csr(nodes, sources, targets),
    in: csr(nodes, targets, sources),
    both: csr(nodes, twice(sources, targets), twice(targets, sources)),
  };
}
