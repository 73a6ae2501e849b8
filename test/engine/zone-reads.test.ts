import { afterAll, describe, expect, test } from 'vitest';
import {
  createEngine,
  type Engine,
  type Graph,
  type NodeId,
  type ZoneEvent,
  type ZoneShape,
} from '../../dist/src/index.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_201);

/** xorshift32: whole numbers below. */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const engines: Engine[] = [];
async function started(options: Parameters<typeof createEngine>[0]): Promise<Engine> {
  const engine = await createEngine(options);
  engines.push(engine);
  return engine;
}
afterAll(() => Promise.all(engines.map((engine) => engine.close())));
const sorted = (ids: Iterable<NodeId>): NodeId[] => [...ids].sort((a, b) => (String(a) < String(b) ? -1 : 1));

/** What was told is read. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits until it is so, or for long: what was told is read a little later. What is expected is then expected for good. */
async function until(check: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

type Place = [x: number, y: number, z: number];

/** Whether a shape holds a place, in whole numbers; on the sphere a circle is left to `within`. */
function holds(shape: ZoneShape, [x, y, z]: Place, graph: Graph, id: NodeId): boolean {
  if (shape.type === 'box') {
    const isDeep = shape.minZ === undefined || (z >= shape.minZ && z <= shape.maxZ!);
    const { minX, maxX } = shape;
    const isIn = (at: number): boolean => (minX > maxX ? at >= minX || at <= maxX : at >= minX && at <= maxX);
    return (isIn(x) || (Math.abs(x) === 180 && isIn(-x))) && y >= shape.minY && y <= shape.maxY && isDeep;
  }
  if (shape.type === 'circle') {
    const { type: _, ...circle } = shape;
    return graph.within(circle).ids().includes(id);
  }
  let inside = false;
  shape.points.forEach(([ax, ay], i) => {
    const [bx, by] = shape.points[(i + 1) % shape.points.length]!;
    const side = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    const isBeside = x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by);
    if (side === 0 && isBeside) inside = true;
  });
  if (inside) return true;
  shape.points.forEach(([ax, ay], i) => {
    const [bx, by] = shape.points[(i + 1) % shape.points.length]!;
    if (ay > y !== by > y && (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0 === by > ay) inside = !inside;
  });
  return inside;
}

function shapes(random: (below: number) => number, deep: boolean, round: boolean): ZoneShape {
  const [x, y] = [random(41) - 20, random(41) - 20];
  const size = 1 + random(15);
  const dice = random(round ? 4 : 3);
  if (dice === 0)
    return { type: 'circle', x, y, ...(deep && { z: random(21) - 10 }), radius: round ? size * 1e5 : size };
  if (dice === 1) {
    const depth = deep ? { minZ: -5, maxZ: random(10) } : {};
    return { type: 'box', minX: x, minY: y, maxX: x + size, maxY: y + 1 + random(15), ...depth };
  }
  if (dice === 3) return { type: 'box', minX: 180 - random(3), minY: -20, maxX: random(3) - 180, maxY: 20 };
  return {
    type: 'polygon',
    points: [
      [x, y],
      [x + size + 2, y],
      [x + size + 2, y + size + 2],
      [x + (size >> 1) + 1, y + 1],
      [x, y + size + 2],
    ],
  };
}

describe.each([
  ['plane', {}],
  ['solid', { dimensions: 3 }],
  ['sphere', { metric: 'haversine' }],
] as const)('zones are read as they are applied: %s', (_, options) => {
  test('by name, by node, and their members, as by looking at every node', async () => {
    console.info(`seed ${SEED}`);
    const random = generator(SEED);
    const engine = await started({ workers: 2, shards: 2 });
    const graph = engine.graph('g', options);
    const [deep, round] = ['dimensions' in options, 'metric' in options];
    const zones = new Map<string, ZoneShape>();
    const nodes = new Map<NodeId, Place>();
    const watcher = graph.watch();
    const told = new Map<string, Set<NodeId>>();
    void (async () => {
      for await (const { zone, node, detect } of watcher) {
        if (!told.has(zone)) told.set(zone, new Set());
        if (detect === 'enter') told.get(zone)!.add(node);
        else told.get(zone)!.delete(node);
      }
    })();
    graph.upsertNode('nowhere');
    for (let step = 0; step < 12; step++) {
      for (let i = 0; i < 12; i++) {
        const name = `zone ${random(30)}`;
        if (random(4) === 0) {
          graph.removeZone(name);
          zones.delete(name);
          continue;
        }
        const shape = shapes(random, deep, round);
        graph.setZone(name, shape);
        zones.delete(name);
        zones.set(name, shape);
      }
      for (let i = 0; i < 60; i++) {
        const id = random(2) === 0 ? random(150) : `n${random(150)}`;
        const edge = round && random(5) === 0 ? [180, -180, 179][random(3)]! : undefined;
        const place: Place = [edge ?? random(61) - 30, random(61) - 30, random(31) - 15];
        if (random(9) === 0) {
          graph.removeNode(id);
          nodes.delete(id);
        } else {
          graph.moveNode(id, place[0], place[1], deep ? place[2] : undefined);
          nodes.set(id, place);
        }
      }
      await engine.flush();
      const views = [...graph.zones()];
      await until(() => views.every(({ name, members }) => (told.get(name)?.size ?? 0) === members));
      expect(views.map(({ name, shape }) => [name, shape])).toEqual([...zones]);
      for (const { name, shape, members } of views) {
        const wanted = [...nodes].filter(([id, place]) => holds(shape, place, graph, id)).map(([id]) => id);
        expect(sorted(graph.inZone(name)), name).toEqual(sorted(wanted));
        expect(members).toBe(wanted.length);
        expect(graph.zone(name)).toEqual({ name, shape, members });
        expect(sorted(told.get(name) ?? []), name).toEqual(sorted(wanted));
        if (shape.type === 'polygon') {
          expect(sorted(graph.withinPolygon({ points: shape.points }))).toEqual(sorted(wanted));
          expect(graph.withinPolygon({ points: shape.points, limit: 2 }).length).toBe(Math.min(2, wanted.length));
        }
      }
      for (const [id, place] of nodes) {
        const wanted = [...zones].filter(([, shape]) => holds(shape, place, graph, id)).map(([name]) => name);
        expect(graph.zonesOf(id)).toEqual(wanted);
      }
      expect(graph.zonesOf('nowhere')).toEqual([]);
      if (step % 5 !== 4) continue;
      graph.remove();
      zones.clear();
      nodes.clear();
      await engine.flush();
      await until(() => [...told.values()].every((members) => members.size === 0));
      expect([...graph.zones()]).toEqual([]);
      for (const [name, members] of told) expect([...members], `${name}, step ${step}`).toEqual([]);
    }
    await watcher.return!();
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  });
});

test('what is published and not applied is not read; what is not there is empty', async () => {
  const engine = await started({ workers: 1, shards: 1 });
  const graph = engine.graph('g');
  expect([...graph.zones()]).toEqual([]);
  expect(graph.zone('a')).toBeUndefined();
  expect(graph.inZone('a').ids()).toEqual([]);
  expect(graph.zonesOf('n')).toEqual([]);
  expect(graph.withinPolygon({ points: [[0, 0], [1, 0], [0, 1]] }).ids()).toEqual([]); // biome-ignore format: one line
  const small: ZoneShape = { type: 'circle', x: 0, y: 0, radius: 1 };
  graph.moveNode('n', 0, 0);
  graph.setZone('a', small);
  expect(graph.zone('a')).toBeUndefined();
  await engine.flush();
  expect(graph.zone('a')).toEqual({ name: 'a', shape: small, members: 1 });
  // In one tick nothing is applied: another row of that name, and the old one is what is read.
  graph.removeZone('a');
  graph.setZone('a', { ...small, x: 9 });
  graph.setZone('b', small);
  expect(graph.zone('a')!.shape).toEqual(small);
  expect([...graph.zones()].map(({ name }) => name)).toEqual(['a']);
  expect(graph.zonesOf('n')).toEqual(['a']);
  await engine.flush();
  expect(graph.zone('a')).toEqual({ name: 'a', shape: { ...small, x: 9 }, members: 0 });
  expect(graph.zonesOf('n')).toEqual(['b']);
  // While an iterator is held: what is gone is left out, and a graph of the same name is another one.
  const held = graph.zones();
  expect(held.next().value).toMatchObject({ name: 'a' });
  graph.removeZone('b');
  await engine.flush();
  expect(held.next().done).toBe(true);
  const over = graph.zones();
  graph.remove();
  graph.setZone('a', small);
  await engine.flush();
  expect([...over].length).toBeLessThanOrEqual(1);
});

test('a shape comes back as it was given, its fields in their order; the digest does not look at that', async () => {
  const one = await started({ workers: 1, shards: 1 });
  const two = await started({ workers: 1, shards: 1 });
  const shape = { type: 'box', minX: 0, minY: 1, maxX: 2, maxY: 3, minZ: 4, maxZ: 5.5 } as const;
  const turned = { maxZ: 5.5, maxY: 3, maxX: 2, minZ: 4, minY: 1, minX: 0, type: 'box' } as const;
  for (const [engine, given] of [
    [one, shape],
    [two, turned],
  ] as const) {
    engine.publish({ type: 'graph.created', graph: 'g', options: { dimensions: 3 }, time: 1 });
    engine.graph('g').setZone('z', given);
    await engine.flush();
    expect(JSON.stringify(engine.graph('g').zone('z')!.shape)).toBe(JSON.stringify(given));
  }
  expect(await one.digest()).toBe(await two.digest());
  one.graph('g').setZone('z', { ...shape, maxZ: 5.25 });
  expect(await one.digest()).not.toBe(await two.digest());
});

test('the zones of a large graph are read in slices, and stay right while they change', async () => {
  console.info(`seed ${SEED}`);
  const random = generator(SEED);
  const engine = await started({ workers: 1, shards: 1 });
  const graph = engine.graph('g');
  const other = engine.graph('other');
  const at = new Map<string, number>();
  const put = async (name: string, x: number): Promise<void> => {
    if (!graph.setZone(name, { type: 'circle', x, y: 0, radius: 0.5 })) await engine.drained();
    at.set(name, x);
  };
  for (let i = 0; i < 3000; i++) await put(`z${i}`, i);
  for (let i = 0; i < 100; i++) graph.moveNode(i, i * 30, 0);
  await engine.flush();
  for (let step = 0; step < 12; step++) {
    // Few changes, many, and more than the log of changes holds; of other graphs too.
    for (let i = 0; i < [3, 200, 1500][step % 3]!; i++) {
      const name = `z${random(3000)}`;
      if (random(3) === 0) {
        graph.removeZone(name);
        at.delete(name);
      } else await put(name, random(3000));
      if (step % 2 === 0) other.setZone(name, { type: 'circle', x: 1, y: 0, radius: 1 });
    }
    // Some are on their way now: what is read is some moment before the flush, and then that of the flush.
    graph.zonesOf(random(100));
    await engine.flush();
    for (let i = 0; i < 100; i++) {
      const wanted = [...at].filter(([, x]) => Math.abs(x - i * 30) <= 0.5).map(([name]) => name);
      expect(graph.zonesOf(i).sort()).toEqual(wanted.sort());
    }
    expect([...graph.zones()].length).toBe(at.size);
  }
});

/** Follows a watcher, and holds every event against what it was told before. */
function follow(watcher: AsyncIterable<ZoneEvent>): { members: Set<string>; done: Promise<void>; seen: () => number } {
  const members = new Set<string>();
  let seen = 0;
  const done = (async () => {
    for await (const { zone, node, detect } of watcher) {
      seen++;
      const key = `${zone}: ${typeof node} ${node}`;
      if (detect === 'enter' && members.has(key)) throw new Error(`${key} entered twice`);
      if (detect === 'exit' && !members.has(key)) throw new Error(`${key} left and was not told of`);
      if (detect === 'enter') members.add(key);
      else members.delete(key);
    }
  })();
  done.catch(() => undefined);
  return { members, done, seen: () => seen };
}

test('a watcher with `initial` is told who is inside, and then every change once, wherever it begins', async () => {
  console.info(`seed ${SEED}`);
  const random = generator(SEED);
  // Small frames, so that there are always events on their way.
  const engine = await started({ workers: 2, shards: 2, batch: { maxEvents: 16, minEvents: 1, maxInFlight: 1024 } });
  const graph = engine.graph('g');
  const other = engine.graph('other');
  const followed: Array<ReturnType<typeof follow>> = [];
  const watchers: AsyncIterableIterator<ZoneEvent>[] = [];
  for (let step = 0; step < 4000; step++) {
    const dice = random(1000);
    const name = `z${random(8)}`;
    if (dice < 20) graph.setZone(name, shapes(random, false, false));
    else if (dice < 26) graph.removeZone(name);
    else if (dice < 60) graph.removeNode(random(60));
    else if (dice < 62) graph.remove();
    else if (dice < 400) other.moveNode(random(60), step, 0);
    else graph.moveNode(random(60), random(61) - 30, random(61) - 30);
    if (random(100) === 0) {
      const watcher = graph.watch({ initial: true });
      watchers.push(watcher);
      followed.push(follow(watcher));
    }
    if (random(40) === 0) await turn();
    if (step % 200 === 0) await engine.drained();
  }
  await engine.flush();
  const wanted = [...graph.zones()].flatMap(
    ({ name }) =>
    graph.inZone(name).ids().map((id) => `${name}: ${typeof id} ${id}`), // biome-ignore format: one line
  );
  const all = wanted.sort().join();
  await until(() => followed.every(({ members }) => [...members].sort().join() === all));
  expect(followed.length).toBeGreaterThan(20);
  for (const watcher of watchers) await watcher.return!();
  // First what was wrong about the order of events, if anything was.
  await Promise.all(followed.map(({ done }) => done));
  for (const { members } of followed) expect([...members].sort()).toEqual(wanted.sort());
});

test('when flush resolves, watchers with `initial` have been told who is inside', async () => {
  const engine = await started({ workers: 1, shards: 1 });
  const graph = engine.graph('g');
  graph.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 });
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 0; round < 5; round++) {
    graph.moveNode(round, 0, 0);
    const watcher = graph.watch({ initial: true });
    const read = follow(watcher);
    // The worker applies what is published, and this thread does not hear of it.
    Atomics.wait(pause, 0, 0, 20);
    await engine.flush();
    for (let k = 0; k < 200; k++) await undefined;
    expect(read.members.size).toBe(round + 1);
    await watcher.return!();
  }
});

