import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type {
  BoxQuery,
  DegreeOptions,
  EdgeOptions,
  EdgeValues,
  EngineEvent,
  Handle,
  NearestQuery,
  NeighborOptions,
  NodeFilter,
  NodeId,
  RoamEvent,
  RoamingOptions,
  SortedWithinQuery,
  WatchOptions,
  WithinQuery,
  ZoneEvent,
} from '../base/types.js';
import { Both, In, Out } from '../graph/shard-edges.js';
import { Ball } from '../query/ball.js';
import type { Clusters } from '../query/cell-sums.js';
import {
  checkBox,
  checkCount,
  checkDirection,
  checkDistance,
  checkFilter,
  checkId,
  checkKind,
  checkOutput,
  checkPoint,
} from '../query/check.js';
import type { ClusterGrid } from '../query/clusters.js';
import { readBox, readNearest, readNeighbors, readQuery, readWithin, readWithinFilter } from '../query/fields.js';
import { NodeSet, type RankedNodeSet } from '../query/node-set.js';
import { ANY_KIND } from '../spatial/queries.js';
import { exportGraph } from './export.js';
import { GraphZones } from './graph-zones.js';
import { type EdgeView, edgeViews, type NodeView, nodeView, nodeViews } from './views.js';

/** Options of a question as a plain object; most calls give none. */
function asked<T extends object>(options: T | undefined, names: ReadonlyArray<keyof T & string>): Partial<T> {
  return options === undefined ? {} : readQuery(options, names, 'options');
}

/**
 * A graph by name. Reading one that does not exist answers empty; the first write creates it. Writing methods are the
 * event of that name and return what `Engine.publish` returns; reading methods see every event applied so far, the graph
 * between two events.
 */
export class Graph extends GraphZones {
  /** Nodes applied so far. */
  get order(): number {
    const graph = this.core.readRow(this.ref);
    return graph === NO_ROW ? 0 : this.core.memory.graphs.order[graph]!;
  }

  /** Edges applied so far. */
  get size(): number {
    const graph = this.core.readRow(this.ref);
    return graph === NO_ROW ? 0 : this.core.memory.graphs.size[graph]!;
  }

  // ------------------------------------------------------------ watching

  /**
   * What events published from here on change about who is in which zone, in the order in which they are applied. It ends
   * when it is left, aborted, or the engine is closed. Who does not read it holds the graph's shard back, unless `onSlow` is
   * 'drop'.
   */
  watch(options: WatchOptions = {}): AsyncIterableIterator<ZoneEvent> {
    return this.core.watchers.watch(this.ref, options);
  }

  /** Pairs of nodes that come as near as `radius`, and that part again; as `watch` with `onSlow` 'wait'. */
  watchRoaming(options: RoamingOptions): AsyncIterableIterator<RoamEvent> {
    return this.core.watchers.watchRoaming(this.ref, options);
  }

  // ------------------------------------------------------------ reading

  /** The id of a handle; undefined when it stands for no node of this graph. */
  id(handle: Handle): NodeId | undefined {
    const { memory } = this.core;
    const graph = this.core.readRow(this.ref);
    const bound = graph === NO_ROW ? this.core.publisher.liveRow(this.ref) : graph;
    if (bound === NO_ROW || !Number.isInteger(handle) || memory.nodeBook.graph[handle] !== bound + 1) return undefined;
    return memory.ids.idOf(handle);
  }

