import { afterAll, beforeAll, expect, test } from 'vitest';
import { AthanorError, createEngine, type Engine, type EngineEvent } from '../../dist/src/index.js';

/*
 * Code of the user's that runs inside a call: every place where it can × everything that it can do there. Either it works, or
 * it is refused with a code before anything is changed; what was accepted is applied, and the engine goes on.
 */

let combination = 0;
/** Each combination has graphs of its own. */
const named = (name: string): string => `${name}${combination}`;
const moved = (node: string, rest: object = {}): EngineEvent =>
  ({ type: 'node.moved', graph: named('g'), node, x: 1, y: 1, ...rest }) as EngineEvent;
/** An event or attribute with a field that calls. */
const calling = (name: string, value: unknown, act: () => void, rest: object): never =>
  Object.defineProperty({ ...rest }, name, {
    enumerable: true,
    get: () => {
      act();
      return value;
    },
  }) as never;

type Hook = (engine: Engine, act: () => void) => unknown;

const hooks: Record<string, Hook> = {
  'a getter in data': (e, act) => e.graph(named('g')).upsertNode('n', { data: calling('a', 1, act, {}) }),
  'a getter deep in data': (e, act) =>
    e.graph(named('new')).upsertNode('n', { data: [new Map([[1, calling('a', 1, act, {})]])] }),
  'a proxy in data': (e, act) =>
    e.graph(named('g')).upsertNode('n', {
      data: new Proxy({ a: 1 }, { ownKeys: (target) => (act(), Reflect.ownKeys(target)) }),
    }),
  'a field of an event': (e, act) =>
    e.publish(calling('x', 1, act, { type: 'node.moved', graph: named('g'), node: 'n', y: 2 })),
  'the names of an event': (e, act) =>
    e.publish(new Proxy(moved('n'), { ownKeys: (target) => (act(), Reflect.ownKeys(target)) })),
  'a field of an edge': (e, act) => e.graph(named('g')).upsertEdge('n', 'm', calling('weight', 1, act, {})),
  'attributes of a new graph': (e, act) => e.graph(named('new')).upsertNode('n', calling('x', 1, act, { y: 1 })),
  'options of a new graph': (e, act) =>
    e.publish({ type: 'graph.created', graph: named('made'), options: calling('late', 'ignore', act, {}) }),
  'options of a name': (e, act) => e.graph(named('named'), calling('late', 'ignore', act, {})),
  'an event of an array': (e, act) =>
    e.publish([
      moved('n'),
      calling('x', 1, act, { type: 'node.moved', graph: named('g'), node: 'n', y: 2 }),
      moved('n'),
    ]),
  'an event of an array that is refused': (e, act) =>
    e.publish([
      moved('r'),
      calling('x', 1, act, { type: 'node.moved', graph: named('r'), node: 'r', y: 2 }),
      moved('r', { x: NaN }),
    ]),
  'an element of an array': (e, act) =>
    e.publish(new Proxy([moved('n'), moved('n')], { get: (of, key) => (key === '1' && act(), Reflect.get(of, key)) })),
  'ids of handles': (e, act) =>
    e
      .graph(named('new'))
      .handles(new Proxy(['n', 'm'], { get: (of, key) => (key === '1' && act(), Reflect.get(of, key)) })),
  'a zone': (e, act) => e.graph(named('g')).setZone('z', calling('radius', 1, act, { type: 'circle', x: 0, y: 0 })),
  'points of a zone': (e, act) =>
    e.graph(named('new')).setZone('z', {
      type: 'polygon',
      points: new Proxy(
        [
          [0, 0],
          [1, 0],
          [0, 1],
        ] as Array<[number, number]>,
        {
          get: (of, key) => (key === '1' && act(), Reflect.get(of, key)),
        },
      ),
    }),
  'a query': (e, act) => e.graph(named('g')).within(calling('radius', 9, act, { x: 0, y: 0 })),
  'a filter of within': (e, act) => e.graph(named('g')).within({ x: 0, y: 0, radius: 9, filter: () => (act(), true) }),
  'a filter of nearest': (e, act) => e.graph(named('g')).nearest({ x: 0, y: 0, k: 2, filter: () => (act(), true) }),
  'a filter of withinBox': (e, act) =>
    e.graph(named('g')).withinBox({ minX: -9, minY: -9, maxX: 9, maxY: 9, filter: () => (act(), true) }),
  'options of a job': (e, act) => e.graph(named('g')).pageRank(calling('damping', 0.5, act, {})),
  'progress of a job': (e, act) => e.graph(named('g')).pageRank({ onProgress: act }),
  'the snapshot of a job': (e, act) => e.graph(named('g')).pageRank({ onBuilt: act }),
  'progress of ingest': (e, act) => e.ingest([moved('n'), moved('m')], { onProgress: act }),
  'a source of ingest': (e, act) =>
    e.ingest(
      (function* () {
        yield moved('n');
        act();
        yield moved('m');
      })(),
    ),
  'the clock': (e) => e.graph(named('clocked')).upsertNode('n', { x: 1, y: 1 }),
  'the clock, of columns': (e) =>
    e
      .graph(named('g'))
      .moveNodes(Uint32Array.of(e.graph(named('g')).handle('a')!), Float64Array.of(1), Float64Array.of(1)),
};

