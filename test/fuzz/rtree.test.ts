import fc from 'fast-check';
import { describe, it } from 'vitest';
import { Space } from '../../dist/src/base/space.js';
import { EARTH_RADIUS_M } from '../../dist/src/base/sphere.js';
import { GRAPHS, type Point, Twin } from '../support/tree-twin.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20260101);
const unit = fc.double({ min: 0, max: 1, noNaN: true });
type Shape = (u: number, v: number, t: number) => Point;
/** Uniform, few places, a line, a tiny cluster in a huge space, far from the origin, zeros of both signs. */
const flat: Record<string, Shape> = {
  uniform: (u, v, t) => ({ x: u * 100, y: v * 100, z: t * 100 }),
  'few places': (u, v, t) => ({ x: Math.floor(u * 3), y: Math.floor(v * 3), z: Math.floor(t * 2) }),
  'one place': () => ({ x: 5, y: 5, z: 5 }),
  'a line': (u) => ({ x: u * 100, y: 7, z: -7 }),
  'tiny and huge': (u, v, t) =>
    v > 0.2 ? { x: u / 1e6, y: v / 1e6, z: t / 1e6 } : { x: 1e9 * u, y: -1e9 * v, z: 1e9 * t },
  'far away': (u, v, t) => ({ x: 1e9 + u, y: -1e9 + v, z: 1e9 - t }),
  zeros: (u, v, t) => ({ x: u > 0.5 ? 0 : -0, y: v > 0.5 ? -0 : u, z: t > 0.5 ? -0 : 0 }),
};
const globe: Record<string, Shape> = {
  'the whole globe': (u, v) => ({ x: u * 360 - 180, y: (Math.asin(2 * v - 1) * 180) / Math.PI, z: 0 }),
  'few places, poles among them': (u, v) => ({ x: Math.floor(u * 5) * 90 - 180, y: Math.floor(v * 5) * 45 - 90, z: 0 }),
  'round a pole': (u, v, t) => ({ x: u * 360 - 180, y: (t > 0.3 ? -1 : 1) * (90 - v * v * 2), z: 0 }),
  'across the antimeridian': (u, v, t) => ({ x: (t > 0.5 ? 1 : -1) * (180 - u * u), y: v * 10 - 5, z: 0 }),
  'a few metres': (u, v) => ({ x: 13 + u * 1e-4, y: 52 + v * 1e-4, z: 0 }),
  'the equator': (u) => ({ x: u * 360 - 180, y: 0, z: 0 }),
};
const HALF_TURN_M = EARTH_RADIUS_M * Math.PI;
/** What a coordinate may be: nothing, or degrees. */
const inRange: ReadonlyArray<(point: Point) => Point> = [
  (point) => point,
  (point) => point,
  ({ x, y }) => ({ x: Math.max(-180, Math.min(180, x)), y: Math.max(-90, Math.min(90, y)), z: 0 }),
];

interface World {
  readonly name: string;
  readonly space: number;
  readonly shape: Shape;
  /** The greatest distance that is asked about, and the greatest step of a coordinate. */
  readonly reach: number;
  readonly extent: number;
}

const extentOf = (name: string): number =>
  name === 'tiny and huge' ? 1e9 : name === 'uniform' || name === 'a line' ? 100 : 3;
const worlds: World[] = [
  ...[Space.plane, Space.solid].flatMap((space) =>
    Object.keys(flat).map((name) => ({
      name: `${space === Space.plane ? 'plane' : 'solid'}, ${name}`,
      space,
      shape: flat[name]!,
      reach: extentOf(name),
      extent: extentOf(name),
    })),
  ),
  ...Object.keys(globe).map((name) => ({
    name: `sphere, ${name}`,
    space: Space.sphere,
    shape: globe[name]!,
    reach: name === 'a few metres' ? 10 : HALF_TURN_M,
    extent: name === 'a few metres' ? 1e-3 : 90,
  })),
];

const command = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      count: fc.nat(60),
      first: unit,
      step: fc.nat(7),
      graph: fc.nat(GRAPHS - 1),
      u: unit,
      v: unit,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('shake' as const), count: fc.nat(80), first: unit, size: unit, u: unit }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('remove' as const), count: fc.nat(60), first: unit, step: fc.nat(7) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('pack' as const),
      steps: fc.nat(30),
      items: fc.integer({ min: 1, max: 64 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('reclaim' as const), blocks: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drop' as const), graph: fc.nat(GRAPHS - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('ask' as const),
      graph: fc.nat(GRAPHS - 1),
      u: unit,
      v: unit,
      radius: unit,
    }),
  },
);

