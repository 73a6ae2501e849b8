import type { Engine, EngineEvent, Graph, NodeId } from '../../index.js';
import type { Comparison } from '../comparison.js';

interface PlainNode {
  x: number;
  y: number;
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

  apply(event: EngineEvent): void {
    const graph = this.#graph(event.graph);
    const time = event.time ?? Date.now();
    switch (event.type) {
      case 'graph.created':
        if (event.options?.late !== undefined) graph.ignoresLate = event.options.late === 'ignore';
        break;
      case 'graph.removed':
        this.#graphs.set(event.graph, { ignoresLate: false, nodes: new Map(), edges: new Map() });
        break;
      case 'node.moved': {
        const known = graph.nodes.get(event.node);
        if (graph.ignoresLate && known !== undefined && time < known.time) break;
        Object.assign(nodeOf(graph, event.node), { x: event.x, y: event.y, time, timed: event.time !== undefined });
        break;
      }
      case 'node.upserted': {
        const { x, y, kind } = event;
        const node = Object.assign(nodeOf(graph, event.node), { time, timed: event.time !== undefined });
        if (x !== undefined) node.x = x;
        if (y !== undefined) node.y = y;
        if (kind !== undefined) node.kind = kind;
        break;
      }
      case 'node.removed':
        for (const key of graph.nodes.get(event.node)?.edges ?? []) removeEdge(graph, key);
        graph.nodes.delete(event.node);
        break;
      case 'edge.upserted': {
        const { source, target, kind = '' } = event;
        const key = keyOf(event);
        const weight = event.weight ?? graph.edges.get(key)?.weight ?? 1;
        nodeOf(graph, source).edges.add(key);
        nodeOf(graph, target).edges.add(key);
        graph.edges.set(key, { source, target, kind, weight });
        break;
      }
      case 'edge.removed':
        removeEdge(graph, keyOf(event));
        break;
      default:
    }
  }

  #graph(name: string): PlainGraph {
    let graph = this.#graphs.get(name);
    if (graph === undefined) {
      graph = { ignoresLate: false, nodes: new Map(), edges: new Map() };
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
function comparePlaces(graph: Graph, plain: PlainGraph, comparison: Comparison): void {
  const placed = [...plain.nodes].filter(([, node]) => !Number.isNaN(node.x + node.y));
  const step = Math.max(1, Math.ceil(placed.length / COMPARED_PLACES));
  for (let i = 0; i < placed.length; i += step) {
    const [id, { x, y }] = placed[i]!;
    const [, other] = placed[(i + step) % placed.length]!;
    const radius = Math.sqrt((other.x - x) ** 2 + (other.y - y) ** 2) / 4;
    const squares = placed.map(([, node]) => (node.x - x) ** 2 + (node.y - y) ** 2);
    const inside = squares.filter((square) => square <= radius * radius).length;
    comparison.equal(`nodes within ${radius} of ${id}`, graph.within({ x, y, radius }).length, inside);
    const nearest = squares.sort((a, b) => a - b).slice(0, NEAREST);
    const { distances = [] } = graph.nearest({ x, y, k: NEAREST });
    comparison.equal(`nearest found to ${id}`, distances.length, nearest.length);
    nearest.forEach((square, n) => {
      const distance = Math.sqrt(square);
      comparison.near(`distance of nearest ${n + 1} to ${id}`, distances[n] ?? Number.NaN, distance, distance * 1e-12);
    });
  }
}

function nodeOf(graph: PlainGraph, id: NodeId): PlainNode {
  let node = graph.nodes.get(id);
  if (node === undefined) {
    node = { x: Number.NaN, y: Number.NaN, kind: '', time: Number.NEGATIVE_INFINITY, timed: false, edges: new Set() };
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
