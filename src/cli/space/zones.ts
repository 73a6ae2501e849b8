import type { Engine, Graph, NodeId, ZoneDetect, ZoneEvent, ZoneShape } from '../../index.js';
import { byId } from '../by-id.js';
import type { Comparison } from '../comparison.js';
import { firstLines, formatCount, formatThings } from '../format.js';
import { turn } from '../pace.js';
import { firstLine, Problem } from '../problem.js';
import type { Answers } from '../source.js';
import type { ZoneAsked } from './asked-zones.js';
import type { PlainSpace } from './plain-space.js';
import { isInZone } from './plain-zone.js';
import type { Point, Space } from './space.js';

/** Zones shown to people: each of a file's many graphs has its own. */
const LINES = 40;
/** Nodes inside that the summary names, for people and for programs. */
const NAMED = 5;
const LISTED = 100;

type Counts = Record<ZoneDetect, number>;
const NONE: Map<string, Counts> = new Map();

interface WatchedGraph {
  readonly graph: Graph;
  readonly space: Space;
  readonly zones: readonly ZoneAsked[];
  /** By zone; only what is watched is counted. */
  readonly counts: Map<string, Counts>;
  /** Reads the events; resolves when all are read after the stop. */
  readonly reader: Promise<void> | undefined;
}

/** The zones of a run, and what was told about them: counted by zone, so that a long run needs no more memory. */
export class Zones {
  readonly #engine: Engine;
  readonly #zones: readonly ZoneAsked[];
  readonly #detect: readonly ZoneDetect[] | undefined;
  readonly #tell: (graph: string, event: ZoneEvent) => void;
  readonly #stop = new AbortController();
  readonly #graphs: WatchedGraph[] = [];
  #read = 0;

  /** `tell` is called with each event, in order. */
  constructor(
    engine: Engine,
    zones: readonly ZoneAsked[],
    detect: readonly ZoneDetect[] | undefined,
    tell: (graph: string, event: ZoneEvent) => void,
  ) {
    this.#engine = engine;
    this.#zones = zones;
    this.#detect = detect;
    this.#tell = tell;
  }

  /** Before the first event of a graph: sets the zones that fit its space. @throws Problem */
  begin(name: string, space: Space, plain: PlainSpace | undefined): void {
    const zones = this.#zones.filter(({ dimensions }) => (dimensions ?? space.dimensions) === space.dimensions);
    const graph = this.#engine.graph(name);
    if (zones.length === 0) {
      // Its own events may set some: then they are listed.
      this.#graphs.push({ graph, space, zones, counts: NONE, reader: undefined });
      return;
    }
    const counts = new Map<string, Counts>();
    const reader = this.#detect === undefined ? undefined : this.#count(graph, this.#detect, counts);
    // An engine that fails ends the run elsewhere: then nobody waits for the reader.
    reader?.catch(() => undefined);
    for (const { option, name: zone, shape } of zones) {
      try {
        graph.setZone(zone, shape);
      } catch (error) {
        throw new Problem(`${option}: ${firstLine(error)}`);
      }
      countsOf(counts, zone);
      plain?.setZone(name, zone, shape, space);
    }
    this.#graphs.push({ graph, space, zones, counts, reader });
  }

