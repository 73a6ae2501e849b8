import type { Graph, NodeValues } from '../../index.js';
import { bar, formatCount, formatMinute, sparkline } from '../format.js';
import type { Answers } from '../source.js';
import { RADIUS_M, SAMPLE_MS, type Samples } from './samples.js';
import type { FlightTally } from './source.js';

const TOP = 5;
const MOMENTS = 3;
const HOURS = 24;

interface Moment {
  time: string;
  flights: number;
}

/** What the index answered while it moved, and what the airports' edges, and their ranks, say in the end. */
export function flightAnswers(tally: FlightTally, samples: Samples, airports: Graph, ranks: NodeValues): Answers {
  const moments = samples.times.map((time, i) => ({ time: new Date(time).toISOString(), flights: samples.near[i]! }));
  const most = moments.reduce<Moment | null>((a, b) => (a !== null && a.flights >= b.flights ? a : b), null);
  const byHour = meanByHour(samples);
  const traffic = trafficOf(airports);
  const ranked = ranks.top(TOP).map(([id, rank]) => ({ iata: String(id), name: nameOf(airports, String(id)), rank }));
  const mostAloft = { time: new Date(tally.mostAloftTime).toISOString(), flights: tally.mostAloft };
  const values = {
    flights: tally.flights,
    moves: tally.moves,
    landed: tally.landed,
    mostAloft,
    nearOHare: {
      radiusM: RADIUS_M,
      everyMs: SAMPLE_MS,
      samples: moments.length,
      most,
      byHour,
      moments: spread(moments),
    },
    nearestToOHare: spread(samples.nearest).map(({ time, ids, distances }) => ({
      time: new Date(time).toISOString(),
      flights: ids.map((id, i) => ({ id, distanceM: distances[i]! })),
    })),
    ...traffic,
    rankedAirports: ranked,
  };
  const sections = [
    {
      title: `Within 100 km of O'Hare (asked of the live index every hour, ${formatCount(moments.length)} times)`,
      lines: [
        `most               ${momentText(most)}`,
        ...spread(moments).map((moment) => `at a given moment  ${momentText(moment)}`),
        `mean by hour       ${sparkline(byHour)}  0 h to 23 h, ${Math.min(...byHour)} to ${Math.max(...byHour)} flights`,
      ],
    },
    {
      title: 'Aloft everywhere',
      lines: [
        `most               ${momentText(mostAloft)}`,
        `flown              ${formatCount(tally.landed)} flights have landed`,
      ],
    },
    { title: 'Busiest airports (departures and arrivals)', lines: airportLines(traffic.busiestAirports) },
    { title: 'Airports by PageRank of the routes flown, however often', lines: rankLines(ranked) },
    { title: 'Busiest routes', lines: routeLines(traffic.busiestRoutes) },
  ];
  return { values, sections };
}

/** The mean of the samples at each hour of the day, to one decimal. */
function meanByHour(samples: Samples): number[] {
  const sums = new Array<number>(HOURS).fill(0);
  const counts = new Array<number>(HOURS).fill(0);
  samples.times.forEach((time, i) => {
    const hour = new Date(time).getUTCHours();
    sums[hour]! += samples.near[i]!;
    counts[hour]!++;
  });
  return sums.map((sum, hour) => (counts[hour] === 0 ? 0 : Math.round((10 * sum) / counts[hour]!) / 10));
}

/** A few elements, evenly spread, each from the middle of its share. */
function spread<T>(all: readonly T[]): T[] {
  const count = Math.min(MOMENTS, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]!);
}

interface Traffic {
  busiestAirports: Array<{ iata: string; name: string; flights: number }>;
  busiestRoutes: Array<{ from: string; to: string; flights: number }>;
  routes: number;
}

function trafficOf(airports: Graph): Traffic {
  const flights = new Map<string, number>();
  const routes: Traffic['busiestRoutes'] = [];
  for (const { source, target, weight } of airports.edges()) {
    const [from, to] = [String(source), String(target)];
    routes.push({ from, to, flights: weight });
    flights.set(from, (flights.get(from) ?? 0) + weight);
    flights.set(to, (flights.get(to) ?? 0) + weight);
  }
  routes.sort((a, b) => b.flights - a.flights || (a.from + a.to < b.from + b.to ? -1 : 1));
  const busiest = [...flights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, TOP);
  return {
    routes: routes.length,
    busiestAirports: busiest.map(([iata, count]) => ({ iata, name: nameOf(airports, iata), flights: count })),
    busiestRoutes: routes.slice(0, TOP),
  };
}

function nameOf(airports: Graph, iata: string): string {
  const data = airports.node(iata)?.data;
  return typeof data === 'object' && data !== null && 'name' in data ? String(data.name) : '';
}

function momentText(moment: Moment | null): string {
  if (moment === null) return 'none taken';
  return `${formatCount(moment.flights).padStart(5)}  ${formatMinute(Date.parse(moment.time))}`;
}

function airportLines(busiest: Traffic['busiestAirports']): string[] {
  const most = busiest[0]?.flights ?? 0;
  const width = Math.max(0, ...busiest.map(({ name }) => name.length));
  return busiest.map(
    ({ iata, name, flights }) =>
      `${iata}  ${name.padEnd(width)} ${formatCount(flights).padStart(9)}  ${bar(flights, most, 24)}`,
  );
}

function rankLines(ranked: ReadonlyArray<{ iata: string; name: string; rank: number }>): string[] {
  const most = ranked[0]?.rank ?? 0;
  const width = Math.max(0, ...ranked.map(({ name }) => name.length));
  return ranked.map(
    ({ iata, name, rank }) => `${iata}  ${name.padEnd(width)} ${rank.toFixed(6)}  ${bar(rank, most, 24)}`,
  );
}

function routeLines(busiest: Traffic['busiestRoutes']): string[] {
  const most = busiest[0]?.flights ?? 0;
  return busiest.map(
    ({ from, to, flights }) => `${from} → ${to} ${formatCount(flights).padStart(9)}  ${bar(flights, most, 24)}`,
  );
}
