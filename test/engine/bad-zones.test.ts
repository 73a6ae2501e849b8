import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type Graph } from '../../dist/src/index.js';
import { checkZoneShape } from '../../dist/src/publish/zone-shape.js';
import { refuses } from '../support/refuses.js';

let engine: Engine;
let graph: Graph;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, capacity: { graphs: 10, nodes: 100, edges: 100 }, maxPayloadBytes: 2000 });
  graph = engine.graph('g');
});
afterAll(() => engine.close());

const circle = { type: 'circle', x: 0, y: 0, radius: 1 };
const box = { type: 'box', minX: 0, minY: 0, maxX: 1, maxY: 1 };
const ring = (...points: unknown[]): unknown => ({ type: 'polygon', points });
const plane = { dimensions: 2, spherical: false } as const;
const solid = { dimensions: 3, spherical: false } as const;
const sphere = { dimensions: 2, spherical: true } as const;

const shapes: Array<[unknown, RegExp]> = [
  [undefined, /shape: undefined is not an object/],
  ['circle', /shape: "circle" is not an object/],
  [{}, /shape.type: undefined is not 'circle', 'box' or 'polygon'/],
  [{ type: 'hexagon' }, /shape.type: "hexagon"/],
  [{ ...circle, x: Number.NaN }, /shape.x: NaN is not a finite number/],
  [{ ...circle, y: '1' }, /shape.y: "1" is not a finite number/],
  [{ ...circle, z: 1 }, /shape.z: 1 is not allowed in a graph of 2 dimensions/],
  [{ ...circle, radius: -1 }, /shape.radius: -1 is not a number from 0 up/],
  [{ ...circle, radius: Number.POSITIVE_INFINITY }, /shape.radius: Infinity is not a finite number/],
  [{ type: 'circle', x: 0, y: 0 }, /shape.radius: undefined/],
  [{ ...box, minX: 2 }, /shape.minX: 2 is not at most maxX \(1\)/],
  [{ ...box, minY: 2 }, /shape.minY: 2 is not at most maxY \(1\)/],
  [{ ...box, maxY: Number.NaN }, /shape.maxY: NaN/],
  [{ ...box, minZ: 0, maxZ: 1 }, /shape.minZ: 0 is not allowed/],
  [{ type: 'polygon' }, /shape.points: undefined is not an array/],
  [ring([0, 0], [1, 0]), /shape.points: an array of 2 is not a ring of at least 3 points/],
  [ring([0, 0], [1, 0], [1]), /shape.points\[2\]: an array of 1 is not a pair/],
  [ring([0, 0], [1, 0], [1, 1, 1]), /shape.points\[2\]: an array of 3 is not a pair/],
  [ring([0, 0], [1, 0], 5), /shape.points\[2\]: 5 is not a pair/],
  [ring([0, 0], [1, Number.NaN], [1, 1]), /shape.points\[1\]\[1\]: NaN/],
  [ring([0, 0], [1, 0], [1, 0], [1, 1]), /shape.points\[2\]: .* is not other than the one before/],
  [ring([0, 0], [1, 0], [1, 1], [0, 0]), /shape.points\[3\]: .* is not other than the first/],
  // Crossing, touching a corner, running back along an edge, flat.
  [ring([0, 0], [2, 2], [2, 0], [0, 2]), /self-crossing: its edges from points \d and \d meet/],
  [ring([0, 0], [4, 0], [4, 4], [2, 0], [0, 4]), /self-crossing/],
  [ring([0, 0], [4, 0], [2, 0], [2, 3]), /self-crossing/],
  [ring([0, 0], [1, 1], [2, 2]), /self-crossing/],
  [ring([0, 0], [2, 0], [2, 2], [0, 0.5], [2, 2.5], [0, 3]), /self-crossing/],
];

test.each(shapes)('shape %#', (shape, words) => {
  const before = engine.stats();
  refuses(() => graph.setZone('z', shape as never), 'ATHANOR_INVALID_EVENT', words);
  const after = engine.stats();
  expect(after.rejected).toBe(before.rejected + 1);
  expect(after.published).toBe(before.published);
});

test('names of zones', () => {
  for (const name of ['', 5, undefined, 'x'.repeat(257), 'ä'.repeat(129)]) {
    refuses(
      () => graph.setZone(name as string, circle as never),
      'ATHANOR_INVALID_EVENT',
      /zone: .* is not a non-empty string of at most 256 bytes/,
    );
    refuses(() => graph.removeZone(name as string), 'ATHANOR_INVALID_EVENT', /zone: /);
  }
  expect(graph.setZone('ä'.repeat(128), circle as never)).toBe(true);
});

