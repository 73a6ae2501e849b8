import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEngine, type Engine, type EngineEvent, type NodeId } from '../../dist/src/index.js';
import { keyOf, Model } from '../support/model.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20261121);
const GRAPHS = ['a', 'b', 'c', 'd', 'e'];
const KINDS = ['', 'ship', 'bird'];
const IDS: NodeId[] = [
  '',
  'x',
  'y',
  'zoë',
  '1',
  1,
  -5,
  'a longer id than most of them',
  'q',
  'r',
  2 ** 40,
  's',
  '\ud800',
];
const grid = fc.integer({ min: -4, max: 4 });
const id = fc.constantFrom(...IDS);
const graph = fc.constantFrom(...GRAPHS);
const kind = fc.constantFrom(...KINDS);

const event: fc.Arbitrary<EngineEvent> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('node.moved' as const), graph, node: id, x: grid, y: grid }) },
  {
    weight: 4,
    arbitrary: fc.record(
      { type: fc.constant('node.upserted' as const), graph, node: id, x: grid, y: grid, kind, data: fc.jsonValue() },
      { requiredKeys: ['type', 'graph', 'node'] },
    ),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('node.removed' as const), graph, node: id }) },
  {
    weight: 6,
    arbitrary: fc.record(
      { type: fc.constant('edge.upserted' as const), graph, source: id, target: id, kind, weight: grid },
      { requiredKeys: ['type', 'graph', 'source', 'target'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('edge.removed' as const), graph, source: id, target: id, kind }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('graph.removed' as const), graph }) },
);

/** Times mostly grow, and sometimes go back. */
const log = fc
  .array(fc.tuple(event, fc.integer({ min: -3, max: 5 })), { minLength: 1, maxLength: 300 })
  .map((steps) => {
    let time = 1000;
    return steps.map(([step, ahead]) => ({ ...step, time: (time += ahead) }) as EngineEvent);
  });

async function publish(engine: Engine, events: readonly EngineEvent[], batch: number): Promise<void> {
  await engine.ingest(
    (async function* () {
      for (let from = 0; from < events.length; from += batch) {
        yield* events.slice(from, from + batch);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })(),
  );
  await engine.flush();
}

function compare(engine: Engine, model: Model): void {
  for (const name of GRAPHS) {
    const graph = engine.graph(name);
    const expected = model.graphs.get(name);
    const nodes = expected?.nodes ?? new Map();
    const edges = expected?.edges ?? new Map();
    expect(graph.order).toBe(nodes.size);
    expect(graph.size).toBe(edges.size);
    expect([...graph.nodes()].length).toBe(nodes.size);
    expect(new Set([...graph.edges()].map(keyOf))).toEqual(new Set(edges.keys()));
    for (const [key, edge] of edges) {
      const { weight, time, source, target, kind: edgeKind } = edge;
      expect(graph.edge(source, target, { kind: edgeKind }), key).toEqual({ weight, time, kind: edgeKind });
    }
    for (const node of IDS) {
      const view = graph.node(node);
      const plain = nodes.get(node);
      expect(graph.has(node)).toBe(plain !== undefined);
      if (plain === undefined) {
        expect(view).toBeUndefined();
        continue;
      }
      const { x, y, kind: nodeKind, time, data } = plain;
      const out = [...edges.values()].filter((edge) => edge.source === node);
      const ins = [...edges.values()].filter((edge) => edge.target === node);
      expect(view).toMatchObject({ id: node, x, y, kind: nodeKind, time, outDegree: out.length, inDegree: ins.length });
      expect(view!.data).toEqual(data);
      const around = new Set([...out.map((edge) => edge.target), ...ins.map((edge) => edge.source)]);
      expect(new Set(graph.neighbors(node).ids())).toEqual(around);
      expect(graph.degree(node)).toBe(out.length + ins.length);
    }
    const placed = [...nodes].filter(([, node]) => !Number.isNaN(node.x + node.y));
    for (const [x, y, radius] of [
      [0, 0, 2],
      [1, -1, 0],
      [-3, 3, 3.5],
    ] as const) {
      const inside = placed.filter(([, node]) => (node.x - x) ** 2 + (node.y - y) ** 2 <= radius * radius);
      expect(new Set(graph.within({ x, y, radius }).ids())).toEqual(new Set(inside.map(([key]) => key)));
      expect(graph.withinInto(x, y, radius, new Uint32Array(1))).toBe(inside.length);
      const ships = inside.filter(([, node]) => node.kind === 'ship').map(([key]) => key);
      expect(new Set(graph.within({ x, y, radius, kind: 'ship' }).ids())).toEqual(new Set(ships));
      const distances = placed.map(([, node]) => Math.hypot(node.x - x, node.y - y)).sort((a, b) => a - b);
      const nearest = graph.nearest({ x, y, k: 3 });
      [...(nearest.distances ?? [])].forEach((distance, i) => {
        expect(distance).toBeCloseTo(distances[i]!, 9);
      });
      expect(nearest.length).toBe(Math.min(3, placed.length));
      const sorted = graph.within({ x, y, radius, sort: 'distance', limit: 4 });
      expect(sorted.length).toBe(Math.min(4, inside.length));
      [...(sorted.distances ?? [])].forEach((distance, i) => {
        expect(distance).toBeCloseTo(distances[i]!, 9);
      });
      const box = { minX: x - 1, minY: y - 2, maxX: x + 2, maxY: y + 1 };
      const boxed = placed.filter(
        ([, node]) => node.x >= box.minX && node.x <= box.maxX && node.y >= box.minY && node.y <= box.maxY,
      );
      expect(new Set(graph.withinBox(box).ids())).toEqual(new Set(boxed.map(([key]) => key)));
    }
  }
}

test('the engine answers as Maps and scans do, for any number of workers and shards', {
  timeout: 120_000,
}, async () => {
  const shapes = [
    { workers: 1, shards: 1 },
    { workers: 1, shards: 8 },
    { workers: 2, shards: 3 },
    { workers: 4, shards: 8 },
  ];
  await fc.assert(
    fc.asyncProperty(log, fc.integer({ min: 1, max: 64 }), async (events, batch) => {
      const model = new Model();
      model.graph('e', 'ignore');
      const declared: EngineEvent = { type: 'graph.created', graph: 'e', options: { late: 'ignore' }, time: 1 };
      const all = [declared, ...events];
      for (const step of events) {
        model.apply(step);
        // The options given for a name hold whenever it is created.
        if (step.graph === 'e' && model.graphs.has('e')) model.graphs.get('e')!.late = 'ignore';
      }
      const digests = new Set<string>();
      for (const shape of shapes) {
        await using engine = await createEngine({
          ...shape,
          capacity: { graphs: 1000, nodes: 10_000, edges: 10_000 },
          batch: { maxEvents: 16, maxInFlight: 4 },
        });
        await publish(engine, all, batch);
        compare(engine, model);
        expect(await engine.verify()).toEqual({ ok: true, problems: [] });
        digests.add(await engine.digest());
        const stats = engine.stats();
        expect(stats.published).toBe(all.length);
        expect(stats.applied).toBe(all.length);
      }
      expect(digests.size).toBe(1);
    }),
    { seed: SEED, numRuns: 6 },
  );
});