const actions: Record<string, (engine: Engine) => unknown> = {
  publishes: (e) => e.graph(named('other')).upsertNode('p', { x: 1, y: 1, data: { deep: [1] } }),
  'publishes to the same graph': (e) => e.graph(named('g')).upsertNode('n', { x: 5, y: 5, data: { other: true } }),
  'publishes an array': (e) => e.publish([moved('b'), moved('b', { graph: named('other') })]),
  'publishes columns': (e) =>
    e.graph(named('g')).moveNodes(e.graph(named('g')).handles(['h']), Float64Array.of(3), Float64Array.of(4)),
  'sets a zone': (e) => e.graph(named('g')).setZone('z', { type: 'circle', x: 0, y: 0, radius: 9 }),
  reads: (e) => {
    const graph = e.graph(named('g'));
    return [graph.order, graph.within({ x: 0, y: 0, radius: 9 }).ids(), [...graph.nodes()], graph.node('a'), e.stats()];
  },
  flushes: (e) => void e.flush().catch(() => undefined),
  drains: (e) => void e.drained().catch(() => undefined),
  verifies: (e) => void e.verify().catch(() => undefined),
  watches: (e) => void e.graph(named('g')).watch().return?.(),
  'declares options': (e) => e.graph(named('other'), { dimensions: 3 }),
  'removes the graph': (e) => e.graph(named('g')).remove(),
};

/** Actions that end the engine get one of their own, for these hooks. */
const CLOSING = ['a getter in data', 'an event of an array', 'a filter of within', 'progress of a job', 'the clock'];

let engine: Engine;
let onClock: () => void = () => undefined;
const options = {
  workers: 1,
  shards: 2,
  capacity: { graphs: 4000, nodes: 20_000, edges: 20_000 },
  clock: () => (onClock(), 5),
};
beforeAll(async () => {
  engine = await createEngine(options);
});
afterAll(() => engine.close());

/** What was thrown in the hook, and by the call that it is in. */
async function tried(e: Engine, hookName: string, action: (engine: Engine) => unknown): Promise<[unknown, unknown]> {
  combination++;
  e.publish([moved('a', { x: 0, y: 0 }), moved('a2')]);
  await e.flush();
  let times = 0;
  let inner: unknown;
  let outer: unknown;
  const act = (): void => {
    if (times++ > 0) return;
    try {
      action(e);
    } catch (error) {
      inner = error;
    }
  };
  // The clock is read again in another turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  if (hookName.startsWith('the clock')) onClock = act;
  try {
    await hooks[hookName]!(e, act);
  } catch (error) {
    outer = error;
  }
  onClock = () => undefined;
  expect(times, `${hookName}: it was called`).toBeGreaterThan(0);
  for (const error of [inner, outer]) if (error !== undefined) expect(error, hookName).toBeInstanceOf(AthanorError);
  return [inner, outer];
}

