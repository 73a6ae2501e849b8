import { afterAll, expect, test } from 'vitest';
import { createEngine, type Engine, type EngineEvent, type ZoneEvent } from '../../dist/src/index.js';
import { refuses } from '../support/refuses.js';

const engines: Engine[] = [];
async function started(options: Parameters<typeof createEngine>[0] = {}): Promise<Engine> {
  const engine = await createEngine({ workers: 1, shards: 2, ...options });
  engines.push(engine);
  return engine;
}
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

/** Line by line, as a file would hold them. */
function written(events: Iterable<EngineEvent>): EngineEvent[] {
  return Array.from(events, (event) => JSON.parse(JSON.stringify(event)) as EngineEvent);
}

async function copyOf(
  lines: readonly EngineEvent[],
  options: Parameters<typeof createEngine>[0] = {},
): Promise<Engine> {
  const copy = await started(options);
  expect(await copy.ingest(lines)).toBe(lines.length);
  await copy.flush();
  return copy;
}

/** A graph of everything that a graph may hold. */
function fill(engine: Engine): void {
  const fleet = engine.graph('fleet', { metric: 'haversine', late: 'ignore', earthRadiusM: 1000 });
  fleet.upsertNode('truck', {
    x: -180,
    y: 0.1 + 0.2,
    kind: 'lorry',
    time: 5,
    data: { load: [1, 'two', null], deep: {} },
  });
  fleet.upsertNode(1, { x: -0, y: 90, time: -0 });
  fleet.upsertNode('1', { kind: 'other one' });
  fleet.moveNode('moved', 1e-300, 2, undefined, 1e15);
  engine.publish({ type: 'node.moved', graph: 'fleet', node: 'weighed', x: 1, y: 2, w: 3.5, time: 7 });
  engine.publish({ type: 'node.moved', graph: 'fleet', node: 'truck', x: 9, y: 2, w: -0, time: 8 });
  fleet.setZone('a circle', { type: 'circle', x: 1, y: 2, radius: 1e-7 });
  fleet.setZone('over the date line', { type: 'box', minX: 170, minY: -0, maxX: -170, maxY: 5 });
  const points = [[0, 0], [5, 0.5], [2, 7]] as const; // biome-ignore format: one line
  fleet.setZone('a circle', { type: 'polygon', points });
  const solid = engine.graph('solid', { dimensions: 3 });
  solid.upsertNode('half', { x: 4, z: 5, time: 1 });
  solid.upsertNode('null', { data: null });
  solid.upsertNode('whole', { x: 3e200, y: 5e-324, z: 1, data: 'text' });
  solid.setZone('ball', { type: 'circle', x: 3, y: 2, z: 1, radius: 9 });
  solid.upsertEdge('whole', 'whole', { weight: 0 });
  solid.upsertEdge('whole', 'whole', { kind: 'again', weight: -2.5, time: 3 });
  solid.upsertEdge('made by an edge', 'half', { time: 44 });
  solid.upsertEdge(2 ** 53 - 1, -(2 ** 53 - 1));
  engine.publish({ type: 'graph.created', graph: 'empty', time: 12 });
  engine.publish({ type: 'graph.created', graph: 'empty on a sphere', options: { metric: 'haversine' }, time: 13 });
  const gone = engine.graph('gone');
  gone.upsertEdge(1, 2);
  gone.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 });
  gone.remove();
  const plain = engine.graph('Ω plain');
  for (let i = 0; i < 300; i++) {
    plain.moveNode(i, i, -i);
    if (i > 0) plain.upsertEdge(0, i, { kind: `kind ${i % 3}` });
    if (i % 7 === 0) plain.removeNode(i - 1);
  }
}

test('what is exported, written line by line and published again is the same state', async () => {
  const engine = await started();
  fill(engine);
  await engine.flush();
  const lines = written(engine.export());
  const digest = await engine.digest();
  for (const options of [{ shards: 1 }, { workers: 2, shards: 8 }]) {
    const copy = await copyOf(lines, options);
    expect(await copy.digest()).toBe(digest);
    expect((await copy.verify()).problems).toEqual([]);
    expect(copy.graphs.byName()).toEqual(engine.graphs.byName());
    for (const { name } of engine.graphs.byName()) {
      const [from, to] = [engine.graph(name), copy.graph(name)];
      expect([...to.zones()]).toEqual([...from.zones()]);
      // Edges of a node stand in no promised order.
      const sorted = (events: EngineEvent[]): string[] => events.map((event) => JSON.stringify(event)).sort();
      expect(sorted(written(to.export())), name).toEqual(sorted(lines.filter((line) => line.graph === name)));
    }
  }
  // One graph is its part, and the whole can be published as one array too: all or nothing.
  const [fleet, again] = [engine.graph('fleet'), await started()];
  expect(written(fleet.export())).toEqual(lines.filter((line) => line.graph === 'fleet'));
  again.publish(lines);
  await again.flush();
  expect(await again.digest()).toBe(digest);
  expect(lines[0]).toEqual({ type: 'graph.created', graph: 'empty', time: 12 });
  expect(lines.filter((line) => line.graph === 'fleet').map(({ type }) => type)).toEqual([
    'graph.created',
    'node.upserted',
    'node.moved',
    'node.upserted',
    'node.upserted',
    'node.upserted',
    'node.moved',
    'zone.set',
    'zone.set',
  ]);
  expect([...engine.graph('nowhere').export()]).toEqual([]);
  expect([...(await started()).export()]).toEqual([]);
});

