import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, type EngineEvent, type ErrorCode, type Graph } from '../../dist/src/index.js';
import { refuses } from '../support/refuses.js';

/* What is given as an object is read once; names that are not known are refused by name, with the nearest known one. */

let engine: Engine;
let graph: Graph;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, shards: 2 });
  graph = engine.graph('g');
  graph.upsertNode('a', { x: 0, y: 0 });
  await engine.flush();
});
afterAll(() => engine.close());

const given = (fields: object): never => fields as never;
const column = Float64Array.of(1);

test.each<[ErrorCode, RegExp, (graph: Graph) => unknown]>([
  ['ATHANOR_INVALID_EVENT', /^latitude: .*did you mean 'y'\?/, (g) => g.upsertNode('a', given({ latitude: 1 }))],
  ['ATHANOR_INVALID_EVENT', /^lng: .*did you mean 'x'\?/, (g) => g.upsertNode('a', given({ x: 1, lng: 1 }))],
  ['ATHANOR_INVALID_EVENT', /^qqq: .*known are x, y, z, kind, time, data/, (g) => g.upsertNode('a', given({ qqq: 1 }))],
  ['ATHANOR_INVALID_EVENT', /^Weight: .*did you mean 'weight'\?/, (g) => g.upsertEdge('a', 'b', given({ Weight: 1 }))],
  ['ATHANOR_INVALID_EVENT', /^weight: there is no such field/, (g) => g.removeEdge('a', 'b', given({ weight: 1 }))],
  [
    'ATHANOR_INVALID_EVENT',
    /^shape\.raduis: .*did you mean 'radius'\?/,
    (g) => g.setZone('z', given({ type: 'circle', raduis: 1 })),
  ],
  [
    'ATHANOR_INVALID_EVENT',
    /^shape\.type: "cirlce" .*did you mean 'circle'\?/,
    (g) => g.setZone('z', given({ type: 'cirlce' })),
  ],
  [
    'ATHANOR_INVALID_OPTION',
    /^options\.crate: .*did you mean 'create'\?/,
    (g) => g.handle('a', given({ crate: true })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^Kind: .*did you mean 'kind'\?/,
    (g) => g.within(given({ x: 0, y: 0, radius: 1, Kind: 'k' })),
  ],
  ['ATHANOR_INVALID_QUERY', /^raduis: .*did you mean 'radius'\?/, (g) => g.within(given({ x: 0, y: 0, raduis: 1 }))],
  [
    'ATHANOR_INVALID_QUERY',
    /^maxDist: .*did you mean 'maxDistance'\?/,
    (g) => g.nearest(given({ x: 0, y: 0, k: 1, maxDist: 1 })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^minx: .*did you mean 'minX'\?/,
    (g) => g.withinBox(given({ minx: 0, minY: 0, maxX: 1, maxY: 1 })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^options\.dir: .*did you mean 'direction'\?/,
    (g) => g.neighbors('a', given({ dir: 'out' })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^within\.lat: .*did you mean 'y'\?/,
    (g) => g.neighbors('a', { within: given({ x: 0, lat: 0, radius: 1 }) }),
  ],
  ['ATHANOR_INVALID_QUERY', /^options\.direction_: .*'direction'/, (g) => g.degree('a', given({ direction_: 'out' }))],
  ['ATHANOR_INVALID_QUERY', /^options\.knd: .*did you mean 'kind'\?/, (g) => g.edge('a', 'b', given({ knd: 'k' }))],
  [
    'ATHANOR_INVALID_QUERY',
    /^query\.cellsize: .*did you mean 'cellSize'\?/,
    (g) => g.clusters(given({ minX: 0, minY: 0, maxX: 1, maxY: 1, cellsize: 1 })),
  ],
  ['ATHANOR_INVALID_OPTION', /^options\.zone: .*did you mean 'zones'\?/, (g) => g.watch(given({ zone: ['z'] }))],
  [
    'ATHANOR_INVALID_OPTION',
    /^options\.raduis: .*did you mean 'radius'\?/,
    (g) => g.watchRoaming(given({ raduis: 1 })),
  ],
  [
    'ATHANOR_INVALID_OPTION',
    /^options\.dimension: .*did you mean 'dimensions'\?/,
    () => engine.graph('new', given({ dimension: 3 })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^options\.prefx: .*did you mean 'prefix'\?/,
    () => engine.graphs.byName(given({ prefx: 'a' })),
  ],
  [
    'ATHANOR_INVALID_OPTION',
    /^options\.onErr: .*did you mean 'onError'\?/,
    () => engine.graphs.map('/m.mjs', given({ onErr: 'throw' })),
  ],
])('%s %s', (code, words, call) => {
  refuses(() => call(graph), code, words);
});

test.each<[ErrorCode, RegExp, (graph: Graph) => Promise<unknown>]>([
  ['ATHANOR_INVALID_QUERY', /^options\.dampng: .*did you mean 'damping'\?/, (g) => g.pageRank(given({ dampng: 1 }))],
  [
    'ATHANOR_INVALID_QUERY',
    /^options\.sginal: .*did you mean 'signal'\?/,
    (g) => g.pairsWithin(1, given({ sginal: 1 })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^queries\.raduis: .*did you mean 'radius'\?/,
    (g) => g.withinMany(given({ x: column, y: column, raduis: 1 })),
  ],
  [
    'ATHANOR_INVALID_QUERY',
    /^queries\.radius: .*known are x, y, z, k/,
    (g) => g.nearestMany(given({ x: column, y: column, k: 1, radius: 1 })),
  ],
  ['ATHANOR_INVALID_QUERY', /^options\.withn: .*did you mean 'within'\?/, (g) => g.bfs('a', given({ withn: 1 }))],
  ['ATHANOR_INVALID_OPTION', /^options\.signl: .*did you mean 'signal'\?/, () => engine.flush(given({ signl: 1 }))],
  [
    'ATHANOR_INVALID_OPTION',
    /^capacity\.node: .*did you mean 'nodes'\?/,
    () => createEngine({ capacity: given({ node: 1 }) }),
  ],
])('%s %s, of a promise', async (code, words, call) => {
  const error: unknown = await call(graph).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
});

const base = { graph: 'g', time: 1 };
test.each<[object, RegExp]>([
  [{ ...base, type: 'node.moved', id: 'n', x: 1, y: 1 }, /^id: .*did you mean 'node'\?/],
  [{ ...base, type: 'node.moved', node: 'n', X: 1, y: 1 }, /^X: .*did you mean 'x'\?/],
  [{ ...base, type: 'node.moved', node: 'n', x: 1, y: 1, data: 1 }, /^data: there is no such field/],
  [{ ...base, type: 'node.moved', node: 'n', x: 1, y: 1, z: undefined, lat: 1 }, /^lat: .*did you mean 'y'\?/],
  [{ ...base, type: 'node.upserted', node: 'n', w: 1 }, /^w: there is no such field/],
  [{ ...base, type: 'node.removed', node: 'n', x: 1 }, /^x: there is no such field/],
  [{ ...base, type: 'edge.upserted', from: 'n', target: 'm' }, /^from: .*did you mean 'source'\?/],
  [{ ...base, type: 'edge.removed', source: 'n', target: 'm', weight: 1 }, /^weight: there is no such field/],
  [{ ...base, type: 'graph.created', dimensions: 3 }, /^dimensions: .*known are type, graph, options, time/],
  [{ ...base, type: 'graph.created', options: { dimension: 3 } }, /^options\.dimension: .*'dimensions'/],
  [{ ...base, type: 'graph.removed', node: 1 }, /^node: there is no such field/],
  [
    { ...base, type: 'node.move', node: 1 },
    /^type: "node\.move" .*did you mean 'node\.moved'\? The types are 'node\.upserted', /,
  ],
  [{ ...base, type: 7 }, /^type: 7 is no type of event; the types are /],
])('an event with a name that is not known: %#', (event, words) => {
  refuses(() => engine.publish(event as EngineEvent), 'ATHANOR_INVALID_EVENT', words);
  const inArray = new RegExp(words.source.replace('^', '^events\\[1\\]\\.'));
  const good = { type: 'node.moved', graph: 'whole', node: 'n', x: 1, y: 1 } as const;
  refuses(() => engine.publish([good, event as EngineEvent, good]), 'ATHANOR_INVALID_EVENT', inArray);
});

test('a refused array says which event, and whose', () => {
  const move = (x: number, node: string | number = 'n'): EngineEvent => ({
    type: 'node.moved',
    graph: 'g',
    node,
    x,
    y: 1,
  });
  const many = Array.from({ length: 400 }, (_, i) => (i === 321 ? move(Number.NaN, 'truck-7') : move(i)));
  refuses(
    () => engine.publish(many),
    'ATHANOR_INVALID_EVENT',
    /^events\[321\]\.x: NaN is not a finite number \(node 'truck-7'\)$/,
  );
  refuses(() => engine.publish([move(Number.NaN, 7)]), 'ATHANOR_INVALID_EVENT', /^events\[0\]\.x: .* \(node 7\)$/);
  const edge = { type: 'edge.upserted', graph: 'g', source: 'a', target: 'b', weight: Number.NaN } as const;
  refuses(
    () => engine.publish([move(1), edge]),
    'ATHANOR_INVALID_EVENT',
    /^events\[1\]\.weight: .* \(edge 'a' → 'b'\)$/,
  );
  const holed = [move(1)];
  holed[2] = move(2);
  refuses(() => engine.publish(holed), 'ATHANOR_INVALID_EVENT', /^events\[1\]: undefined is not an object$/);
  const data = { type: 'node.upserted', graph: 'g', node: 'd', data: { a: [() => 1] } } as const;
  refuses(
    () => engine.publish([move(1), data]),
    'ATHANOR_INVALID_EVENT',
    /^events\[1\]\.data\.a\[0\]: a function .* \(node 'd'\)$/,
  );
});

test('a field is read once, a getter that changes its mind is not asked again', async () => {
  const flipping = (first: Record<string, unknown>, then: unknown): never => {
    const reads: Record<string, number> = {};
    return new Proxy(first, {
      get(target, key: string) {
        reads[key] = (reads[key] ?? 0) + 1;
        return reads[key] === 1 ? target[key] : then;
      },
    }) as never;
  };
  const own = engine.graph('once');
  engine.publish(flipping({ type: 'node.moved', graph: 'once', node: 'n', x: 1, y: 2, time: 3 }, Number.NaN));
  await engine.flush();
  expect(own.node('n')).toMatchObject({ x: 1, y: 2, time: 3 });
  own.upsertNode('n', flipping({ x: 5, kind: 'k', data: flipping({ a: 1 }, () => 1), time: 9 }, ''));
  own.upsertEdge('n', 'm', flipping({ weight: 2, kind: 'e', time: 4 }, Number.NaN));
  await engine.flush();
  expect(own.node('n')).toMatchObject({ x: 5, y: 2, kind: 'k', data: { a: 1 }, time: 9 });
  expect([...own.edges()]).toEqual([{ source: 'n', target: 'm', kind: 'e', weight: 2, time: 4 }]);
  engine.publish(flipping({ type: 'graph.created', graph: 'flip', options: flipping({ dimensions: 3 }, 2) }, ''));
  await engine.flush();
  refuses(() => engine.graph('flip').moveNode('n', 1, 1), 'ATHANOR_INVALID_EVENT', /z: undefined/);
  expect(engine.graphs.get('')).toBeUndefined();
  expect(own.within(flipping({ x: 5, y: 2, radius: 1 }, Number.NaN)).ids()).toEqual(['n']);
  expect(own.withinBox(flipping({ minX: 0, minY: 0, maxX: 9, maxY: 9 }, Number.NaN)).ids()).toEqual(['n']);
});

test('a coordinate of null is not set', async () => {
  const own = engine.graph('nulls');
  own.upsertNode('a', { x: 1, y: 2 });
  own.upsertNode('a', given({ x: null, y: 5, z: null }));
  own.upsertNode('bare', given(JSON.parse(JSON.stringify({ x: Number.NaN, y: Number.NaN }))));
  engine.publish(given({ type: 'node.moved', graph: 'nulls', node: 'b', x: 3, y: 4, z: null, w: null }));
  own.setZone('z', given({ type: 'circle', x: 0, y: 0, z: null, radius: 9 }));
  await engine.flush();
  expect([...own.nodes()].map(({ id, x, y }) => [id, x, y])).toEqual([
    ['a', 1, 5],
    ['bare', Number.NaN, Number.NaN],
    ['b', 3, 4],
  ]);
  expect(own.within({ x: 0, y: 0, radius: 9 }).ids().sort()).toEqual(['a', 'b']);
  refuses(() => own.moveNode('a', null as never, 1), 'ATHANOR_INVALID_EVENT', /x: null/);
  // What was saved by hand, and is published again.
  const copy = engine.graph('copy');
  for (const { id, x, y, z, kind, time, data } of JSON.parse(JSON.stringify([...own.nodes()])) as Array<
    Record<string, never>
  >) {
    copy.upsertNode(id!, { x: x!, y: y!, z: z!, kind: kind!, time: time!, data });
  }
  await engine.flush();
  expect([...copy.nodes()].map(({ handle: _, ...node }) => node)).toEqual(
    [...own.nodes()].map(({ handle: _, ...node }) => node),
  );
});

test('ids and kinds of questions are checked as queries', () => {
  for (const call of [
    () => graph.node(given({})),
    () => graph.has(1.5),
    () => graph.neighbors('x'.repeat(1025)),
    () => graph.degree(null as never),
    () => graph.edge('a', undefined as never),
    () => graph.within({ x: 0, y: 0, radius: 1, kind: 'k'.repeat(257) }),
    () => graph.nearest({ x: 0, y: 0, k: 1, kind: 'é'.repeat(129) }),
    () => graph.neighbors('a', { kind: 'k'.repeat(257) }),
  ]) {
    refuses(call, 'ATHANOR_INVALID_QUERY', /: .* is (not a string|longer than 256)/);
  }
  expect(graph.within({ x: 0, y: 0, radius: 1, kind: 'k'.repeat(256) }).length).toBe(0);
});

test('handles takes an array of ids, or something like one; what is none leaves nothing behind', () => {
  const own = engine.graph('handles');
  for (const length of [-1, 1.5, Number.NaN, 2 ** 33, '2']) {
    refuses(() => own.handles(given({ length })), 'ATHANOR_INVALID_EVENT', /^ids\.length: /);
  }
  refuses(() => own.handles(given({ length: 1e9 })), 'ATHANOR_INVALID_EVENT', /^ids\[0\]: undefined/);
  refuses(() => own.handles('ab' as never), 'ATHANOR_INVALID_EVENT', /^ids: "ab" is not an array of ids/);
  refuses(() => own.handles(['a', 1.5]), 'ATHANOR_INVALID_EVENT', /^ids\[1\]: 1\.5/);
  expect(own.handle('a')).toBeUndefined();
  expect(own.handles(given({ length: 2, 0: 'a', 1: 7 })).length).toBe(2);
  expect(own.handles(Float64Array.of(7) as never)[0]).toBe(own.handle(7));
});

test('a revoked proxy is refused wherever an object is taken', async () => {
  const { proxy, revoke } = Proxy.revocable<never[]>([], {});
  revoke();
  const bad = proxy as never;
  for (const call of [
    () => engine.publish(bad),
    () => engine.publish([bad]),
    () => graph.upsertNode('a', bad),
    () => graph.upsertNode('a', { data: bad }),
    () => graph.upsertNode('a', { data: { deep: [bad] } }),
    () => graph.upsertEdge('a', 'b', bad),
    () => graph.removeEdge('a', 'b', bad),
    () => graph.setZone('z', bad),
    () => graph.setZone('z', { type: 'polygon', points: bad }),
    () => graph.setZone('z', { type: 'polygon', points: [bad, bad, bad] }),
    () => graph.handle('a', bad),
    () => graph.handles(bad),
    () => graph.moveNodes(bad, bad, bad),
    () => graph.upsertEdges(bad, bad),
    () => graph.node(bad),
    () => graph.within(bad),
    () => graph.nearest(bad),
    () => graph.withinBox(bad),
    () => graph.withinInto(0, 0, 1, bad),
    () => graph.clusters(bad),
    () => graph.neighbors('a', bad),
    () => graph.neighbors('a', { within: bad }),
    () => graph.watch(bad),
    () => graph.watch({ zones: bad }),
    () => engine.graph('new', bad),
    () => engine.graph(bad),
    () => engine.graphs.byName(bad),
    () => engine.graphs.map('/m.mjs', { graphs: bad }),
  ]) {
    expect(call, String(call)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ATHANOR_INVALID_/) }));
  }
  for (const call of [
    () => engine.flush(bad),
    () => engine.ingest(bad),
    () => engine.ingest([], bad),
    () => graph.pageRank(bad),
    () => graph.bfs('a', { within: bad }),
    () => graph.withinMany(bad),
    () => graph.withinMany({ x: bad, y: bad, radius: 1 }),
    () => createEngine(bad),
    () => createEngine({ batch: bad }),
  ]) {
    await expect(call(), String(call)).rejects.toMatchObject({ code: expect.stringMatching(/^ATHANOR_INVALID_/) });
  }
});

test('a Graph object that is older than 65,536 other names knows what its graph has become', async () => {
  const own = await createEngine({ workers: 1, capacity: { graphs: 10, nodes: 100, edges: 100 } });
  const old = own.graph('space');
  old.moveNode('n', 1, 1);
  await own.flush();
  old.remove();
  await own.flush();
  // Its entry is forgotten: another object of the name has one of its own.
  for (let i = 0; i < 65_600; i++) own.graph(`name${i}`);
  own.graph('space', { dimensions: 3 }).moveNode('n', 1, 2, 3);
  await own.flush();
  refuses(() => old.moveNode('n', 1, 1), 'ATHANOR_INVALID_EVENT', /z: undefined/);
  refuses(() => old.upsertNode('n', { x: 1, y: 1, z: Number.NaN }), 'ATHANOR_INVALID_EVENT', /z: NaN/);
  refuses(() => old.within({ x: 1, y: 2, radius: 1 }), 'ATHANOR_INVALID_QUERY', /z: undefined/);
  refuses(() => old.setZone('z', { type: 'circle', x: 1, y: 1, radius: 1 }), 'ATHANOR_INVALID_EVENT', /shape\.z/);
  old.moveNode('n', 4, 5, 6);
  await own.flush();
  expect(old.within({ x: 4, y: 5, z: 6, radius: 0 }).ids()).toEqual(['n']);
  expect(await own.verify()).toEqual({ ok: true, problems: [] });
  await own.close();
});

test('columns that another thread writes to are copied before they are checked', { timeout: 30_000 }, async () => {
  const nodes = 2000;
  const shared = new SharedArrayBuffer(nodes * 8 * 3 + nodes * 4 + 4);
  const x = new Float64Array(shared, 0, nodes);
  const y = new Float64Array(shared, nodes * 8, nodes);
  const radius = new Float64Array(shared, nodes * 16, nodes).fill(1);
  const handles = new Uint32Array(shared, nodes * 24, nodes);
  const stop = new Int32Array(shared, nodes * 28, 1);
  const own = engine.graph('columns');
  const right = own.handles(Array.from({ length: nodes }, (_, i) => i));
  handles.set(right);
  // Flips a value of each column between one that is right and one that is not, as fast as it can.
  const worker = new Worker(
    `const { workerData: { x, y, radius, handles, stop, row } } = require('node:worker_threads');
     for (let i = 0; Atomics.load(stop, 0) === 0; i++) {
       const bad = (i & 1) === 0;
       x[1000] = bad ? NaN : 1; y[1500] = bad ? Infinity : 1; radius[700] = bad ? -1 : 1; handles[1800] = bad ? 4000000000 : row;
     }`,
    { eval: true, workerData: { x, y, radius, handles, stop, row: right[1800] } },
  );
  let accepted = 0;
  let refused = 0;
  try {
    for (let round = 0; round < 400; round++) {
      try {
        accepted += own.moveNodes(handles, x, y);
        accepted += own.upsertEdges(handles, handles, radius);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/INVALID_EVENT|BACKPRESSURE/) });
        refused++;
      }
      if (round % 20 === 0) {
        await engine.flush();
        const found = await own.withinMany({ x, y, radius }).catch((error: unknown) => error);
        if (found instanceof Error) expect(found).toMatchObject({ code: 'ATHANOR_INVALID_QUERY' });
      }
    }
  } finally {
    Atomics.store(stop, 0, 1);
    await new Promise((resolve) => worker.once('exit', resolve));
  }
  await engine.flush();
  expect(accepted + refused).toBeGreaterThan(0);
  for (const node of own.nodes()) expect(Number.isFinite(node.x) && Number.isFinite(node.y)).toBe(true);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});
