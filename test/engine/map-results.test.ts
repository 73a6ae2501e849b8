import { serialize } from 'node:v8';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type MapError } from '../../dist/src/index.js';
import { filled, moduleOf, orderOf, taken } from '../support/map/common.js';
import { refuses } from '../support/refuses.js';

/** As many as there are values, at least. */
const GRAPHS = 70;
const module = moduleOf('results');
const { values, thrown } = (await import(module)) as Record<'values' | 'thrown', Record<string, () => unknown>>;
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, shards: 1, capacity: { graphs: 100, nodes: 1000, edges: 1000 } });
  await filled(engine, GRAPHS);
});
afterAll(() => engine.close());

/** By name: what is refused, and how the message goes on behind the graph's name. */
const REFUSED: Record<string, RegExp> = {
  function: /its result cannot be cloned: .*could not be cloned/,
  symbol: /its result cannot be cloned: .*could not be cloned/,
  'a function inside': /its result cannot be cloned: .*could not be cloned/,
  'a symbol inside': /its result cannot be cloned: .*could not be cloned/,
  proxy: /its result cannot be cloned: .*could not be cloned/,
  'a proxy inside': /its result cannot be cloned: .*could not be cloned/,
  revoked: /revoked|could not be cloned/,
  'revoked inside': /its result cannot be cloned: .*could not be cloned/,
  'a getter that throws': /its result cannot be cloned: do not look/,
  'a then that throws': /no then/,
  detached: /its result cannot be cloned: .*detached/,
  'weak map': /its result cannot be cloned: .*could not be cloned/,
  generator: /its result cannot be cloned: .*could not be cloned/,
};
const THROWN: Record<string, RegExp> = {
  revoked: /an error that cannot be read/,
  'a function': /a function/,
  nothing: /undefined/,
  'a deep cause': /shallow/,
  'a deep value': /an array of 1/,
  'a message that throws': /an error that cannot be read/,
  'a proxy': /inside/,
  'of a class': /mine/,
};
for (const name of Object.keys(values)) {
  if (/(751|3000|100000) deep/.test(name)) REFUSED[name] = /deeper than 750 levels|Maximum call stack/;
}

test.each([false, true])(
  'every value that a function may return arrives, or fails for its graph (%s)',
  async (later) => {
    const names = Object.keys(values);
    const graphs = names.map((_, i) => `g${i}`);
    const { results, errors } = await taken(engine.graphs.map(module, { graphs, data: { later } }));
    const failed = new Map(errors.map((error) => [(error as MapError).graph, error.message]));
    expect(results.size + failed.size).toBe(names.length);
    names.forEach((name, i) => {
      const graph = `g${i}`;
      const words = REFUSED[name];
      expect(results.has(graph), `${name}: ${failed.get(graph)}`).toBe(words === undefined);
      if (words !== undefined) {
        expect(failed.get(graph)).toMatch(words);
        return;
      }
      // What a clone of it is, here.
      const wanted = structuredClone(values[name]!());
      const result = results.get(graph);
      if (/deep/.test(name)) expect(depthOf(result), name).toBe(750);
      else if (name === 'shared' || name === 'error') expect(result).toEqual(wanted);
      // Whole, with what is met twice: `toEqual` would look at some of these for ever.
      else expect(serialize(result).equals(serialize(wanted)), name).toBe(true);
    });
  },
);

function depthOf(value: unknown): number {
  let depth = 0;
  for (let at = value; at !== 1; depth++) {
    if (at instanceof Map) {
      const [[key, held]] = [...at] as [[unknown, unknown]];
      at = typeof key === 'object' ? key : held;
    } else if (at instanceof Set) [at] = at;
    else if (at instanceof Error) at = at.cause;
    else [at] = Object.values(at as object);
  }
  return depth;
}

