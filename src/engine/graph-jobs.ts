import type { NodeId } from '../base/types.js';
import type { JobOptions } from '../pool/jobs.js';
import type { GraphJobOptions } from './algorithm-job.js';
import {
  type ClusteringJobOptions,
  type CommunitiesJobOptions,
  type PageRankJobOptions,
  runClustering,
  runCommunities,
  runComponents,
  runPageRank,
  runStrongComponents,
  runTriangles,
} from './algorithms.js';
import { GraphWriter } from './graph-writer.js';
import {
  checkNearestMany,
  checkWithinMany,
  type NearestManyQueries,
  type NodeSets,
  type RankedNodeSets,
  runMany,
  type WithinManyQueries,
} from './many.js';
import type { NodeValues } from './node-values.js';
import { type NodePairs, runPairs } from './pairs.js';
import { type PathJobOptions, runBfs, runShortestPath, runShortestPaths } from './paths.js';

/**
 * What the worker threads answer about a graph: batches of queries, and algorithms over a snapshot of it. Each job ends when
 * its `signal` is aborted, and tells its progress; none blocks the event loop or the applying of events.
 *
 * Algorithms see the graph at one moment, as a simple graph: parallel edges of several kinds are one, with the least weight.
 */
export class GraphJobs extends GraphWriter {
  protected get space(): number {
    return this.core.publisher.refs.spaceOfRef(this.ref);
  }

  /** As `within` for each query, on the worker threads; each sees the graph between two events. */
  async withinMany(queries: WithinManyQueries, options: JobOptions = {}): Promise<NodeSets> {
    return runMany(this.core, this.ref, 'withinMany', checkWithinMany(this.space, queries), options);
  }

  /** As `nearest` for each query; likewise. */
  async nearestMany(queries: NearestManyQueries, options: JobOptions = {}): Promise<RankedNodeSets> {
    const sets = await runMany(this.core, this.ref, 'nearestMany', checkNearestMany(this.space, queries), options);
    return sets as RankedNodeSets;
  }

  /** Every pair of nodes at distance <= radius, each once with source < target: of one moment of the graph. */
  async pairsWithin(radius: number, options: JobOptions = {}): Promise<NodePairs> {
    return runPairs(this.core, this.ref, radius, options);
  }

  // ------------------------------------------------------------ algorithms

  /**
   * PageRank of each node; ranks sum to 1. Weights are ignored; rank of nodes without outgoing edges is spread evenly.
   * Power iteration (Page, Brin, Motwani, Winograd 1999): O(rounds × edges).
   */
  async pageRank(options: PageRankJobOptions = {}): Promise<NodeValues> {
    return runPageRank(this.core, this.ref, options);
  }

  /**
   * Components of the graph read as undirected: the handle of the component's smallest id, numbers before strings. Afforest
   * (Sutton, Ben-Nun, Barak 2018): O(nodes + edges) at most, and a few gathers a node where most are one component.
   */
  async weaklyConnectedComponents(options: GraphJobOptions = {}): Promise<NodeValues> {
    return runComponents(this.core, this.ref, options);
  }

  /**
   * Communities by label propagation (CDLP) as LDBC Graphalytics defines it: in each round a node takes the label that most
   * of its neighbours have, of equally many the one of the smallest id. A label is the handle of the node it came from.
   * O(rounds × edges).
   */
  async communities(options: CommunitiesJobOptions = {}): Promise<NodeValues> {
    return runCommunities(this.core, this.ref, options);
  }

  /**
   * Local clustering coefficient (LCC) as LDBC Graphalytics defines it: of the edges that there could be between a node's
   * neighbours, the share that is there, 0 to 1; 0 for fewer than two neighbours. Self-loops count nowhere. Cost: that of
   * finding all triangles.
   */
  async localClustering(options: ClusteringJobOptions = {}): Promise<NodeValues> {
    return runClustering(this.core, this.ref, options);
  }

  /**
   * Sets of three nodes that are all neighbours, in the graph read as undirected. Degree-ordered (Schank, Wagner 2005):
   * O(edges^1.5) at worst.
   */
  async triangles(options: GraphJobOptions = {}): Promise<number> {
    return runTriangles(this.core, this.ref, options);
  }

  /**
   * Strongly connected components: sets of nodes of which each reaches each other along edges; the handle of the smallest id,
   * numbers before strings. Forward-backward search, then what is left in linear time (Slota, Rajamanickam, Madduri 2014).
   */
  async stronglyConnectedComponents(options: GraphJobOptions = {}): Promise<NodeValues> {
    return runStrongComponents(this.core, this.ref, options);
  }

  /**
   * Hops from `source` to each node, Infinity where none lead there. Direction-optimising breadth-first search (Beamer,
   * Asanović, Patterson 2012): O(nodes + edges). Rejects with ATHANOR_UNKNOWN_NODE.
   */
  async bfs(source: NodeId, options: PathJobOptions = {}): Promise<NodeValues> {
    return runBfs(this.core, this.ref, source, options);
  }

  /**
   * Least sum of weights from `source` to each node, Infinity where no edges lead there; weights are 0 or more, and an edge of
   * weight Infinity is never taken, nor is a sum beyond the largest double. Delta-stepping (Meyer, Sanders 2003). Rejects with ATHANOR_UNKNOWN_NODE, and with
   * ATHANOR_INVALID_QUERY naming an edge of negative weight.
   */
  async shortestPaths(source: NodeId, options: PathJobOptions = {}): Promise<NodeValues> {
    return runShortestPaths(this.core, this.ref, source, options);
  }

  /**
   * The nodes along a shortest path, both ends included, and its length, the sum of its weights; undefined where there is
   * none. Of several the one with the fewest nodes, and of these the first in the order of ids. As `shortestPaths`.
   */
  async shortestPath(
    source: NodeId,
    target: NodeId,
    options: PathJobOptions = {},
  ): Promise<{ nodes: NodeId[]; length: number } | undefined> {
    return runShortestPath(this.core, this.ref, source, target, options);
  }
}