test('many graphs, one after the other by name, each once, while others come and go', async () => {
  const engine = await started();
  for (let i = 0; i < 700; i++) engine.graph(`g${String(i).padStart(3, '0')}`).upsertNode('n', { time: i });
  await engine.flush();
  expect((await copyOf(written(engine.export()))).graphs.totals).toEqual({ graphs: 700, nodes: 700, edges: 0 });
  const graphs: string[] = [];
  for (const event of engine.export()) {
    if (event.type !== 'graph.created') continue;
    graphs.push(event.graph);
    if (graphs.length === 100) {
      // That at which a page ends, the next ones, and one that was left behind.
      for (const name of ['g127', 'g128', 'g129', 'g300', 'g001']) engine.graph(name).remove();
      engine.graph('g0500').upsertNode('m');
      await engine.flush();
    }
  }
  expect(graphs).toEqual([...new Set(graphs)].sort());
  expect(graphs.length).toBeGreaterThanOrEqual(696);
  expect(graphs).not.toContain('g300');
});

test('an export goes on beside what is applied, and ends with its graph', async () => {
  const engine = await started();
  const graph = engine.graph('g');
  for (let i = 0; i < 1000; i++) graph.upsertEdge(i, (i + 1) % 1000);
  graph.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 });
  await engine.flush();
  const never = graph.export();
  const seen: EngineEvent[] = [];
  for (const event of graph.export()) {
    seen.push(event);
    if (seen.length % 300 !== 0) continue;
    graph.removeNode(seen.length);
    graph.upsertNode(`new ${seen.length}`, { data: 'late' });
    await engine.flush();
  }
  // Of every node and edge that was there all the time there is one event.
  const nodes = seen.flatMap((event) => (event.type === 'node.upserted' ? [event.node] : []));
  expect(new Set(nodes).size).toBe(nodes.length);
  for (let i = 0; i < 1000; i++) if (i % 300 !== 0) expect(nodes).toContain(i);
  const edges = seen.flatMap((event) => (event.type === 'edge.upserted' ? [event.source] : []));
  expect(new Set(edges).size).toBe(edges.length);
  for (let i = 1; i < 999; i++) if (i % 300 !== 0 && (i + 1) % 300 !== 0) expect(edges).toContain(i);
  expect(seen.at(-1)).toMatchObject({ type: 'zone.set', zone: 'z' });
  const cut = graph.export();
  for (let i = 0; i < 10; i++) cut.next();
  graph.remove();
  await engine.flush();
  graph.upsertNode('another');
  await engine.flush();
  expect([...cut].filter((event) => event.type === 'edge.upserted' || event.type === 'zone.set')).toEqual([]);
  expect([...never]).toEqual([]);
});

test('events of zones are published like all others: an array whole or not at all', async () => {
  const engine = await started();
  const graph = engine.graph('g');
  const shape = { type: 'circle', x: 0, y: 0, radius: 1 } as const;
  graph.setZone('old', shape);
  graph.moveNode('n', 0, 0);
  await engine.flush();
  const watcher = graph.watch()[Symbol.asyncIterator]();
  const digest = await engine.digest();
  const good: EngineEvent[] = [
    { type: 'zone.removed', graph: 'g', zone: 'old' },
    { type: 'zone.set', graph: 'g', zone: 'old', shape: { ...shape, radius: 2 } },
    { type: 'zone.set', graph: 'g', zone: 'new', shape, time: 77 },
    { type: 'zone.set', graph: 'made by it', zone: 'new', shape },
    { type: 'zone.removed', graph: 'made by it', zone: 'new' },
    { type: 'zone.removed', graph: 'g', zone: 'never set' },
    { type: 'zone.removed', graph: 'never made', zone: 'z' },
  ];
  const { published } = engine.stats();
  // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
  const bad: Array<[any, RegExp]> = [
    [{ type: 'zone.set', graph: 'g', zone: 'x', shape: { ...shape, radius: -1 } }, /^events\[7\]\.shape\.radius: -1/],
    [{ type: 'zone.set', graph: 'g', zone: 'x' }, /^events\[7\]\.shape: undefined/],
    [{ type: 'zone.set', graph: 'g', zone: '', shape }, /^events\[7\]\.zone: ""/],
    [{ type: 'zone.set', graph: 'g', zone: 'x', shape, name: 'y' }, /name: there is no such field/],
    [{ type: 'zone.set', graph: '', zone: 'x', shape }, /^events\[7\]\.graph: ""/],
    [{ type: 'zone.set', graph: 'g', zone: 'x', shape, time: Number.NaN }, /^events\[7\]\.time: NaN/],
    [{ type: 'zone.removed', graph: 'g', zone: 'x', shape }, /shape: there is no such field/],
    [{ type: 'zone.sets', graph: 'g', zone: 'x', shape }, /did you mean 'zone.set'\?/],
  ];
  for (const [event, message] of bad) {
    refuses(() => engine.publish([...good, event]), 'ATHANOR_INVALID_EVENT', message);
  }
  await engine.flush();
  expect(await engine.digest()).toBe(digest);
  expect(engine.stats().published).toBe(published);
  // The rows of what was taken back are as they were.
  graph.removeZone('old');
  graph.setZone('old', shape);
  engine.publish(good);
  await engine.flush();
  const told: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    const { zone, detect, time } = (await watcher.next()).value as ZoneEvent;
    told.push([zone, detect, zone === 'new' ? time : 0]);
  }
  expect(told).toEqual([
    ['old', 'exit', 0],
    ['old', 'enter', 0],
    ['old', 'exit', 0],
    ['old', 'enter', 0],
    ['new', 'enter', 77],
  ]);
  expect([...graph.zones()].map(({ name, members }) => [name, members])).toEqual([
    ['old', 1],
    ['new', 1],
  ]);
  expect(engine.graphs.get('made by it')).toBeDefined();
  expect(engine.graphs.get('never made')).toBeUndefined();
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});
