import { expect, test } from 'vitest';
import { Aloft } from '../../dist/src/cli/flights/aloft.js';
import { FlightPaths, flightMs, MINUTE_MS, SPEED_M_PER_S, TICK_MS } from '../../dist/src/cli/flights/paths.js';
import {
  along,
  angleBetween,
  EARTH_RADIUS_M,
  type Place,
  project,
  seenFrom,
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

test('the centre is the origin', () => {
  const { x, y } = project(seenFrom(ORD, ORD));
  expect(Math.hypot(x, y)).toBeLessThan(1e-6);
});

test('a degree north is a degree of the meridian, on the y axis', () => {
  const { x, y } = project(seenFrom(ORD, { latitude: ORD.latitude + 1, longitude: ORD.longitude }));
  expect(x).toBeCloseTo(0, 6);
  expect(y).toBeCloseTo(EARTH_RADIUS_M * RADIANS, 6);
});

test('on the equator a quarter of the way round is a quarter of the circumference, on the x axis', () => {
  const { x, y } = project(seenFrom({ latitude: 0, longitude: 10 }, { latitude: 0, longitude: 100 }));
  expect(x).toBeCloseTo((EARTH_RADIUS_M * Math.PI) / 2, 6);
  expect(y).toBeCloseTo(0, 6);
});

test('distances from the centre are those of the sphere', () => {
  for (const place of [LAX, JFK, GUM]) {
    const { x, y } = project(seenFrom(ORD, place));
    expect(Math.hypot(x, y)).toBeCloseTo(haversine(ORD, place), 4);
  }
});

test('the angle between two places is that of the haversine, whatever the centre', () => {
  const angle = angleBetween(seenFrom(ORD, LAX), seenFrom(ORD, GUM));
  expect(angle * EARTH_RADIUS_M).toBeCloseTo(haversine(LAX, GUM), 4);
});

test('a great circle begins and ends at its places and divides its length', () => {
  const [from, to] = [seenFrom(ORD, LAX), seenFrom(ORD, JFK)];
  const angle = angleBetween(from, to);
  expect(angleBetween(along(from, to, angle, 0), from)).toBeLessThan(1e-12);
  expect(angleBetween(along(from, to, angle, 1), to)).toBeLessThan(1e-12);
  const third = along(from, to, angle, 1 / 3);
  expect(angleBetween(from, third)).toBeCloseTo(angle / 3, 12);
  expect(angleBetween(third, to)).toBeCloseTo((2 * angle) / 3, 12);
});

test('a path has a position at each tick strictly between departure and landing', () => {
  const [from, to] = [seenFrom(ORD, LAX), seenFrom(ORD, JFK)];
  const durationMs = flightMs(angleBetween(from, to));
  const paths = new FlightPaths();
  for (let phase = 0; phase < 5; phase++) {
    const slot = paths.add(from, to, phase * MINUTE_MS);
    const firstMs = TICK_MS - phase * MINUTE_MS;
    const ticks = paths.end[slot]! - paths.start[slot]!;
    expect(ticks).toBe(Math.ceil((durationMs - firstMs) / TICK_MS));
    const last = (firstMs + (ticks - 1) * TICK_MS) / durationMs;
    expect(last).toBeLessThan(1);
    const at = project(along(from, to, angleBetween(from, to), last));
    expect([paths.x[paths.end[slot]! - 1], paths.y[paths.end[slot]! - 1]]).toEqual([at.x, at.y]);
  }
  // The last tick is less than one tick's way from the destination.
  expect((SPEED_M_PER_S * TICK_MS) / 1000).toBeCloseTo(67_056, 6);
});

test('paths grow without losing what they hold', () => {
  const [from, to] = [seenFrom(ORD, LAX), seenFrom(ORD, GUM)];
  const paths = new FlightPaths();
  const first = paths.add(from, to, 0);
  const before = [...paths.x.subarray(paths.start[first], paths.end[first])];
  const length = paths.x.length;
  while (paths.x.length === length) paths.add(from, to, 0);
  expect([...paths.x.subarray(paths.start[first], paths.end[first])]).toEqual(before);
});

test('flights aloft step along their paths and land when these end', () => {
  const [near, from, to] = [seenFrom(ORD, ORD), seenFrom(ORD, LAX), seenFrom(ORD, JFK)];
  const paths = new FlightPaths();
  // 40 km: landed before the first tick of 5 minutes.
  const short = paths.add(near, seenFrom(ORD, { latitude: ORD.latitude + 0.36, longitude: ORD.longitude }), 0);
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
