// Compressed sparse rows of a workload's edges, read as undirected as the GAP suite's builder does: no loops, each neighbour
// once. With weights, of parallel edges the least.
import { makeBounds } from '../../dist/src/csr/csr.js';
import { Memory } from '../../dist/src/memory/reserve.js';

export function undirected({ nodes, sources, targets }, weights) {
  const edges = sources.length;
  const arcs = 2 * edges;
  const from = new Uint32Array(arcs);
  const to = new Uint32Array(arcs);
  from.set(sources);
  from.set(targets, edges);
  to.set(targets);
  to.set(sources, edges);
  // A stable sort by target, then by source: each node's targets ascend.
  const order = sorted(
    nodes,
    from,
    sorted(
      nodes,
      to,
      Uint32Array.from({ length: arcs }, (_, i) => i),
    ),
  );
  const memory = new Memory();
  const offsets = memory.u32('offsets', nodes + 1);
  const kept = memory.u32('targets', arcs);
  const keptWeights = weights && memory.f64('weights', arcs);
  let at = 0;
  let i = 0;
  for (let node = 0; node < nodes; node++) {
    offsets[node] = at;
    for (; i < arcs && from[order[i]] === node; i++) {
      const target = to[order[i]];
      const weight = weights?.[order[i] % edges];
      if (target === node) continue;
      if (at > offsets[node] && kept[at - 1] === target) {
        if (weights && weight < keptWeights[at - 1]) keptWeights[at - 1] = weight;
        continue;
      }
      if (weights) keptWeights[at] = weight;
      kept[at++] = target;
    }
  }
  offsets[nodes] = at;
  return {
    nodes,
    arcs: at,
    offsets,
    targets: kept.subarray(0, at),
    weights: keptWeights?.subarray(0, at),
    bounds: makeBounds(memory, offsets, nodes),
  };
}

function sorted(nodes, keys, order) {
  const next = new Uint32Array(nodes + 1);
  for (let i = 0; i < keys.length; i++) next[keys[i] + 1]++;
  for (let i = 0; i < nodes; i++) next[i + 1] += next[i];
  const result = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) result[next[keys[order[i]]]++] = order[i];
  return result;
}
