/**
 * Athanor. The journey of an event, and where it is told:
 *
 *   publish ──▶ batch ──▶ ring ──▶ worker ──▶ projections + R-tree ──▶ query
 *   publish/    schedule/  ring/    pool/      project/ graph/ spatial/   query/
 *                                               zones/ ──▶ outbox ──▶ watch
 *
 * `base`, `schema`, `memory` and `observe` are shared by all; `engine` puts the parts together; `cli` is a program on top.
 */
export { AthanorError, ERROR_CODES, type ErrorCode } from './base/errors.js';
export type {
  BatchOptions,
  CustomEvent,
  EdgeRemoved,
  EdgeUpserted,
  EngineEvent,
  EngineOptions,
  EngineStats,
  GraphCreated,
  GraphOptions,
  GraphRemoved,
  Handle,
  NodeId,
  NodeMoved,
  NodeRemoved,
  NodeUpserted,
  RoamEvent,
  RoamingOptions,
  WatchOptions,
  ZoneDetect,
  ZoneEvent,
  ZoneShape,
} from './base/types.js';
export type {
  ClusteringJobOptions,
  CommunitiesJobOptions,
  GraphJobOptions,
  JobDirection,
  PageRankJobOptions,
} from './engine/algorithms.js';
export { createEngine, type Engine } from './engine/engine.js';
export type { Graph } from './engine/graph.js';
export type { NearestManyQueries, NodeSets, WithinManyQueries } from './engine/many.js';
export type { NodeValues } from './engine/node-values.js';
export type { NodePairs } from './engine/pairs.js';
export type { EdgeView, NodeView } from './engine/views.js';
export type { JobOptions } from './pool/jobs.js';
export type { Cluster, ClusterGrid, Clusters } from './query/clusters.js';
export type { NodeSet } from './query/node-set.js';
