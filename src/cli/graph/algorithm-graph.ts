import type { Graph, GraphJobOptions, JobDirection, NodeId, NodeValues } from '../../index.js';

type Directed = GraphJobOptions & { direction?: JobDirection };

/** The algorithms that the types of `Graph` leave out until they are built: a graph that is asked refuses by name. */
export type AlgorithmGraph = Graph & {
  shortestPaths(source: NodeId, options?: Directed): Promise<NodeValues>;
  shortestPath(
    source: NodeId,
    target: NodeId,
    options?: Directed,
  ): Promise<{ nodes: NodeId[]; length: number } | undefined>;
};
