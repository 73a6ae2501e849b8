import type { Engine, EngineEvent, Graph, NodeId } from '../../index.js';
import type { Comparison } from '../comparison.js';
import { distanceBetween, doubtOf, isWithin } from '../space/distance.js';
import type { PlainSpace } from '../space/plain-space.js';
import { coordinatesOf, isPlaced, type Space, spaceOf } from '../space/space.js';

interface PlainNode {
  x: number;
  y: number;
  z: number;
  kind: string;
  time: number;
  /** Whether `time` is the event's own, or that of reading it, which the engine's differs from. */
  timed: boolean;
  /** Keys of the edges that it is an end of. */
  edges: Set<string>;
}
interface PlainEdge {
  source: NodeId;
  target: NodeId;
  kind: string;
  weight: number;
}
interface PlainGraph {
  space: Space;
  ignoresLate: boolean;
  nodes: Map<NodeId, PlainNode>;
  /** By source, target and kind as JSON. */
  edges: Map<string, PlainEdge>;
}

/** Places of a graph at which radius and nearest queries are compared with a scan. */
const COMPARED_PLACES = 20;
const NEAREST = 5;

/** What the events of a file come to, in Maps and linear scans: nothing of the engine's. */
export class PlainState {
  readonly #graphs = new Map<string, PlainGraph>();
  /** Is told of every position. */
  readonly #positions: PlainSpace | undefined;

  constructor(positions: PlainSpace | undefined) {
    this.#positions = positions;
  }

  /** Names the space of a graph before its first event; it is the same however often the graph is removed. */
  begin(graph: string, space: Space): void {
    this.#graph(graph).space = space;
  }

  apply(event: EngineEvent): void {
    const graph = this.#graph(event.graph);
    const time = event.time ?? Date.now();
    switch (event.type) {
      case 'graph.created':
        if (event.options?.late !== undefined) graph.ignoresLate = event.options.late === 'ignore';
        break;
      case 'graph.removed':
        this.#graphs.set(event.graph, { ...empty(graph.space), ignoresLate: graph.ignoresLate });
        this.#positions?.removeGraph(event.graph);
        break;
      case 'node.moved': {
        const known = graph.nodes.get(event.node);
        if (graph.ignoresLate && known !== undefined && time < known.time) break;
        const { x, y, z = 0 } = event;
        Object.assign(nodeOf(graph, event.node), { x, y, z, time, timed: event.time !== undefined });
        this.#positions?.place(event.graph, event.node, { x, y, z });
        break;
      }
      case 'node.upserted': {
        // A file has null where a position is not set.
        const x = event.x ?? undefined;
        const y = event.y ?? undefined;
        const z = event.z ?? undefined;
        const { kind } = event;
        const known = graph.nodes.get(event.node);
        const node = nodeOf(graph, event.node);
        if (kind !== undefined) node.kind = kind;
        // An older one brings no position, and the time stays.
        if (graph.ignoresLate && known !== undefined && time < known.time) break;
        Object.assign(node, { time, timed: event.time !== undefined });
        if (x !== undefined) node.x = x;
        if (y !== undefined) node.y = y;
        if (z !== undefined) node.z = z;
        if (x !== undefined || y !== undefined || z !== undefined) {
          this.#positions?.place(event.graph, event.node, { x: node.x, y: node.y, z: node.z });
        }
        break;
      }
      case 'node.removed':
        for (const key of graph.nodes.get(event.node)?.edges ?? []) removeEdge(graph, key);
        graph.nodes.delete(event.node);
        this.#positions?.remove(event.graph, event.node);
        break;
      case 'edge.upserted': {
        const { source, target, kind = '' } = event;
        const key = keyOf(event);
        const weight = event.weight ?? graph.edges.get(key)?.weight ?? 1;
        for (const end of [source, target]) {
          // An end that is new has the edge's time.
          if (!graph.nodes.has(end)) nodeOf(graph, end).time = time;
          nodeOf(graph, end).edges.add(key);
        }
        graph.edges.set(key, { source, target, kind, weight });
        break;
      }
      case 'edge.removed':
        removeEdge(graph, keyOf(event));
        break;
      case 'zone.set':
      case 'zone.removed':
        this.#positions?.dropZone(event.graph, event.zone);
        break;
      default:
    }
  }

