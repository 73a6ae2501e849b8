import type { Engine, Graph } from '../index.js';
import type { Comparison } from './comparison.js';
import { formatCount, formatMs } from './format.js';
import { moveAll, turn } from './pace.js';
import type { Answers, RunOptions, Source, SourceRun } from './source.js';
import type { Questions } from './space/questions.js';
import { spaceOf } from './space/space.js';

const DEFAULT_NODES = 1_000_000;
const DEFAULT_SECONDS = 10;
const DEFAULT_SEED = 0x9e3779b9;
/** Nodes a square unit: a circle of radius 10 holds 31 on average, at any number of nodes. */
const DENSITY = 0.1;
const RADIUS = 10;
const QUERIES = 1000;
const CHECKED_QUERIES = 20;
/** Rows in one call: half a millisecond of publishing between two turns of the event loop. */
const CHUNK = 8192;
/** The capacity of nodes that an engine has by default. */
const DEFAULT_CAPACITY = 4_194_304;

/** xorshift32: the same walk for the same seed, on any machine. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** In [0, 1). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 4294967296;
  }
}

export function swarmSource(options: RunOptions): Source {
  const nodes = options.nodes ?? DEFAULT_NODES;
  return {
    name: 'swarm',
    engineOptions: nodes > DEFAULT_CAPACITY ? { capacity: { nodes } } : {},
    dimensions: 2,
    start: (engine, questions) => new SwarmRun(engine, questions, nodes, options),
  };
}

/** Random walkers in a square, moved round by round: each coordinate by at most half a unit, reflected at the borders. */
class SwarmRun implements SourceRun {
  readonly notes: readonly string[] = [];
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #questions: Questions;
  readonly #nodes: number;
  readonly #side: number;
  readonly #seconds: number;
  readonly #limit: number;
  readonly #seed: number;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #counted = new Uint32Array(1);
  #moves = 0;
  #startedMs = 0;

