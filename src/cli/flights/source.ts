import type { Engine, Graph, GraphOptions, NodeValues } from '../../index.js';
import type { Comparison } from '../comparison.js';
import { formatCount, formatMinute } from '../format.js';
import { moveAll, publishAll, removeAll, turn, upsertAllEdges } from '../pace.js';
import type { Answers, RunOptions, Source, SourceRun } from '../source.js';
import type { Questions } from '../space/questions.js';
import { spaceOf } from '../space/space.js';
import { Aloft } from './aloft.js';
import { flightAnswers } from './answers.js';
import { checkFlights } from './check.js';
import { FlightData } from './data.js';
import { Departures } from './departures.js';
import { FlightPaths, sinceTick, TICK_MS } from './paths.js';
import { SAMPLE_MS, Samples } from './samples.js';
import { type UnitVector, vectorOf } from './sphere.js';

const DAY_MS = 86_400_000;
/** Until a round changes nothing that anybody would see. */
const RANKING = { tolerance: 1e-12, maxIterations: 1000 };
const ON_EARTH: GraphOptions = { metric: 'haversine' };

/** What was published, for the answers and for the check. */
export interface FlightTally {
  flights: number;
  moves: number;
  landed: number;
  /** Flights aloft, and when, at the tick when they were most. */
  mostAloft: number;
  mostAloftTime: number;
  /** The last tick that was published whole; the flights of the tally departed before it. */
  lastTick: number;
}

export async function flightsSource(options: RunOptions): Promise<Source> {
  const data = await FlightData.open();
  // Events that carry no time of their own (airports, routes, landings) get that of the data, to the tick.
  const clock = { now: 0 };
  return {
    name: 'flights',
    engineOptions: { clock: () => clock.now },
    dimensions: 2,
    start: (engine, questions) => new FlightsRun(engine, questions, data, options, clock),
  };
}

class FlightsRun implements SourceRun {
  readonly notes = [
    'Positions are interpolated: along great circles at 500 mph from departure, every 5 minutes of event time.',
    "Times are the data's own; it states no zone. x is the longitude, y the latitude; distances are great circles, in metres.",
  ];
  readonly #tally: FlightTally = { flights: 0, moves: 0, landed: 0, mostAloft: 0, mostAloftTime: 0, lastTick: 0 };
  readonly #engine: Engine;
  readonly #questions: Questions;
  readonly #data: FlightData;
  readonly #options: RunOptions;
  readonly #clock: { now: number };
  readonly #flights: Graph;
  readonly #airports: Graph;
  readonly #vectors: UnitVector[];
  readonly #paths = new FlightPaths();
  readonly #aloft = new Aloft(this.#paths);
  readonly #departures: Departures;
  readonly #samples: Samples;
  readonly #landed: string[] = [];
  #ranks: NodeValues | undefined;
  #airportHandles: Uint32Array = new Uint32Array(0);
  #firstDay = 0;

