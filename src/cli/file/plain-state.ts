import type { Engine, EngineEvent, Graph, NodeId } from '../../index.js';
import type { Comparison } from '../comparison.js';

interface PlainNode {
  x: number;
  y: number;
  kind: string;
}
interface PlainGraph {
  nodes: Map<NodeId, PlainNode>;
  /** By source, target and kind as JSON. */
  edges: Map<string, { source: NodeId; target: NodeId }>;
}

/** Nodes of a graph whose positions, and circles whose contents, are compared. */
const COMPARED_NODES = 1000;
const COMPARED_CIRCLES = 20;

/** What the events of a file come to, in Maps and linear scans: nothing of the engine's. */
export class PlainState {
  readonly #graphs = new Map<string, PlainGraph>();

  apply(event: EngineEvent): void {
    if (event.type === 'graph.removed') {
      this.#graphs.delete(event.graph);
      return;
    }
    const removes = event.type === 'node.removed' || event.type === 'edge.removed';
    if (removes && !this.#graphs.has(event.graph)) return;
    const graph = this.#graph(event.graph);
    switch (event.type) {
      case 'node.moved':
      case 'node.upserted': {
        const node = this.#node(graph, event.node);
        if (event.x !== undefined) node.x = event.x;
        if (event.y !== undefined) node.y = event.y;
        if (event.type === 'node.upserted' && event.kind !== undefined) node.kind = event.kind;
        break;
      }
      case 'node.removed':
        graph.nodes.delete(event.node);
        for (const [key, edge] of graph.edges) {
          if (edge.source === event.node || edge.target === event.node) graph.edges.delete(key);
        }
        break;
      case 'edge.upserted':
        this.#node(graph, event.source);
        this.#node(graph, event.target);
        graph.edges.set(keyOf(event), { source: event.source, target: event.target });
        break;
      case 'edge.removed':
        graph.edges.delete(keyOf(event));
        break;
      default:
    }
  }

  #graph(name: string): PlainGraph {
    let graph = this.#graphs.get(name);
    if (graph === undefined) {
      graph = { nodes: new Map(), edges: new Map() };
      this.#graphs.set(name, graph);
    }
    return graph;
  }

  #node(graph: PlainGraph, id: NodeId): PlainNode {
    let node = graph.nodes.get(id);
    if (node === undefined) {
      node = { x: Number.NaN, y: Number.NaN, kind: '' };
      graph.nodes.set(id, node);
    }
    return node;
  }

  compare(engine: Engine, comparison: Comparison): void {
    for (const [name, plain] of this.#graphs) {
      const graph = engine.graph(name);
      comparison.equal(`nodes of ${name}`, graph.order, plain.nodes.size);
      comparison.equal(`edges of ${name}`, graph.size, plain.edges.size);
      const step = Math.max(1, Math.floor(plain.nodes.size / COMPARED_NODES));
      let index = 0;
      for (const [id, node] of plain.nodes) {
        if (index++ % step !== 0) continue;
        const view = graph.node(id);
        comparison.equal(`x of ${id}`, String(view?.x), String(node.x));
        comparison.equal(`y of ${id}`, String(view?.y), String(node.y));
        comparison.equal(`kind of ${id}`, String(view?.kind), node.kind);
      }
      compareCircles(graph, plain, comparison);
    }
  }
}

/** Circles around some of the nodes, as wide as the way to a neighbour in the file. */
function compareCircles(graph: Graph, plain: PlainGraph, comparison: Comparison): void {
  const placed = [...plain.nodes].filter(([, node]) => !Number.isNaN(node.x + node.y));
  const step = Math.max(1, Math.floor(placed.length / COMPARED_CIRCLES));
  for (let i = 0; i < placed.length; i += step) {
    const [id, centre] = placed[i]!;
    const [, other] = placed[(i + step) % placed.length]!;
    const square = (other.x - centre.x) ** 2 + (other.y - centre.y) ** 2;
    const radius = Math.sqrt(square) / 4;
    let inside = 0;
    for (const [, node] of placed) {
      if ((node.x - centre.x) ** 2 + (node.y - centre.y) ** 2 <= radius * radius) inside++;
    }
    comparison.equal(
      `nodes within ${radius} of ${id}`,
      graph.within({ x: centre.x, y: centre.y, radius }).length,
      inside,
    );
  }
}

function keyOf(event: { source: NodeId; target: NodeId; kind?: string }): string {
  return JSON.stringify([event.source, event.target, event.kind ?? '']);
}