test.each([false, true])('whatever a function throws fails for its graph (%s)', async (later) => {
  const names = Object.keys(thrown);
  const graphs = names.map((_, i) => `g${i}`);
  const { results, errors } = await taken(engine.graphs.map(module, { graphs, data: { fails: true, later } }));
  expect(results.size).toBe(0);
  expect(errors.map((error) => (error as MapError).graph)).toEqual(graphs);
  names.forEach((name, i) => {
    const { message, cause } = errors[i]!;
    expect(message).toMatch(THROWN[name]!);
    if (name !== 'nothing') expect(cause).toBeInstanceOf(Error);
    if (name === 'of a class') expect(cause).toMatchObject({ name: 'Mine', message: 'mine' });
    if (name === 'a deep cause') expect((cause as Error).stack).toMatch(/results\.mjs/);
  });
});

test('data that is nested too deep is refused at the call', () => {
  let data: unknown = 1;
  for (let level = 0; level < 751; level++) data = [data];
  refuses(() => engine.graphs.map(module, { data }), 'ATHANOR_INVALID_OPTION', /data: .*deeper than 750 levels/);
  const ring: unknown[] = [];
  ring.push(ring);
  expect(() => engine.graphs.map(module, { data: ring })).not.toThrow();
});

describe('what a function leaves behind', () => {
  const strays = moduleOf('strays');
  const of = ['g3', 'g20'];

  test.each([
    'rejection',
    'rejection in a chain',
    'tick',
    'rejection while awaited',
    'timer while awaited',
    'timer that is waited for',
    'rejection that is waited for',
    'thenable that throws later',
  ])('and throws before its outcome is sent fails for its graph: %s', async (what) => {
    const before = engine.stats().workers.map(({ id }) => id);
    const { results, errors } = await taken(engine.graphs.map(strays, { data: { what, of } }));
    expect(errors.map((error) => (error as MapError).graph)).toEqual(of);
    for (const error of errors) {
      const { graph } = error as MapError;
      expect(error.message).toBe(`graph "${graph}": of ${graph}`);
      expect(error.cause).toMatchObject({ message: `of ${graph}`, code: 'LEFT' });
      expect((error.cause as Error).stack).toMatch(/strays\.mjs/);
    }
    expect(results.size).toBe(GRAPHS - 2);
    for (const [graph, order] of results) expect(order).toBe(orderOf(graph));
    // No worker was lost for it.
    expect(engine.stats().workers.map(({ id }) => id)).toEqual(before);
  });

  test('and throws afterwards is met beside the results; its graph is named once calls are traced', async () => {
    for (const onError of ['throw', 'collect'] as const) {
      // In one turn of the worker, and each is sent long before its timer is due.
      const data = { what: 'timer afterwards', of: ['g3', 'g40'], spinMs: 4 };
      const mapped = engine.graphs.map(strays, { data, onError });
      let errors: MapError[] = [];
      let results = 0;
      for (let end = false; !end; ) {
        await mapped.next().then(
          ({ done }) => {
            if (done) end = true;
            else results++;
          },
          (error: MapError) => errors.push(error),
        );
      }
      expect(results).toBe(GRAPHS);
      if (onError === 'collect') {
        expect(errors.length).toBe(1);
        errors = [...errors[0]!.errors];
      }
      // The first is thrown when nothing is traced, and never named for the graph that was at it then.
      expect(errors.map(({ message }) => message)).toEqual([
        'something that a function left behind threw: of g3',
        'graph "g40": when its function had returned: of g40',
      ]);
      expect(errors.map(({ graph, cause }) => [graph, (cause as Error).message])).toEqual([
        [undefined, 'of g3'],
        ['g40', 'of g40'],
      ]);
    }
  });

  test('in a microtask: Node does not say whose it is, and no graph is named for it unless it does', async () => {
    const { results, errors } = await taken(engine.graphs.map(strays, { data: { what: 'microtask', of: ['g3'] } }));
    expect(errors.length).toBe(1);
    expect(errors[0]!.cause).toMatchObject({ message: 'of g3' });
    expect([undefined, 'g3']).toContain((errors[0] as MapError).graph);
    expect(results.size).toBeGreaterThanOrEqual(GRAPHS - 1);
  });

  test('of a module, while it is loaded', async () => {
    const results = engine.graphs.map(moduleOf('hangs/throws-later'));
    await expect(results.next()).rejects.toMatchObject({
      code: 'ATHANOR_INVALID_OPTION',
      message: expect.stringMatching(/throws-later.mjs": too late to load/),
    });
  });
});