test.each(Object.keys(hooks))('code of the user that runs in %s', { timeout: 60_000 }, async (hookName) => {
  for (const [actionName, action] of Object.entries(actions)) {
    const what = `${hookName} ${actionName}`;
    const [inner] = await tried(engine, hookName, action);
    await engine.flush();
    const { published, applied } = engine.stats();
    expect(applied, what).toBe(published);
    const names = engine.graphs.byName().map(({ name }) => name);
    expect(new Set(names).size, what).toBe(names.length);
    if (inner === undefined && actionName === 'publishes') {
      expect(engine.graph(named('other')).node('p')?.data, what).toEqual({ deep: [1] });
    }
    if (inner === undefined && actionName === 'publishes an array') {
      expect(engine.graph(named('other')).has('b'), what).toBe(true);
    }
    if (hookName.endsWith('that is refused')) expect(engine.graph(named('r')).has('r'), what).toBe(false);
  }
  expect(await engine.verify(), hookName).toEqual({ ok: true, problems: [] });
});

test.each(CLOSING)('an engine that is closed in %s', async (hookName) => {
  const own = await createEngine(options);
  const [inner] = await tried(own, hookName, (e) => void e.close().catch(() => undefined));
  expect(inner).toBeUndefined();
  await own.close();
  expect(own.stats().applied).toBe(own.stats().published);
  expect(() => own.publish(moved('n'))).toThrow(/closed/);
});

test('a getter that publishes into a refused array is refused, and says why', async () => {
  combination++;
  let inner: unknown;
  const event = calling(
    'x',
    Number.NaN,
    () => {
      try {
        engine.publish(moved('lost'));
      } catch (error) {
        inner = error;
      }
    },
    { type: 'node.moved', graph: named('g'), node: 'n', y: 1 },
  );
  expect(() => engine.publish([moved('a'), event])).toThrow(
    /^events\[1\]\.x: NaN is not a finite number \(node 'n'\)$/,
  );
  expect(inner).toMatchObject({ code: 'ATHANOR_INVALID_EVENT', message: /a getter, while an array of events is read/ });
  // One event by itself is read before anything is done: there it works.
  expect(() => engine.publish(event)).toThrow(/^x: NaN/);
  await engine.flush();
  expect([...engine.graph(named('g')).nodes()].map(({ id }) => id)).toEqual(['lost']);
});

test.each([
  ['NaN', () => Number.NaN, /clock: it answered NaN/],
  ['undefined', () => undefined as never, /clock: it answered undefined/],
  [
    'an error',
    () => {
      throw new Error('no time');
    },
    /clock: it cannot be read: no time/,
  ],
])('a clock that gives %s refuses the event, and nothing is done', async (_what, clock, words) => {
  let bad = true;
  const own = await createEngine({ workers: 1, clock: () => (bad ? clock() : 7) });
  const graph = own.graph(named('g'));
  for (const call of [
    () => graph.moveNode('n', 1, 1),
    () => graph.upsertNode('n', { data: 1 }),
    () => graph.upsertEdge('n', 'm'),
    () => graph.handles(['n']),
    () => graph.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 }),
    () => own.publish([moved('n', { time: 5 }), moved('n')]),
    () => own.publish({ type: 'graph.created', graph: named('g') }),
  ]) {
    expect(call).toThrow(words);
    try {
      call();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ATHANOR_INVALID_OPTION' });
    }
  }
  await own.flush();
  expect(own.graphs.totals).toEqual({ graphs: 0, nodes: 0, edges: 0 });
  bad = false;
  graph.moveNode('n', 1, 1);
  await own.flush();
  expect(graph.node('n')?.time).toBe(7);
  await own.close();
});
