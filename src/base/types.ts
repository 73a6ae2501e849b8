/**
 * The public vocabulary of events and options.
 * Units: lengths in the graph's own unit, or metres under 'haversine'; times in milliseconds since the Unix epoch; durations in milliseconds; sizes in bytes.
 */

/** A user's name for a node: any string of at most 1,024 bytes, or a safe integer. `'1'` and `1` are different ids. */
export type NodeId = string | number;

/** An opaque, dense, unsigned 32-bit number for a node of one graph. Valid until the node is removed. */
export type Handle = number;

export interface GraphOptions {
  /** Default 2. In a graph of 3 every position has a `z`. */
  dimensions?: 2 | 3;
  /**
   * Default 'euclidean'. Under 'haversine' x is the longitude and y the latitude in degrees, and distances are great-circle
   * distances in metres; it needs 2 dimensions.
   */
  metric?: 'euclidean' | 'haversine';
  /** Radius of the sphere under 'haversine'. Default 6,371,008.8. */
  earthRadiusM?: number;
  /**
   * What becomes of a position whose `time` is before the node's: applied like any other, or ignored and counted. Default
   * 'apply'. Under 'ignore' a node's time never goes back: of an older `node.upserted` only kind and data are applied.
   */
  late?: 'apply' | 'ignore';
  ttlMs?: number;
}

export interface GraphCreated {
  type: 'graph.created';
  graph: string;
  options?: GraphOptions;
  time?: number;
}
export interface GraphRemoved {
  type: 'graph.removed';
  graph: string;
  time?: number;
}
/**
 * Replaces the attributes it gives and keeps the others; creates what does not exist. A coordinate of null is not set. `data` is
 * plain values, Date, BigInt, Map, Set and binary data; it reads back deeply equal.
 */
export interface NodeUpserted {
  type: 'node.upserted';
  graph: string;
  node: NodeId;
  x?: number;
  y?: number;
  z?: number;
  kind?: string;
  time?: number;
  data?: unknown;
}
/** `w` is a number of the user's own (speed, load). A move of an unknown node creates it. */
export interface NodeMoved {
  type: 'node.moved';
  graph: string;
  node: NodeId;
  x: number;
  y: number;
  z?: number;
  w?: number;
  time?: number;
}
/** Removes the node's edges as well; removing what is not there changes nothing. */
export interface NodeRemoved {
  type: 'node.removed';
  graph: string;
  node: NodeId;
  time?: number;
}
/** One edge for each (source, target, kind); missing ends are created. */
export interface EdgeUpserted {
  type: 'edge.upserted';
  graph: string;
  source: NodeId;
  target: NodeId;
  kind?: string;
  weight?: number;
  time?: number;
}
export interface EdgeRemoved {
  type: 'edge.removed';
  graph: string;
  source: NodeId;
  target: NodeId;
  kind?: string;
  time?: number;
}
/** Sets a zone, or gives one that is set another shape. */
export interface ZoneSet {
  type: 'zone.set';
  graph: string;
  zone: string;
  shape: ZoneShape;
  time?: number;
}
/** Its members exit. */
export interface ZoneRemoved {
  type: 'zone.removed';
  graph: string;
  zone: string;
  time?: number;
}
/** Not built yet: refused with ATHANOR_UNSUPPORTED. */
export interface CustomEvent {
  type: 'custom';
  subject: string;
  graph: string;
  node?: NodeId;
  source?: NodeId;
  target?: NodeId;
  values?: readonly number[];
  time?: number;
  data?: unknown;
}

export type EngineEvent =
  | GraphCreated
  | GraphRemoved
  | NodeUpserted
  | NodeMoved
  | NodeRemoved
  | EdgeUpserted
  | EdgeRemoved
  | ZoneSet
  | ZoneRemoved
  | CustomEvent;

export interface BatchOptions {
  /** Events that a frame gathers at least while its shard is busy. Default 10. */
  minEvents?: number;
  /** Frame capacity in events. Default 512. */
  maxEvents?: number;
  /** No accepted event waits longer than this for its frame to be sealed, as long as the event loop turns. Default 10. */
  timeoutMs?: number;
  /** What the batch size is steered to: publish → applied. Default 5. */
  targetLatencyMs?: number;
  /** Whether the batch size follows rate, depth and latency; without it, frames go out full or at `timeoutMs`. Default true. */
  adaptive?: boolean;
  /** Frames that a shard's ring holds, rounded up to a power of two. Default 64. */
  maxInFlight?: number;
}

