import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type AthanorError,
  createEngine,
  type Engine,
  type EngineEvent,
  type FlushOptions,
  type GraphOptions,
} from '../../dist/src/index.js';
import { refuses } from '../support/refuses.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, shards: 2, maxPayloadBytes: 1000 });
});
afterAll(() => engine.close());

const moved = (rest: object) => ({ type: 'node.moved', graph: 'g', node: 'n', x: 0, y: 0, ...rest }) as EngineEvent;

test.each([
  [moved({ x: Number.NaN }), /x: NaN/],
  [moved({ y: Number.POSITIVE_INFINITY }), /y: Infinity/],
  [moved({ y: undefined }), /y: undefined/],
  [moved({ x: '1' }), /x: "1"/],
  [moved({ z: 1 }), /z: 1/],
  [moved({ w: Number.NaN }), /w: NaN/],
  [moved({ time: Number.NaN }), /time: NaN/],
  [moved({ node: undefined }), /node: undefined/],
  [moved({ node: 1.5 }), /node: 1.5/],
  [moved({ node: 2 ** 53 }), /node: 9007199254740992/],
  [moved({ node: 'é'.repeat(513) }), /node: .*1024 bytes/],
  [moved({ graph: '' }), /graph: ""/],
  [moved({ graph: 'g'.repeat(257) }), /graph: .*256 bytes/],
  [moved({ type: 'node.teleported' }), /type: "node.teleported"/],
  [moved({ type: undefined }), /type: undefined/],
  [{ type: 'node.upserted', graph: 'g', node: 'n', kind: 7 } as unknown as EngineEvent, /kind: 7/],
  [{ type: 'node.upserted', graph: 'g', node: 'n', data: () => 1 } as EngineEvent, /data: a function/],
  [{ type: 'edge.upserted', graph: 'g', source: 'n' } as unknown as EngineEvent, /target: undefined/],
  [{ type: 'edge.upserted', graph: 'g', source: 'n', target: 'm', weight: Number.NaN } as EngineEvent, /weight: NaN/],
  [null as unknown as EngineEvent, /(event|events\[1\]): null is not an object/],
])('an event that is none is refused by field and value, and changes nothing: %o', async (event, words) => {
  const before = engine.stats();
  refuses(() => engine.publish(event), 'ATHANOR_INVALID_EVENT', words);
  refuses(
    () => engine.publish([moved({ node: 'whole' }), event, moved({ node: 'whole' })]),
    'ATHANOR_INVALID_EVENT',
    words,
  );
  await engine.flush();
  expect(engine.graph('g').has('whole')).toBe(false);
  expect(engine.graph('g').order).toBe(0);
  expect(engine.stats().published).toBe(before.published);
  expect(engine.stats().rejected).toBe(before.rejected + 4);
});

test('what is not built yet is refused by name', () => {
  const custom = { type: 'custom', subject: 'a.b', graph: 'g' } as unknown as EngineEvent;
  refuses(() => engine.publish(custom), 'ATHANOR_UNSUPPORTED', /custom/);
  refuses(() => engine.graph('ttl', { ttlMs: 5 } as GraphOptions), 'ATHANOR_UNSUPPORTED', /ttlMs/);
  const graph = engine.graph('g') as unknown as Record<string, () => unknown>;
  for (const name of ['publishColumns']) {
    refuses(() => graph[name]!(), 'ATHANOR_UNSUPPORTED', new RegExp(name));
  }
  const whole = engine as unknown as Record<string, () => unknown>;
  for (const name of ['projected', 'projectedColumns', 'subscribe', 'share']) {
    refuses(() => whole[name]!(), 'ATHANOR_UNSUPPORTED', new RegExp(name));
  }
});

test('what is not built yet and would answer later rejects', async () => {
  const later = engine as unknown as Record<string, () => Promise<unknown>>;
  for (const name of ['cached', 'snapshot']) {
    await expect(later[name]!()).rejects.toMatchObject({ code: 'ATHANOR_UNSUPPORTED' });
  }
  await expect(engine.flush({ durable: true } as FlushOptions)).rejects.toMatchObject({ code: 'ATHANOR_UNSUPPORTED' });
});

