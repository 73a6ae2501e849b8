/**
 * The public vocabulary of events and options.
 * Units: lengths in the graph's own unit, or metres under 'haversine'; times in milliseconds since the Unix epoch; durations in milliseconds; sizes in bytes.
 */

export type * from './event-types.js';
export type * from './query-types.js';

/** A user's name for a node: any string of at most 1,024 bytes, or a safe integer. `'1'` and `1` are different ids. */
export type NodeId = string | number;

/** An opaque, dense, unsigned 32-bit number for a node of one graph. Valid until the node is removed. */
export type Handle = number;

/** What a graph is like, from its creation on: a graph that exists does not change them. */
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
}

/** How events are gathered into frames. The defaults fit most programs. */
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

/** Options of `createEngine`. */
export interface EngineOptions {
  /** Worker threads; 'auto' (the default) is the number of available cores less one, at least 1. */
  workers?: number | 'auto';
  /** Partitions; default the power of two at or above twice the workers. */
  shards?: number;
  /** What the engine has room for. */
  capacity?: CapacityOptions;
  /** Passed to the worker threads. */
  resourceLimits?: {
    /** Of each worker's own heap; shared memory is not part of it. Default: Node's. */
    maxOldGenerationSizeMb?: number;
    /** Of each worker. Default: Node's. */
    stackSizeMb?: number;
  };
  /** How events are gathered into frames. */
  batch?: BatchOptions;
  /** Where the time of publishing comes from, read once a batch of calls in one tick. Default `Date.now`. */
  clock?: () => number;
  /** Largest MessagePack payload of one event. Default 65,536. */
  maxPayloadBytes?: number;
  /** Longest wait of a synchronous read for its shard. Default 1,000. */
  readTimeoutMs?: number;
}

/** Counts and times of an engine, as `stats()` gives them. */
export interface EngineStats {
  /** Events accepted. */
  published: number;
  /** Events that workers have applied. */
  applied: number;
  /** Events refused with an error. */
  rejected: number;
  /** Moves, and positions of upserts, that graphs with `late: 'ignore'` ignored. */
  late: number;
  /** Frames sealed. */
  frames: number;
  /** Events in a frame, of all frames so far. */
  batchEvents: {
    /** Mean. */
    mean: number;
    /** Median. */
    p50: number;
    /** 99th percentile. */
    p99: number;
  };
  /** Publish → applied, over the last 10 seconds. */
  latencyMs: {
    /** Median. */
    p50: number;
    /** 95th percentile. */
    p95: number;
    /** 99th percentile. */
    p99: number;
    /** 99.9th percentile. */
    p999: number;
    /** The longest. */
    max: number;
  };
  /** Events accepted and not applied yet. */
  queuedEvents: number;
  /** Events that watchers with `onSlow: 'drop'` lost. */
  watchersDropped: number;
  /** The worker threads that have started. `busyRatio` is the part of its life that a thread was at work. */
  workers: Array<{
    /** Number of its thread in the engine. */
    id: number;
    /** Part of its life that it was at work, 0 to 1. */
    busyRatio: number;
    /** Events that it applied. */
    applied: number;
  }>;
  /** What there is room for; see `CapacityOptions`. */
  capacity: Readonly<Required<CapacityOptions>>;
  /** Address space that the engine reserved, and memory that the process uses. */
  memoryBytes: {
    /** Address space; only what is touched is memory. */
    reserved: number;
    /** Of the whole process, as the system counts it. */
    resident: number;
  };
}

// ---------------------------------------------------------------- zones

/** A circle; a ball in a graph of 3 dimensions. What lies on its border is inside. */
export interface CircleShape {
  /** Says that the shape is a circle. */
  type: 'circle';
  /** Of the centre, in the unit of the graph; the longitude in degrees under 'haversine'. */
  x: number;
  /** As `x`; the latitude. */
  y: number;
  /** In a graph of 3 dimensions. */
  z?: number;
  /** In the unit of the graph; metres under 'haversine'. */
  radius: number;
}
/** A box. What lies on its border is inside. Under 'haversine', `minX` above `maxX` is across the antimeridian. */
export interface BoxShape {
  /** Says that the shape is a box. */
  type: 'box';
  /** Least x, or western border. */
  minX: number;
  /** Least y, or southern border. */
  minY: number;
  /** Least z, in a graph of 3 dimensions. */
  minZ?: number;
  /** Greatest x, or eastern border. */
  maxX: number;
  /** Greatest y, or northern border. */
  maxY: number;
  /** Greatest z, in a graph of 3 dimensions. */
  maxZ?: number;
}
/** A polygon: one ring, not closed, without self-crossings; of x and y only, with edges straight in x and y. */
export interface PolygonShape {
  /** Says that the shape is a polygon. */
  type: 'polygon';
  /** Corners, as [x, y]. */
  points: ReadonlyArray<readonly [number, number]>;
}
/** A zone's shape. Lengths and coordinates are the graph's; what lies on a border is inside. */
export type ZoneShape = CircleShape | BoxShape | PolygonShape;

/** `inside`: a move from inside to inside; `cross`: a move through the zone with neither end inside. */
export type ZoneDetect = 'enter' | 'exit' | 'inside' | 'cross';

/** What `watch` tells. */
export interface ZoneEvent {
  /** Name of the zone. */
  zone: string;
  /** The node that moved, or whose zone changed. */
  node: NodeId;
  /** What happened. */
  detect: ZoneDetect;
  /** Where the node is then. */
  x: number;
  /** As `x`. */
  y: number;
  /** Of the event that caused it. */
  time: number;
}

/** What `watchRoaming` tells. */
export interface RoamEvent {
  /** `nearby`: they came within the radius; `faraway`: they left it. */
  detect: 'nearby' | 'faraway';
  /** The node that moved. */
  node: NodeId;
  /** The other of the pair. */
  other: NodeId;
  /** Between them then. */
  distance: number;
  /** Of the event that caused it. */
  time: number;
  /** Where `node` is then. */
  x: number;
  /** As `x`. */
  y: number;
  /** Where `other` is then. */
  otherX: number;
  /** As `otherX`. */
  otherY: number;
}

/** Options of `watch`. */
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
  /** Ends the watching. */
  signal?: AbortSignal;
}

/** Options of `watchRoaming`. */
export interface RoamingOptions {
  /** Nodes at this distance are near. */
  radius: number;
  /** Ends the watching. */
  signal?: AbortSignal;
}
