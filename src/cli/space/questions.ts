import type { Engine, NodeId, ZoneEvent } from '../../index.js';
import type { Comparison } from '../comparison.js';
import { firstLines, formatMinute, formatThings } from '../format.js';
import { firstLine, Problem } from '../problem.js';
import type { Answers } from '../source.js';
import type { NearestAsked, SpaceAsked, WithinAsked } from './asked.js';
import { distanceBetween, doubtOf, isWithin } from './distance.js';
import { PlainSpace } from './plain-space.js';
import { coordinatesOf, type Point, type Space } from './space.js';
import { type Most, WithinSamples } from './within-samples.js';
import { Zones } from './zones.js';

/** Nodes that an answer names for people, and of those within a radius for programs too. */
const NAMED = 5;
/** Answers for people: a file may have a million graphs. */
const LINES = 40;
/** Of a distance: what two formulas may differ by, beside `doubtOf`. */
const DISTANCE_SLACK = 1e-12;

interface Named {
  id: NodeId;
  distance: number;
}

interface PointAnswer {
  graph: string;
  x: number;
  y: number;
  z?: number;
}

/** As `answers.within` of the JSON summary. */
interface WithinAnswer extends PointAnswer {
  radius: number;
  count: number;
  nearest: Named[];
  /** Of a graph that is asked while it changes. */
  most?: Most;
}

/** As `answers.nearest`. */
interface NearestAnswer extends PointAnswer {
  k: number;
  nearest: Named[];
}

interface GraphUse {
  /** Whether zones are set in it; they are by default. */
  zones?: boolean;
  /** Whether it is asked while it changes too. */
  sampled?: boolean;
}

/** What --within, --nearest and --zone ask of every graph of a run. */
export class Questions {
  /** Where something is asked and `--check` given. */
  readonly plain: PlainSpace | undefined;
  readonly #engine: Engine;
  readonly #within: readonly WithinAsked[];
  readonly #nearest: readonly NearestAsked[];
  readonly #zones: Zones;
  readonly #asked: SpaceAsked;
  readonly #graphs = new Map<string, Space>();
  readonly #samples = new Map<string, WithinSamples>();

  constructor(
    engine: Engine,
    asked: SpaceAsked,
    options: { check: boolean; tell: (graph: string, event: ZoneEvent) => void },
  ) {
    this.#engine = engine;
    this.#asked = asked;
    this.#within = asked.within;
    this.#nearest = asked.nearest;
    this.#zones = new Zones(engine, asked.zones, asked.detect, options.tell);
    const any = asked.within.length + asked.nearest.length + asked.zones.length > 0;
    this.plain = options.check && any ? new PlainSpace(asked.detect !== undefined) : undefined;
  }