test('a shape beyond maxPayloadBytes is refused, and a refused zone leaves nothing behind', async () => {
  const many = Array.from({ length: 500 }, (_, i) => [Math.cos(i / 80), Math.sin(i / 80)]);
  refuses(
    () => graph.setZone('big', { type: 'polygon', points: many as never }),
    'ATHANOR_PAYLOAD_TOO_LARGE',
    /shape: (at least )?\d+ bytes/,
  );
  refuses(
    () => engine.graph('unknown').setZone('big', { type: 'polygon', points: many as never }),
    'ATHANOR_PAYLOAD_TOO_LARGE',
    /shape/,
  );
  await engine.flush();
  const { ok, problems } = await engine.verify();
  expect(problems).toEqual([]);
  expect(ok).toBe(true);
  // The same name again: it was not bound by what was refused.
  graph.setZone('big', circle as never);
  graph.removeZone('big');
  await engine.flush();
});

describe('other geometries', () => {
  const refusesShape = (shape: unknown, space: Parameters<typeof checkZoneShape>[1], words: RegExp): void =>
    refuses(() => checkZoneShape(shape as Record<string, unknown>, space), 'ATHANOR_INVALID_EVENT', words);

  test('three dimensions', () => {
    expect(checkZoneShape({ ...circle, z: 1, more: 5 }, solid)).toEqual({ ...circle, z: 1 });
    expect(checkZoneShape({ ...box, minZ: 0, maxZ: 1 }, solid)).toEqual({ ...box, minZ: 0, maxZ: 1 });
    refusesShape(circle, solid, /shape.z: undefined is not a finite number/);
    refusesShape({ ...box, minZ: 0 }, solid, /shape.maxZ: undefined/);
    refusesShape({ ...box, minZ: 2, maxZ: 1 }, solid, /shape.minZ: 2 is not at most maxZ \(1\)/);
    checkZoneShape(ring([0, 0], [1, 0], [1, 1]) as Record<string, unknown>, solid);
  });

  test('the sphere', () => {
    refusesShape({ ...circle, y: 91 }, sphere, /shape.y: 91 is not a latitude from -90 to 90/);
    refusesShape({ ...circle, x: -181 }, sphere, /shape.x: -181 is not a longitude from -180 to 180/);
    refusesShape({ ...circle, z: 5 }, sphere, /shape.z: 5/);
    refusesShape(ring([0, 0], [190, 0], [1, 1]), sphere, /shape.points\[1\]\[0\]: 190/);
    refusesShape({ ...box, minY: 5 }, sphere, /shape.minY: 5/);
    // Across the antimeridian.
    checkZoneShape({ ...box, minX: 170, maxX: -170 }, sphere);
  });

  test('a long ring', () => {
    const points = Array.from({ length: 3000 }, (_, i) => [
      Math.cos((i / 3000) * 2 * Math.PI),
      Math.sin((i / 3000) * 2 * Math.PI),
    ]);
    expect(checkZoneShape({ type: 'polygon', points }, plane)).toEqual({ type: 'polygon', points });
  });
});

test('options of watchers', () => {
  const bad: Array<[unknown, RegExp]> = [
    [null, /options: null is not an object/],
    [{ zone: 'x' }, /options.zone: there is no such option/],
    [{ zones: 'x' }, /zones: "x" is not an array/],
    [{ zones: [''] }, /zones\[0\]: "" is not a non-empty string/],
    [{ zones: ['a', 5] }, /zones\[1\]: 5/],
    [{ detect: [] }, /detect: an array of 0/],
    [{ detect: ['leave'] }, /detect\[0\]: "leave" is not one of/],
    [{ detect: 'enter' }, /detect: "enter"/],
    [{ onSlow: 'block' }, /onSlow: "block" is not 'wait' or 'drop'/],
    [{ signal: {} }, /signal: an object is not an AbortSignal/],
  ];
  for (const [options, words] of bad) refuses(() => graph.watch(options as never), 'ATHANOR_INVALID_OPTION', words);
  for (const radius of [undefined, -1, Number.NaN, Number.POSITIVE_INFINITY, '5']) {
    refuses(
      () => graph.watchRoaming({ radius } as never),
      'ATHANOR_INVALID_OPTION',
      /radius: .* is not a finite number from 0 up/,
    );
  }
  refuses(() => graph.watchRoaming(undefined as never), 'ATHANOR_INVALID_OPTION', /options: undefined/);
  const watchers = Array.from({ length: 256 }, () => graph.watchRoaming({ radius: 1 }));
  refuses(() => graph.watchRoaming({ radius: 1 }), 'ATHANOR_CAPACITY', /at most 256 roaming watchers/);
  refuses(() => engine.graph('other').watchRoaming({ radius: 1 }), 'ATHANOR_CAPACITY', /256/);
  for (const watcher of watchers) void watcher.return!();
  void graph.watchRoaming({ radius: 1 }).return!();
});
