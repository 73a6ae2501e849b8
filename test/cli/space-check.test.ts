import { expect, test } from 'vitest';
import { Comparison } from '../../dist/src/cli/comparison.js';
import type { RunOptions } from '../../dist/src/cli/source.js';
import { askedOf, type SpaceAsked } from '../../dist/src/cli/space/asked.js';
import { distanceBetween } from '../../dist/src/cli/space/distance.js';
import { PlainSpace, ZoneTally } from '../../dist/src/cli/space/plain-space.js';
import { isInZone, isPassed } from '../../dist/src/cli/space/plain-zone.js';
import { Questions } from '../../dist/src/cli/space/questions.js';
import { type Point, spaceOf } from '../../dist/src/cli/space/space.js';
import { ZoneLines } from '../../dist/src/cli/space/zone-lines.js';
import { createEngine, type ZoneShape } from '../../dist/src/index.js';

const at = (x: number, y: number, z = 0): Point => ({ x, y, z });
const PLANE = spaceOf();
const EARTH = spaceOf({ metric: 'haversine' });
const DEGREE = (EARTH.radiusM * Math.PI) / 180;

function asked(options: Partial<RunOptions>): SpaceAsked {
  const none = {
    within: [],
    nearest: [],
    zone: [],
    watch: false,
    source: 'x.csv',
    json: false,
    check: true,
    quiet: true,
  };
  return askedOf({ ...none, strict: false, ...options }, 2);
}

/** What a check says when the engine was told of `moves` and plain JavaScript of others. */
async function checked(moves: Point[], plainMoves: Point[]): Promise<Comparison> {
  await using engine = await createEngine({ workers: 1, capacity: { graphs: 10, nodes: 100, edges: 10 } });
  const options = { within: ['0,0,5'], nearest: ['0,0,1'], zone: ['home=circle:0,0,5'], watch: true };
  const questions = new Questions(engine, asked(options), { check: true, tell: () => undefined });
  questions.begin('g', PLANE);
  for (const { x, y } of moves) engine.graph('g').moveNode('a', x, y);
  for (const point of plainMoves) questions.plain!.place('g', 'a', point);
  await engine.flush();
  await questions.settle();
  const comparison = new Comparison();
  questions.check(comparison);
  return comparison;
}

test('a check agrees with what is right and catches what is not', async () => {
  const moves = [at(0, 0), at(9, 9), at(1, 1)];
  const right = await checked(moves, moves);
  expect([right.ok, right.compared]).toEqual([true, 11]);

  const elsewhere = await checked(moves, [at(0, 0), at(9, 9), at(7, 7)]);
  expect(elsewhere.mismatches).toEqual([
    'nodes in zone home of g: the engine says 1, plain JavaScript 0',
    'nodes in zone home of g in one answer only: the engine says a, plain JavaScript ',
    'enter of zone home of g: the engine says 2, plain JavaScript 1',
    'nodes of g, --within "0,0,5": the engine says 1, plain JavaScript 0',
    'nodes of g in one answer alone, --within "0,0,5": the engine says a, plain JavaScript ',
    expect.stringMatching(/^distance of nearest 1 of g/),
    expect.stringMatching(/^distance of a of g/),
  ]);

  // The last position is the same: only the events tell.
  const missed = await checked(moves, [at(0, 0), at(1, 1)]);
  expect(missed.mismatches).toEqual([
    'enter of zone home of g: the engine says 2, plain JavaScript 1',
    'exit of zone home of g: the engine says 1, plain JavaScript 0',
  ]);

  const nobody = await checked(moves, []);
  expect(nobody.ok).toBe(false);
});

test('distances on the sphere: poles, antipodes, the antimeridian', () => {
  const distance = (a: Point, b: Point): number => distanceBetween(EARTH, a, b) / DEGREE;
  expect(distance(at(0, 90), at(77, -90))).toBeCloseTo(180, 9);
  expect(distance(at(0, 0), at(180, 0))).toBeCloseTo(180, 9);
  expect(distance(at(179, 0), at(-179, 0))).toBeCloseTo(2, 9);
  expect(distance(at(10, 80), at(-170, 80))).toBeCloseTo(20, 9);
  expect(distance(at(5, 5), at(5, 5))).toBe(0);
  expect(distance(at(0, 0), at(1e-7, 0))).toBeCloseTo(1e-7, 15);
});

const circle: ZoneShape = { type: 'circle', x: 0, y: 0, radius: 5 };
const box: ZoneShape = { type: 'box', minX: 0, minY: 0, maxX: 10, maxY: 10 };
// A U, open at the top.
const points = [
  [0, 0],
  [9, 0],
  [9, 9],
  [6, 9],
  [6, 3],
  [3, 3],
  [3, 9],
  [0, 9],
] as const;
const polygon: ZoneShape = { type: 'polygon', points };

