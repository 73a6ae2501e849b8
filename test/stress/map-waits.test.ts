import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createEngine, type Engine, type MapError } from '../../dist/src/index.js';
import { behaves, filled, moduleOf, taken } from '../support/map/common.js';

const capacity = { graphs: 1000, nodes: 20_000, edges: 20_000 };

const started = async (options: object = {}): Promise<Engine> => {
  const engine = await createEngine({ workers: 1, shards: 2, capacity, ...options });
  await filled(engine, 5);
  return engine;
};

/** Everything that needs a thread is answered. */
async function works(engine: Engine): Promise<void> {
  engine.graph('g0').upsertNode('more');
  await engine.flush();
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  expect((await engine.graph('g4').pageRank()).length).toBe(5);
  expect((await taken(engine.graphs.map(behaves))).results.size).toBe(engine.graphs.totals.graphs);
}

test('a module that is never loaded: its worker is replaced after return, abort and close', async () => {
  const ends: Record<string, (engine: Engine, module: string) => Promise<void>> = {
    async returned(engine, module) {
      const results = engine.graphs.map(module);
      const next = results.next();
      await pause(100);
      await results.return?.();
      expect((await next).done).toBe(true);
      await works(engine);
    },
    async aborted(engine, module) {
      const controller = new AbortController();
      const next = engine.graphs.map(module, { signal: controller.signal }).next();
      await pause(100);
      controller.abort();
      await expect(next).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
      await works(engine);
    },
    async closed(engine, module) {
      const next = engine.graphs.map(module).next();
      const rejected = expect(next).rejects.toMatchObject({ code: 'ATHANOR_CLOSED' });
      await pause(100);
      engine.graph('g0').upsertNode('accepted');
      await engine.close();
      await rejected;
      expect(engine.stats().applied).toBe(engine.stats().published);
    },
  };
  await Promise.all(
    ['hangs/loop', 'hangs/await'].flatMap((name) =>
      Object.values(ends).map(async (end) => {
        const engine = await started();
        await end(engine, moduleOf(name));
        await engine.close();
      }),
    ),
  );
}, 30_000);

test('a module that ends every thread that loads it is said to', async () => {
  await using engine = await started();
  await expect(engine.graphs.map(moduleOf('hangs/exit')).next()).rejects.toMatchObject({
    code: 'ATHANOR_INVALID_OPTION',
    message: expect.stringMatching(/exit.mjs": its workers were lost 3 times while they loaded it: .*exit code 7/),
  });
  await works(engine);
});

test('why a graph ends its workers is told', async () => {
  await using engine = await started({ resourceLimits: { maxOldGenerationSizeMb: 16 } });
  for (const [what, words] of [
    ['exit', /"g3": its workers were lost 3 times: .*exit code 3/],
    ['memory', /"g3": its workers were lost 3 times: .*memory/],
  ] as const) {
    const { results, errors } = await taken(engine.graphs.map(behaves, { data: { what, of: ['g3'] } }));
    expect(results.size).toBe(4);
    expect(errors.length).toBe(1);
    expect(errors[0]!.message).toMatch(words);
    expect((errors[0] as MapError).graph).toBe('g3');
    expect(errors[0]!.cause).toBeInstanceOf(Error);
  }
});

test('a graph that waits in a thread is not blamed for another map that ends the thread', async () => {
  await using engine = await started();
  const told = new Int32Array(new SharedArrayBuffer(4));
  const calls = new Int32Array(new SharedArrayBuffer(4));
  const data = { what: 'until told', told, calls };
  const waiting = engine.graphs.map(behaves, { graphs: ['g1'], data }).next();
  while (Atomics.load(calls, 0) === 0) await pause(1);
  for (let map = 0; map < 2; map++) {
    const { errors } = await taken(engine.graphs.map(behaves, { data: { what: 'exit', of: ['g3'] } }));
    expect(errors.map((error) => (error as MapError).graph)).toEqual(['g3']);
  }
  Atomics.store(told, 0, 1);
  expect((await waiting).value).toEqual({ graph: 'g1', result: [0, 1] });
  expect(Atomics.load(calls, 0)).toBeGreaterThan(1);
});

test('one worker does everything else while a function, or a module, waits', async () => {
  for (const [module, data] of [
    [behaves, { what: 'never' }],
    [moduleOf('hangs/await'), undefined],
  ] as const) {
    await using engine = await started();
    const waiting = engine.graphs.map(module, { data, graphs: ['g1'] });
    const first = waiting.next();
    const second = engine.graphs.map(behaves, { data: { what: 'never' }, graphs: ['g2'] });
    const other = second.next();
    await works(engine);
    // All at once, behind each other.
    const graph = engine.graph('g4');
    const jobs = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? graph.triangles() : taken(engine.graphs.map(behaves, { data: { what: 'async', ms: 1 } })),
    );
    expect((await Promise.all(jobs)).length).toBe(20);
    let published = 0;
    await engine.ingest(
      (function* () {
        for (; published < 20_000; published++) {
          yield { type: 'node.moved', graph: 'stream', node: published % 100, x: published, y: 0 } as const;
        }
      })(),
    );
    await engine.flush();
    expect(engine.graph('stream').node(99)?.x).toBe(19_999);
    await Promise.all([waiting.return?.(), second.return?.()]);
    expect((await Promise.all([first, other])).map(({ done }) => done)).toEqual([true, true]);
    await works(engine);
  }
});

