import type { Engine, Graph, NodeId } from '../../index.js';

/** Around the centre of the coordinates, O'Hare. */
export const RADIUS_M = 100_000;
export const SAMPLE_MS = 3_600_000;
/** Once a day, at noon, the nearest flights are asked for too. */
export const NEAREST_AT_HOUR = 12;
export const NEAREST_COUNT = 3;

export interface NearestSample {
  time: number;
  ids: NodeId[];
  distances: number[];
}

/** Answers of the live index at full hours of event time, taken when all that was published until then is applied. */
export class Samples {
  readonly times: number[] = [];
  readonly near: number[] = [];
  readonly aloft: number[] = [];
  readonly nearest: NearestSample[] = [];
  readonly #engine: Engine;
  readonly #flights: Graph;
  readonly #handles = new Uint32Array(NEAREST_COUNT);
  readonly #distances = new Float64Array(NEAREST_COUNT);

  constructor(engine: Engine, flights: Graph) {
    this.#engine = engine;
    this.#flights = flights;
  }

  /** Flights within the radius now; `withinInto` counts all, however few handles there is room for. */
  nearNow(): number {
    return this.#flights.withinInto(0, 0, RADIUS_M, this.#handles);
  }

  async take(time: number): Promise<void> {
    await this.#engine.flush();
    this.times.push(time);
    this.near.push(this.nearNow());
    this.aloft.push(this.#flights.order);
    if (new Date(time).getUTCHours() === NEAREST_AT_HOUR) this.nearest.push(this.#nearestNow(time));
  }

  #nearestNow(time: number): NearestSample {
    const found = this.#flights.nearestInto(0, 0, NEAREST_COUNT, this.#handles, this.#distances);
    const ids = Array.from(this.#handles.subarray(0, found), (handle) => this.#flights.id(handle)!);
    return { time, ids, distances: [...this.#distances.subarray(0, found)] };
  }
}
