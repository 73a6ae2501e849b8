import type { NodeId } from '../../index.js';
import { isPlaced, type Point, type Space } from './space.js';

interface PlainGraph {
  readonly space: Space;
  readonly nodes: Map<NodeId, Point>;
}

/** Where the nodes of each graph are, in Maps: what the answers in space are checked against. */
export class PlainSpace {
  readonly #graphs = new Map<string, PlainGraph>();

  begin(graph: string, space: Space): void {
    this.#graphs.set(graph, { space, nodes: new Map() });
  }

  place(graph: string, id: NodeId, at: Point): void {
    if (isPlaced(at)) this.#graphs.get(graph)?.nodes.set(id, at);
  }

  remove(graph: string, id: NodeId): void {
    this.#graphs.get(graph)?.nodes.delete(id);
  }

  removeGraph(graph: string): void {
    this.#graphs.get(graph)?.nodes.clear();
  }

  nodesOf(graph: string): ReadonlyMap<NodeId, Point> {
    return this.#graphs.get(graph)?.nodes ?? new Map();
  }
}
