import { afterEach, expect, test } from 'vitest';
import {
  AthanorError,
  createEngine,
  type Engine,
  type EngineOptions,
  type RoamEvent,
  type ZoneEvent,
} from '../../dist/src/index.js';
import { type Happening, happenings, ZoneModel } from '../support/zone-model.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_203);
const capacity = { graphs: 1000, nodes: 300_000, edges: 1000 };
const CLOCK = 7;

const engines: Engine[] = [];
async function start(options: EngineOptions = {}): Promise<Engine> {
  const engine = await createEngine({ workers: 1, capacity, clock: () => CLOCK, ...options });
  engines.push(engine);
  return engine;
}
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

/** What can be read of a watcher once its engine is closed. */
async function rest<T>(watcher: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of watcher) events.push(event);
  return events;
}
const short = ({ zone, node, detect }: ZoneEvent): string => `${detect} ${node} ${zone}`;

async function room(engine: Engine, publish: () => void): Promise<void> {
  for (;;) {
    try {
      publish();
      return;
    } catch (error) {
      if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
      await engine.drained();
    }
  }
}

function random(): (below: number) => number {
  let state = SEED >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

async function tell(log: Happening[], options: EngineOptions): Promise<{ told: ZoneEvent[][]; roamed: RoamEvent[][] }> {
  const engine = await start(options);
  const names = ['g0', 'g1', 'g2', 'g3', 'g4'];
  const reading = names.map((name) => rest(engine.graph(name).watch({ detect: ['enter', 'exit', 'inside', 'cross'] })));
  const roaming = names.map((name) => rest(engine.graph(name).watchRoaming({ radius: 3 })));
  for (const event of log) {
    await room(engine, () => {
      if (event.type === 'zone.set') engine.graph(event.graph).setZone(event.zone, event.shape);
      else if (event.type === 'zone.removed') engine.graph(event.graph).removeZone(event.zone);
      else engine.publish(event);
    });
  }
  await engine.flush();
  expect((await engine.verify()).problems).toEqual([]);
  await engine.close();
  return { told: await Promise.all(reading), roamed: await Promise.all(roaming) };
}

test(`the same is told by any number of workers and shards, and it is what the model says (seed ${SEED})`, async () => {
  const log = happenings(random(), 6000, 5);
  const model = new ZoneModel([3], CLOCK);
  for (const event of log) model.apply(event);
  const of = <T extends { graph: string }>(list: T[], g: number) =>
    list.filter(({ graph }) => graph === `g${g}`).map(({ graph: _, ...event }) => event);
  for (const [workers, shards] of [
    [1, 1],
    [1, 8],
    [2, 3],
    [4, 8],
  ] as const) {
    const { told, roamed } = await tell(log, { workers, shards });
    for (let g = 0; g < 5; g++) {
      expect(told[g]!.length).toBeGreaterThan(300);
      expect(told[g]).toEqual(of(model.told, g));
      expect(roamed[g]).toEqual(of(model.roamed, g).map(({ radius: _, ...event }) => event));
    }
  }
});

test('zones that are set, replaced and removed report who is in them, in the order in which they became nodes', async () => {
  const engine = await start();
  const graph = engine.graph('g');
  for (const [id, x] of [
    ['c', 3],
    ['a', 1],
    ['b', 2],
    ['far', 90],
  ] as const)
    graph.moveNode(id, x, 0);
  const watcher = graph.watch();
  graph.setZone('z', { type: 'box', minX: 0, minY: -1, maxX: 3, maxY: 1 });
  graph.setZone('z', { type: 'circle', x: 1, y: 0, radius: 1 });
  graph.setZone('z', {
    type: 'polygon',
    points: [
      [2, 0],
      [3, 0],
      [3, 1],
    ],
  });
  graph.removeZone('z');
  graph.removeZone('z');
  graph.removeZone('never there');
  graph.setZone('y', { type: 'circle', x: 1, y: 0, radius: 0 });
  graph.removeNode('a');
  graph.setZone('x', { type: 'circle', x: 90, y: 0, radius: 5 });
  graph.remove();
  // The name is watched, not the graph that had it.
  graph.moveNode('d', 1, 0);
  graph.setZone('y', { type: 'circle', x: 1, y: 0, radius: 1 });
  await engine.flush();
  expect(engine.stats()).toMatchObject({ published: engine.stats().applied });
  await engine.close();
  expect((await rest(watcher)).map(short)).toEqual([
    'enter c z',
    'enter a z',
    'enter b z',
    'exit c z',
    'enter c z',
    'exit a z',
    'exit c z',
    'exit b z',
    'enter a y',
    'exit a y',
    'enter far x',
    'exit far x',
    'enter d y',
  ]);
});

test('a watcher is told what is published after it was made, of its zones, and nothing else', async () => {
  const engine = await start();
  const graph = engine.graph('g');
  graph.setZone('old', { type: 'circle', x: 0, y: 0, radius: 1 });
  graph.moveNode('a', 0, 0);
  const all = graph.watch({ detect: ['enter', 'exit', 'inside', 'cross'] });
  const some = graph.watch({ zones: ['later'], detect: ['enter', 'cross'] });
  const other = engine.graph('other').watch();
  graph.moveNode('a', 0.5, 0);
  graph.moveNode('a', 9, 0);
  const late = graph.watch();
  graph.setZone('later', { type: 'circle', x: 4, y: 0, radius: 1 });
  graph.moveNode('a', -9, 0);
  graph.moveNode('a', 4, 0);
  await engine.flush();
  await engine.close();
  expect((await rest(all)).map(short)).toEqual([
    'inside a old',
    'exit a old',
    'cross a old',
    'cross a later',
    'cross a old',
    'enter a later',
  ]);
  expect((await rest(some)).map(short)).toEqual(['cross a later', 'enter a later']);
  expect((await rest(late)).map(short)).toEqual(['enter a later']);
  expect(await rest(other)).toEqual([]);
});

test('entries name nodes that are gone by the time they are read', async () => {
  const engine = await start();
  const graph = engine.graph('g');
  graph.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 });
  const watcher = graph.watch();
  for (let i = 0; i < 100; i++) {
    graph.moveNode(`n${i}`, 0, 0);
    graph.removeNode(`n${i}`);
  }
  await engine.flush();
  await new Promise((done) => setTimeout(done, 1100));
  for (let i = 0; i < 100; i++) graph.moveNode(`m${i}`, 5, 5);
  await engine.flush();
  await engine.close();
  const wanted = Array.from({ length: 100 }, (_, i) => [`enter n${i} z`, `exit n${i} z`]).flat();
  expect((await rest(watcher)).map(short)).toEqual(wanted);
});

