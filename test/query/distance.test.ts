import { afterAll, expect, test } from 'vitest';
import { createEngine, type Graph, type NodeId, type RoamEvent, type ZoneEvent } from '../../dist/src/index.js';

/*
 * One definition of distance: whatever asks about a pair and a radius answers alike, to the last bit, with radii that are
 * exactly a distance, and one digit less and more.
 */

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_201);
const engine = await createEngine({ workers: 1, shards: 2 });
afterAll(() => engine.close());

/** xorshift32, in [0, 1) */
function generator(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const bits = new DataView(new ArrayBuffer(8));
/** The next double, up or down, of one that is not negative. */
function beside(value: number, by: 1 | -1): number {
  if (value === 0) return by === 1 ? Number.MIN_VALUE : 0;
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + BigInt(by));
  return bits.getFloat64(0);
}

type Place = readonly [x: number, y: number, z: number];
interface World {
  readonly name: string;
  readonly options: Parameters<typeof engine.graph>[1];
  readonly at: (random: () => number) => Place;
  /** The true distance, computed in another way, and what it may be off by. */
  readonly distance: (a: Place, b: Place) => number;
  readonly within: number;
}

function straight(a: Place, b: Place): number {
  const along = a.map((value, axis) => value - b[axis]!);
  const unit = Math.max(...along.map(Math.abs));
  return unit === 0 ? 0 : unit * Math.hypot(...along.map((value) => value / unit));
}

/** By sine and cosine of half the angle. */
function round(a: Place, b: Place, radius: number): number {
  const [dy, dx] = [((b[1] - a[1]) * Math.PI) / 360, ((b[0] - a[0]) * Math.PI) / 360];
  const [ya, yb] = [(a[1] * Math.PI) / 180, (b[1] * Math.PI) / 180];
  const h = Math.sin(dy) ** 2 + Math.cos(ya) * Math.cos(yb) * Math.sin(dx) ** 2;
  return 2 * radius * Math.atan2(Math.sqrt(h), Math.sqrt(cosSquare(a, b)));
}

function cosSquare(a: Place, b: Place): number {
  const [ya, yb, x] = [(a[1] * Math.PI) / 180, (b[1] * Math.PI) / 180, ((b[0] - a[0]) * Math.PI) / 360];
  return Math.sin((ya + yb) / 2) ** 2 * Math.sin(x) ** 2 + Math.cos((ya - yb) / 2) ** 2 * Math.cos(x) ** 2;
}

const flat =
  (scale: number, deep: boolean) =>
  (random: () => number): Place => {
    const one = (): number => (random() < 0.3 ? Math.floor(random() * 4) - 2 : random() * 4 - 2) * scale;
    return [one(), one(), deep ? one() : 0];
  };
const RADIUS = 6_371_008.8;
const worlds: World[] = [
  ...[1, 1e6, 3e200, 1e-200, 1e-160, 2e-145].flatMap((scale): World[] => [
    { name: `plane ${scale}`, options: {}, at: flat(scale, false), distance: straight, within: 1e-14 },
    { name: `solid ${scale}`, options: { dimensions: 3 }, at: flat(scale, true), distance: straight, within: 1e-14 },
  ]),
  {
    name: 'sphere',
    options: { metric: 'haversine' },
    at: (random) => [random() * 360 - 180, random() * 180 - 90, 0],
    distance: (a, b) => round(a, b, RADIUS),
    within: 1e-14,
  },
  {
    name: 'sphere, near by, and both ends of it',
    options: { metric: 'haversine', earthRadiusM: 1 },
    at: (random) => {
      const [x, y] = [20 + random() * 1e-3, 30 + random() * 1e-3];
      return random() < 0.2 ? [x - 180, -y, 0] : [x, y, 0];
    },
    distance: (a, b) => round(a, b, 1),
    within: 1e-9,
  },
];

const POINTS = 24;

async function take<T>(events: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) taken.push((await events.next()).value as T);
  await events.return?.();
  return taken;
}

/** What every question says of the nodes within the radius of the first one. */
async function answers(
  graph: Graph,
  [x, y, z]: Place,
  deep: boolean,
  radius: number,
): Promise<Record<string, NodeId[]>> {
  const height = deep ? { z } : {};
  const place = { x, y, ...height, radius };
  const sorted = graph.within({ ...place, sort: 'distance' });
  const nearest = graph.nearest({ x, y, ...height, k: 100, maxDistance: radius });
  expect([...nearest.distances!]).toEqual([...sorted.distances!]);
  const handles = new Uint32Array(100);
  const into = graph.withinInto(x, y, radius, handles, deep ? z : undefined);
  const many = await graph.withinMany({
    x: Float64Array.of(x),
    y: Float64Array.of(y),
    ...(deep && { z: Float64Array.of(z) }),
    radius,
  });
  const pairs = await graph.pairsWithin(radius);
  const first = graph.handle(0)!;
  const partners = [0 as NodeId];
  pairs.sources.forEach((source, i) => {
    const target = pairs.targets[i]!;
    if (source !== first && target !== first) return;
    const other = graph.id(source === first ? target : source)!;
    partners.push(other);
    // The distance of the pair is that of the node.
    expect(pairs.distances[i]).toBe(nearest.distances![nearest.ids().indexOf(other)]);
  });
  const ids = (rows: Uint32Array): NodeId[] => Array.from(rows, (row) => graph.id(row)!);
  return {
    within: graph.within(place).ids(),
    sorted: sorted.ids(),
    nearest: nearest.ids(),
    into: ids(handles.subarray(0, into)),
    many: ids(many.handles),
    neighbors: graph.neighbors('hub', { within: place }).ids(),
    pairs: partners,
  };
}