  #row(field: string, id: NodeId, graph: number): number {
    checkId(field, id);
    if (graph === NO_ROW) return NO_ROW;
    const row = this.core.publisher.nodes.find(graph, id);
    return row !== NO_ROW && this.core.isAlive(row) ? row : NO_ROW;
  }

  /** Whether the node is there. */
  has(id: NodeId): boolean {
    return this.#row('id', id, this.core.readRow(this.ref)) !== NO_ROW;
  }

  /** The node as it is now; undefined when it is not there. */
  node(id: NodeId): NodeView | undefined {
    const graph = this.core.readRow(this.ref);
    const row = this.#row('id', id, graph);
    return row === NO_ROW ? undefined : nodeView(this.core, graph, row);
  }

  /** The edge of that source, target and kind; undefined when it is not there. */
  edge(source: NodeId, target: NodeId, options?: EdgeOptions): EdgeValues | undefined {
    const { kind: name = '' } = asked(options, ['kind']);
    const graph = this.core.readRow(this.ref);
    const from = this.#row('source', source, graph);
    const to = this.#row('target', target, graph);
    const kind = this.#wanted(name);
    if (from === NO_ROW || to === NO_ROW || kind === undefined) return undefined;
    const reader = this.core.readerOf(graph);
    reader.lock();
    try {
      const edge = reader.edges.find(from, to, kind);
      if (edge === NO_ROW) return undefined;
      const { weight, time } = reader.edges.views;
      return { weight: weight[edge]!, kind: name, time: time[edge]! };
    } finally {
      reader.unlock();
    }
  }

  /** Each neighbour once; `within`: those at a distance of a place alone. */
  neighbors(id: NodeId, options?: NeighborOptions): NodeSet {
    const { direction = 'both', kind: name, within: filter } = readNeighbors(options);
    checkDirection(direction);
    const within = filter === undefined ? undefined : readWithinFilter(this.space, filter);
    const graph = this.core.readRow(this.ref);
    const row = this.#row('id', id, graph);
    const kind = this.#wanted(name);
    if (row === NO_ROW || kind === undefined) return this.#set(0);
    const { nodes, graphs } = this.core.memory;
    const ball = within && new Ball(nodes, graphs.options[graph]!, graphs.radius[graph]!, { z: 0, ...within });
    return this.#set(this.core.readerOf(graph).neighbors(row, direction, kind, this.core.slab, ball));
  }

  /** How many of `edges()` leave the node, reach it or (`'both'`, the default) do either: a self-loop is one edge. */
  degree(id: NodeId, options?: DegreeOptions): number {
    const { direction = 'both' } = asked(options, ['direction']);
    checkDirection(direction);
    const graph = this.core.readRow(this.ref);
    const row = this.#row('id', id, graph);
    if (row === NO_ROW) return 0;
    const reader = this.core.readerOf(graph);
    reader.lock();
    try {
      if (!reader.isAlive(row)) return 0;
      return reader.edges.degree(row, direction === 'out' ? Out : direction === 'in' ? In : Both);
    } finally {
      reader.unlock();
    }
  }

  /**
   * All nodes at distance <= radius. Order unspecified unless `sort`; with `limit` and no `sort`, any that many. `filter` is
   * called with handles, when the nodes have been found; the limit counts what it lets through.
   */
  within(query: SortedWithinQuery): RankedNodeSet;
  within(query: WithinQuery): NodeSet;
  within(query: WithinQuery): NodeSet {
    const { x, y, z, radius, kind, limit, sort, filter } = readWithin(query);
    checkPoint(this.space, x, y, z);
    checkDistance('radius', radius);
    checkFilter(filter);
    if (limit !== undefined) checkCount('limit', limit);
    if (sort !== undefined && sort !== 'distance') {
      throw new AthanorError('ATHANOR_INVALID_QUERY', `sort: ${show(sort)} is not 'distance'`);
    }
    const graph = this.core.readRow(this.ref);
    const wanted = this.#wanted(kind);
    if (graph === NO_ROW || wanted === undefined) return this.#set(0, sort !== undefined);
    const most = limit ?? NO_ROW;
    const taken = filter === undefined ? most : NO_ROW;
    const reader = this.core.readerOf(graph);
    const { slab } = this.core;
    const at = { x, y, z: z ?? 0 };
    const sorted = sort !== undefined;
    const found = sorted
      ? reader.withinSorted(graph, at, radius, wanted, taken, slab)
      : reader.within(graph, at, radius, wanted, taken, slab);
    return this.#filtered(found, filter, most, sorted);
  }

  /** The k nearest, nearest first; ties in any order. `filter` as of `within`, and it may see more than k. */
  nearest(query: NearestQuery): RankedNodeSet;
  nearest(query: NearestQuery): NodeSet {
    const { x, y, z, k, kind, filter, maxDistance = Number.POSITIVE_INFINITY } = readNearest(query);
    checkPoint(this.space, x, y, z);
    checkCount('k', k);
    checkDistance('maxDistance', maxDistance);
    checkFilter(filter);
    const graph = this.core.readRow(this.ref);
    const wanted = this.#wanted(kind);
    if (graph === NO_ROW || wanted === undefined) return this.#set(0, true);
    const { slab } = this.core;
    const reader = this.core.readerOf(graph);
    const at = { x, y, z: z ?? 0 };
    for (let asked = filter === undefined ? k : 2 * k; ; asked *= 4) {
      // Room for as many as there can be; nodes that come between this look and the query are not the k-th.
      const most = Math.min(asked, this.core.memory.graphs.order[graph]!);
      if (most === 0) return this.#set(0, true);
      slab.reserveDistances(most);
      const found = reader.nearest(graph, at, most, maxDistance, wanted, slab);
      if (filter === undefined) return this.#set(found, true);
      const set = this.#filtered(found, filter, k, true);
      // Too few passed, and there are more to be asked about: again from the beginning, in the graph as it is then.
      if (set.length === k || found < most) return set;
      if (most < asked) return set;
    }
  }

  /** Nodes in the closed box. Under 'haversine', minX > maxX is a box across the antimeridian. */
  withinBox(query: BoxQuery): NodeSet {
    const { minX, minY, minZ, maxX, maxY, maxZ, kind, limit, filter } = readBox(query);
    checkBox(this.space, { minX, minY, minZ, maxX, maxY, maxZ });
    checkFilter(filter);
    if (limit !== undefined) checkCount('limit', limit);
    const graph = this.core.readRow(this.ref);
    const wanted = this.#wanted(kind);
    if (graph === NO_ROW || wanted === undefined) return this.#set(0);
    const most = limit ?? NO_ROW;
    const box = { minX, minY, minZ: minZ ?? 0, maxX, maxY, maxZ: maxZ ?? 0 };
    const reader = this.core.readerOf(graph);
    const found = reader.box(graph, box, wanted, filter === undefined ? most : NO_ROW, this.core.slab);
    return this.#filtered(found, filter, most, false);
  }

  /** As `within`, into the caller's array: the number found, which may exceed what the array holds. */
  withinInto(x: number, y: number, radius: number, handles: Uint32Array, z?: number): number {
    checkPoint(this.space, x, y, z);
    checkDistance('radius', radius);
    checkOutput('handles', handles, Uint32Array);
    const graph = this.core.readRow(this.ref);
    return graph === NO_ROW ? 0 : this.core.readerOf(graph).withinInto(graph, x, y, z ?? 0, radius, handles);
  }

  /** As `nearest`, into the caller's arrays: the number found, of which as many as fit both are written. */
  nearestInto(x: number, y: number, k: number, handles: Uint32Array, distances: Float64Array, z?: number): number {
    checkPoint(this.space, x, y, z);
    checkCount('k', k);
    checkOutput('handles', handles, Uint32Array);
    checkOutput('distances', distances, Float64Array);
    const graph = this.core.readRow(this.ref);
    if (graph === NO_ROW) return 0;
    const reader = this.core.readerOf(graph);
    const room = Math.min(handles.length, distances.length);
    if (k <= room) return reader.nearestInto(graph, x, y, z ?? 0, k, handles, distances);
    const { slab } = this.core;
    const most = Math.min(k, this.core.memory.graphs.order[graph]!);
    if (most === 0) return 0;
    slab.reserveDistances(most);
    const found = reader.nearest(graph, { x, y, z: z ?? 0 }, most, Number.POSITIVE_INFINITY, ANY_KIND, slab);
    const written = Math.min(found, room);
    handles.set(slab.rows.subarray(slab.at, slab.at + written));
    distances.set(slab.distances.subarray(slab.at, slab.at + written));
    return found;
  }

  /**
   * Counts and mean positions of nodes by cell of a grid, for the cells that are not empty: what a map shows from afar.
   * Cells start at the box's lower left corner; those on its far borders hold the points on them.
   */
  clusters(grid: ClusterGrid): Clusters {
    return this.core.clusters.clusters(this.ref, this.space, grid);
  }

  /**
   * Each node, in the order in which ids were bound. It may be read as slowly as you like: events applied meanwhile may or may
   * not be seen, a node that is there all the while is seen once, and one of another graph never. It ends when the graph is
   * removed. 4 bytes are kept for each node seen.
   */
  nodes(): IterableIterator<NodeView> {
    return nodeViews(this.core, this.core.readRow(this.ref));
  }

  /** Each edge once, as `nodes`. */
  edges(): IterableIterator<EdgeView> {
    return edgeViews(this.core, this.core.readRow(this.ref));
  }

  /**
   * The events that make this graph anew: its creation with its options, its nodes, its edges, its zones. Empty where there is no
   * such graph. It holds no more than a part of the graph in memory, and may be iterated for any time: of what is applied
   * meanwhile some may be in it and some not, and it ends early when the graph is removed. With nothing published since a
   * `flush` it is exact.
   */
  export(): IterableIterator<EngineEvent> {
    return exportGraph(this.core, this.ref);
  }

  /** Number of the kind asked for, ANY_KIND where none is; undefined for one that no event has named. */
  #wanted(kind: string | undefined): number | undefined {
    if (kind === undefined) return ANY_KIND;
    checkKind(kind);
    return this.core.kindOf(kind);
  }

  /** Of the nodes found behind the slab's `at`, the first `limit` that the filter lets through; no lock is held. */
  #filtered(found: number, filter: NodeFilter | undefined, limit: number, withDistances: boolean): NodeSet {
    if (filter === undefined) return this.#set(found, withDistances);
    // The filter may ask queries of its own: what was found is set aside for it.
    const { slab } = this.core;
    const { rows, distances, at: start } = slab;
    // Before the filter, which may publish: rows may leave quarantine meanwhile.
    const { epoch } = this.core.idSource;
    slab.at += found;
    let kept = 0;
    for (let i = 0; i < found && kept < limit; i++) {
      const row = rows[start + i]!;
      if (!filter(row)) continue;
      rows[start + kept] = row;
      if (withDistances) distances[start + kept] = distances[start + i]!;
      kept++;
    }
    return new NodeSet(this.core.idSource, rows, withDistances ? distances : undefined, start, kept, epoch);
  }

  #set(found: number, withDistances = false): NodeSet {
    const { slab, idSource } = this.core;
    const start = slab.at;
    slab.at += found;
    return new NodeSet(idSource, slab.rows, withDistances ? slab.distances : undefined, start, found);
  }
}