  /** The events come through a bounded queue: whoever publishes faster than this reads is held back, and none is lost. */
  async #count(graph: Graph, detect: readonly ZoneDetect[], counts: Map<string, Counts>): Promise<void> {
    const events = graph.watch({ detect: [...detect], signal: this.#stop.signal });
    for await (const event of events) {
      countsOf(counts, event.zone)[event.detect]++;
      this.#read++;
      this.#tell(graph.name, event);
    }
  }

  /** After a flush: all that was told has been read. */
  async settle(): Promise<void> {
    // Readers take all there is in one turn, and what their queues had no room for in the same.
    let before: number;
    do {
      before = this.#read;
      await turn();
    } while (this.#read !== before);
    this.#stop.abort();
    await Promise.all(this.#graphs.map(({ reader }) => reader));
  }

  get notes(): string[] {
    if (this.#detect === undefined) return [];
    return [
      `Every zone event was read (${formatCount(this.#read)} of them): where they come faster than they are read, the run waits.`,
    ];
  }

  // ------------------------------------------------------------ answers

  answers(): Answers {
    const lines: string[] = [];
    const zones: unknown[] = [];
    for (const { graph, counts, zones: asked } of this.#graphs) {
      // Those asked for first, then what the graph's own events set, or set and removed.
      const there = Array.from(graph.zones(), ({ name }) => name);
      const names = new Set([...asked.map(({ name }) => name), ...there, ...counts.keys()]);
      const width = Math.max(0, ...Array.from(names, ({ length }) => length));
      for (const zone of names) {
        const ids = graph.inZone(zone).ids().sort(byId);
        const events = this.#told(counts.get(zone));
        zones.push({ graph: graph.name, zone, nodes: ids.length, inside: ids.slice(0, LISTED), events });
        const told = Object.entries(events ?? {}).map(([detect, count]) => `${formatCount(count)} ${detect}`);
        // A zone goes with its graph, and is not set again in one of the same name.
        const inside = there.includes(zone) ? `${formatThings(ids.length, 'node')} inside` : 'is gone';
        lines.push(`${graph.name}: ${[`${zone.padEnd(width)}  ${inside}`, ...told].join(', ')}${namedText(ids)}`);
      }
    }
    if (this.#zones.length === 0 && zones.length === 0) return { values: {}, sections: [] };
    return {
      values: { zones },
      sections: lines.length === 0 ? [] : [{ title: 'Zones', lines: firstLines(lines, LINES) }],
    };
  }

  /** The kinds that are watched. */
  #told(counts: Counts | undefined): Partial<Counts> | undefined {
    if (this.#detect === undefined || counts === undefined) return undefined;
    return Object.fromEntries(this.#detect.map((detect) => [detect, counts[detect]]));
  }

  /** Against what the moves come to in plain JavaScript. */
  check(comparison: Comparison, plain: PlainSpace): void {
    for (const watched of this.#graphs) {
      const { name } = watched.graph;
      for (const { name: zone, shape } of watched.graph.zones()) {
        this.#checkNodes(comparison, watched, { zone, shape }, plain.nodesOf(name));
      }
      for (const { name: zone } of watched.zones) {
        const tally = plain.tallyOf(name, zone);
        // The file's own events set or removed it: what that tells is not counted again here.
        if (tally === undefined) continue;
        comparison.equal(
          `zone ${zone} of ${name}`,
          Number(watched.graph.zone(zone) !== undefined),
          Number(!tally.isOver),
        );
        for (const detect of this.#detect ?? []) {
          const told = watched.counts.get(zone)![detect];
          comparison.near(`${detect} of zone ${zone} of ${name}`, told, tally.counts[detect], tally.doubts);
        }
      }
    }
  }

  #checkNodes(
    comparison: Comparison,
    { graph, space }: WatchedGraph,
    { zone, shape }: { zone: string; shape: ZoneShape },
    nodes: ReadonlyMap<NodeId, Point>,
  ): void {
    const found = new Set(graph.inZone(zone).ids());
    let count = 0;
    const alone: NodeId[] = [];
    for (const [id, at] of nodes) {
      // Where rounding decides, the engine is believed.
      const inside = isInZone(shape, space, at) ?? found.has(id);
      if (inside) count++;
      if (inside !== found.has(id)) alone.push(id);
    }
    comparison.equal(`nodes in zone ${zone} of ${graph.name}`, found.size, count);
    comparison.equal(`nodes in zone ${zone} of ${graph.name} in one answer only`, alone.slice(0, NAMED).join(' '), '');
  }
}

function countsOf(all: Map<string, Counts>, zone: string): Counts {
  let counts = all.get(zone);
  if (counts === undefined) {
    counts = { enter: 0, exit: 0, inside: 0, cross: 0 };
    all.set(zone, counts);
  }
  return counts;
}

/** The first of those inside, for people. */
function namedText(ids: readonly NodeId[]): string {
  if (ids.length === 0) return '';
  const more = ids.length > NAMED ? ` and ${formatCount(ids.length - NAMED)} more` : '';
  return `: ${ids.slice(0, NAMED).join(', ')}${more}`;
}
