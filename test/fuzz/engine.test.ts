import fc from 'fast-check';
import { expect, test } from 'vitest';
import { greatCircleDistance } from '../../dist/src/base/sphere.js';
import type { Engine } from '../../dist/src/engine/engine.js';
import type { EngineEvent, GraphOptions, NodeId } from '../../dist/src/index.js';
import { jumpingEngine } from '../support/jumping-clock.js';
import { keyOf, Model, type ModelNode } from '../support/model.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20261121);
const GRAPHS = ['a', 'b', 'c', 'd', 'e'];
const PARTS = 5;
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
/** Two of the graphs are a solid and a sphere; the last ignores late moves as well. */
const OPTIONS: Record<string, GraphOptions> = {
  d: { dimensions: 3 },
  e: { metric: 'haversine', earthRadiusM: 1000, late: 'ignore' },
};
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
  { weight: 2, arbitrary: fc.record({ type: fc.constant('graph.removed' as const), graph }) },
);

/** The event in the coordinates of its graph: a third one with y in the solid, steps of 22.5 degrees on the sphere. */
function inSpace(event: EngineEvent): EngineEvent {
  if (event.type !== 'node.moved' && event.type !== 'node.upserted') return event;
  const { x, y } = event;
  if (event.graph === 'd') return y === undefined ? event : { ...event, z: (x ?? 0) - y };
  if (event.graph !== 'e') return event;
  const degrees = { ...event };
  if (x !== undefined) degrees.x = x * 45;
  if (y !== undefined) degrees.y = y * 22.5;
  return degrees;
}

function distanceOf(graph: string, node: ModelNode, x: number, y: number, z: number): number {
  if (graph === 'e') return greatCircleDistance(node.x, node.y, x, y, 1000);
  const dz = graph === 'd' ? node.z - z : 0;
  return Math.sqrt((node.x - x) ** 2 + (node.y - y) ** 2 + dz * dz);
}

/** Times mostly grow, and sometimes go back. */
const log = fc
  .array(fc.tuple(event, fc.integer({ min: -3, max: 5 })), { minLength: 1, maxLength: 300 })
  .map((steps) => {
    let time = 1000;
    return steps.map(([step, ahead]) => inSpace({ ...step, time: (time += ahead) } as EngineEvent));
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
      // As many as there are edges: one from the node to itself is one of them.
      expect(graph.degree(node)).toBe(new Set([...out, ...ins]).size);
      expect(graph.degree(node, { direction: 'out' })).toBe(out.length);
      expect(graph.degree(node, { direction: 'in' })).toBe(ins.length);
    }
    const solid = name === 'd';
    const placed = [...nodes].filter(([, node]) => !Number.isNaN(node.x + node.y + (solid ? node.z : 0)));
    for (const [x, y, reach] of [
      [0, 0, 2],
      [1, -1, 0],
      [-3, 3, 3.5],
    ] as const) {
      // On the sphere a radius that no two of the places are apart.
      const radius = name === 'e' ? reach * 401 : reach;
      const at = solid ? { x, y, z: 1 } : { x, y };
      const apart = (node: ModelNode): number => distanceOf(name, node, x, y, 1);
      const inside = placed.filter(([, node]) => apart(node) <= radius);
      expect(new Set(graph.within({ ...at, radius }).ids())).toEqual(new Set(inside.map(([key]) => key)));
      expect(graph.withinInto(x, y, radius, new Uint32Array(1), at.z)).toBe(inside.length);
      const ships = inside.filter(([, node]) => node.kind === 'ship').map(([key]) => key);
      expect(new Set(graph.within({ ...at, radius, kind: 'ship' }).ids())).toEqual(new Set(ships));
      const distances = placed.map(([, node]) => apart(node)).sort((a, b) => a - b);
      const nearest = graph.nearest({ ...at, k: 3 });
      [...(nearest.distances ?? [])].forEach((distance, i) => {
        expect(distance).toBeCloseTo(distances[i]!, 6);
      });
      expect(nearest.length).toBe(Math.min(3, placed.length));
      const sorted = graph.within({ ...at, radius, sort: 'distance', limit: 4 });
      expect(sorted.length).toBe(Math.min(4, inside.length));
      [...(sorted.distances ?? [])].forEach((distance, i) => {
        expect(distance).toBeCloseTo(distances[i]!, 6);
      });
      const sides = { minX: x - 1, minY: y - 2, maxX: x + 2, maxY: y + 1 };
      const box = solid ? { ...sides, minZ: -2, maxZ: 2 } : sides;
      const boxed = placed.filter(
        ([, node]) =>
          node.x >= box.minX &&
          node.x <= box.maxX &&
          node.y >= box.minY &&
          node.y <= box.maxY &&
          (!solid || Math.abs(node.z) <= 2),
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
      model.graph('d');
      model.graph('e', 'ignore');
      const declared = Object.entries(OPTIONS).map(
        ([name, options]): EngineEvent => ({ type: 'graph.created', graph: name, options, time: 1 }),
      );
      const all = [...declared, ...events];
      for (const step of events) {
        model.apply(step);
        // The options given for a name hold whenever it is created.
        if (step.graph === 'e' && model.graphs.has('e')) model.graphs.get('e')!.late = 'ignore';
      }
      const digests = new Set<string>();
      for (const shape of shapes) {
        const { engine: made, rowsComeBack } = await jumpingEngine({
          ...shape,
          capacity: { graphs: 1000, nodes: 10_000, edges: 10_000 },
          batch: { maxEvents: 16, maxInFlight: 4 },
        });
        await using engine = made;
        // Between the parts every row that is free comes back: a solid's becomes a plane's, a node's another graph's.
        for (let part = 0; part < PARTS; part++) {
          const from = Math.floor((all.length * part) / PARTS);
          await publish(engine, all.slice(from, Math.floor((all.length * (part + 1)) / PARTS)), batch);
          await rowsComeBack();
        }
        compare(engine, model);
        expect(await engine.verify()).toEqual({ ok: true, problems: [] });
        digests.add(await engine.digest());
        const stats = engine.stats();
        expect(stats.published).toBe(all.length);
        expect(stats.applied).toBe(all.length);
      }
      expect(digests.size).toBe(1);
    }),
    { seed: SEED, numRuns: 8 },
  );
});
