import type { Graph, NodeValues } from '../../index.js';
import type { Comparison } from '../comparison.js';
import type { PlainSpace } from '../space/plain-space.js';
import type { Questions } from '../space/questions.js';
import type { Point } from '../space/space.js';
import type { Airport, FlightData } from './data.js';
import { ranksOf } from './plain-ranks.js';
import type { Samples } from './samples.js';
import type { FlightTally } from './source.js';

/*
 * The answers again, from the data alone: latitudes and longitudes, haversines, Maps and scans. Nothing here is shared with
 * the code that published, on purpose.
 */

const RADIUS_M = 100_000;
const EARTH_M = 6_371_008.8;
const METRES_PER_MS = (500 * 1609.344) / 3_600_000;
const FIVE_MINUTES = 300_000;
const HOUR = 3_600_000;

interface Place {
  lat: number;
  lon: number;
}

interface Plain {
  near: Map<number, number>;
  aloft: Map<number, number>;
  /** At the times asked for: distance from O'Hare and name of all flights aloft. */
  distances: Map<number, Array<{ id: string; distance: number }>>;
  moves: number;
  landed: number;
  routes: Map<string, number>;
}

/** `tally.flights` rows of the data against what the engine said, until `tally.lastTick`. */
export async function checkFlights(
  comparison: Comparison,
  data: FlightData,
  tally: FlightTally,
  samples: Samples,
  { airports, flights, ranks }: { airports: Graph; flights: Graph; ranks: NodeValues },
  questions: Questions,
): Promise<void> {
  for (const { iata, longitude, latitude } of data.airports) {
    questions.plain?.place('airports', iata, { x: longitude, y: latitude, z: 0 });
  }
  const plain = await recompute(data, tally, new Set(samples.nearest.map((sample) => sample.time)), questions);
  const at = (time: number): string => new Date(time).toISOString();
  samples.times.forEach((time, i) => {
    comparison.equal(`flights within 100 km of O'Hare at ${at(time)}`, samples.near[i]!, plain.near.get(time) ?? 0);
    comparison.equal(`flights aloft at ${at(time)}`, samples.aloft[i]!, plain.aloft.get(time) ?? 0);
  });
  for (const { time, ids, distances } of samples.nearest) {
    const all = (plain.distances.get(time) ?? []).sort((a, b) => a.distance - b.distance);
    comparison.equal(`nearest flights found at ${at(time)}`, ids.length, Math.min(3, all.length));
    ids.forEach((id, i) => {
      const what = `distance of nearest flight ${i + 1} at ${at(time)}`;
      comparison.near(what, distances[i]!, all[i]?.distance ?? Number.NaN, 0.01);
      const itself = all.find((flight) => flight.id === id)?.distance ?? Number.NaN;
      comparison.near(`distance of ${id} at ${at(time)}`, distances[i]!, itself, 0.01);
    });
  }
  comparison.equal('moves', tally.moves, plain.moves);
  comparison.equal('landings', tally.landed, plain.landed);
  comparison.equal('flights aloft at the end', flights.order, tally.flights - plain.landed);
  comparison.equal('airports', airports.order, data.airports.length);
  comparison.equal('routes', airports.size, plain.routes.size);
  for (const { source, target, weight } of airports.edges()) {
    comparison.equal(`flights ${source} to ${target}`, weight, plain.routes.get(`${source}-${target}`) ?? 0);
  }
  const routes = [...plain.routes.keys()].map((route) => route.split('-') as [string, string]);
  const plainRanks = ranksOf(
    data.airports.map(({ iata }) => iata),
    routes,
  );
  for (const [iata, rank] of plainRanks) {
    comparison.near(`rank of ${iata}`, ranks.get(iata) ?? Number.NaN, rank, 1e-9);
  }
}

