import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AthanorError, createEngine, type Engine } from '../../dist/src/index.js';

/*
 * Every public method with arguments that are right but for one place, which holds what nobody should give. Only documented
 * errors escape, and what was refused has left nothing behind: the engine goes on, and agrees with itself.
 */

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_201);

class Spoofed extends Float64Array {
  override get length(): number {
    return 7;
  }
}

/** Made anew each time: a call may keep or change it. */
const strange: Array<() => unknown> = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => -1,
  () => 1.5,
  () => 2 ** 32,
  () => 2 ** 53,
  () => -0,
  () => '',
  () => '__proto__',
  () => '\ud800',
  () => 'x'.repeat(2000),
  () => true,
  () => 7n,
  () => Symbol('s'),
  () => () => 1,
  () => [],
  () => [undefined],
  () => [[[]]],
  () => ({}),
  () => Object.create(null),
  () => ({ length: -1 }),
  () => ({ length: 3, 0: {} }),
  () => Object.fromEntries(['then', 'next'].map((name) => [name, 1])),
  () => new Date(Number.NaN),
  () => new Map([[{}, {}]]),
  () => Object(1),
  () => new Uint32Array(3).fill(0xffffffff),
  () => new Float64Array(3).fill(Number.NaN),
  () => new Uint8Array(3),
  () => new Spoofed(2),
  () => new Proxy({}, {}),
  () => new Proxy([1, 2], {}),
  () => new Proxy(new Float64Array(1), {}),
  () => new Proxy(new AbortController().signal, {}),
  () => new Proxy(() => 1, {}),
  () => new DataView(new ArrayBuffer(8)),
  () => AbortSignal.abort(),
  () => {
    const { proxy, revoke } = Proxy.revocable<object>({}, {});
    revoke();
    return proxy;
  },
  () => {
    const { proxy, revoke } = Proxy.revocable<unknown[]>([], {});
    revoke();
    return proxy;
  },
  () => ({
    get x(): never {
      throw new Error('mine');
    },
    get type(): never {
      throw null;
    },
  }),
  () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('mine');
        },
      },
    ),
  () =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('mine');
        },
      },
    ),
];

const column = (): Float64Array => Float64Array.of(1);
type Call = [name: string, args: () => unknown[]];

/** Right arguments: objects among them are changed in one field, or given a field more. */
const calls = (engine: Engine): Array<[object, Call[]]> => {
  const graph = engine.graph('g');
  const rows = (): Uint32Array => graph.handles(['a']);
  const options = (): object => ({ signal: new AbortController().signal });
  const moved = { type: 'node.moved', graph: 'g', node: 'a', x: 1, y: 1, w: 1, time: 1 };
  const upserted = { type: 'node.upserted', graph: 'g', node: 'a', x: 1, y: 1, kind: 'k', time: 1, data: { a: [1] } };
  const edge = { type: 'edge.upserted', graph: 'g', source: 'a', target: 'b', kind: 'k', weight: 1, time: 1 };
  return [
    [
      engine,
      [
        ['publish', () => [{ ...moved }]],
        ['publish', () => [{ ...upserted }]],
        ['publish', () => [{ ...edge }]],
        ['publish', () => [{ type: 'node.removed', graph: 'g', node: 'b', time: 1 }]],
        ['publish', () => [{ type: 'edge.removed', graph: 'g', source: 'a', target: 'b', kind: 'k', time: 1 }]],
        ['publish', () => [{ type: 'graph.created', graph: 'h', options: { late: 'apply' }, time: 1 }]],
        ['publish', () => [[{ ...moved }, { ...upserted }, { ...edge }]]],
        ['graph', () => ['g2', { dimensions: 2, metric: 'haversine', earthRadiusM: 5, late: 'ignore' }]],
        ['flush', () => [options()]],
      ],
    ],
    [
      graph,
      [
        ['upsertNode', () => ['a', { x: 1, y: 1, kind: 'k', time: 1, data: { a: 1 } }]],
        ['moveNode', () => ['a', 1, 1, undefined, 1]],
        ['removeNode', () => ['c']],
        ['upsertEdge', () => ['a', 'b', { kind: 'k', weight: 1, time: 1 }]],
        ['removeEdge', () => ['a', 'b', { kind: 'k' }]],
        ['handle', () => ['a', { create: true }]],
        ['handles', () => [['a', 'b']]],
        ['id', () => [1]],
        ['moveNodes', () => [rows(), column(), column(), undefined, column()]],
        ['upsertEdges', () => [rows(), rows(), column()]],
        ['setZone', () => ['z', { type: 'circle', x: 0, y: 0, radius: 1 }]],
        ['setZone', () => ['z', { type: 'box', minX: 0, minY: 0, maxX: 1, maxY: 1 }]],
        [
          'setZone',
          () => [
            'z',
            {
              type: 'polygon',
              points: [
                [0, 0],
                [1, 0],
                [0, 1],
              ],
            },
          ],
        ],
        ['removeZone', () => ['z']],
        ['zone', () => ['z']],
        ['inZone', () => ['z']],
        ['zonesOf', () => ['a']],
        [
          'withinPolygon',
          () => [
            {
              points: [
                [0, 0],
                [1, 0],
                [0, 1],
              ],
              kind: 'k',
              limit: 1,
            },
          ],
        ],
        ['has', () => ['a']],
        ['node', () => ['a']],
        ['edge', () => ['a', 'b', { kind: 'k' }]],
        ['neighbors', () => ['a', { direction: 'out', kind: 'k', within: { x: 0, y: 0, radius: 1 } }]],
        ['degree', () => ['a', { direction: 'in' }]],
        ['within', () => [{ x: 0, y: 0, radius: 1, kind: 'k', limit: 1, sort: 'distance', filter: () => true }]],
        ['nearest', () => [{ x: 0, y: 0, k: 1, maxDistance: 1, kind: 'k', filter: () => true }]],
        ['withinBox', () => [{ minX: 0, minY: 0, maxX: 1, maxY: 1, kind: 'k', limit: 1, filter: () => true }]],
        ['withinInto', () => [0, 0, 1, new Uint32Array(4)]],
        ['nearestInto', () => [0, 0, 1, new Uint32Array(4), new Float64Array(4)]],
        ['clusters', () => [{ minX: 0, minY: 0, maxX: 1, maxY: 1, cellSize: 1 }]],
        ['watch', () => [{ zones: ['z'], detect: ['enter'], onSlow: 'drop', initial: true, ...options() }]],
        ['watchRoaming', () => [{ radius: 1, ...options() }]],
        ['withinMany', () => [{ x: column(), y: column(), radius: column() }, options()]],
        ['nearestMany', () => [{ x: column(), y: column(), k: 1 }, options()]],
        ['pairsWithin', () => [1, { ...options(), onProgress: () => undefined }]],
        ['pageRank', () => [{ ...options(), damping: 0.5, tolerance: 1, maxIterations: 2, direction: 'both' }]],
        ['bfs', () => ['a', { ...options(), direction: 'out', within: { x: 0, y: 0, radius: 1 } }]],
        ['shortestPath', () => ['a', 'b', { ...options(), kind: 'k' }]],
      ],
    ],
    [
      engine.graphs,
      [
        ['get', () => ['g']],
        ['byName', () => [{ limit: 1, descending: true, prefix: 'a', from: 'a', to: 'b' }]],
        ['createdBetween', () => [0, 1, { limit: 1 }]],
        ['nodeCountBetween', () => [0, 1, { limit: 1 }]],
        [
          'map',
          () => ['/none.mjs', { graphs: ['none'], data: 1, kind: 'k', onError: 'throw', ahead: 1, ...options() }],
        ],
      ],
    ],
  ];
};