/** Told when a circle with the first node as its centre is set, and when the first node comes back to its place. */
async function told(graph: Graph, [x, y, z]: Place, deep: boolean, radius: number): Promise<Record<string, NodeId[]>> {
  const zones = graph.watch()[Symbol.asyncIterator]();
  const found = graph.within({ x, y, ...(deep && { z }), radius }).ids();
  graph.setZone('circle', { type: 'circle', x, y, ...(deep && { z }), radius });
  await engine.flush();
  const entered = (await take<ZoneEvent>(zones, found.length)).map((event) => event.node);
  graph.removeZone('circle');
  graph.upsertNode('mover');
  const roaming = graph.watchRoaming({ radius })[Symbol.asyncIterator]();
  graph.moveNode('mover', x, y, deep ? z : undefined);
  await engine.flush();
  const nearby = await take<RoamEvent>(roaming, found.length);
  const distances = graph.nearest({ x, y, ...(deep && { z }), k: 100, maxDistance: radius });
  for (const event of nearby) {
    expect(event.distance).toBe(distances.distances![distances.ids().indexOf(event.other)]);
  }
  graph.removeNode('mover');
  await engine.flush();
  return { entered, nearby: nearby.map((event) => event.other) };
}

test.each(worlds)('every question decides alike: $name', async ({ name, options, at, distance, within }) => {
  console.info(`seed ${SEED}`);
  const random = generator(SEED);
  const graph = engine.graph(name, options);
  const deep = options?.dimensions === 3;
  const places = Array.from({ length: POINTS }, () => at(random));
  // Two at one place; the hub is nowhere.
  places.push(places[0]!, places[5]!);
  places.forEach(([x, y, z], id) => {
    graph.moveNode(id, x, y, deep ? z : undefined);
    graph.upsertEdge('hub', id);
  });
  await engine.flush();
  const [x, y, z] = places[0]!;
  const all = graph.nearest({ x, y, ...(deep && { z }), k: 100 });
  expect(all.length).toBe(places.length);
  const distances = new Map(all.ids().map((id, i) => [id, all.distances![i]!]));
  for (const [id, found] of distances) {
    const wanted = distance(places[0]!, places[id as number]!);
    expect(Math.abs(found - wanted)).toBeLessThanOrEqual(wanted * within);
  }
  for (const exact of [...distances.values()].filter((_, i) => i % 3 === 0 || i < 4)) {
    for (const radius of [beside(exact, -1), exact, beside(exact, 1)]) {
      const wanted = [...distances].filter(([, apart]) => apart <= radius).map(([id]) => id);
      const sorted = (ids: NodeId[]): NodeId[] => ids.sort((a, b) => Number(a) - Number(b));
      for (const [question, ids] of Object.entries(await answers(graph, places[0]!, deep, radius))) {
        expect(sorted(ids), `${question} ${radius}`).toEqual(sorted(wanted));
      }
      if (radius !== exact) continue;
      for (const [question, ids] of Object.entries(await told(graph, places[0]!, deep, radius))) {
        expect(sorted(ids), `${question} ${radius}`).toEqual(sorted(wanted));
      }
    }
  }
});

test('answers of a graph or kind that is not there have distances too', async () => {
  const none = engine.graph('none');
  const some = engine.graph('plane 1');
  for (const set of [
    none.nearest({ x: 0, y: 0, k: 1 }),
    none.within({ x: 0, y: 0, radius: 1, sort: 'distance' }),
    some.nearest({ x: 0, y: 0, k: 1, kind: 'never named' }),
    some.within({ x: 0, y: 0, radius: 1, sort: 'distance', kind: 'never named' }),
  ]) {
    expect(set.length).toBe(0);
    expect(set.distances).toEqual(new Float64Array(0));
  }
  expect(none.within({ x: 0, y: 0, radius: 1 }).distances).toBeUndefined();
});

test('a box that ends at 180 degrees holds both of its names: as a zone, a query, and cells', async () => {
  const graph = engine.graph('date line', { metric: 'haversine' });
  const ids = ['west', 'east', 'near', 'far'];
  [-180, 180, 179.5, 0].forEach((x, i) => {
    graph.moveNode(ids[i]!, x, 5);
  });
  await engine.flush();
  for (const [minX, maxX, wanted] of [
    [-180, -170, ['east', 'west']],
    [170, 180, ['east', 'near', 'west']],
    [179, -179, ['east', 'near', 'west']],
    [180, -180, ['east', 'west']],
    [-10, 10, ['far']],
  ] as const) {
    const box = { minX, minY: 0, maxX, maxY: 10 };
    expect(graph.withinBox(box).ids().sort(), `${minX} ${maxX}`).toEqual(wanted);
    const zones = graph.watch()[Symbol.asyncIterator]();
    graph.setZone('box', { type: 'box', ...box });
    await engine.flush();
    expect((await take<ZoneEvent>(zones, wanted.length)).map((event) => event.node).sort()).toEqual(wanted);
    graph.removeZone('box');
    if (minX > maxX) continue;
    const cells = [...graph.clusters({ ...box, cellSize: 100 })];
    expect(cells.map((cell) => cell.count)).toEqual([wanted.length]);
    expect(cells[0]!.x).toBeGreaterThanOrEqual(minX);
    expect(cells[0]!.x).toBeLessThanOrEqual(maxX);
  }
});