test('initial events: of the zones that are named, in order, whatever is detected, and more than a watcher holds', async () => {
  const engine = await started({ workers: 1, shards: 1 });
  const graph = engine.graph('g', { dimensions: 3 });
  graph.setZone('late', { type: 'box', minX: 0, minY: 0, minZ: 0, maxX: 9, maxY: 9, maxZ: 9 });
  graph.setZone('early', { type: 'circle', x: 1, y: 1, z: 1, radius: 0 });
  graph.setZone('late', { type: 'box', minX: 0, minY: 0, minZ: 0, maxX: 9, maxY: 9, maxZ: 8 });
  for (const [id, x] of [['c', 1], ['a', 1], ['b', 20]] as const) graph.moveNode(id, x, 1, 1, 1000 + x); // biome-ignore format: one line
  graph.moveNode('a', 7, 7, 7, 5000);
  await engine.flush();
  const all = graph.watch({ initial: true, detect: ['exit'] });
  const some = graph.watch({ initial: true, zones: ['early'] });
  const take = async (from: AsyncIterator<ZoneEvent>, count: number): Promise<unknown[]> => {
    const taken: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const { zone, node, detect, x, time } = (await from.next()).value as ZoneEvent;
      taken.push([zone, node, detect, x, time]);
    }
    return taken;
  };
  expect(await take(all, 3)).toEqual([
    ['early', 'c', 'enter', 1, 1001],
    ['late', 'c', 'enter', 1, 1001],
    ['late', 'a', 'enter', 7, 5000],
  ]);
  expect(await take(some, 1)).toEqual([['early', 'c', 'enter', 1, 1001]]);
  graph.moveNode('c', 7, 7, 8.5, 6000);
  await engine.flush();
  expect(await take(all, 2)).toEqual([
    ['early', 'c', 'exit', 7, 6000],
    ['late', 'c', 'exit', 7, 6000],
  ]);
  // Of a graph that is not there; and ended before anything is told.
  const none = engine.graph('none').watch({ initial: true });
  await engine.flush();
  await none.return!();
  const count = 70_000;
  const handles = graph.handles(Array.from({ length: count }, (_, i) => i));
  const one = new Float64Array(count).fill(1);
  for (let done = 0; done < count; await engine.drained()) {
    done += graph.moveNodes(handles.subarray(done), one.subarray(done), one.subarray(done), one.subarray(done));
    await engine.flush().catch(() => undefined);
    for (const watcher of [all, some]) await watcher.return!();
  }
  await engine.flush();
  const many = graph.watch({ initial: true, zones: ['early'] });
  const last = graph.watch({ initial: true, zones: ['early'] });
  await engine.flush();
  expect((await take(many, count)).length).toBe(count);
  await many.return!();
  await engine.close();
  const rest: ZoneEvent[] = [];
  for await (const event of last) rest.push(event);
  expect(rest.length).toBe(count);
});