  #graph(name: string): PlainGraph {
    let graph = this.#graphs.get(name);
    if (graph === undefined) {
      graph = empty(spaceOf());
      this.#graphs.set(name, graph);
    }
    return graph;
  }

  compare(engine: Engine, comparison: Comparison): void {
    for (const [name, plain] of this.#graphs) {
      const graph = engine.graph(name);
      comparison.equal(`nodes of ${name}`, graph.order, plain.nodes.size);
      comparison.equal(`edges of ${name}`, graph.size, plain.edges.size);
      for (const [id, node] of plain.nodes) {
        const view = graph.node(id);
        comparison.equal(`x of ${id}`, String(view?.x), String(node.x));
        comparison.equal(`y of ${id}`, String(view?.y), String(node.y));
        if (plain.space.dimensions === 3) comparison.equal(`z of ${id}`, String(view?.z), String(node.z));
        comparison.equal(`kind of ${id}`, String(view?.kind), node.kind);
        if (node.timed) comparison.equal(`time of ${id}`, String(view?.time), String(node.time));
      }
      for (const { source, target, kind, weight } of plain.edges.values()) {
        const edge = graph.edge(source, target, { kind });
        comparison.equal(`weight of ${source} to ${target} ${kind}`, String(edge?.weight), String(weight));
      }
      comparePlaces(graph, plain, comparison);
    }
  }
}

/** Circles around some of the nodes, a quarter as wide as the way to another of them, and the nearest to their centres. */
function comparePlaces(graph: Graph, { space, nodes }: PlainGraph, comparison: Comparison): void {
  const placed = [...nodes].filter(([, node]) => isPlaced(node));
  const step = Math.max(1, Math.ceil(placed.length / COMPARED_PLACES));
  for (let i = 0; i < placed.length; i += step) {
    const [id, node] = placed[i]!;
    const [, far] = placed[(i + step) % placed.length]!;
    const at = coordinatesOf(node, space);
    const radius = distanceBetween(space, node, far) / 4;
    const within = new Set(graph.within({ ...at, radius }).ids());
    // Where rounding decides, the engine is believed.
    const inside = placed.filter(([other, point]) => isWithin(space, node, point, radius) ?? within.has(other));
    comparison.equal(`nodes within ${radius} of ${id}`, within.size, inside.length);
    const all = Float64Array.from(placed, ([, point]) => distanceBetween(space, node, point)).sort();
    const nearest = all.subarray(0, NEAREST);
    const { distances = [] } = graph.nearest({ ...at, k: NEAREST });
    comparison.equal(`nearest found to ${id}`, distances.length, nearest.length);
    nearest.forEach((distance, n) => {
      const slack = distance * 1e-12 + doubtOf(space);
      comparison.near(`distance of nearest ${n + 1} to ${id}`, distances[n] ?? Number.NaN, distance, slack);
    });
  }
}

function empty(space: Space): PlainGraph {
  return { space, ignoresLate: false, nodes: new Map(), edges: new Map() };
}

function nodeOf(graph: PlainGraph, id: NodeId): PlainNode {
  let node = graph.nodes.get(id);
  if (node === undefined) {
    const z = graph.space.dimensions === 3 ? Number.NaN : 0;
    node = {
      x: Number.NaN,
      y: Number.NaN,
      z,
      kind: '',
      time: Number.NEGATIVE_INFINITY,
      timed: false,
      edges: new Set(),
    };
    graph.nodes.set(id, node);
  }
  return node;
}

function removeEdge(graph: PlainGraph, key: string): void {
  const edge = graph.edges.get(key);
  if (edge === undefined) return;
  graph.nodes.get(edge.source)?.edges.delete(key);
  graph.nodes.get(edge.target)?.edges.delete(key);
  graph.edges.delete(key);
}

function keyOf(event: { source: NodeId; target: NodeId; kind?: string }): string {
  return JSON.stringify([event.source, event.target, event.kind ?? '']);
}
