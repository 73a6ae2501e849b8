/** A trivial function for `graphs.map`. */
export default (graph) => graph.order;