/** The arguments with one place changed: an argument, a field of it, a field of a field, or a name that is not known. */
function spoilt(args: unknown[], place: number, inner: number, value: unknown): unknown[] {
  const at = place % args.length;
  const arg = args[at];
  if (inner === 0 || typeof arg !== 'object' || arg === null || ArrayBuffer.isView(arg)) {
    return args.with(at, value);
  }
  const copy = (Array.isArray(arg) ? [...arg] : { ...arg }) as Record<string, unknown>;
  const names = [...Object.keys(copy), 'unknown'];
  const name = names[inner % names.length]!;
  const field = copy[name];
  const deeper = typeof field === 'object' && field !== null && Object.getPrototypeOf(field) === Object.prototype;
  copy[name] = deeper && inner % 2 === 0 ? spoilt([field], 0, 1 + (inner >> 3), value)[0] : value;
  return args.with(at, copy);
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, capacity: { graphs: 2000, nodes: 20_000, edges: 20_000 } });
  engine.graph('g').upsertEdge('a', 'b', { kind: 'k' });
  await engine.flush();
});
afterAll(() => engine.close());

test(`only documented errors escape, whatever is given (seed ${seed})`, { timeout: 60_000 }, async () => {
  const all = calls(engine).flatMap(([on, list]) => list.map((call) => ({ on, call })));
  const ends: Array<() => unknown> = [];
  const one = fc.record({
    which: fc.nat(all.length - 1),
    place: fc.nat(4),
    inner: fc.nat(40),
    value: fc.nat(strange.length - 1),
  });
  await fc.assert(
    fc.asyncProperty(one, async ({ which, place, inner, value }) => {
      const {
        on,
        call: [name, args],
      } = all[which]!;
      try {
        const method = (on as Record<string, (...args: unknown[]) => unknown>)[name]!;
        const result = method.apply(on, spoilt(args(), place, inner, strange[value]!()));
        if (name.startsWith('watch')) ends.push(() => (result as AsyncIterator<unknown>).return?.());
        else if (result instanceof Promise) await result;
      } catch (error) {
        expect(error, `${name}: ${(error as Error).stack}`).toBeInstanceOf(AthanorError);
        expect((error as AthanorError).code).not.toBe('ATHANOR_CLOSED');
      }
      if (ends.length > 50) for (const end of ends.splice(0)) await end();
    }),
    { seed, numRuns: 2000 },
  );
  for (const end of ends) await end();
  await engine.flush();
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  for (const { name } of engine.graphs.byName())
    for (const node of engine.graph(name).nodes()) expect(node.id).toBeDefined();
});