  constructor(engine: Engine, questions: Questions, nodes: number, options: RunOptions) {
    this.#engine = engine;
    this.#graph = engine.graph(options.graph ?? 'swarm');
    this.#questions = questions;
    questions.begin(this.#graph.name, spaceOf());
    this.#nodes = nodes;
    this.#side = Math.sqrt(nodes / DENSITY);
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#seconds = options.seconds ?? (options.limit === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY);
    this.#seed = options.seed ?? DEFAULT_SEED;
    this.#x = new Float64Array(nodes);
    this.#y = new Float64Array(nodes);
  }

  /** The first round places the walkers; a limit counts the moves after it. */
  async publish(signal: AbortSignal): Promise<void> {
    const random = new Random(this.#seed);
    const [x, y, side] = [this.#x, this.#y, this.#side];
    const handles = new Uint32Array(this.#nodes);
    for (let from = 0; from < this.#nodes && !signal.aborted; from += CHUNK) {
      const to = Math.min(from + CHUNK, this.#nodes);
      const ids = Array.from({ length: to - from }, (_, i) => `walker-${from + i}`);
      handles.set(this.#graph.handles(ids), from);
      for (let i = from; i < to; i++) {
        x[i] = random.next() * side;
        y[i] = random.next() * side;
      }
      await this.#send(handles, from, to);
    }
    this.#startedMs = performance.now();
    let row = 0;
    while (!signal.aborted && this.done() < 1) {
      const to = Math.min(row + CHUNK, this.#nodes, row + this.#limit - this.#moves);
      walk(random, x, y, row, to, side);
      await this.#send(handles, row, to);
      this.#moves += to - row;
      row = to === this.#nodes ? 0 : to;
    }
  }

  done(): number {
    if (this.#startedMs === 0) return 0;
    return Math.min(
      1,
      Math.max((performance.now() - this.#startedMs) / 1000 / this.#seconds, this.#moves / this.#limit),
    );
  }

  live(): string {
    const near = this.#graph.withinInto(this.#side / 2, this.#side / 2, RADIUS, this.#counted);
    return `${formatCount(this.#graph.order)} walkers, ${near} within ${RADIUS} of the centre`;
  }

  answers(): Answers {
    const random = new Random(this.#seed ^ 0x85ebca6b || 1);
    const found = new Uint32Array(1024);
    let total = 0;
    const startedMs = performance.now();
    for (let i = 0; i < QUERIES; i++) {
      total += this.#graph.withinInto(random.next() * this.#side, random.next() * this.#side, RADIUS, found);
    }
    const queryMs = (performance.now() - startedMs) / QUERIES;
    const meanWithin = total / QUERIES;
    const values = {
      nodes: this.#graph.order,
      side: this.#side,
      seed: this.#seed >>> 0,
      moves: this.#moves,
      radius: RADIUS,
      queries: QUERIES,
      meanWithin,
      queryMs,
    };
    const lines = [
      `${formatCount(this.#graph.order)} walkers on a square of ${this.#side.toFixed(0)} a side took ${formatCount(this.#moves)} steps`,
      `${meanWithin.toFixed(1)} walkers within ${RADIUS} of a random place (mean of ${formatCount(QUERIES)} queries, ${formatMs(queryMs)} each)`,
    ];
    return { values, sections: [{ title: 'Swarm', lines }] };
  }

  /** Walks again from the seed, without the engine, and scans. */
  async check(comparison: Comparison): Promise<void> {
    const placed = this.#startedMs === 0 ? this.#graph.order : this.#nodes;
    const random = new Random(this.#seed);
    const x = new Float64Array(this.#nodes);
    const y = new Float64Array(this.#nodes);
    for (let i = 0; i < placed; i++) {
      x[i] = random.next() * this.#side;
      y[i] = random.next() * this.#side;
    }
    const { plain } = this.#questions;
    const place = (count: number): void => {
      for (let i = 0; plain !== undefined && i < count; i++) {
        plain.place(this.#graph.name, `walker-${i}`, { x: x[i]!, y: y[i]!, z: 0 });
      }
    };
    place(placed);
    for (let move = 0; move < this.#moves; ) {
      const count = Math.min(this.#nodes, this.#moves - move);
      walk(random, x, y, 0, count, this.#side);
      move += count;
      if (plain?.everyMove === true) place(count);
    }
    if (plain?.everyMove === false) place(placed);
    comparison.equal('walkers', this.#graph.order, placed);
    for (let i = 0; i < placed; i += Math.ceil(this.#nodes / QUERIES)) {
      const node = this.#graph.node(`walker-${i}`);
      comparison.equal(`x of walker-${i}`, node?.x ?? Number.NaN, x[i]!);
      comparison.equal(`y of walker-${i}`, node?.y ?? Number.NaN, y[i]!);
    }
    for (let query = 0; query < CHECKED_QUERIES; query++) {
      const [atX, atY] = [random.next() * this.#side, random.next() * this.#side];
      const near: string[] = [];
      let nearest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < placed; i++) {
        const square = (x[i]! - atX) ** 2 + (y[i]! - atY) ** 2;
        if (square <= RADIUS * RADIUS) near.push(`walker-${i}`);
        nearest = Math.min(nearest, square);
      }
      const place = `(${atX}, ${atY})`;
      const engineNear = this.#graph.within({ x: atX, y: atY, radius: RADIUS }).ids();
      comparison.equal(`walkers within ${RADIUS} of ${place}`, engineNear.sort().join(' '), near.sort().join(' '));
      if (placed === 0) continue;
      const distance = this.#graph.nearest({ x: atX, y: atY, k: 1 }).distances?.[0] ?? Number.NaN;
      comparison.near(`distance of the nearest to ${place}`, distance, Math.sqrt(nearest), 1e-9 * this.#side);
    }
  }

  async #send(handles: Uint32Array, from: number, to: number): Promise<void> {
    const part = <T extends Uint32Array | Float64Array>(column: T): T => column.subarray(from, to) as T;
    await moveAll(this.#engine, this.#graph, part(handles), part(this.#x), part(this.#y));
    await turn();
  }
}

function walk(random: Random, x: Float64Array, y: Float64Array, from: number, to: number, side: number): void {
  for (let i = from; i < to; i++) {
    x[i] = reflect(x[i]! + random.next() - 0.5, side);
    y[i] = reflect(y[i]! + random.next() - 0.5, side);
  }
}

function reflect(value: number, side: number): number {
  return value < 0 ? -value : value > side ? 2 * side - value : value;
}