test('leaving, returning and aborting end a watcher, and nothing is computed for it any more', async () => {
  const engine = await start();
  const graph = engine.graph('g');
  graph.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 });
  const abort = new AbortController();
  const aborted = graph.watch({ signal: abort.signal });
  const returned = graph.watchRoaming({ radius: 1 });
  const left = graph.watch();
  const waiting = aborted.next();
  abort.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await aborted.next()).toEqual({ done: true, value: undefined });
  const pending = returned.next();
  await returned.return!();
  expect(await pending).toEqual({ done: true, value: undefined });
  graph.moveNode('a', 0, 0);
  for await (const { node } of left) {
    expect(node).toBe('a');
    break;
  }
  expect(await left.next()).toEqual({ done: true, value: undefined });
  expect(await graph.watch({ signal: AbortSignal.abort() }).next()).toEqual({ done: true, value: undefined });
  // A name that was watched, and is watched again by others.
  for (let i = 0; i < 300; i++) await graph.watchRoaming({ radius: i }).return!();
  graph.moveNode('a', 5, 0);
  await engine.flush();
});

/** So many events from one node that goes in and out of 1,000 zones. */
async function flood(engine: Engine, name: string, events: number): Promise<void> {
  const graph = engine.graph(name);
  for (let i = 0; i < events / 1000; i++) await room(engine, () => graph.moveNode('n', i % 2 === 0 ? 0 : 100, 0));
}
function setMany(engine: Engine, name: string): void {
  for (let i = 0; i < 1000; i++)
    engine.graph(name).setZone(`z${i}`, { type: 'circle', x: 0, y: 0, radius: 1 + i / 1000 });
}
const QUEUE = 65_536;

