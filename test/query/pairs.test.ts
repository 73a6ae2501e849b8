import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chordLimit, EARTH_RADIUS_M, greatCircleDistance, toUnitVector } from '../../dist/src/base/sphere.js';
import { createEngine, type Engine } from '../../dist/src/index.js';
import { bucketsOf, keyChunks } from '../../dist/src/query/pair-order.js';
import { boxLevels, joinChunks, type PairJoin, PairKernel, PairPhase } from '../../dist/src/query/pairs.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const capacity = { graphs: 1000, nodes: 200_000, edges: 1000 };
const engines: Engine[] = [];
beforeAll(async () => {
  for (const workers of [1, 2, 4]) engines.push(await createEngine({ workers, shards: 2, capacity }));
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

let names = 0;
const coordinate = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -6, max: 6 }) },
  { weight: 1, arbitrary: fc.double({ min: -6, max: 6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(1e-300, 1e300, -1e300, 0.1 + 0.2, 0.3) },
);
const points = fc.oneof(
  fc.array(fc.tuple(coordinate, coordinate), { maxLength: 150 }),
  // On one line, and all in one place.
  fc.array(
    coordinate.map((x) => [x, 2] as [number, number]),
    { maxLength: 150 },
  ),
  fc.integer({ min: 0, max: 150 }).map((count) => new Array<[number, number]>(count).fill([1, 1])),
);
const radius = fc.constantFrom(0, 1e-160, 0.5, 1, 2, 5, 1e200, Number.POSITIVE_INFINITY);

/** The root of the sum of squares, in a unit in which neither overflows nor vanishes. */
function apartness(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis++) sum += (a[axis]! - b[axis]!) ** 2;
  if (sum > 1e-280 && sum < 1e300) return Math.sqrt(sum);
  const unit = sum > 1 ? 2 ** -600 : 2 ** 600;
  return Math.sqrt(a.reduce((total, value, axis) => total + ((value - b[axis]!) * unit) ** 2, 0)) / unit;
}

function pairsOf(places: ReadonlyArray<readonly number[]>, radius: number): string[] {
  const pairs: string[] = [];
  for (let a = 0; a < places.length; a++) {
    for (let b = a + 1; b < places.length; b++) {
      const apart = apartness(places[a]!, places[b]!);
      if (apart <= radius) pairs.push(`${a} ${b} ${apart}`);
    }
  }
  return pairs.sort();
}

