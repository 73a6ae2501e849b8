import { getEventListeners } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AthanorError,
  createEngine,
  type Engine,
  MapError,
  type MapOptions,
  mapModules,
  type SummaryStatistics,
} from '../../dist/src/index.js';
import { behaves, filled, moduleOf, orderOf, taken } from '../support/map/common.js';
import { refuses } from '../support/refuses.js';

const capacity = { graphs: 5000, nodes: 50_000, edges: 50_000 };
const GRAPHS = 300;
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 2, shards: 4, capacity });
  await filled(engine, GRAPHS);
});
afterAll(() => engine.close());

const all = Array.from({ length: GRAPHS }, (_, g) => `g${g}`);

describe('results', () => {
  test('the library brings a module, by name too', async () => {
    const { resolve } = createRequire(import.meta.url);
    expect(resolve('athanor/map/summary')).toBe(fileURLToPath(mapModules.summary));
    const options = { graphs: ['g3'], data: { undirected: true } };
    const { results } = await taken(engine.graphs.map<SummaryStatistics>(mapModules.summary, options));
    expect(results.get('g3')).toEqual({ nodes: 4, edges: 3, components: 1, triangles: 0, degrees: [0, 2, 2] });
    const wrong = await taken(
      engine.graphs.map<SummaryStatistics>(mapModules.summary, { ...options, data: { undirected: 1 } }),
    );
    expect(wrong.errors[0]!.message).toMatch(/data.undirected is not a boolean/);
  });

  test('each graph has one, whichever way the module is named', async () => {
    for (const module of [behaves, pathToFileURL(behaves), pathToFileURL(behaves).href]) {
      const { results, errors } = await taken(engine.graphs.map<number>(module));
      expect(errors).toEqual([]);
      expect([...results.keys()].sort()).toEqual([...all].sort());
      for (const [graph, result] of results) expect(result).toBe(orderOf(graph));
    }
  });

  test('of the graphs that are named, once for each time', async () => {
    const found: string[] = [];
    for await (const { graph } of engine.graphs.map(behaves, { graphs: ['g3', 'g250', 'g3'] })) found.push(graph);
    expect(found.sort()).toEqual(['g250', 'g3', 'g3']);
    expect((await taken(engine.graphs.map(behaves, { graphs: [] }))).results.size).toBe(0);
  });

  test('promises are awaited', async () => {
    const graphs = all.slice(0, 20);
    const later = await taken(engine.graphs.map(behaves, { graphs, data: { what: 'async' } }));
    expect([...later.results.values()]).toEqual(graphs.map(() => 0));
    const soon = await taken(engine.graphs.map(behaves, { data: { what: 'at once' } }));
    for (const [graph, result] of soon.results) expect(result).toBe(graph);
    expect(soon.results.size).toBe(GRAPHS);
  });

  test('are cloned as they are returned: what the function changes afterwards is not seen', async () => {
    const { results } = await taken(engine.graphs.map<{ scratch: Uint32Array }>(behaves, { data: { what: 'reused' } }));
    expect(results.size).toBe(GRAPHS);
    for (const [graph, { scratch }] of results) {
      expect([...scratch], graph).toEqual([orderOf(graph)]);
      // Memory of its own.
      expect(scratch.buffer.byteLength).toBe(4);
    }
  });

  test('may be any value that can be cloned', async () => {
    const data = { what: 'kinds of values' };
    const { results } = await taken(engine.graphs.map(behaves, { graphs: ['g1'], data }));
    expect(results.get('g1')).toEqual([
      undefined,
      null,
      true,
      1.5,
      'text',
      10n,
      new Map([[1, new Set([2])]]),
      new Date(5),
      new Float64Array([1, 2]),
    ]);
    const shared = new SharedArrayBuffer(8);
    const both = await taken(
      engine.graphs.map<SharedArrayBuffer>(behaves, { graphs: ['g1', 'g2'], data: { what: 'shared', shared } }),
    );
    new Uint8Array(both.results.get('g2')!)[3] = 7;
    expect(new Uint8Array(shared)[3]).toBe(7);
  });

  test('several loops at once, and several next() at once', async () => {
    const one = engine.graphs.map<number>(behaves, { graphs: all.slice(0, 30) });
    const firsts = await Promise.all(Array.from({ length: 40 }, () => one.next()));
    expect(firsts.filter(({ done }) => done === true).length).toBe(10);
    expect(new Set(firsts.slice(0, 30).map(({ value }) => value.graph)).size).toBe(30);
    const loops = await Promise.all(Array.from({ length: 8 }, () => taken(engine.graphs.map<number>(behaves))));
    for (const { results } of loops) expect(results.size).toBe(GRAPHS);
  });

  test('no graph, one graph, a graph without nodes, a hundred thousand', async () => {
    await using empty = await createEngine({ workers: 1, capacity: { graphs: 100_001, nodes: 100_001, edges: 10 } });
    const progress: number[][] = [];
    const onProgress = (...numbers: number[]): void => void progress.push(numbers);
    expect((await taken(empty.graphs.map(behaves, { onProgress }))).results.size).toBe(0);
    expect(progress).toEqual([[0, 0]]);
    empty.publish({ type: 'graph.created', graph: 'bare' });
    await empty.flush();
    const whole = await taken(empty.graphs.map<Record<string, ArrayLike<number>>>(moduleOf('whole')));
    const { order, offsets, x } = whole.results.get('bare')!;
    expect([order, [...(offsets as Uint32Array)], (x as Float64Array).length]).toEqual([0, [0], 0]);
    for (let g = 0; g < 100_000; g++) {
      empty.graph(`g${g}`).upsertNode('n');
      if (g % 1000 === 999) await empty.drained();
    }
    await empty.flush();
    let sum = 0;
    let count = 0;
    for await (const { result } of empty.graphs.map<number>(behaves, { onProgress })) {
      sum += result;
      count++;
    }
    expect([count, sum]).toEqual([100_001, 100_000]);
    expect(progress.at(-1)).toEqual([100_001, 100_001]);
  });
});

