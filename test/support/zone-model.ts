import type { EngineEvent, NodeId, RoamEvent, ZoneEvent, ZoneShape } from '../../dist/src/index.js';
import { contains } from '../../dist/src/zones/geometry.js';
import { PLANE } from '../../dist/src/zones/space.js';
import { crosses } from '../../dist/src/zones/ways.js';
import { type Zone, zoneOf } from '../../dist/src/zones/zone.js';

/** An event of a graph in two dimensions, or a zone set or removed; every event has a time. */
export type Happening =
  | EngineEvent
  | { type: 'zone.set'; graph: string; zone: string; shape: ZoneShape }
  | { type: 'zone.removed'; graph: string; zone: string };

interface ModelNode {
  id: NodeId;
  x: number;
  y: number;
  time: number;
}
interface ModelGraph {
  late: boolean;
  /** In the order in which they became nodes, and zones in that in which they were set. */
  nodes: Map<NodeId, ModelNode>;
  zones: Map<string, Zone>;
}

/** What watchers must be told, by looking at every zone and every node for every event. */
export class ZoneModel {
  readonly graphs = new Map<string, ModelGraph>();
  readonly told: Array<ZoneEvent & { graph: string }> = [];
  readonly roamed: Array<RoamEvent & { graph: string; radius: number }> = [];
  readonly #radii: readonly number[];
  readonly #clock: number;

  /** `clock`: the time of publishing, of events of zones. */
  constructor(radii: readonly number[], clock: number) {
    this.#radii = radii;
    this.#clock = clock;
  }

  apply(event: Happening): void {
    const { graph: name } = event;
    if (event.type.endsWith('.removed') && !this.graphs.has(name)) return;
    let graph = this.graphs.get(name);
    if (graph === undefined) {
      const late = event.type === 'graph.created' && event.options?.late === 'ignore';
      graph = { late, nodes: new Map(), zones: new Map() };
      this.graphs.set(name, graph);
    }
    switch (event.type) {
      case 'node.moved': {
        const before = graph.nodes.get(event.node);
        if (before !== undefined && graph.late && event.time! < before.time) return;
        this.#place(name, graph, { id: event.node, x: event.x, y: event.y, time: event.time! });
        return;
      }
      case 'node.upserted': {
        const before = graph.nodes.get(event.node);
        if (before !== undefined && graph.late && event.time! < before.time) return;
        const { x = Number.NaN, y = Number.NaN } = before ?? {};
        const node = { id: event.node, x: event.x ?? x, y: event.y ?? y, time: event.time! };
        // Without a coordinate it is no move.
        if (event.x === undefined && event.y === undefined) this.#put(graph, node);
        else this.#place(name, graph, node);
        return;
      }
      case 'edge.upserted':
        for (const id of [event.source, event.target]) {
          if (!graph.nodes.has(id)) graph.nodes.set(id, { id, x: Number.NaN, y: Number.NaN, time: event.time! });
        }
        return;
      case 'node.removed': {
        const node = graph.nodes.get(event.node);
        if (node === undefined) return;
        this.#compare(name, graph, node, undefined, event.time!);
        graph.nodes.delete(event.node);
        return;
      }
      case 'zone.set': {
        const before = graph.zones.get(event.zone);
        const after = zoneOf(0, 0, event.shape, PLANE);
        this.#change(name, graph, event.zone, before, after);
        graph.zones.delete(event.zone);
        graph.zones.set(event.zone, after);
        return;
      }
      case 'zone.removed':
        this.#change(name, graph, event.zone, graph.zones.get(event.zone), undefined);
        graph.zones.delete(event.zone);
        return;
      case 'graph.removed':
        this.#removeGraph(name, graph, event.time!);
        return;
      default:
    }
  }