test('options are checked by name', async () => {
  for (const [options, words] of [
    [{ workers: 0 }, /workers: 0/],
    [{ workers: 1.5 }, /workers: 1.5/],
    [{ shards: -1 }, /shards: -1/],
    [{ capacity: { nodes: Number.NaN } }, /capacity.nodes: NaN/],
    [{ batch: { minEvents: 20, maxEvents: 10 } }, /batch.minEvents: 20/],
    [{ batch: { timeoutMs: 0 } }, /batch.timeoutMs: 0/],
    [{ batch: { timeoutMs: 2 ** 31 } }, /batch.timeoutMs: 2147483648 .*at most 2147483647/],
    [{ batch: { targetLatencyMs: 1e300 } }, /batch.targetLatencyMs: 1e\+300/],
    [{ readTimeoutMs: Number.POSITIVE_INFINITY }, /readTimeoutMs: Infinity/],
    [{ readTimeoutMs: Number.NaN }, /readTimeoutMs: NaN/],
    // Bytes of a frame: 80 an event at most, 60 at least.
    [{ batch: { maxEvents: 32_768, maxInFlight: 4096 } }, /batch.maxInFlight: 4096 frames of 32768 .*at most 429\d{7}/],
    [{ batch: { maxInFlight: 512 }, maxPayloadBytes: 2 ** 23 }, /batch.maxInFlight: 512 .*8388608 bytes/],
    [{ maxPayloadBytes: 2 ** 23 + 1 }, /maxPayloadBytes: 8388609/],
    [{ resourceLimits: { stackSizeMb: 0.1 } }, /resourceLimits.stackSizeMb: 0.1 .*from 0.5 to 1024/],
    [{ resourceLimits: { stackSizeMb: 1e9 } }, /resourceLimits.stackSizeMb: 1000000000/],
    [{ resourceLimits: { stackSizeMb: '4' } }, /resourceLimits.stackSizeMb: "4"/],
    [{ resourceLimits: { maxOldGenerationSizeMb: 8 } }, /resourceLimits.maxOldGenerationSizeMb: 8 .*from 16/],
    [{ resourceLimits: { maxOldGenerationSizeMb: 1e300 } }, /resourceLimits.maxOldGenerationSizeMb: 1e\+300/],
    [{ clock: 5 }, /clock: 5/],
    [{ wrokers: 2 }, /wrokers/],
    [{ batch: { size: 2 } }, /batch.size/],
  ] as const) {
    await expect(createEngine(options as never)).rejects.toThrow(words);
    await expect(createEngine(options as never)).rejects.toMatchObject({ code: 'ATHANOR_INVALID_OPTION' });
  }
  await expect(createEngine({ journal: { directory: '/tmp' } } as never)).rejects.toMatchObject({
    code: 'ATHANOR_UNSUPPORTED',
  });
});

test('queries are checked by field', () => {
  const graph = engine.graph('g');
  refuses(() => graph.within({ x: Number.NaN, y: 0, radius: 1 }), 'ATHANOR_INVALID_QUERY', /x: NaN/);
  refuses(() => graph.within({ x: 0, y: 0, radius: -1 }), 'ATHANOR_INVALID_QUERY', /radius: -1/);
  refuses(() => graph.within({ x: 0, y: 0, radius: 1, limit: 0.5 }), 'ATHANOR_INVALID_QUERY', /limit: 0.5/);
  refuses(() => graph.nearest({ x: 0, y: 0, k: 0 }), 'ATHANOR_INVALID_QUERY', /k: 0/);
  refuses(() => graph.withinBox({ minX: 1, minY: 0, maxX: 0, maxY: 0 }), 'ATHANOR_INVALID_QUERY', /minX: 1/);
  refuses(() => graph.within({ x: 0, y: 0, z: 0, radius: 1 }), 'ATHANOR_INVALID_QUERY', /z: 0/);
});

test('columns are checked whole, and name the index', async () => {
  const graph = engine.graph('columns');
  const handles = graph.handles(['a', 'b', 'c']);
  const xs = new Float64Array(3);
  refuses(
    () => graph.moveNodes(Uint32Array.of(handles[0]!, 999_999, handles[1]!), xs, xs),
    'ATHANOR_INVALID_EVENT',
    /handles\[1\]: 999999/,
  );
  refuses(
    () => graph.moveNodes(handles, xs, Float64Array.of(0, 0, Number.NaN)),
    'ATHANOR_INVALID_EVENT',
    /y\[2\]: NaN/,
  );
  refuses(() => graph.moveNodes(handles, xs, new Float64Array(2)), 'ATHANOR_INVALID_EVENT', /y: its length 2/);
  refuses(() => engine.graph('others').moveNodes(handles, xs, xs), 'ATHANOR_INVALID_EVENT', /handles\[0\]/);
  await engine.flush();
  expect(graph.order).toBe(0);
  expect(graph.moveNodes(handles, xs, xs)).toBe(3);
  await engine.flush();
  expect(graph.order).toBe(3);
});

