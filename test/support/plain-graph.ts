import type { EngineEvent, NodeId } from '../../dist/src/index.js';

/** Numbers, then strings, as algorithms order ids. */
export function byId(a: NodeId, b: NodeId): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

type Direction = 'out' | 'both';
/** Neighbours and the least weight of an edge to them. */
type Arcs = Map<NodeId, Map<NodeId, number>>;

/** Which edges are walked, and where nodes have to be. */
export interface PlainOptions {
  direction: Direction;
  kind?: string;
  within?: { x: number; y: number; radius: number };
}

interface PlainEdge {
  source: NodeId;
  target: NodeId;
  kind: string;
  weight: number;
}

const UNREACHED = Number.POSITIVE_INFINITY;

/** A graph in Maps, and its algorithms as one would explain them: the obvious implementation, for a dozen nodes. */
export class PlainGraph {
  readonly nodes = new Set<NodeId>();
  readonly #places = new Map<NodeId, { x: number; y: number }>();
  readonly #edges = new Map<string, PlainEdge>();

  apply(event: EngineEvent): void {
    switch (event.type) {
      case 'node.upserted':
        this.nodes.add(event.node);
        if (event.x !== undefined && event.y !== undefined) this.#places.set(event.node, { x: event.x, y: event.y });
        break;
      case 'node.removed':
        this.nodes.delete(event.node);
        this.#places.delete(event.node);
        for (const [key, { source, target }] of this.#edges) {
          if (source === event.node || target === event.node) this.#edges.delete(key);
        }
        break;
      case 'edge.upserted': {
        const { source, target, kind = '' } = event;
        this.nodes.add(source).add(target);
        const key = JSON.stringify([source, target, kind]);
        const weight = event.weight ?? this.#edges.get(key)?.weight ?? 1;
        this.#edges.set(key, { source, target, kind, weight });
        break;
      }
      case 'edge.removed':
        this.#edges.delete(JSON.stringify([event.source, event.target, event.kind ?? '']));
        break;
      default:
        throw new Error(`${event.type} is not modelled`);
    }
  }

  get size(): number {
    return this.#edges.size;
  }

  /** Edges of a kind, or of any, each neighbour once. */
  arcs(direction: Direction, kind?: string): Arcs {
    const arcs: Arcs = new Map([...this.nodes].map((node) => [node, new Map()]));
    const add = (from: NodeId, to: NodeId, weight: number): void => {
      const of = arcs.get(from)!;
      of.set(to, Math.min(weight, of.get(to) ?? UNREACHED));
    };
    for (const edge of this.#edges.values()) {
      if (kind !== undefined && edge.kind !== kind) continue;
      add(edge.source, edge.target, edge.weight);
      if (direction === 'both') add(edge.target, edge.source, edge.weight);
    }
    return arcs;
  }