  constructor(engine: Engine, questions: Questions, data: FlightData, options: RunOptions, clock: { now: number }) {
    this.#engine = engine;
    this.#data = data;
    this.#options = options;
    this.#clock = clock;
    this.#questions = questions;
    this.#flights = engine.graph('flights', ON_EARTH);
    this.#airports = engine.graph('airports', ON_EARTH);
    questions.begin(this.#flights.name, spaceOf(ON_EARTH), { sampled: true });
    questions.begin(this.#airports.name, spaceOf(ON_EARTH), { zones: false });
    this.#vectors = data.airports.map(vectorOf);
    this.#departures = new Departures(data.airports, this.#vectors, this.#paths);
    this.#samples = new Samples(engine, this.#flights, data.airports[data.airport('ORD')]!);
  }

  async publish(signal: AbortSignal): Promise<void> {
    const { days = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = this.#options;
    let until = 0;
    let taken = 0;
    for await (const group of this.#data.groups()) {
      if (until === 0) until = (await this.#begin(group.departure[0]!)) + days * DAY_MS;
      for (let row = 0; row < group.count; row++) {
        const departure = group.departure[row]!;
        if (departure >= until || taken === limit) return this.#landAll(signal);
        while (departure >= this.#clock.now + TICK_MS) {
          await this.#tick();
          if (signal.aborted) return;
        }
        if (this.#departures.full) await this.#depart();
        this.#departures.add(group, row, ++taken);
      }
      // The next group takes a while to decode: until then nothing shall lie in an open frame.
      await turn();
    }
    await this.#landAll(signal);
  }

  done(): number {
    const { days = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = this.#options;
    const flights = Math.min(limit, this.#data.flights);
    const share = Math.max(this.#tally.flights / flights, (this.#clock.now - this.#firstDay) / (days * DAY_MS));
    return Math.min(1, Math.max(0, share));
  }

  live(): string {
    const [nearest] = this.#samples.nearestNow(1).ids;
    const aloft = formatCount(this.#flights.order);
    const near = this.#samples.nearNow();
    return `${formatMinute(this.#clock.now)}: ${aloft} aloft, ${near} within 100 km of O'Hare, nearest ${nearest ?? 'none'}`;
  }

  async answers(): Promise<Answers> {
    this.#ranks = await this.#airports.pageRank(RANKING);
    return flightAnswers(this.#tally, this.#samples, this.#airports, this.#ranks);
  }

  check(comparison: Comparison): Promise<void> {
    const [airports, flights, ranks] = [this.#airports, this.#flights, this.#ranks!];
    return checkFlights(
      comparison,
      this.#data,
      this.#tally,
      this.#samples,
      { airports, flights, ranks },
      this.#questions,
    );
  }

  /** Publishes the airports, and starts the clock at the tick before the first departure. */
  async #begin(firstDeparture: number): Promise<number> {
    this.#clock.now = firstDeparture - sinceTick(firstDeparture);
    this.#firstDay = Math.floor(firstDeparture / DAY_MS) * DAY_MS;
    const airports = this.#data.airports;
    for (let index = 0; index < airports.length; index++) {
      const { iata, name, city, state, longitude: x, latitude: y } = airports[index]!;
      const data = { name, city, state };
      await publishAll(this.#engine, { type: 'node.upserted', graph: 'airports', node: iata, x, y, data });
    }
    this.#airportHandles = this.#airports.handles(airports.map((airport) => airport.iata));
    return this.#firstDay;
  }

  /** Publishes what departed since the last tick, and then where all flights are at this one. */
  async #tick(): Promise<void> {
    await this.#depart();
    const now = (this.#clock.now += TICK_MS);
    const aloft = this.#aloft;
    const landed = this.#landed;
    aloft.tick(now, landed);
    await removeAll(this.#engine, this.#flights, landed);
    this.#tally.landed += landed.length;
    landed.length = 0;
    const count = aloft.count;
    const handles = aloft.handles.subarray(0, count);
    const time = aloft.time.subarray(0, count);
    await moveAll(this.#engine, this.#flights, handles, aloft.x.subarray(0, count), aloft.y.subarray(0, count), time);
    this.#tally.moves += count;
    this.#tally.lastTick = now;
    if (count > this.#tally.mostAloft) {
      this.#tally.mostAloft = count;
      this.#tally.mostAloftTime = now;
    }
    if (now % SAMPLE_MS === 0) {
      await this.#samples.take(now);
      this.#questions.samplesOf(this.#flights.name)?.take(now);
      await turn();
    }
  }

  async #depart(): Promise<void> {
    const departures = this.#departures;
    const count = departures.count;
    if (count === 0) return;
    const [x, y, time] = [departures.x, departures.y, departures.time].map((column) => column.subarray(0, count));
    const handles = this.#flights.handles(departures.ids);
    await moveAll(this.#engine, this.#flights, handles, x!, y!, time!);
    const origins = departures.origin.subarray(0, count).map((airport) => this.#airportHandles[airport]!);
    const destinations = departures.destination.subarray(0, count).map((airport) => this.#airportHandles[airport]!);
    await upsertAllEdges(this.#engine, this.#airports, origins, destinations, departures.weight.subarray(0, count));
    for (let i = 0; i < count; i++) this.#aloft.add(departures.ids[i]!, handles[i]!, departures.slots[i]!);
    this.#tally.flights += count;
    departures.clear();
  }

  async #landAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#departures.count + this.#aloft.count > 0) await this.#tick();
  }
}
