import type { EngineEvent, NodeId } from '../../dist/src/index.js';

export interface ModelNode {
  x: number;
  y: number;
  z: number;
  kind: string;
  time: number;
  data: unknown;
}
export interface ModelEdge {
  source: NodeId;
  target: NodeId;
  kind: string;
  weight: number;
  time: number;
}
export interface ModelGraph {
  late: 'apply' | 'ignore';
  nodes: Map<NodeId, ModelNode>;
  edges: Map<string, ModelEdge>;
}

/** The meaning of events in Maps and linear scans. Every event has a time. */
export class Model {
  readonly graphs = new Map<string, ModelGraph>();

  apply(event: EngineEvent): void {
    const time = event.time!;
    if (event.type === 'graph.removed') {
      this.graphs.delete(event.graph);
      return;
    }
    if ((event.type === 'node.removed' || event.type === 'edge.removed') && !this.graphs.has(event.graph)) return;
    const graph = this.graph(event.graph, event.type === 'graph.created' ? event.options?.late : undefined);
    switch (event.type) {
      case 'node.moved': {
        const known = graph.nodes.get(event.node);
        if (known !== undefined && graph.late === 'ignore' && time < known.time) return;
        Object.assign(this.node(graph, event.node), { x: event.x, y: event.y, time });
        if (event.z !== undefined) this.node(graph, event.node).z = event.z;
        return;
      }
      case 'node.upserted': {
        const known = graph.nodes.get(event.node);
        const node = this.node(graph, event.node);
        if (event.kind !== undefined) node.kind = event.kind;
        if (event.data !== undefined) node.data = event.data;
        // An older one brings no position, and does not take the time back.
        if (known !== undefined && graph.late === 'ignore' && time < known.time) return;
        if (event.x !== undefined) node.x = event.x;
        if (event.y !== undefined) node.y = event.y;
        if (event.z !== undefined) node.z = event.z;
        node.time = time;
        return;
      }
      case 'node.removed':
        graph.nodes.delete(event.node);
        for (const [key, edge] of graph.edges) {
          if (edge.source === event.node || edge.target === event.node) graph.edges.delete(key);
        }
        return;
      case 'edge.upserted': {
        for (const end of [event.source, event.target]) if (!graph.nodes.has(end)) this.node(graph, end).time = time;
        const key = keyOf(event);
        const weight = event.weight ?? graph.edges.get(key)?.weight ?? 1;
        graph.edges.set(key, { source: event.source, target: event.target, kind: event.kind ?? '', weight, time });
        return;
      }
      case 'edge.removed':
        graph.edges.delete(keyOf(event));
        return;
      default:
    }
  }

  graph(name: string, late: 'apply' | 'ignore' = 'apply'): ModelGraph {
    let graph = this.graphs.get(name);
    if (graph === undefined) {
      graph = { late, nodes: new Map(), edges: new Map() };
      this.graphs.set(name, graph);
    }
    return graph;
  }

  node(graph: ModelGraph, id: NodeId): ModelNode {
    let node = graph.nodes.get(id);
    if (node === undefined) {
      node = { x: Number.NaN, y: Number.NaN, z: Number.NaN, kind: '', time: 0, data: undefined };
      graph.nodes.set(id, node);
    }
    return node;
  }
}

export function keyOf(edge: { source: NodeId; target: NodeId; kind?: string }): string {
  return JSON.stringify([edge.source, edge.target, edge.kind ?? '']);
}
