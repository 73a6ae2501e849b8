import { expect, test } from 'vitest';
import { RingSweep } from '../../dist/src/base/simple-ring.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_201);
type Point = readonly [number, number];

/** xorshift32 */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Sides of a line, in whole numbers: exact here. */
function side(a: Point, b: Point, c: Point): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

function holds(a: Point, b: Point, c: Point): boolean {
  const inBox =
    c[0] >= Math.min(a[0], b[0]) &&
    c[0] <= Math.max(a[0], b[0]) &&
    c[1] >= Math.min(a[1], b[1]) &&
    c[1] <= Math.max(a[1], b[1]);
  return inBox && side(a, b, c) === 0;
}

function meet(a: Point, b: Point, c: Point, d: Point): boolean {
  if (holds(a, b, c) || holds(a, b, d) || holds(c, d, a) || holds(c, d, b)) return true;
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** Whether two edges have a point in common that is not the corner between them, by looking at all pairs. */
function wrong(ring: readonly Point[], i: number, j: number): boolean {
  const n = ring.length;
  const [a, b, c, d] = [ring[i]!, ring[(i + 1) % n]!, ring[j]!, ring[(j + 1) % n]!];
  if ((i + 1) % n === j) return holds(a, b, d) || holds(c, d, a);
  if ((j + 1) % n === i) return holds(a, b, c) || holds(c, d, b);
  return meet(a, b, c, d);
}

function isSimple(ring: readonly Point[]): boolean {
  for (let i = 0; i < ring.length; i++) for (let j = 0; j < i; j++) if (wrong(ring, j, i)) return false;
  return true;
}

test('rings on a small grid, of which most touch themselves somehow, are judged as by all pairs of edges', () => {
  console.info(`seed ${SEED}`);
  const random = generator(SEED);
  let simple = 0;
  for (let round = 0; round < 40_000; round++) {
    const size = 3 + random(3);
    const ring: Point[] = [];
    for (let i = 3 + random(6); i > 0; i--) {
      const point: Point = [random(size), random(size)];
      const last = ring.at(-1);
      if (last === undefined || last[0] !== point[0] || last[1] !== point[1]) ring.push(point);
    }
    const [first, last] = [ring[0]!, ring.at(-1)!];
    if (ring.length < 3 || (first[0] === last[0] && first[1] === last[1])) continue;
    const found = new RingSweep(ring).crossing();
    const wanted = isSimple(ring);
    if (wanted) simple++;
    expect(found === undefined, JSON.stringify(ring)).toBe(wanted);
    // What is named does meet; of two corners at one place, the edges from them.
    if (found !== undefined) {
      const [i, j] = found;
      const sameCorner = ring[i]![0] === ring[j]![0] && ring[i]![1] === ring[j]![1];
      expect(sameCorner || wrong(ring, Math.min(i, j), Math.max(i, j)), JSON.stringify([ring, found])).toBe(true);
    }
  }
  expect(simple).toBeGreaterThan(2000);
});

/** Teeth as high as the whole ring: every edge is beside all others in one of the axes. */
function comb(points: number, upright: boolean): Point[] {
  const ring: Point[] = Array.from({ length: points - 2 }, (_, i): Point => [i, i % 2 === 0 ? 0 : 1e6]);
  ring.push([points, 2e6], [-1, 2e6]);
  return upright ? ring : ring.map(([x, y]): Point => [y, x]);
}

function spiral(points: number): Point[] {
  const half = points >> 1;
  const at = (i: number, out: number): Point => {
    const angle = i * 0.05;
    return [(angle + 1 + out) * Math.cos(angle), (angle + 1 + out) * Math.sin(angle)];
  };
  return Array.from({ length: points }, (_, i) => (i < half ? at(i, 0) : at(points - 1 - i, 2)));
}

test('the work grows with n log n, whatever the shape', () => {
  const shapes: Array<(points: number) => Point[]> = [(n) => comb(n, true), (n) => comb(n, false), spiral];
  for (const shape of shapes) {
    const looks = [4_000, 32_000].map((points) => {
      const sweep = new RingSweep(shape(points));
      expect(sweep.crossing()).toBeUndefined();
      return sweep.looks;
    });
    // Eight times the points: 8 × log 32,000 / log 4,000 is 10; a pairwise look would be 64.
    expect(looks[1]! / looks[0]!).toBeLessThan(14);
  }
});

test('one crossing among many edges is found', () => {
  for (const upright of [true, false]) {
    const ring = comb(2_000, upright);
    // The tip of one tooth goes through the next.
    ring[501] = upright ? [502.75, 5e5] : [5e5, 502.75];
    expect(new RingSweep(ring).crossing()).toBeDefined();
  }
});