test('payloads and options that differ', () => {
  refuses(
    () => engine.graph('g').upsertNode('n', { data: 'x'.repeat(2000) }),
    'ATHANOR_PAYLOAD_TOO_LARGE',
    /maxPayloadBytes allows 1000/,
  );
  engine.graph('late', { late: 'ignore' });
  refuses(() => engine.graph('late', { late: 'apply' }), 'ATHANOR_INVALID_OPTION', /late/);
  refuses(() => engine.graph('', {}), 'ATHANOR_INVALID_OPTION', /name/);
});

test('capacity holds, and one more is refused', async () => {
  await using small = await createEngine({ workers: 1, shards: 1, capacity: { graphs: 2, nodes: 3, edges: 2 } });
  const graph = small.graph('one');
  for (const id of ['a', 'b', 'c']) graph.moveNode(id, 0, 0);
  refuses(() => graph.moveNode('d', 0, 0), 'ATHANOR_CAPACITY', /capacity.nodes allows 3/);
  graph.upsertEdge('a', 'b');
  graph.upsertEdge('b', 'c');
  await small.flush();
  refuses(() => graph.upsertEdge('c', 'a'), 'ATHANOR_CAPACITY', /capacity.edges allows 2/);
  graph.upsertEdge('a', 'b', { weight: 5 });
  small.publish({ type: 'graph.created', graph: 'two' });
  refuses(
    () => small.publish({ type: 'graph.created', graph: 'three' }),
    'ATHANOR_CAPACITY',
    /capacity.graphs allows 2/,
  );
  await small.flush();
  expect([graph.order, graph.size, graph.edge('a', 'b')?.weight]).toEqual([3, 2, 5]);
  graph.removeNode('a');
  await small.flush();
  graph.moveNode('d', 1, 1);
  await small.flush();
  expect(graph.has('d')).toBe(true);
  expect(await small.verify()).toEqual({ ok: true, problems: [] });
});

test('a capacity that is too large for the system is granted or refused with ATHANOR_CAPACITY', async () => {
  for (const capacity of [{ nodes: 2 ** 25 }, { nodes: 2 ** 31 - 1 }, { graphs: 2 ** 26 }, { edges: 2 ** 31 - 1 }]) {
    const end = await createEngine({ workers: 1, shards: 1, capacity }).then(
      (large) => large.close(),
      (error: unknown) => error,
    );
    if (end !== undefined) expect(end, JSON.stringify(capacity)).toMatchObject({ code: 'ATHANOR_CAPACITY' });
  }
});

test('full rings refuse, and take again once drained', async () => {
  await using small = await createEngine({ workers: 1, shards: 1, batch: { maxEvents: 4, maxInFlight: 2 } });
  const graph = small.graph('g');
  let accepted = 0;
  let refused = 0;
  while (accepted < 500) {
    try {
      graph.moveNode(`n${accepted}`, accepted, 0);
      accepted++;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ATHANOR_BACKPRESSURE' });
      refused++;
      await small.drained();
    }
  }
  await small.flush();
  expect(refused).toBeGreaterThan(0);
  expect(graph.order).toBe(500);
  const many = Array.from({ length: 100 }, (_, i) => moved({ node: i }));
  let thrown: unknown;
  for (let tries = 0; tries < 3 && (thrown as AthanorError | undefined)?.code !== 'ATHANOR_CAPACITY'; tries++) {
    try {
      small.publish(many);
    } catch (error) {
      thrown = error;
    }
    await small.flush();
  }
  expect(thrown).toMatchObject({ code: 'ATHANOR_CAPACITY' });
});

test('after close events are refused, and closing again is the same', async () => {
  const closed = await createEngine({ workers: 1 });
  closed.graph('g').moveNode('n', 1, 1);
  await Promise.all([closed.close(), closed.close()]);
  refuses(() => closed.graph('g').order, 'ATHANOR_CLOSED', /closed/);
  refuses(() => closed.graph('g').moveNode('n', 1, 1), 'ATHANOR_CLOSED', /closed/);
  await closed.close();
});