test('what is inside a zone', () => {
  expect([at(3, 4), at(3, 4.001)].map((point) => isInZone(circle, PLANE, point))).toEqual([true, false]);
  expect([at(0, 10), at(10.001, 5)].map((point) => isInZone(box, PLANE, point))).toEqual([true, false]);
  const inU = [at(1.5, 8), at(7.5, 8), at(4.5, 8), at(4.5, 1), at(4.5, 0), at(-1, 5)];
  expect(inU.map((point) => isInZone(polygon, PLANE, point))).toEqual([true, true, false, true, true, false]);
  const room: ZoneShape = { ...box, minZ: 1, maxZ: 2 };
  const solid = spaceOf({ dimensions: 3 });
  expect([at(5, 5, 1.5), at(5, 5, 2.5)].map((point) => isInZone(room, solid, point))).toEqual([true, false]);
  const dateLine: ZoneShape = { type: 'box', minX: 170, minY: -10, maxX: -170, maxY: 10 };
  const across = [at(175, 0), at(-175, 0), at(180, 0), at(0, 0)];
  expect(across.map((point) => isInZone(dateLine, EARTH, point))).toEqual([true, true, true, false]);
  expect(isInZone(dateLine, EARTH, at(170, 0))).toBeUndefined();
});

test('what is passed on the way', () => {
  expect(isPassed(circle, PLANE, at(-9, 1), at(9, 1))).toBe(true);
  expect(isPassed(circle, PLANE, at(-9, 6), at(9, 6))).toBe(false);
  expect(isPassed(circle, PLANE, at(6, 0), at(9, 0))).toBe(false);
  expect(isPassed(circle, PLANE, at(-9, 5), at(9, 5))).toBeUndefined();
  expect(isPassed(box, PLANE, at(-1, 5), at(5, 12))).toBe(true);
  expect(isPassed(box, PLANE, at(-9, 5), at(5, 25))).toBe(false);
  expect(isPassed(polygon, PLANE, at(4.5, 8), at(12, 8.5))).toBe(true);
  expect(isPassed(polygon, PLANE, at(4.5, 8), at(4.6, 12))).toBe(false);
  const pole: ZoneShape = { type: 'circle', x: 0, y: 90, radius: DEGREE };
  // The way is straight in degrees: along the parallel, and not over the pole.
  expect(isPassed(pole, EARTH, at(10, 80), at(-171, 80))).toBe(false);
  const siberia: ZoneShape = { ...pole, x: 100, y: 80.5 };
  expect(isPassed(siberia, EARTH, at(10, 80), at(-171, 80))).toBe(true);
  expect(isPassed({ ...siberia, y: 82 }, EARTH, at(10, 80), at(-171, 80))).toBe(false);
  expect(isPassed(pole, EARTH, at(10, 80), at(70, 80))).toBe(false);
  const dateLine: ZoneShape = { type: 'box', minX: 178, minY: -1, maxX: -178, maxY: 1 };
  expect(isPassed(dateLine, EARTH, at(170, 0), at(-170, 0.5))).toBe(true);
  expect(isPassed(dateLine, EARTH, at(-170, 0), at(0, 0.5))).toBe(false);
});

test('moves that rounding decides are counted as doubts', () => {
  const tally = new ZoneTally({ type: 'box', minX: 0, minY: 0, maxX: 10, maxY: 10 }, EARTH);
  tally.move(undefined, at(5, 5));
  tally.move(at(5, 5), at(10, 5));
  tally.move(at(10, 5), at(20, 5));
  expect([tally.counts.enter, tally.counts.exit, tally.doubts]).toEqual([1, 0, 2]);
});

test('positions without a place are none', () => {
  const plain = new PlainSpace(false);
  plain.begin('g');
  plain.place('g', 'a', at(1, Number.NaN));
  plain.place('unknown', 'a', at(1, 1));
  plain.remove('g', 'a');
  expect(plain.nodesOf('g').size).toBe(0);
});

test('events are told a few a second, and how many more there were', () => {
  let [text, now] = ['', 0];
  const lines = new ZoneLines(
    (more) => (text += more),
    () => now,
  );
  const event = { zone: 'z', node: 1, detect: 'enter', x: 1, y: 2, time: 0 } as const;
  for (let i = 0; i < 50; i++) lines.tell('g', event);
  expect(text.split('\n')).toHaveLength(21);
  now = 1500;
  lines.tell('g', event);
  lines.end();
  expect(text.trimEnd().split('\n').slice(20)).toEqual([
    '… and 30 more, counted but not shown',
    '1970-01-01 00:00:00  enter   z  1 of g at (1,2)',
  ]);
});
