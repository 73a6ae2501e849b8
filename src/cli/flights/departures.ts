import { Problem } from '../problem.js';
import type { Airport, FlightColumns } from './data.js';
import { type FlightPaths, MINUTE_MS, PHASES, sinceTick } from './paths.js';
import type { UnitVector } from './sphere.js';

interface Route {
  /** 'ORD-LAX#', the beginning of its flights' ids. */
  prefix: string;
  flights: number;
  /** The slot in the paths by phase; -1 until it is needed. */
  slots: Int32Array;
}

/** The departures of one tick as columns: the flights that appear, and the routes whose weight grows. */
export class Departures {
  /** Six times the busiest tick of the data; more are published in turn. */
  static readonly CAPACITY = 1024;
  count = 0;
  readonly ids: string[] = [];
  readonly slots = new Int32Array(Departures.CAPACITY);
  readonly x = new Float64Array(Departures.CAPACITY);
  readonly y = new Float64Array(Departures.CAPACITY);
  readonly time = new Float64Array(Departures.CAPACITY);
  /** Airports, by their index in the data. */
  readonly origin = new Uint32Array(Departures.CAPACITY);
  readonly destination = new Uint32Array(Departures.CAPACITY);
  /** Flights of the route so far. */
  readonly weight = new Float64Array(Departures.CAPACITY);
  readonly #airports: readonly Airport[];
  readonly #vectors: readonly UnitVector[];
  readonly #paths: FlightPaths;
  readonly #routes = new Map<number, Route>();

  constructor(airports: readonly Airport[], vectors: readonly UnitVector[], paths: FlightPaths) {
    this.#airports = airports;
    this.#vectors = vectors;
    this.#paths = paths;
  }

  get full(): boolean {
    return this.count === Departures.CAPACITY;
  }

  /** Adds the flight of a row; `number` makes its id unique. */
  add(flights: FlightColumns, row: number, number: number): void {
    const i = this.count++;
    const origin = flights.origin[row]!;
    const destination = flights.destination[row]!;
    const time = flights.departure[row]!;
    const route = this.#route(origin, destination);
    this.ids.push(`${route.prefix}${number}`);
    this.slots[i] = this.#slot(route, origin, destination, sinceTick(time));
    this.x[i] = this.#airports[origin]!.longitude;
    this.y[i] = this.#airports[origin]!.latitude;
    this.time[i] = time;
    this.origin[i] = origin;
    this.destination[i] = destination;
    this.weight[i] = ++route.flights;
  }

  clear(): void {
    this.count = 0;
    this.ids.length = 0;
  }

  #route(origin: number, destination: number): Route {
    const key = origin * this.#airports.length + destination;
    let route = this.#routes.get(key);
    if (route === undefined) {
      const prefix = `${this.#airports[origin]!.iata}-${this.#airports[destination]!.iata}#`;
      route = { prefix, flights: 0, slots: new Int32Array(PHASES).fill(-1) };
      this.#routes.set(key, route);
    }
    return route;
  }

  #slot(route: Route, origin: number, destination: number, sinceTickMs: number): number {
    const phase = sinceTickMs / MINUTE_MS;
    const slot = route.slots[phase];
    if (slot === undefined) throw new Problem('the flights of vega-datasets are not on whole minutes');
    if (slot !== -1) return slot;
    return (route.slots[phase] = this.#paths.add(this.#vectors[origin]!, this.#vectors[destination]!, sinceTickMs));
  }
}
