import type { NodeId, ZoneDetect, ZoneShape } from '../../index.js';
import { isInZone, isPassed } from './plain-zone.js';
import { isPlaced, type Point, type Space } from './space.js';

/** What moves did to a zone. */
export class ZoneTally {
  readonly counts: Record<ZoneDetect, number> = { enter: 0, exit: 0, inside: 0, cross: 0 };
  /** Moves of which rounding decides what they did: each count may be off by so many. */
  doubts = 0;
  /** The zone is there no more. */
  isOver = false;
  readonly #shape: ZoneShape;
  readonly #space: Space;

  constructor(shape: ZoneShape, space: Space) {
    this.#shape = shape;
    this.#space = space;
  }

  /** A node that was somewhere, or not, and now is, or not. */
  move(from: Point | undefined, to: Point | undefined): void {
    if (this.isOver) return;
    const before = from === undefined ? false : isInZone(this.#shape, this.#space, from);
    const after = to === undefined ? false : isInZone(this.#shape, this.#space, to);
    if (before === undefined || after === undefined) this.doubts++;
    else if (before) this.counts[after ? 'inside' : 'exit']++;
    else if (after) this.counts.enter++;
    else if (from !== undefined && to !== undefined) this.#pass(isPassed(this.#shape, this.#space, from, to));
  }

  #pass(passed: boolean | undefined): void {
    if (passed === undefined) this.doubts++;
    else if (passed) this.counts.cross++;
  }
}

interface PlainGraph {
  readonly nodes: Map<NodeId, Point>;
  /** By name, in order. */
  readonly zones: Map<string, ZoneTally>;
}

/** Where the nodes of each graph are, in Maps, and what their moves did to zones: what answers in space are checked against. */
export class PlainSpace {
  /** Whether every move is to be told, or the last of each node is enough. */
  readonly everyMove: boolean;
  readonly #graphs = new Map<string, PlainGraph>();

  constructor(everyMove: boolean) {
    this.everyMove = everyMove;
  }

  begin(graph: string): void {
    this.#graphs.set(graph, { nodes: new Map(), zones: new Map() });
  }

  setZone(graph: string, name: string, shape: ZoneShape, space: Space): void {
    this.#graphs.get(graph)?.zones.set(name, new ZoneTally(shape, space));
  }

  /** An event set or removed it: what moves do to it is not known here any more. */
  dropZone(graph: string, name: string): void {
    this.#graphs.get(graph)?.zones.delete(name);
  }

  place(graph: string, id: NodeId, at: Point): void {
    const plain = this.#graphs.get(graph);
    if (plain === undefined || !isPlaced(at)) return;
    if (this.everyMove) {
      const from = plain.nodes.get(id);
      for (const tally of plain.zones.values()) tally.move(from, at);
    }
    plain.nodes.set(id, at);
  }

  remove(graph: string, id: NodeId): void {
    const plain = this.#graphs.get(graph);
    const from = plain?.nodes.get(id);
    if (plain === undefined || from === undefined) return;
    for (const tally of plain.zones.values()) tally.move(from, undefined);
    plain.nodes.delete(id);
  }

  /** Its zones go with it: nothing is told of them any more. */
  removeGraph(graph: string): void {
    for (const id of [...this.nodesOf(graph).keys()]) this.remove(graph, id);
    for (const tally of this.#graphs.get(graph)?.zones.values() ?? []) tally.isOver = true;
  }

  tallyOf(graph: string, zone: string): ZoneTally | undefined {
    return this.#graphs.get(graph)?.zones.get(zone);
  }

  nodesOf(graph: string): ReadonlyMap<NodeId, Point> {
    return this.#graphs.get(graph)?.nodes ?? new Map();
  }
}
