/** All that a reader knows, in plain values. */
export default function whole(graph) {
  const { offsets, targets, weights, handles } = graph.csr();
  return {
    order: graph.order,
    size: graph.size,
    ids: Array.from({ length: graph.order }, (_, i) => graph.id(i)),
    offsets,
    targets,
    weights,
    handles,
    x: graph.x,
    y: graph.y,
    z: graph.z,
  };
}
