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
  BoxQuery,
  BoxShape,
  CapacityOptions,
  CircleShape,
  DegreeOptions,
  Direction,
  EdgeAttributes,
  EdgeOptions,
  EdgeRemoved,
  EdgeUpserted,
  EdgeValues,
  EngineEvent,
  EngineOptions,
  EngineStats,
  FlushOptions,
  GraphCreated,
  GraphOptions,
  GraphRemoved,
  Handle,
  HandleOptions,
  IngestOptions,
  NearestQuery,
  NeighborOptions,
  NodeAttributes,
  NodeFilter,
  NodeId,
  NodeMoved,
  NodeRemoved,
  NodeUpserted,
  PolygonShape,
  RoamEvent,
  RoamingOptions,
  SortedWithinQuery,
  WatchOptions,
  WithinPlace,
  WithinQuery,
  ZoneDetect,
  ZoneEvent,
  ZoneRemoved,
  ZoneSet,
  ZoneShape,
} from './base/types.js';
export type { GraphJobOptions, JobDirection } from './engine/algorithm-job.js';
export type { ClusteringJobOptions, CommunitiesJobOptions, PageRankJobOptions } from './engine/algorithms.js';
export type { Engine, VerifyResult } from './engine/engine.js';
export type { Graph } from './engine/graph.js';
export type { GraphCatalog, GraphSummary, GraphTotals, NamePageOptions, PageOptions } from './engine/graph-catalog.js';
export type { PolygonQuery } from './engine/graph-zones.js';
export { createEngine } from './engine/make-engine.js';
export type { NearestManyQueries, NodeSets, RankedNodeSets, WithinManyQueries } from './engine/many.js';
export type { MapResult, MapResults } from './engine/map.js';
export type { MapOptions } from './engine/map-options.js';
export type { NodeValues } from './engine/node-values.js';
export type { NodePairs } from './engine/pairs.js';
export type { PathJobOptions } from './engine/paths.js';
export type { EdgeView, NodeView } from './engine/views.js';
export type { ZoneView } from './engine/zone-reads.js';
export { type MapModule, mapModules } from './map/modules.js';
export type { SummaryOptions, SummaryStatistics } from './map/summary.js';
export type { JobOptions } from './pool/jobs.js';
export type { Cluster, Clusters } from './query/cell-sums.js';
export type { ClusterGrid } from './query/clusters.js';
export type { CompactCsr } from './query/compact-csr.js';
export type { GraphReader } from './query/graph-reader.js';
export type { NodeSet, RankedNodeSet } from './query/node-set.js';