/** Waits until a removed node's row is given to another. */
async function reused(engine: Engine): Promise<void> {
  const graph = engine.graph('churn');
  const handle = graph.handle('first', { create: true });
  await engine.flush();
  graph.removeNode('first');
  await engine.flush();
  for (let look = 0; look < 100; look++) {
    await pause(50);
    const other = graph.handle(`other ${look}`, { create: true });
    await engine.flush();
    if (other === handle) return;
  }
  throw new Error('the row was never used again');
}

test('rows are not held while a function or a module waits for long, and its ids stay what they were', async () => {
  await Promise.all([
    (async () => {
      await using engine = await started({ shards: 1 });
      const graph = engine.graph('held');
      for (let node = 0; node < 50; node++) graph.upsertNode(node % 2 === 0 ? node : `node ${node}`);
      await engine.flush();
      const told = new Int32Array(new SharedArrayBuffer(4));
      const calls = new Int32Array(new SharedArrayBuffer(4));
      const data = { what: 'until told', told, calls };
      const next = engine.graphs.map<unknown[]>(behaves, { graphs: ['held'], data }).next();
      while (Atomics.load(calls, 0) === 0) await pause(1);
      for (let node = 0; node < 50; node++) graph.removeNode(node % 2 === 0 ? node : `node ${node}`);
      await engine.flush();
      await reused(engine);
      // The rows of those that were removed are others' now.
      for (let node = 0; node < 200; node++) engine.graph('churn').upsertNode(`new ${node}`);
      await engine.flush();
      Atomics.store(told, 0, 1);
      const ids = (await next).value.result as unknown[];
      expect(ids).toEqual(Array.from({ length: 50 }, (_, node) => (node % 2 === 0 ? node : `node ${node}`)));
    })(),
    (async () => {
      await using engine = await started({ shards: 1 });
      const results = engine.graphs.map(moduleOf('hangs/await'));
      void results.next();
      await reused(engine);
      await results.return?.();
    })(),
  ]);
}, 20_000);

test('busyRatio tells of a function while it has the thread, and not while it waits', async () => {
  const ratioOf = async (what: string): Promise<number> => {
    const before = performance.now();
    const engine = await started();
    const calls = new Int32Array(new SharedArrayBuffer(4));
    const controller = new AbortController();
    const next = engine.graphs.map(behaves, { data: { what, calls }, signal: controller.signal }).next();
    const aborted = expect(next).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
    while (Atomics.load(calls, 0) === 0) await pause(1);
    // Three times as long as all before it.
    await pause(3 * (performance.now() - before));
    const { busyRatio } = engine.stats().workers[0]!;
    controller.abort();
    await aborted;
    await engine.close();
    return busyRatio;
  };
  const [loop, never] = await Promise.all([ratioOf('loop'), ratioOf('never')]);
  expect(loop).toBeGreaterThan(0.5);
  expect(never).toBeLessThan(0.5);
});
