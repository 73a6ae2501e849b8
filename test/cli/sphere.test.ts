import { expect, test } from 'vitest';
import { Aloft } from '../../dist/src/cli/flights/aloft.js';
import { FlightPaths, flightMs, MINUTE_MS, SPEED_M_PER_S, TICK_MS } from '../../dist/src/cli/flights/paths.js';
import {
  along,
  angleBetween,
  EARTH_RADIUS_M,
  type Place,
  placeOf,
  vectorOf,
} from '../../dist/src/cli/flights/sphere.js';

const ORD = { latitude: 41.979595, longitude: -87.90446417 };
const LAX = { latitude: 33.94253611, longitude: -118.4080744 };
const JFK = { latitude: 40.63975111, longitude: -73.77892556 };
const GUM = { latitude: 13.48345, longitude: 144.7959833 };
const RADIANS = Math.PI / 180;

function haversine(a: Place, b: Place): number {
  const north = Math.sin(((b.latitude - a.latitude) * RADIANS) / 2) ** 2;
  const east = Math.sin(((b.longitude - a.longitude) * RADIANS) / 2) ** 2;
  const h = north + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * east;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(h));
}

test('places become vectors of length 1 and come back', () => {
  for (const place of [ORD, LAX, JFK, GUM, { latitude: 90, longitude: 0 }, { latitude: -33, longitude: -180 }]) {
    const v = vectorOf(place);
    expect(Math.hypot(v.x, v.y, v.z)).toBeCloseTo(1, 15);
    const back = placeOf(v);
    expect([back.latitude, back.longitude].map((degrees) => degrees.toFixed(9))).toEqual(
      [place.latitude, place.longitude].map((degrees) => degrees.toFixed(9)),
    );
  }
});

test('the angle between two places is that of the haversine', () => {
  const angle = angleBetween(vectorOf(LAX), vectorOf(GUM));
  expect(angle * EARTH_RADIUS_M).toBeCloseTo(haversine(LAX, GUM), 4);
});

test('a great circle begins and ends at its places and divides its length', () => {
  const [from, to] = [vectorOf(LAX), vectorOf(JFK)];
  const angle = angleBetween(from, to);
  expect(angleBetween(along(from, to, angle, 0), from)).toBeLessThan(1e-12);
  expect(angleBetween(along(from, to, angle, 1), to)).toBeLessThan(1e-12);
  const third = along(from, to, angle, 1 / 3);
  expect(angleBetween(from, third)).toBeCloseTo(angle / 3, 12);
  expect(angleBetween(third, to)).toBeCloseTo((2 * angle) / 3, 12);
});

test('a path has a position at each tick strictly between departure and landing', () => {
  const [from, to] = [vectorOf(LAX), vectorOf(JFK)];
  const durationMs = flightMs(angleBetween(from, to));
  const paths = new FlightPaths();
  for (let phase = 0; phase < 5; phase++) {
    const slot = paths.add(from, to, phase * MINUTE_MS);
    const firstMs = TICK_MS - phase * MINUTE_MS;
    const ticks = paths.end[slot]! - paths.start[slot]!;
    expect(ticks).toBe(Math.ceil((durationMs - firstMs) / TICK_MS));
    const last = (firstMs + (ticks - 1) * TICK_MS) / durationMs;
    expect(last).toBeLessThan(1);
    const at = placeOf(along(from, to, angleBetween(from, to), last));
    expect([paths.x[paths.end[slot]! - 1], paths.y[paths.end[slot]! - 1]]).toEqual([at.longitude, at.latitude]);
  }
  // The last tick is less than one tick's way from the destination.
  expect((SPEED_M_PER_S * TICK_MS) / 1000).toBeCloseTo(67_056, 6);
});

test('paths grow without losing what they hold', () => {
  const [from, to] = [vectorOf(LAX), vectorOf(GUM)];
  const paths = new FlightPaths();
  const first = paths.add(from, to, 0);
  const before = [...paths.x.subarray(paths.start[first], paths.end[first])];
  const length = paths.x.length;
  while (paths.x.length === length) paths.add(from, to, 0);
  expect([...paths.x.subarray(paths.start[first], paths.end[first])]).toEqual(before);
});

test('flights aloft step along their paths and land when these end', () => {
  const [near, from, to] = [vectorOf(ORD), vectorOf(LAX), vectorOf(JFK)];
  const paths = new FlightPaths();
  // 40 km: landed before the first tick of 5 minutes.
  const short = paths.add(near, vectorOf({ latitude: ORD.latitude + 0.36, longitude: ORD.longitude }), 0);
  const long = paths.add(from, to, 0);
  const aloft = new Aloft(paths);
  aloft.add('short', 1, short);
  for (let i = 0; i < 3000; i++) aloft.add(`long-${i}`, 10 + i, long);
  const landed: string[] = [];
  aloft.tick(TICK_MS, landed);
  expect(landed).toEqual(['short']);
  expect(aloft.count).toBe(3000);
  expect([...aloft.handles.subarray(0, 3000)].sort((a, b) => a - b)[0]).toBe(10);
  expect(aloft.x[2999]).toBe(paths.x[paths.start[long]!]);
  expect(aloft.time[0]).toBe(TICK_MS);
  const ticks = paths.end[long]! - paths.start[long]!;
  for (let tick = 1; tick < ticks; tick++) aloft.tick((tick + 1) * TICK_MS, landed);
  expect(aloft.count).toBe(3000);
  aloft.tick((ticks + 1) * TICK_MS, landed);
  expect(aloft.count).toBe(0);
  expect(new Set(landed).size).toBe(3001);
});