test(`pairs are those of every point with every other, for any number of workers (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(points, radius, async (places, reach) => {
      const name = `g${names++}`;
      for (const engine of engines) {
        const graph = engine.graph(name);
        places.forEach(([x, y], id) => {
          graph.moveNode(id, x, y);
        });
        graph.upsertNode('nowhere', {});
        await engine.flush();
        const { sources, targets, distances } = await graph.pairsWithin(reach);
        const found = Array.from(sources, (source, i) => {
          expect(source).toBeLessThan(targets[i]!);
          const ids = [graph.id(source) as number, graph.id(targets[i]!) as number].sort((a, b) => a - b);
          return `${ids[0]} ${ids[1]} ${distances[i]}`;
        });
        expect(found.sort()).toEqual(pairsOf(places, reach));
        graph.remove();
      }
    }),
    { seed: SEED, numRuns: 40 },
  );
});

/** The join alone, on this thread. */
function join(places: ReadonlyArray<readonly number[]>, dims: number, square: number, sphereRadius?: number): string[] {
  const count = places.length;
  const chunks = joinChunks(count);
  const base = {
    points: count,
    dims,
    givenRows: Uint32Array.from({ length: count }, (_, i) => i),
    givenPositions: Float64Array.from(places.flat()),
    bounds: Float64Array.of(
      ...[0, 1].flatMap((axis) => {
        const values = places.map((place) => place[axis]!);
        return [Math.min(...values), Math.max(...values)];
      }),
    ),
    buckets: new Uint32Array(count),
    counts: new Uint32Array(bucketsOf(count) * keyChunks(count)),
    places: new Uint32Array(bucketsOf(count) * keyChunks(count)),
    looseRows: new Uint32Array(count),
    loosePositions: new Float64Array(count * dims),
    rows: new Uint32Array(count),
    positions: new Float64Array(count * dims),
    square,
    certain: square,
    radius: Number.POSITIVE_INFINITY,
    sphereRadius,
    boxes: new Float64Array(boxLevels(count).at(-1)! * dims * 2),
    chunkPairs: new Float64Array(chunks),
    chunkStart: new Float64Array(chunks),
  };
  const counting = new PairKernel(
    { ...base, sources: undefined, targets: undefined, distances: undefined },
    () => true,
  );
  let plan: { phase: number; chunks: number } | undefined = { phase: PairPhase.key, chunks: keyChunks(count) };
  while (plan !== undefined) {
    const { phase } = plan;
    // Every chunk and every move twice: those of a lost worker are done again.
    for (let chunk = 0; chunk < plan.chunks; chunk++) counting.chunk(phase, chunk);
    for (let chunk = 0; chunk < plan.chunks; chunk++) counting.chunk(phase, chunk);
    expect(counting.next(phase)).toEqual((plan = counting.next(phase)));
  }
  let pairs = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    base.chunkStart[chunk] = pairs;
    pairs += base.chunkPairs[chunk]!;
  }
  const result: PairJoin = {
    ...base,
    sources: new Uint32Array(pairs),
    targets: new Uint32Array(pairs),
    distances: new Float64Array(pairs),
  };
  const writing = new PairKernel(result, () => true);
  for (let chunk = 0; chunk < chunks; chunk++) writing.chunk(PairPhase.write, chunk);
  return Array.from(result.sources!, (a, i) => `${a} ${result.targets![i]} ${result.distances![i]}`).sort();
}

test('the join in two and three dimensions, with all levels of boxes', () => {
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  for (const dims of [2, 3]) {
    for (const count of [1, 2, 15, 16, 17, 255, 257, 1025, 4095, 4097, 5000]) {
      const places = Array.from({ length: count }, () =>
        Array.from({ length: dims }, () => Math.floor(random() * 400)),
      );
      expect(join(places, dims, 25), `${count} points`).toEqual(pairsOf(places, 5));
    }
  }
});

test('the join of unit vectors: distances along the sphere, round the poles and the antimeridian', () => {
  const places: Array<readonly [number, number]> = [];
  for (let longitude = -180; longitude <= 180; longitude += 15) {
    for (const latitude of [-90, -89, -45, 0, 45.5, 89.5, 90]) places.push([longitude, latitude]);
  }
  const vectors = places.map(([longitude, latitude]) => {
    const vector = new Float64Array(3);
    toUnitVector(longitude, latitude, vector, 0);
    return [...vector];
  });
  const reach = 2_000_000;
  const wanted: string[] = [];
  places.forEach((a, i) => {
    for (let j = i + 1; j < places.length; j++) {
      const distance = greatCircleDistance(...a, ...places[j]!, EARTH_RADIUS_M);
      if (distance <= reach) wanted.push(`${i} ${j} ${distance.toFixed(3)}`);
    }
  });
  const found = join(vectors, 3, chordLimit(reach, EARTH_RADIUS_M), EARTH_RADIUS_M);
  expect(found.map((pair) => pair.replace(/[\d.e-]+$/, (distance) => Number(distance).toFixed(3))).sort()).toEqual(
    wanted.sort(),
  );
});

test('more pairs than can be held are counted and refused', async () => {
  for (const engine of engines) {
    const graph = engine.graph('heap');
    const count = 100_000;
    const handles = graph.handles(Array.from({ length: count }, (_, id) => id));
    const same = new Float64Array(count).fill(7);
    for (let done = 0; done < count; await engine.drained()) {
      done += graph.moveNodes(handles.subarray(done), same.subarray(done), same.subarray(done));
    }
    await engine.flush();
    await expect(graph.pairsWithin(0)).rejects.toMatchObject({
      code: 'ATHANOR_CAPACITY',
      message: expect.stringContaining(String((count * (count - 1)) / 2)),
    });
    graph.remove();
    await engine.flush();
  }
});

test('pairs are those of one moment, while nodes move', async () => {
  const engine = engines[1]!;
  const graph = engine.graph('moving');
  // Each event moves a node by a whole number of units from its own place: two nodes are never nearer than 0.5 unless they are neighbours.
  const nodes = 3000;
  for (let id = 0; id < nodes; id++) graph.moveNode(id, id, 0);
  await engine.flush();
  let streaming = true;
  let turns = 0;
  const stream = (async () => {
    for (; streaming; turns++) {
      // From the last to the first, each a step up: at any moment the graph is a stair with one edge.
      for (let id = nodes - 1; id >= 0; id--) {
        graph.moveNode(id, id, turns + 1);
        if (id % 500 === 0) await engine.drained();
      }
    }
  })();
  const progress: Array<[number, number]> = [];
  for (let round = 0; round < 6; round++) {
    const { sources, targets, distances } = await graph.pairsWithin(1, {
      onProgress: (done, total) => progress.push([done, total]),
    });
    // All neighbours but the two at the edge, which are a diagonal apart.
    expect(sources.length === nodes - 1 || sources.length === nodes - 2, `${sources.length}`).toBe(true);
    for (let i = 0; i < sources.length; i++) {
      expect(Math.abs((graph.id(sources[i]!) as number) - (graph.id(targets[i]!) as number))).toBe(1);
      expect(distances[i]).toBe(1);
    }
  }
  streaming = false;
  await stream;
  expect(progress.length).toBeGreaterThanOrEqual(6);
  for (const [done, total] of progress) expect(done).toBeLessThanOrEqual(total);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});