  #place(name: string, graph: ModelGraph, node: ModelNode): void {
    this.#compare(name, graph, graph.nodes.get(node.id), node, node.time);
    this.#put(graph, node);
  }

  #put(graph: ModelGraph, node: ModelNode): void {
    const known = graph.nodes.get(node.id);
    if (known === undefined) graph.nodes.set(node.id, node);
    else Object.assign(known, node);
  }

  #compare(
    name: string,
    graph: ModelGraph,
    from: ModelNode | undefined,
    to: ModelNode | undefined,
    time: number,
  ): void {
    const was = from !== undefined && isPlaced(from);
    const will = to !== undefined && isPlaced(to);
    if (!was && !will) return;
    const at = will ? to : from!;
    for (const [zone, shape] of graph.zones) {
      const before = was && contains(shape, PLANE, from.x, from.y, 0);
      const after = will && contains(shape, PLANE, to.x, to.y, 0);
      const through = was && will && crosses(shape, PLANE, from.x, from.y, 0, to.x, to.y, 0);
      const detect = before ? (after ? 'inside' : 'exit') : after ? 'enter' : through ? 'cross' : undefined;
      if (detect !== undefined) this.told.push({ graph: name, zone, node: at.id, detect, x: at.x, y: at.y, time });
    }
    for (const radius of this.#radii) {
      for (const detect of ['faraway', 'nearby'] as const) {
        for (const other of graph.nodes.values()) {
          if (other.id === at.id || !isPlaced(other)) continue;
          const before = was && isNear(from, other, radius);
          const after = will && isNear(to, other, radius);
          if (before === after || after !== (detect === 'nearby')) continue;
          this.#roam(name, radius, detect, at, other, time);
        }
      }
    }
  }

  #roam(
    graph: string,
    radius: number,
    detect: RoamEvent['detect'],
    at: ModelNode,
    other: ModelNode,
    time: number,
  ): void {
    const { x, y } = at;
    const [otherX, otherY] = [other.x, other.y];
    const distance = Math.sqrt((otherX - x) * (otherX - x) + (otherY - y) * (otherY - y));
    this.roamed.push({ graph, radius, detect, node: at.id, other: other.id, distance, time, x, y, otherX, otherY });
  }

  #change(graph: string, of: ModelGraph, zone: string, before: Zone | undefined, after: Zone | undefined): void {
    for (const { id, x, y } of [...of.nodes.values()].filter(isPlaced)) {
      const was = before !== undefined && contains(before, PLANE, x, y, 0);
      const is = after !== undefined && contains(after, PLANE, x, y, 0);
      if (was !== is) this.told.push({ graph, zone, node: id, detect: is ? 'enter' : 'exit', x, y, time: this.#clock });
    }
  }

  #removeGraph(name: string, graph: ModelGraph, time: number): void {
    const nodes = [...graph.nodes.values()].filter(isPlaced);
    for (const [zone, shape] of graph.zones) {
      for (const { id, x, y } of nodes) {
        if (contains(shape, PLANE, x, y, 0))
          this.told.push({ graph: name, zone, node: id, detect: 'exit', x, y, time });
      }
    }
    for (const radius of this.#radii) {
      nodes.forEach((node, i) => {
        for (const other of nodes.slice(i + 1)) {
          if (isNear(node, other, radius)) this.#roam(name, radius, 'faraway', node, other, time);
        }
      });
    }
    this.graphs.delete(name);
  }
}

function isPlaced(node: ModelNode): boolean {
  return !Number.isNaN(node.x + node.y);
}

function isNear(a: ModelNode, b: ModelNode, radius: number): boolean {
  return (a.x - b.x) ** 2 + (a.y - b.y) ** 2 <= radius ** 2;
}

/** Happenings that the seed decides: few nodes among many zones, so that much is told. */
export function happenings(random: (below: number) => number, length: number, graphs: number): Happening[] {
  const shape = (): ZoneShape => {
    const x = random(20) - 10;
    const y = random(20) - 10;
    const size = 1 + random(6);
    const dice = random(4);
    if (dice === 0) return { type: 'circle', x, y, radius: random(3) === 0 ? 0 : size };
    if (dice === 1) return { type: 'box', minX: x, minY: y, maxX: x + random(size + 1), maxY: y + size };
    if (dice === 2)
      return {
        type: 'polygon',
        points: [
          [x, y],
          [x + size, y],
          [x + 1, y + size],
        ],
      };
    return {
      type: 'polygon',
      points: [
        [x, y],
        [x + size, y],
        [x + size, y + size],
        [x + size / 2, y + 1],
        [x, y + size],
      ],
    };
  };
  const coordinate = (): number => (random(4) === 0 ? (random(2400) - 1200) / 100 : random(24) - 12);
  return Array.from({ length }, (_, i): Happening => {
    const graph = `g${random(graphs)}`;
    // Now and then an older time, for a graph that ignores those.
    const time = random(6) === 0 ? Math.max(0, i - 20) : i;
    const node = random(3) === 0 ? random(12) : `n${random(12)}`;
    const dice = random(100);
    if (i === 0) return { type: 'graph.created', graph: 'g0', options: { late: 'ignore' }, time };
    if (dice < 20) return { type: 'zone.set', graph, zone: `z${random(14)}`, shape: shape() };
    if (dice < 25) return { type: 'zone.removed', graph, zone: `z${random(14)}` };
    if (dice < 78) return { type: 'node.moved', graph, node, x: coordinate(), y: coordinate(), time };
    if (dice < 88) {
      const which = random(4);
      return {
        type: 'node.upserted',
        graph,
        node,
        ...((which & 1) !== 0 && { x: coordinate() }),
        ...((which & 2) !== 0 && { y: coordinate() }),
        time,
      };
    }
    if (dice < 92) return { type: 'edge.upserted', graph, source: node, target: node, time };
    if (dice < 98 || graph === 'g0') return { type: 'node.removed', graph, node, time };
    return { type: 'graph.removed', graph, time };
  });
}
