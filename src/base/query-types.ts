/**
 * What questions are asked with. Lengths and coordinates are the graph's own: metres and degrees under 'haversine'.
 */
import type { Handle } from './types.js';

/** Edges that leave a node, that reach it, or both. */
export type Direction = 'out' | 'in' | 'both';

/** Whether a node is in the answer, by its handle. It is called when the nodes have been found, and may ask questions itself. */
export type NodeFilter = (handle: Handle) => boolean;

/** What `upsertNode` sets. What is not given stays as it is. */
export interface NodeAttributes {
  /** In the unit of the graph; the longitude in degrees under 'haversine'. */
  x?: number;
  /** As `x`; the latitude. */
  y?: number;
  /** In graphs of 3 dimensions. */
  z?: number;
  /** A label of the user's own. */
  kind?: string;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
  /** Anything that MessagePack can carry, up to `maxPayloadBytes`. It replaces what was there. */
  data?: unknown;
}

/** What `upsertEdge` sets. `kind` is part of what names the edge. */
export interface EdgeAttributes {
  /** A label of the user's own; `''` where not given. */
  kind?: string;
  /** Default 1 for a new edge; an edge that exists keeps its weight. */
  weight?: number;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}

/** Which of the edges between two nodes is meant. */
export interface EdgeOptions {
  /** Default `''`. */
  kind?: string;
}

/** What is known of an edge. */
export interface EdgeValues {
  /** 1 where none was given. */
  weight: number;
  /** `''` where it has none. */
  kind: string;
  /** Of the event that wrote it last. */
  time: number;
}

/** A circle, or a ball, around a place. */
export interface WithinPlace {
  /** Of the centre. */
  x: number;
  /** Of the centre. */
  y: number;
  /** Of the centre, in graphs of 3 dimensions. */
  z?: number;
  /** Nodes at that distance, and nearer, are in the answer. */
  radius: number;
}

/** Options of `neighbors`. */
export interface NeighborOptions {
  /** Which edges lead to neighbours. Default 'both'. */
  direction?: Direction;
  /** Of the edges; edges of every kind where not given. */
  kind?: string;
  /** Only neighbours that are there. */
  within?: WithinPlace;
}

/** Options of `degree`. */
export interface DegreeOptions {
  /** Which edges are counted. Default 'both'. */
  direction?: Direction;
}

/** What `within` asks. */
export interface WithinQuery extends WithinPlace {
  /** Only nodes of that kind. */
  kind?: string;
  /** At most so many: the nearest with `sort`, any without. */
  limit?: number;
  /** Nearest first. The answer then has `distances`. */
  sort?: 'distance';
  /** Only nodes that it lets through; the limit counts these. */
  filter?: NodeFilter;
}

/** What `within` asks, when the answer is to be nearest first. */
export interface SortedWithinQuery extends WithinQuery {
  /** Nearest first. */
  sort: 'distance';
}

/** What `nearest` asks. */
export interface NearestQuery {
  /** Of the place. */
  x: number;
  /** Of the place. */
  y: number;
  /** Of the place, in graphs of 3 dimensions. */
  z?: number;
  /** Nodes wanted. */
  k: number;
  /** Only nodes at that distance, and nearer. */
  maxDistance?: number;
  /** Only nodes of that kind. */
  kind?: string;
  /** Only nodes that it lets through. It may see more than `k`. */
  filter?: NodeFilter;
}

/** What `withinBox` asks. Borders are inside. Under 'haversine', `minX` above `maxX` is across the antimeridian. */
export interface BoxQuery {
  /** Least x. */
  minX: number;
  /** Least y. */
  minY: number;
  /** Least z, in graphs of 3 dimensions. */
  minZ?: number;
  /** Greatest x. */
  maxX: number;
  /** Greatest y. */
  maxY: number;
  /** Greatest z, in graphs of 3 dimensions. */
  maxZ?: number;
  /** Only nodes of that kind. */
  kind?: string;
  /** At most so many, any of them. */
  limit?: number;
  /** Only nodes that it lets through; the limit counts these. */
  filter?: NodeFilter;
}

/** Options of `flush`. */
export interface FlushOptions {
  /** Ends the waiting, with ATHANOR_ABORTED. What was accepted is applied all the same. */
  signal?: AbortSignal;
}

/** Options of `ingest`. */
export interface IngestOptions {
  /** Ends it, with ATHANOR_ABORTED. What was accepted stays. */
  signal?: AbortSignal;
  /** Called with the number of events published so far, every 512 events and at the end. */
  onProgress?: (published: number) => void;
}

/** Options of `handle`. */
export interface HandleOptions {
  /** An id that is not known gets a handle. Default false. */
  create?: boolean;
}
