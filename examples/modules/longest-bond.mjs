/** For `graphs.map`: runs in a worker thread, once a graph. The longest distance along an edge, and between whom. */
export default function longestBond(graph) {
  const { offsets, targets } = graph.csr();
  const { x, y } = graph;
  let longest = { length: 0, between: [] };
  for (let node = 0; node < graph.order; node++) {
    for (const other of targets.subarray(offsets[node], offsets[node + 1])) {
      const length = Math.hypot(x[node] - x[other], y[node] - y[other]);
      if (length > longest.length) longest = { length, between: [graph.id(node), graph.id(other)] };
    }
  }
  return longest;
}