test('a bad handle refuses the whole of a column, however far behind it stands; the rest of one that was good goes on', async () => {
  const graph = engine.graph('long columns');
  const [a, b] = graph.handles(['a', 'b']) as unknown as [number, number];
  const length = 300_000;
  const handles = new Uint32Array(length).fill(a);
  const xs = new Float64Array(length);
  handles[length - 1] = 999_999;
  const wrong = new RegExp(`\\[${length - 1}\\]: 999999`);
  refuses(() => graph.moveNodes(handles, xs, xs), 'ATHANOR_INVALID_EVENT', wrong);
  refuses(() => graph.upsertEdges(handles.fill(b, 0, 10), handles), 'ATHANOR_INVALID_EVENT', wrong);
  expect(graph.order).toBe(0);
  await engine.flush();
  expect(graph.order).toBe(0);
  handles[length - 1] = b;
  for (let done = 0; done < length; ) {
    done += graph.moveNodes(handles.subarray(done), xs.subarray(done), xs.subarray(done));
    if (done < length) await engine.drained();
  }
  for (let done = 0; done < length; ) {
    done += graph.upsertEdges(handles.subarray(done), handles.subarray(done));
    if (done < length) await engine.drained();
  }
  await engine.flush();
  expect([graph.order, graph.size]).toEqual([2, 2]);
});

test('options at the ends of their ranges work', async () => {
  for (const options of [
    { resourceLimits: { stackSizeMb: 0.5, maxOldGenerationSizeMb: 16 } },
    { resourceLimits: { stackSizeMb: 1024, maxOldGenerationSizeMb: 1_048_576 } },
    { batch: { maxEvents: 1, maxInFlight: 2, timeoutMs: 2 ** 31 - 1, targetLatencyMs: 1e-300 }, maxPayloadBytes: 1 },
    { batch: { maxEvents: 32_768, maxInFlight: 1024 }, readTimeoutMs: 2 ** 31 - 1, shards: 1 },
  ]) {
    await using small = await createEngine({ workers: 1, shards: 2, capacity: { nodes: 10, edges: 10 }, ...options });
    const graph = small.graph('g');
    for (let node = 0; node < 9; node++) {
      graph.upsertEdge(node, node + 1);
      await small.drained();
    }
    await small.flush();
    const ranks = await graph.pageRank();
    expect(ranks.length, JSON.stringify(options)).toBe(10);
    expect(await graph.triangles()).toBe(0);
    expect(await small.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('options are read once', async () => {
  const read: Record<string, number> = {};
  const counted = <T extends object>(of: T): T =>
    Object.defineProperties({} as T, {
      ...Object.fromEntries(
        Object.entries(of).map(([name, value]) => [
          name,
          { enumerable: true, get: () => ((read[name] = (read[name] ?? 0) + 1), value) },
        ]),
      ),
    });
  const batch = counted({
    minEvents: 1,
    maxEvents: 4,
    timeoutMs: 5,
    targetLatencyMs: 5,
    adaptive: true,
    maxInFlight: 4,
  });
  const clock = (): number => 0;
  const limits = counted({ stackSizeMb: 4, maxOldGenerationSizeMb: 64 });
  await using small = await createEngine(
    counted({ workers: 1, shards: 1, batch, clock, resourceLimits: limits, readTimeoutMs: 9, maxPayloadBytes: 9 }),
  );
  expect(small.stats().workers.length).toBe(1);
  for (const [name, times] of Object.entries(read)) expect(times, name).toBe(1);
  expect(Object.keys(read).length).toBe(15);
});

test('jobs of a graph that does not exist are answered like those of an empty one', async () => {
  const none = engine.graph('there is none');
  const column = new Float64Array([0]);
  for (const values of [
    await none.pageRank(),
    await none.weaklyConnectedComponents(),
    await none.stronglyConnectedComponents(),
    await none.communities(),
    await none.localClustering(),
  ]) {
    expect(values.length).toBe(0);
  }
  expect(await none.triangles()).toBe(0);
  expect((await none.pairsWithin(1)).sources.length).toBe(0);
  expect([...(await none.withinMany({ x: column, y: column, radius: 1 })).offsets]).toEqual([0, 0]);
  expect([...(await none.nearestMany({ x: column, y: column, k: 1 })).offsets]).toEqual([0, 0]);
  for (const path of [none.bfs(1), none.shortestPaths(1), none.shortestPath(1, 2)]) {
    await expect(path).rejects.toMatchObject({ code: 'ATHANOR_UNKNOWN_NODE' });
  }
});