describe.each(worlds)('trees against maps: $name', ({ space, shape, reach, extent }) => {
  it('mixed changes, packing in slices between them, several graphs', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(command, { minLength: 60, maxLength: 160, size: 'max' }), (salt, commands) => {
        const rows = 1200;
        const twin = new Twin(rows, space);
        let state = salt | 1;
        const next = () => {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          return (state >>> 0) / 2 ** 32;
        };
        // Past the least number of inserts that asks for a packing, so that most cases run one. In every other case so many
        // points come and go that what follows is part of a burst.
        const pours = (salt & 2) !== 0;
        for (let turn = pours ? 15 : 0; turn >= 0; turn--) {
          for (let row = 0; row < 280; row++) twin.put(0, row, shape(next(), next(), next()));
          for (let row = 0; row < 280 && turn > 0; row++) twin.remove(row);
        }
        for (const it of commands) {
          switch (it.op) {
            case 'put':
              for (let i = 0; i < it.count; i++) {
                twin.put(
                  pours && it.count > 20 ? 0 : it.graph,
                  (Math.floor(it.first * rows) + i * (1 + it.step)) % rows,
                  shape(next(), next(), next()),
                );
              }
              break;
            case 'shake':
              for (let i = 0; i < it.count; i++) {
                const row = (Math.floor(it.first * rows) + i) % rows;
                const own = twin.graphOf[row]!;
                if (own === -1) continue;
                const { x, y, z } = twin.model[own]!.get(row)!;
                const step = () => (next() - 0.5) * it.size * it.size * extent * 0.1;
                twin.put(own, row, inRange[space]!({ x: x + step(), y: y + step(), z: z + step() }));
              }
              break;
            case 'remove':
              for (let i = 0; i < it.count; i++) twin.remove((Math.floor(it.first * rows) + i * (1 + it.step)) % rows);
              break;
            case 'pack':
              if (it.steps % 3 === 0) twin.trees.packIdle();
              if (it.steps % 7 === 0) twin.trees.calm();
              twin.pack(it.steps, it.items);
              break;
            case 'reclaim':
              twin.trees.reclaimStep(it.blocks);
              break;
            case 'drop':
              twin.drop(it.graph);
              break;
            case 'ask':
              twin.ask(it.graph, shape(it.u, it.v, next()), it.radius * it.radius * reach);
              break;
          }
        }
        twin.check();
        twin.pack(1e6, 50);
        twin.check();
        for (let graph = 0; graph < GRAPHS; graph++) twin.ask(graph, shape(next(), next(), next()), reach / 4);
      }),
      { seed, numRuns: 12, endOnFailure: true },
    );
  });
});

describe.each([
  ['plane', Space.plane, flat.uniform!],
  ['solid', Space.solid, flat.uniform!],
  ['sphere', Space.sphere, globe['the whole globe']!],
  ['plane, a line', Space.plane, flat['a line']!],
  ['plane, few places', Space.plane, flat['few places']!],
] as const)('a graph that is loaded in a stream: %s', (_, space, shape) => {
  it('holds every point at any time, beside moves and removes, while it is packed and when it was', () => {
    const rows = 9000;
    const twin = new Twin(rows, space);
    let state = seed | 1;
    const next = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 2 ** 32;
    };
    for (let row = 0; row < rows; row++) {
      twin.put(0, row, shape(next(), next(), next()));
      if (next() < 0.05) twin.put(0, Math.floor(next() * row), shape(next(), next(), next()));
      if (next() < 0.05) twin.remove(Math.floor(next() * row));
      if (row % 64 === 63) twin.pack(1, 512);
      if (row % 3000 === 2999) {
        twin.check();
        twin.ask(0, shape(next(), next(), next()), 5);
      }
    }
    for (let row = 0; row < rows; row += 2) twin.remove(row);
    twin.check();
    twin.trees.packIdle();
    twin.pack(1e6, 512);
    twin.check();
    twin.ask(0, shape(next(), next(), next()), 5);
  });
});

describe('pools hold what their bound says', () => {
  const rows = 400;

  it('every row, in one tree, churned and dropped again and again without a step of reclaiming', () => {
    const twin = new Twin(rows, Space.plane);
    for (let turn = 0; turn < 30; turn++) {
      for (let row = 0; row < rows; row++)
        twin.put(turn % GRAPHS, row, { x: (row * 7919) % 401, y: (row * 104729) % 397, z: 0 });
      for (let row = 0; row < rows; row++) twin.put(0, row, { x: (row * 31 * turn) % 401, y: (row * 17) % 397, z: 0 });
      twin.check();
      twin.drop(turn % GRAPHS);
    }
  });

  it('a packing that is given up leaves nothing behind', () => {
    const twin = new Twin(rows, Space.plane);
    for (let turn = 1; turn < 60; turn++) {
      for (let row = 0; row < rows; row++) twin.put(0, row, { x: (row * 7919) % 401, y: (row * 104729) % 397, z: 0 });
      // From the first slice to the last: every phase is cut short once.
      twin.pack(turn * 4, 16);
      // The list of late rows overflows when the same row comes and goes.
      if (turn % 2 === 0) {
        for (let i = 0; i < rows + 80; i++) {
          twin.remove(5);
          twin.put(0, 5, { x: i, y: i, z: 0 });
        }
        twin.check();
        for (let i = 0; i < 300; i++) {
          twin.remove(6);
          twin.put(0, 6, { x: i, y: i, z: 0 });
        }
        twin.pack(1e6, 64);
        twin.check();
      }
      twin.drop(0);
      twin.check();
    }
  });
});
