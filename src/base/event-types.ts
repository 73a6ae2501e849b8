/** The events that a program publishes. */
import type { GraphOptions, NodeId, ZoneShape } from './types.js';

/** Creates a graph; one that exists with the same options stays as it is. */
export interface GraphCreated {
  /** Says that the event is of this type. */
  type: 'graph.created';
  /** Name of the graph. */
  graph: string;
  /** Defaults where not given. */
  options?: GraphOptions;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/** Removes a graph with its nodes, edges and zones; removing what is not there changes nothing. */
export interface GraphRemoved {
  /** Says that the event is of this type. */
  type: 'graph.removed';
  /** Name of the graph. */
  graph: string;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/**
 * Replaces the attributes it gives and keeps the others; creates what does not exist. A coordinate of null is not set. `data` is
 * plain values, Date, BigInt, Map, Set and binary data; it reads back deeply equal.
 */
export interface NodeUpserted {
  /** Says that the event is of this type. */
  type: 'node.upserted';
  /** Name of the graph. */
  graph: string;
  /** The node. */
  node: NodeId;
  /** In the unit of the graph; the longitude in degrees under `haversine`. */
  x?: number;
  /** As `x`; the latitude. */
  y?: number;
  /** In graphs of 3 dimensions. */
  z?: number;
  /** A label of the user's own; `''` where not given. */
  kind?: string;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
  /** Anything that MessagePack can carry, up to `maxPayloadBytes`. It replaces what was there. */
  data?: unknown;
}
/** `w` is a number of the user's own (speed, load). A move of an unknown node creates it. */
export interface NodeMoved {
  /** Says that the event is of this type. */
  type: 'node.moved';
  /** Name of the graph. */
  graph: string;
  /** The node. */
  node: NodeId;
  /** In the unit of the graph; the longitude in degrees under `haversine`. */
  x: number;
  /** As `x`; the latitude. */
  y: number;
  /** In graphs of 3 dimensions. */
  z?: number;
  /** A number of the user's own; the node keeps the last that was given. */
  w?: number;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/** Removes the node's edges as well; removing what is not there changes nothing. */
export interface NodeRemoved {
  /** Says that the event is of this type. */
  type: 'node.removed';
  /** Name of the graph. */
  graph: string;
  /** The node. */
  node: NodeId;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/** One edge for each (source, target, kind); missing ends are created. */
export interface EdgeUpserted {
  /** Says that the event is of this type. */
  type: 'edge.upserted';
  /** Name of the graph. */
  graph: string;
  /** Node that the edge leaves. */
  source: NodeId;
  /** Node that it reaches. */
  target: NodeId;
  /** A label of the user's own, part of what names the edge; `''` where not given. */
  kind?: string;
  /** Default 1 for a new edge; an edge that exists keeps its weight. */
  weight?: number;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/** Removes the edge of that source, target and kind; removing what is not there changes nothing. */
export interface EdgeRemoved {
  /** Says that the event is of this type. */
  type: 'edge.removed';
  /** Name of the graph. */
  graph: string;
  /** Node that the edge leaves. */
  source: NodeId;
  /** Node that it reaches. */
  target: NodeId;
  /** A label of the user's own, part of what names the edge; `''` where not given. */
  kind?: string;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/** Sets a zone, or gives one that is set another shape. */
export interface ZoneSet {
  /** Says that the event is of this type. */
  type: 'zone.set';
  /** Name of the graph. */
  graph: string;
  /** Name of the zone. */
  zone: string;
  /** Where it is. */
  shape: ZoneShape;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}
/** Removes a zone: its members exit. */
export interface ZoneRemoved {
  /** Says that the event is of this type. */
  type: 'zone.removed';
  /** Name of the graph. */
  graph: string;
  /** Name of the zone. */
  zone: string;
  /** Milliseconds since the Unix epoch; the time of publishing where not given. */
  time?: number;
}

/** What `publish` and `ingest` take. Each has a `type`. */
export type EngineEvent =
  | GraphCreated
  | GraphRemoved
  | NodeUpserted
  | NodeMoved
  | NodeRemoved
  | EdgeUpserted
  | EdgeRemoved
  | ZoneSet
  | ZoneRemoved;