  /**
   * Before the first event of a graph: it is asked too.
   * @throws Problem now, not when all is published, where it cannot be asked.
   */
  begin(graph: string, space: Space, { zones = true, sampled = false }: GraphUse = {}): void {
    this.#graphs.set(graph, space);
    this.plain?.begin(graph);
    if (zones) this.#zones.begin(graph, space, this.plain);
    for (const asked of this.#of(this.#within, space)) this.#ask(asked, () => this.#askWithin(graph, space, asked, 1));
    for (const asked of this.#of(this.#nearest, space)) this.#ask(asked, () => this.#askNearest(graph, space, asked));
    const within = this.#of(this.#within, space);
    if (sampled && within.length > 0) {
      this.#samples.set(graph, new WithinSamples(this.#engine.graph(graph), space, within));
    }
  }

  /** Of the graphs of the run, by name. */
  get spaces(): ReadonlyMap<string, Space> {
    return this.#graphs;
  }

  /** Of a graph that is asked while it changes, where `--within` asks anything. */
  samplesOf(graph: string): WithinSamples | undefined {
    return this.#samples.get(graph);
  }

  #of<T extends { dimensions: 2 | 3 }>(all: readonly T[], space: Space): T[] {
    return all.filter(({ dimensions }) => dimensions === space.dimensions);
  }

  #ask<T>({ option }: { option: string }, ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      throw new Problem(`${option}: ${firstLine(error)}`);
    }
  }

  #askWithin(graph: string, space: Space, { at, radius }: WithinAsked, limit: number): Named[] {
    const query = { ...coordinatesOf(at, space), radius, limit, sort: 'distance' as const };
    return named(this.#engine.graph(graph).within(query));
  }

  #askNearest(graph: string, space: Space, { at, k }: NearestAsked): Named[] {
    return named(this.#engine.graph(graph).nearest({ ...coordinatesOf(at, space), k }));
  }

  answers(): Answers {
    const values: Record<string, unknown> = {};
    const lines: string[] = [];
    if (this.#within.length > 0) values.within = this.#eachWithin(lines);
    if (this.#nearest.length > 0) values.nearest = this.#eachNearest(lines);
    const zones = this.#zones.answers();
    const sections = lines.length === 0 ? [] : [{ title: 'Asked', lines: firstLines(lines, LINES) }];
    return { values: { ...values, ...zones.values }, sections: [...sections, ...zones.sections] };
  }

  /** After a flush, and before answers: what was told of zones has been read. */
  settle(): Promise<void> {
    return this.#zones.settle();
  }

  get notes(): string[] {
    // Of a file of events, whose graphs have two dimensions or three: a question that fitted none of them is not passed over.
    const dimensions = new Set([...this.#graphs.values()].map((space) => space.dimensions));
    const unasked = [...this.#within, ...this.#nearest, ...this.#asked.zones].filter(
      (asked) => asked.dimensions !== undefined && !dimensions.has(asked.dimensions),
    );
    const notes = unasked.map(
      ({ option, dimensions: own }) => `${option}: no graph has ${own} dimensions, so it was not asked.`,
    );
    return [...this.#zones.notes, ...notes];
  }

  #eachWithin(lines: string[]): WithinAnswer[] {
    const answers: WithinAnswer[] = [];
    for (const [graph, space] of this.#graphs) {
      for (const asked of this.#of(this.#within, space)) {
        const at = coordinatesOf(asked.at, space);
        const { radius } = asked;
        const count = this.#engine.graph(graph).within({ ...at, radius }).length;
        const nearest = this.#askWithin(graph, space, asked, NAMED);
        const most = this.#samples.get(graph)?.most(asked);
        answers.push({ graph, ...at, radius, count, nearest, ...(most !== undefined && { most }) });
        const unit = unitOf(space);
        const found = `${graph}: ${formatThings(count, 'node')} within ${radius}${unit} of ${pointText(asked)}`;
        const peak = most?.time === undefined ? '' : `, at most ${most.count} (${formatMinute(Date.parse(most.time))})`;
        lines.push(`${found}${count === 0 ? '' : `, nearest ${namedText(nearest, unit)}`}${peak}`);
      }
    }
    return answers;
  }

  #eachNearest(lines: string[]): NearestAnswer[] {
    const answers: NearestAnswer[] = [];
    for (const [graph, space] of this.#graphs) {
      for (const asked of this.#of(this.#nearest, space)) {
        const nearest = this.#askNearest(graph, space, asked);
        answers.push({ graph, ...coordinatesOf(asked.at, space), k: asked.k, nearest });
        const found = nearest.length === 0 ? 'none' : namedText(nearest, unitOf(space));
        lines.push(`${graph}: nearest to ${pointText(asked)}: ${found}`);
      }
    }
    return answers;
  }

  // ------------------------------------------------------------ check

  /** Each answer against a scan of all nodes. */
  check(comparison: Comparison): void {
    const { plain } = this;
    if (plain === undefined) return;
    this.#zones.check(comparison, plain);
    for (const samples of this.#samples.values()) samples.check(comparison);
    for (const [graph, space] of this.#graphs) {
      const nodes = plain.nodesOf(graph);
      for (const asked of this.#of(this.#within, space)) this.#checkWithin(comparison, graph, space, asked, nodes);
      for (const asked of this.#of(this.#nearest, space)) this.#checkNearest(comparison, graph, space, asked, nodes);
    }
  }

  #checkWithin(
    comparison: Comparison,
    graph: string,
    space: Space,
    { at, radius, option }: WithinAsked,
    nodes: ReadonlyMap<NodeId, Point>,
  ): void {
    const found = new Set(
      this.#engine
        .graph(graph)
        .within({ ...coordinatesOf(at, space), radius })
        .ids(),
    );
    let count = 0;
    const alone: NodeId[] = [];
    for (const [id, point] of nodes) {
      // Where rounding decides, the engine is believed.
      const inside = isWithin(space, at, point, radius) ?? found.has(id);
      if (inside) count++;
      if (inside !== found.has(id)) alone.push(id);
    }
    comparison.equal(`nodes of ${graph}, ${option}`, found.size, count);
    comparison.equal(`nodes of ${graph} in one answer alone, ${option}`, alone.slice(0, NAMED).join(' '), '');
  }

  #checkNearest(
    comparison: Comparison,
    graph: string,
    space: Space,
    asked: NearestAsked,
    nodes: ReadonlyMap<NodeId, Point>,
  ): void {
    const found = this.#askNearest(graph, space, asked);
    const distances = Float64Array.from(nodes.values(), (point) => distanceBetween(space, asked.at, point)).sort();
    comparison.equal(`nodes of ${graph}, ${asked.option}`, found.length, Math.min(asked.k, distances.length));
    found.forEach(({ id, distance }, i) => {
      const slack = distance * DISTANCE_SLACK + doubtOf(space);
      const what = `distance of nearest ${i + 1} of ${graph}, ${asked.option}`;
      comparison.near(what, distance, distances[i] ?? Number.NaN, slack);
      const point = nodes.get(id);
      const itself = point === undefined ? Number.NaN : distanceBetween(space, asked.at, point);
      comparison.near(`distance of ${id} of ${graph}, ${asked.option}`, distance, itself, slack);
    });
  }
}

function named(set: { ids(): NodeId[]; readonly distances?: Float64Array | undefined }): Named[] {
  return set.ids().map((id, i) => ({ id, distance: set.distances![i]! }));
}

function unitOf(space: Space): string {
  return space.radiusM > 0 ? ' m' : '';
}

function pointText({ at, dimensions }: { at: Point; dimensions: 2 | 3 }): string {
  return `(${dimensions === 3 ? [at.x, at.y, at.z] : [at.x, at.y]})`;
}

function namedText(all: readonly Named[], unit: string): string {
  const names = all.slice(0, NAMED).map(({ id, distance }) => `${id} at ${Number(distance.toPrecision(6))}${unit}`);
  return all.length > NAMED ? `${names.join(', ')} and ${all.length - NAMED} more` : names.join(', ');
}
