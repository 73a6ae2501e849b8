import type { Graph } from '../../index.js';
import type { Comparison } from '../comparison.js';
import type { WithinAsked } from './asked.js';
import { isWithin } from './distance.js';
import { coordinatesOf, type Point, type Space } from './space.js';

export interface Most {
  /** ISO 8601; undefined where never asked. */
  time: string | undefined;
  count: number;
}

/** Most nodes of a graph that were within each radius, of the times at which the live index was asked. */
export class WithinSamples {
  readonly #graph: Graph;
  readonly #space: Space;
  readonly #asked: readonly WithinAsked[];
  readonly #most: Array<{ time: number; count: number }>;
  readonly #handles = new Uint32Array(1);
  /** For the check: by time, the counts of each question and those that rounding decides. */
  readonly #plain = new Map<number, { counts: number[]; doubts: number[] }>();

  constructor(graph: Graph, space: Space, asked: readonly WithinAsked[]) {
    this.#graph = graph;
    this.#space = space;
    this.#asked = asked;
    this.#most = asked.map(() => ({ time: Number.NaN, count: 0 }));
  }

  /** All that was published until `time` is applied. */
  take(time: number): void {
    this.#asked.forEach(({ at, radius }, i) => {
      const { x, y, z } = coordinatesOf(at, this.#space);
      const count = this.#graph.withinInto(x, y, radius, this.#handles, z);
      const most = this.#most[i]!;
      if (Number.isNaN(most.time) || count > most.count) this.#most[i] = { time, count };
    });
  }

  most(asked: WithinAsked): Most {
    const { time, count } = this.#most[this.#asked.indexOf(asked)]!;
    return { time: Number.isNaN(time) ? undefined : new Date(time).toISOString(), count };
  }

  /** For the check: a node was there then. */
  place(time: number, point: Point): void {
    let plain = this.#plain.get(time);
    if (plain === undefined) {
      plain = { counts: this.#asked.map(() => 0), doubts: this.#asked.map(() => 0) };
      this.#plain.set(time, plain);
    }
    for (let i = 0; i < this.#asked.length; i++) {
      const { at, radius } = this.#asked[i]!;
      const inside = isWithin(this.#space, at, point, radius);
      if (inside === undefined) plain.doubts[i]!++;
      else if (inside) plain.counts[i]!++;
    }
  }

  check(comparison: Comparison): void {
    this.#asked.forEach(({ option }, i) => {
      const { time, count } = this.#most[i]!;
      let most = 0;
      let doubts = 0;
      for (const plain of this.#plain.values()) {
        most = Math.max(most, plain.counts[i]!);
        doubts = Math.max(doubts, plain.doubts[i]!);
      }
      const what = `nodes of ${this.#graph.name} at most, ${option}`;
      comparison.near(what, count, most, doubts);
      if (!Number.isNaN(time))
        comparison.near(`${what}, at its time`, count, this.#plain.get(time)?.counts[i] ?? 0, doubts);
    });
  }
}