test('a slow consumer holds its shard back, and nobody else', async () => {
  const engine = await start({ workers: 2, shards: 2 });
  setMany(engine, 'slow');
  const quick = engine.graph('quick');
  quick.moveNode('n', 1, 1);
  await engine.flush();
  const watcher = engine.graph('slow').watch();
  await flood(engine, 'slow', 120_000);
  await expect(engine.flush()).rejects.toMatchObject({
    code: 'ATHANOR_SLOW_CONSUMER',
    message: expect.stringContaining('slow'),
  });
  expect(engine.stats().queuedEvents).toBeGreaterThan(0);
  // Others go on, and so do reads, of the shard that waits as well.
  quick.moveNode('n', 2, 2);
  while (quick.node('n')!.x !== 2) await new Promise((done) => setTimeout(done, 1));
  expect(engine.graph('slow').node('n')).toBeDefined();
  expect(engine.graph('slow').within({ x: 0, y: 0, radius: 1000 }).length).toBe(1);
  // It is read at last: nothing was lost.
  let told = 0;
  for await (const { detect } of watcher) {
    expect(detect).toBe(Math.floor(told / 1000) % 2 === 0 ? 'enter' : 'exit');
    if (++told === 120_000) break;
  }
  await engine.flush();
  expect(engine.stats().queuedEvents).toBe(0);
  expect((await engine.verify()).problems).toEqual([]);
});

test('an event larger than every buffer is told whole, and close ends who does not read', async () => {
  const engine = await start({ shards: 1 });
  const graph = engine.graph('g');
  const nodes = 200_000;
  const handles = graph.handles(Array.from({ length: nodes }, (_, i) => i));
  const x = Float64Array.from(handles, (_, i) => i % 1000);
  const y = Float64Array.from(handles, (_, i) => i / 1000);
  for (let done = 0; done < nodes; ) {
    done += graph.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
    if (done < nodes) await engine.drained();
  }
  const watcher = graph.watch();
  graph.setZone('all', { type: 'box', minX: 0, minY: 0, maxX: 1000, maxY: 1000 });
  graph.remove();
  let next = 0;
  for await (const { node, detect } of watcher) {
    if (node !== next % nodes || detect !== (next < nodes ? 'enter' : 'exit')) expect([node, detect]).toBe(next);
    if (++next === nodes + 100) break;
  }
  const unread = engine.graph('h').watch();
  setMany(engine, 'h');
  await flood(engine, 'h', 200_000);
  await engine.close();
  expect(engine.stats().queuedEvents).toBe(0);
  expect((await rest(unread)).length).toBeLessThanOrEqual(QUEUE);
});

test('who drops loses counted events', async () => {
  const engine = await start();
  setMany(engine, 'g');
  const watcher = engine.graph('g').watch({ onSlow: 'drop' });
  await flood(engine, 'g', 100_000);
  await engine.flush();
  expect(engine.stats().watchersDropped).toBe(100_000 - QUEUE);
  await engine.close();
  expect((await rest(watcher)).length).toBe(QUEUE);
});

test('an engine that fails says so to those who watch', async () => {
  const engine = await start();
  await engine.close();
  expect(() => engine.graph('g').watch()).toThrow(expect.objectContaining({ code: 'ATHANOR_CLOSED' }));
  expect(() => engine.graph('g').watchRoaming({ radius: 1 })).toThrow(
    expect.objectContaining({ code: 'ATHANOR_CLOSED' }),
  );
  expect(() => engine.graph('g').setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 })).toThrow(
    expect.objectContaining({ code: 'ATHANOR_CLOSED' }),
  );
  expect(() => engine.graph('g').removeZone('z')).toThrow(expect.objectContaining({ code: 'ATHANOR_CLOSED' }));
});