  /** Those that paths may lead through. */
  #open({ within }: PlainOptions): Set<NodeId> {
    if (within === undefined) return this.nodes;
    const near = [...this.#places].filter(
      ([, { x, y }]) => (x - within.x) ** 2 + (y - within.y) ** 2 <= within.radius ** 2,
    );
    return new Set(near.map(([node]) => node));
  }

  #sorted(): NodeId[] {
    return [...this.nodes].sort(byId);
  }

  /** Nodes that arcs lead to, the source included. */
  #reached(source: NodeId, arcs: Arcs): Set<NodeId> {
    const seen = new Set<NodeId>([source]);
    for (const node of seen) for (const to of arcs.get(node)!.keys()) seen.add(to);
    return seen;
  }

  pageRank(rounds: number, direction: Direction, kind?: string): Map<NodeId, number> {
    const arcs = this.arcs(direction, kind);
    const count = this.nodes.size;
    let ranks = new Map([...this.nodes].map((node) => [node, 1 / count]));
    for (let round = 0; round < rounds; round++) {
      let dangling = 0;
      for (const [node, to] of arcs) if (to.size === 0) dangling += ranks.get(node)!;
      const next = new Map([...this.nodes].map((node) => [node, (0.15 + 0.85 * dangling) / count]));
      for (const [node, to] of arcs) {
        for (const target of to.keys()) next.set(target, next.get(target)! + (0.85 * ranks.get(node)!) / to.size);
      }
      ranks = next;
    }
    return ranks;
  }

  /** The least id that is connected with each node. */
  components(kind?: string): Map<NodeId, NodeId> {
    const arcs = this.arcs('both', kind);
    const labels = new Map<NodeId, NodeId>();
    for (const node of this.#sorted()) {
      if (!labels.has(node)) for (const other of this.#reached(node, arcs)) labels.set(other, node);
    }
    return labels;
  }

  /** The least id that each node can reach and be reached from. */
  strongComponents(kind?: string): Map<NodeId, NodeId> {
    const arcs = this.arcs('out', kind);
    const reached = new Map([...this.nodes].map((node) => [node, this.#reached(node, arcs)]));
    const labels = new Map<NodeId, NodeId>();
    for (const node of this.#sorted()) {
      for (const other of reached.get(node)!) {
        if (!labels.has(other) && reached.get(other)!.has(node)) labels.set(other, node);
      }
    }
    return labels;
  }

  hops(source: NodeId, options: PlainOptions): Map<NodeId, number> {
    const arcs = this.arcs(options.direction, options.kind);
    const open = this.#open(options);
    const hops = new Map([...this.nodes].map((node) => [node, UNREACHED]));
    if (!open.has(source)) return hops;
    hops.set(source, 0);
    const queue = [source];
    for (const node of queue) {
      for (const to of arcs.get(node)!.keys()) {
        if (hops.get(to) !== UNREACHED || !open.has(to)) continue;
        hops.set(to, hops.get(node)! + 1);
        queue.push(to);
      }
    }
    return hops;
  }

  /** Bellman and Ford: every arc, as often as there are nodes. */
  distances(source: NodeId, options: PlainOptions): Map<NodeId, number> {
    const arcs = this.arcs(options.direction, options.kind);
    const open = this.#open(options);
    const distances = new Map([...this.nodes].map((node) => [node, UNREACHED]));
    if (!open.has(source)) return distances;
    distances.set(source, 0);
    for (let round = 0; round < this.nodes.size; round++) {
      for (const [node, to] of arcs) {
        for (const [target, weight] of to) {
          if (!open.has(target)) continue;
          distances.set(target, Math.min(distances.get(target)!, distances.get(node)! + weight));
        }
      }
    }
    return distances;
  }

  /** CDLP as LDBC Graphalytics defines it: directed, a neighbour in both directions counts twice. */
  communities(rounds: number, direction: Direction, kind?: string): Map<NodeId, NodeId> {
    const arcs = this.arcs(direction, kind);
    const neighbours = new Map<NodeId, NodeId[]>([...this.nodes].map((node) => [node, []]));
    for (const [node, to] of arcs) {
      for (const target of to.keys()) {
        neighbours.get(node)!.push(target);
        if (direction === 'out') neighbours.get(target)!.push(node);
      }
    }
    let labels = new Map<NodeId, NodeId>([...this.nodes].map((node) => [node, node]));
    for (let round = 0; round < rounds; round++) {
      const next = new Map<NodeId, NodeId>();
      for (const [node, near] of neighbours) {
        const counts = new Map<NodeId, number>();
        for (const other of near) counts.set(labels.get(other)!, (counts.get(labels.get(other)!) ?? 0) + 1);
        const best = [...counts].sort((a, b) => b[1] - a[1] || byId(a[0], b[0]))[0];
        next.set(node, best?.[0] ?? labels.get(node)!);
      }
      labels = next;
    }
    return labels;
  }

  /** LCC as LDBC Graphalytics defines it; self-loops count nowhere. */
  clustering(direction: Direction, kind?: string): Map<NodeId, number> {
    const arcs = this.arcs(direction, kind);
    const both = this.arcs('both', kind);
    const values = new Map<NodeId, number>();
    for (const node of this.nodes) {
      const near = [...both.get(node)!.keys()].filter((other) => other !== node);
      let found = 0;
      for (const a of near) for (const b of near) if (a !== b && arcs.get(a)!.has(b)) found++;
      values.set(node, near.length < 2 ? 0 : found / (near.length * (near.length - 1)));
    }
    return values;
  }

  triangles(kind?: string): number {
    const arcs = this.arcs('both', kind);
    let found = 0;
    for (const a of this.nodes) {
      for (const b of arcs.get(a)!.keys()) {
        for (const c of arcs.get(b)!.keys()) if (a !== b && b !== c && a !== c && arcs.get(a)!.has(c)) found++;
      }
    }
    return found / 6;
  }
}