async function recompute(
  data: FlightData,
  tally: FlightTally,
  nearestAt: Set<number>,
  questions: Questions,
): Promise<Plain> {
  const plain: Plain = {
    near: new Map(),
    aloft: new Map(),
    distances: new Map(),
    moves: 0,
    landed: 0,
    routes: new Map(),
  };
  const space = questions.plain;
  const asked = questions.samplesOf('flights');
  const ohare = place(data.airports.find((airport) => airport.iata === 'ORD')!);
  let number = 0;
  for await (const group of data.groups()) {
    for (let row = 0; row < group.count; row++) {
      if (number === tally.flights) return plain;
      number++;
      const origin = data.airports[group.origin[row]!]!;
      const destination = data.airports[group.destination[row]!]!;
      const [from, to] = [place(origin), place(destination)];
      const route = `${origin.iata}-${destination.iata}`;
      plain.routes.set(route, (plain.routes.get(route) ?? 0) + 1);
      const departs = group.departure[row]!;
      const duration = haversine(from, to) / METRES_PER_MS;
      const lands = departs + duration;
      for (let tick = after(departs, FIVE_MINUTES); tick < lands && tick <= tally.lastTick; tick += FIVE_MINUTES)
        plain.moves++;
      if (lands <= tally.lastTick) plain.landed++;
      if (space !== undefined) fly(space, `${route}#${number}`, { origin, from, to, departs, lands }, tally.lastTick);
      for (let hour = after(departs, HOUR); hour < lands && hour <= tally.lastTick; hour += HOUR) {
        const there = between(from, to, (hour - departs) / duration);
        const distance = haversine(there, ohare);
        asked?.place(hour, pointOf(there));
        plain.aloft.set(hour, (plain.aloft.get(hour) ?? 0) + 1);
        if (distance <= RADIUS_M) plain.near.set(hour, (plain.near.get(hour) ?? 0) + 1);
        if (nearestAt.has(hour)) {
          if (!plain.distances.has(hour)) plain.distances.set(hour, []);
          plain.distances.get(hour)!.push({ id: `${route}#${number}`, distance });
        }
      }
    }
  }
  return plain;
}

interface Flight {
  origin: Airport;
  from: Place;
  to: Place;
  departs: number;
  lands: number;
}

/** The flight's positions one after the other, until it has landed or the run was over. */
function fly(space: PlainSpace, id: string, { origin, from, to, departs, lands }: Flight, lastTick: number): void {
  space.place('flights', id, { x: origin.longitude, y: origin.latitude, z: 0 });
  for (let tick = after(departs, FIVE_MINUTES); tick < lands && tick <= lastTick; tick += FIVE_MINUTES) {
    space.place('flights', id, pointOf(between(from, to, (tick - departs) / (lands - departs))));
  }
  if (lands <= lastTick) space.remove('flights', id);
}

function pointOf({ lat, lon }: Place): Point {
  return { x: (lon * 180) / Math.PI, y: (lat * 180) / Math.PI, z: 0 };
}

/** The first multiple of `step` after `time`. */
function after(time: number, step: number): number {
  return (Math.floor(time / step) + 1) * step;
}

function place(airport: Airport): Place {
  return { lat: (airport.latitude * Math.PI) / 180, lon: (airport.longitude * Math.PI) / 180 };
}

function haversine(a: Place, b: Place): number {
  const h = Math.sin((b.lat - a.lat) / 2) ** 2 + Math.cos(a.lat) * Math.cos(b.lat) * Math.sin((b.lon - a.lon) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The intermediate point of a great circle, in latitude and longitude. */
function between(a: Place, b: Place, share: number): Place {
  const angle = haversine(a, b) / EARTH_M;
  const p = Math.sin((1 - share) * angle) / Math.sin(angle);
  const q = Math.sin(share * angle) / Math.sin(angle);
  const x = p * Math.cos(a.lat) * Math.cos(a.lon) + q * Math.cos(b.lat) * Math.cos(b.lon);
  const y = p * Math.cos(a.lat) * Math.sin(a.lon) + q * Math.cos(b.lat) * Math.sin(b.lon);
  const z = p * Math.sin(a.lat) + q * Math.sin(b.lat);
  return { lat: Math.atan2(z, Math.hypot(x, y)), lon: Math.atan2(y, x) };
}
