/**
 * Athanor. The journey of an event, and where it is told:
 *
 *   publish ──▶ batch ──▶ ring ──▶ worker ──▶ projections + R-tree ──▶ query
 *   publish/    schedule/  ring/    pool/      project/ graph/ spatial/   query/
 *                                               zones/ ──▶ outbox ──▶ watch
 *
 * `base`, `schema`, `memory` and `observe` are shared by all; `engine` puts the parts together; `cli` is a program on top.
 */
export { AthanorError, ERROR_CODES, type ErrorCode, MapError } from './base/errors.js';
export type {
  BatchOptions,
  CapacityOptions,
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
  ZoneRemoved,
  ZoneSet,
  ZoneShape,
} from './base/types.js';
export type { GraphJobOptions, JobDirection } from './engine/algorithm-job.js';
export type { ClusteringJobOptions, CommunitiesJobOptions, PageRankJobOptions } from './engine/algorithms.js';
export { createEngine, type Engine } from './engine/engine.js';
export type { Graph } from './engine/graph.js';
export type { GraphCatalog, GraphSummary, NamePageOptions, PageOptions } from './engine/graph-catalog.js';
export type { PolygonQuery } from './engine/graph-zones.js';
export type { NearestManyQueries, NodeSets, WithinManyQueries } from './engine/many.js';
export type { MapResult, MapResults } from './engine/map.js';
export type { MapOptions } from './engine/map-options.js';
export type { NodeValues } from './engine/node-values.js';
export type { NodePairs } from './engine/pairs.js';
export type { PathJobOptions } from './engine/paths.js';
export type { EdgeView, NodeView } from './engine/views.js';
export type { ZoneView } from './engine/zone-reads.js';
export { mapModules } from './map/modules.js';
export type { SummaryOptions, SummaryStatistics } from './map/summary.js';
export type { JobOptions } from './pool/jobs.js';
export type { Cluster, Clusters } from './query/cell-sums.js';
export type { ClusterGrid } from './query/clusters.js';
export type { CompactCsr } from './query/compact-csr.js';
export type { GraphReader } from './query/graph-reader.js';
export type { NodeSet } from './query/node-set.js';
