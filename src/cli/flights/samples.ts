import type { Engine, Graph, NodeId } from '../../index.js';
import type { Place } from './sphere.js';

/** Around O'Hare. */
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
  readonly #ohare: Place;
  readonly #handles = new Uint32Array(NEAREST_COUNT);
  readonly #distances = new Float64Array(NEAREST_COUNT);

  constructor(engine: Engine, flights: Graph, ohare: Place) {
    this.#engine = engine;
    this.#flights = flights;
    this.#ohare = ohare;
  }

  /** Flights within the radius now; `withinInto` counts all, however few handles there is room for. */
  nearNow(): number {
    const { longitude, latitude } = this.#ohare;
    return this.#flights.withinInto(longitude, latitude, RADIUS_M, this.#handles);
  }

  async take(time: number): Promise<void> {
    await this.#engine.flush();
    this.times.push(time);
    this.near.push(this.nearNow());
    this.aloft.push(this.#flights.order);
    if (new Date(time).getUTCHours() === NEAREST_AT_HOUR)
      this.nearest.push({ time, ...this.nearestNow(NEAREST_COUNT) });
  }

  /** At most `NEAREST_COUNT`. */
  nearestNow(count: number): Omit<NearestSample, 'time'> {
    const { longitude, latitude } = this.#ohare;
    const found = this.#flights.nearestInto(longitude, latitude, count, this.#handles, this.#distances);
    const ids = Array.from(this.#handles.subarray(0, found), (handle) => this.#flights.id(handle)!);
    return { ids, distances: [...this.#distances.subarray(0, found)] };
  }
}