/**
 * Reserved address space, not memory: what is not used costs nothing. One more is refused with ATHANOR_CAPACITY. Defaults are
 * smaller where memory is below 4 GiB or address space is bounded (`ulimit -v`); `stats().capacity` says what they are.
 */
export interface CapacityOptions {
  /** Graphs at one time. Default: as many as nodes, from 65,536 to 1,048,576. */
  graphs?: number;
  /** Nodes at one time, of all graphs. Default 4,194,304. */
  nodes?: number;
  /** Edges at one time, of all graphs. Default: 64 for each node, from 65,536 to 16,777,216. */
  edges?: number;
  /** Bytes of `data` that the graphs of one shard hold, as MessagePack. Default: the largest data for each node, from 16 MiB to 2 GiB. */
  dataBytes?: number;
  /** Zones at one time, of all graphs. Default 262,144, and at most so many. */
  zones?: number;
}

export interface EngineOptions {
  /** Worker threads; 'auto' (the default) is the number of available cores less one, at least 1. */
  workers?: number | 'auto';
  /** Partitions; default the power of two at or above twice the workers. */
  shards?: number;
  /** What the engine has room for. */
  capacity?: CapacityOptions;
  /** Passed to the worker threads. */
  resourceLimits?: { maxOldGenerationSizeMb?: number; stackSizeMb?: number };
  batch?: BatchOptions;
  /** Where the time of publishing comes from, read once a batch of calls in one tick. Default `Date.now`. */
  clock?: () => number;
  /** Largest MessagePack payload of one event. Default 65,536. */
  maxPayloadBytes?: number;
  /** Longest wait of a synchronous read for its shard. Default 1,000. */
  readTimeoutMs?: number;
}

export interface EngineStats {
  /** Events accepted. */
  published: number;
  applied: number;
  /** Events refused with an error. */
  rejected: number;
  /** Moves, and positions of upserts, that graphs with `late: 'ignore'` ignored. */
  late: number;
  /** Frames sealed. */
  frames: number;
  batchEvents: { mean: number; p50: number; p99: number };
  /** Publish → applied, over the last 10 seconds. */
  latencyMs: { p50: number; p95: number; p99: number; p999: number; max: number };
  queuedEvents: number;
  /** Events that watchers with `onSlow: 'drop'` lost. */
  watchersDropped: number;
  workers: Array<{ id: number; busyRatio: number; applied: number }>;
  /** What there is room for; see `CapacityOptions`. */
  capacity: Readonly<Required<CapacityOptions>>;
  /** Address space that the engine reserved, and memory that the process uses. */
  memoryBytes: { reserved: number; resident: number };
}

// ---------------------------------------------------------------- zones

/** Lengths and coordinates are the graph's; what lies on a border is inside. */
export type ZoneShape =
  /** A ball in a graph of 3 dimensions, where it has a `z`. */
  | { type: 'circle'; x: number; y: number; z?: number; radius: number }
  /** In a graph of 3 dimensions with `minZ` and `maxZ`. Under 'haversine', `minX` above `maxX` is across the antimeridian. */
  | { type: 'box'; minX: number; minY: number; minZ?: number; maxX: number; maxY: number; maxZ?: number }
  /** One ring, not closed, no self-crossing; x and y alone; edges straight in x, y. */
  | { type: 'polygon'; points: ReadonlyArray<readonly [number, number]> };

/** `inside`: a move from inside to inside; `cross`: a move through the zone with neither end inside. */
export type ZoneDetect = 'enter' | 'exit' | 'inside' | 'cross';

export interface ZoneEvent {
  zone: string;
  node: NodeId;
  detect: ZoneDetect;
  x: number;
  y: number;
  time: number;
}

export interface RoamEvent {
  detect: 'nearby' | 'faraway';
  node: NodeId;
  other: NodeId;
  distance: number;
  time: number;
  x: number;
  y: number;
  otherX: number;
  otherY: number;
}

export interface WatchOptions {
  /** Names of zones, set or to be set; all where not given. */
  zones?: string[];
  /** Default: enter and exit. */
  detect?: ZoneDetect[];
  /**
   * First an `enter` for each node that is inside already, whatever `detect` says; then what changes. Both fit together: nothing
   * is missed or told twice in between. Default false.
   */
  initial?: boolean;
  /** When the events are not read: hold the graph's shard back (default), or lose events and count them in `stats()`. */
  onSlow?: 'wait' | 'drop';
  signal?: AbortSignal;
}

export interface RoamingOptions {
  /** Nodes at this distance are near. */
  radius: number;
  signal?: AbortSignal;
}