describe('errors', () => {
  const of = ['g5', 'g77', 'g299'];

  test('of a graph come when its turn is, and the other graphs have their results', async () => {
    for (const what of ['throw', 'reject', 'function', 'symbol', 'bad index', 'throw a function']) {
      const { results, errors } = await taken(engine.graphs.map(behaves, { data: { what, of } }));
      expect(results.size, what).toBe(GRAPHS - of.length);
      expect(errors.map((error) => (error as MapError).graph).sort()).toEqual([...of].sort());
      for (const error of errors) {
        expect(error).toBeInstanceOf(MapError);
        expect(error.message).toContain((error as MapError).graph);
        expect(error.cause).toBeInstanceOf(Error);
      }
    }
    const { errors } = await taken(engine.graphs.map(behaves, { data: { what: 'throw', of: ['g5'] } }));
    expect(errors[0]!.cause).toMatchObject({ name: 'RangeError', message: 'not g5', code: 'MINE' });
    const function_ = await taken(engine.graphs.map(behaves, { data: { what: 'function', of: ['g5'] } }));
    expect(function_.errors[0]!.message).toMatch(/graph "g5": its result cannot be cloned: .*could not be cloned/);
  });

  test('all at the end', async () => {
    const results = engine.graphs.map<number>(behaves, { data: { what: 'throw', of }, onError: 'collect' });
    let count = 0;
    for (; count < GRAPHS - of.length; count++) expect((await results.next()).done).toBe(false);
    const error = (await results.next().catch((failure: unknown) => failure)) as MapError;
    expect(error).toMatchObject({ code: 'ATHANOR_MAP_FAILED', graph: undefined });
    expect(error.message).toMatch(/and 2 more/);
    expect(error.errors.map(({ graph }) => graph).sort()).toEqual([...of].sort());
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  test('a reader ends with its function', async () => {
    await using one = await createEngine({ workers: 1, capacity });
    await filled(one, 3);
    await taken(one.graphs.map(behaves, { data: { what: 'keep' } }));
    const { errors } = await taken(one.graphs.map(behaves, { data: { what: 'ask kept' } }));
    expect(errors.length).toBe(3);
    for (const error of errors) expect(error.message).toMatch(/reader ended with the function/);
  });

  test('modules that cannot be used', async () => {
    for (const [name, words] of [
      ['is-not-there', /module: ".*is-not-there.mjs": Cannot find module/],
      ['broken', /module: ".*broken.mjs": Cannot find module/],
      ['no-default', /module: ".*no-default.mjs": its default export is not a function/],
    ] as const) {
      const results = engine.graphs.map(moduleOf(name));
      const error = (await results.next().catch((failure: unknown) => failure)) as AthanorError;
      expect(error).toBeInstanceOf(AthanorError);
      expect(error.code).toBe('ATHANOR_INVALID_OPTION');
      expect(error.message).toMatch(words);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    }
  });

  test('what is refused at the call, with nothing begun', () => {
    const throwsNothing = (): never => {
      throw undefined;
    };
    const map = (options: unknown) => () => engine.graphs.map(behaves, options as MapOptions);
    refuses(map({ graphs: ['g1', 'nobody'] }), 'ATHANOR_UNKNOWN_GRAPH', /graphs\[1\]: there is no graph "nobody"/);
    for (const [options, words] of [
      [null, /options: null/],
      [{ graph: 'g1' }, /options.graph: there is no such option/],
      [{ graphs: 'g1' }, /graphs: "g1" is not an array/],
      [{ graphs: [1] }, /graphs\[0\]: 1 is not a name/],
      [{ kind: 1 }, /kind: 1 is not a string/],
      [{ signal: {} }, /signal: an object is not an AbortSignal/],
      [{ onProgress: 1 }, /onProgress: 1 is not a function/],
      [{ onError: 'ignore' }, /onError: "ignore" is not 'throw' or 'collect'/],
      [{ ahead: 0 }, /ahead: 0 is not a whole number from 1 up/],
      [{ ahead: 1.5 }, /ahead: 1.5/],
      [{ data: () => 1 }, /data: it cannot be cloned/],
      [{ data: Object.defineProperty({}, 'x', { enumerable: true, get: throwsNothing }) }, /data: .*cloned: undefined/],
    ] as const) {
      refuses(map(options), 'ATHANOR_INVALID_OPTION', words);
    }
    for (const module of ['behaves.mjs', './x.mjs', '', 5, new URL('https://example.org/x.mjs'), 'node:fs']) {
      refuses(() => engine.graphs.map(module as string), 'ATHANOR_INVALID_OPTION', /^module: /);
    }
  });
});

describe('the end', () => {
  test('leaving the loop stops the work, and the engine goes on', async () => {
    const calls = new Int32Array(new SharedArrayBuffer(4));
    for await (const _ of engine.graphs.map(behaves, { data: { calls, what: 'spin', ms: 2 } })) break;
    const made = Atomics.load(calls, 0);
    expect(made).toBeLessThan(GRAPHS);
    expect((await taken(engine.graphs.map(behaves))).results.size).toBe(GRAPHS);
    // At most the graph that each of the two workers was at.
    expect(Atomics.load(calls, 0)).toBeLessThanOrEqual(made + 2);
    const unbegun = engine.graphs.map(behaves);
    await unbegun.return();
    expect((await unbegun.next()).done).toBe(true);
  });

  test('abort rejects what is waited for at once, whatever the function does', async () => {
    const reason = new Error('enough');
    const before = engine.graphs.map(behaves, { signal: AbortSignal.abort(reason) });
    await expect(before.next()).rejects.toMatchObject({ code: 'ATHANOR_ABORTED', cause: reason });
    for (const data of [{ what: 'never' }, { what: 'async', ms: 5 }, { what: 'spin', ms: 5 }]) {
      const controller = new AbortController();
      const results = engine.graphs.map(behaves, { data, signal: controller.signal });
      setTimeout(() => controller.abort(reason), 30);
      const end = (async () => {
        for (;;) await results.next();
      })();
      await expect(end).rejects.toMatchObject({ code: 'ATHANOR_ABORTED', cause: reason });
      expect((await results.next()).done).toBe(true);
    }
    expect((await taken(engine.graphs.map(behaves))).results.size).toBe(GRAPHS);
  });

  test('results that nobody can ask for any more end it: a loop that an error ended', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { signal } = new AbortController();
    const loop = async (): Promise<void> => {
      const data = { what: 'throw', of: all };
      for await (const _ of engine.graphs.map(behaves, { data, signal, ahead: 10 }));
    };
    await expect(loop()).rejects.toBeInstanceOf(MapError);
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    for (let look = 0; look < 100 && getEventListeners(signal, 'abort').length > 0; look++) {
      collect();
      await pause(10);
    }
    expect(getEventListeners(signal, 'abort').length).toBe(0);
  });

  test('an error in onProgress ends it', async () => {
    const wrong = new Error('not mine');
    const onProgress = (): never => {
      throw wrong;
    };
    await expect(taken(engine.graphs.map(behaves, { onProgress }))).rejects.toBe(wrong);
  });

  test('a slow consumer holds the workers back', async () => {
    for (const [ahead, workers] of [
      [1, 1],
      [40, 2],
    ] as const) {
      await using slow = await createEngine({ workers, shards: 2, capacity });
      await filled(slow, 1000);
      const calls = new Int32Array(new SharedArrayBuffer(4));
      const results = slow.graphs.map(behaves, { data: { calls }, ahead });
      for (let took = 1; took <= 1000; took++) {
        await results.next();
        if (took % 100 === 0) await pause(3);
        expect(Atomics.load(calls, 0)).toBeLessThanOrEqual(took + ahead);
      }
      expect((await results.next()).done).toBe(true);
      expect(Atomics.load(calls, 0)).toBe(1000);
    }
  });
});
