import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createEngine,
  type EngineEvent,
  mapModules,
  type NodeId,
  type SummaryStatistics,
} from '../../dist/src/index.js';
import { moduleOf, taken } from '../support/map/common.js';
import { Model, type ModelEdge, type ModelGraph } from '../support/model.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const GRAPHS = ['a', 'b', 'c', 'd'];
const KINDS = ['', 'road', 'rail'];
const IDS: NodeId[] = [0, 1, 2, 3, '0', '1', 'zoë', 'x', 'y', 'w', -7, 2 ** 40];
const grid = fc.integer({ min: -4, max: 4 });
const graph = fc.constantFrom(...GRAPHS);
const node = fc.constantFrom(...IDS);
const kind = fc.constantFrom(...KINDS);

const event: fc.Arbitrary<EngineEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('node.moved' as const), graph, node, x: grid, y: grid }) },
  {
    weight: 2,
    arbitrary: fc.record(
      { type: fc.constant('node.upserted' as const), graph, node, x: grid, y: grid },
      {
        requiredKeys: ['type', 'graph', 'node'],
      },
    ),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('node.removed' as const), graph, node }) },
  {
    weight: 14,
    arbitrary: fc.record(
      { type: fc.constant('edge.upserted' as const), graph, source: node, target: node, kind, weight: grid },
      { requiredKeys: ['type', 'graph', 'source', 'target'] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('edge.removed' as const), graph, source: node, target: node, kind }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('graph.removed' as const), graph }) },
);
const log = fc
  .array(event, { minLength: 1, maxLength: 250 })
  .map((events) => events.map((step, i) => ({ ...step, time: 1000 + i }) as EngineEvent));

interface Whole {
  order: number;
  size: number;
  ids: NodeId[];
  offsets: Uint32Array;
  targets: Uint32Array;
  weights: Float64Array;
  handles: Uint32Array;
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
}

/** The kinds in the order in which they were first met, as the engine numbers them. */
function kindsMet(events: readonly EngineEvent[]): string[] {
  const met = [''];
  for (const step of events) {
    const { kind: named } = step as { kind?: string };
    if (named !== undefined && !met.includes(named)) met.push(named);
  }
  return met;
}

function compare(whole: Whole, model: ModelGraph, kinds: string[], wanted: string | undefined): void {
  const edges = [...model.edges.values()].filter((edge) => wanted === undefined || edge.kind === wanted);
  expect([whole.order, whole.size]).toEqual([model.nodes.size, edges.length]);
  expect(new Set(whole.ids)).toEqual(new Set(model.nodes.keys()));
  expect([...whole.handles]).toEqual([...whole.handles].sort((a, b) => a - b));
  expect(whole.offsets[0]).toBe(0);
  whole.ids.forEach((id, i) => {
    const { x, y } = model.nodes.get(id)!;
    expect([whole.x[i], whole.y[i], whole.z[i]]).toEqual([x, y, Number.NaN]);
    const from = edges.filter(({ source }) => source === id);
    const indexOf = ({ target }: ModelEdge): number => whole.ids.indexOf(target);
    from.sort((a, b) => indexOf(a) - indexOf(b) || kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
    const [start, end] = [whole.offsets[i]!, whole.offsets[i + 1]!];
    expect([...whole.targets.subarray(start, end)]).toEqual(from.map(indexOf));
    expect([...whole.weights.subarray(start, end)]).toEqual(from.map(({ weight }) => weight));
  });
}

/** The statistics, by sets and loops over all pairs and triples. */
function statisticsOf(model: ModelGraph, undirected: boolean, wanted: string | undefined): SummaryStatistics {
  const ids = [...model.nodes.keys()];
  const edges = [...model.edges.values()].filter((edge) => wanted === undefined || edge.kind === wanted);
  const joined = (a: NodeId, b: NodeId): boolean =>
    edges.some(({ source, target }) => (source === a && target === b) || (source === b && target === a));
  const pairs = ids.flatMap((a, i) =>
    ids
      .slice(i)
      .filter((b) => joined(a, b))
      .map((b) => [a, b] as const),
  );
  const ends = undirected ? pairs.flat() : edges.flatMap(({ source, target }) => [source, target]);
  const degreeOf = ids.map((id) => ends.filter((end) => end === id).length);
  const degrees = Array.from(
    { length: Math.max(-1, ...degreeOf) + 1 },
    (_, d) => degreeOf.filter((of) => of === d).length,
  );
  let triangles = 0;
  for (let a = 0; a < ids.length; a++) {
    for (let b = a + 1; b < ids.length; b++) {
      for (let c = b + 1; c < ids.length; c++) {
        triangles += +(joined(ids[a]!, ids[b]!) && joined(ids[b]!, ids[c]!) && joined(ids[a]!, ids[c]!));
      }
    }
  }
  const left = new Set(ids);
  let components = 0;
  for (const id of ids) {
    if (!left.delete(id)) continue;
    components++;
    const reached = [id];
    for (let next = reached.pop(); next !== undefined; next = reached.pop()) {
      for (const other of left) if (joined(next, other) && left.delete(other)) reached.push(other);
    }
  }
  return { nodes: ids.length, edges: undirected ? pairs.length : edges.length, components, triangles, degrees };
}

test(`readers show what Maps hold, and the summary what sets count, for any workers and shards (seed ${SEED})`, {
  timeout: 120_000,
}, async () => {
  const shapes = [
    { workers: 1, shards: 1 },
    { workers: 2, shards: 8 },
  ];
  await fc.assert(
    fc.asyncProperty(
      log,
      fc.constantFrom(undefined, ...KINDS, 'never'),
      fc.boolean(),
      async (events, wanted, undirected) => {
        const model = new Model();
        for (const step of events) model.apply(step);
        const kinds = kindsMet(events);
        for (const shape of shapes) {
          await using engine = await createEngine({
            ...shape,
            capacity: { graphs: 1000, nodes: 10_000, edges: 10_000 },
            batch: { maxEvents: 16 },
          });
          await engine.ingest(events);
          await engine.flush();
          const options = wanted === undefined ? {} : { kind: wanted };
          const { results } = await taken(engine.graphs.map<Whole>(moduleOf('whole'), options));
          expect([...results.keys()].sort()).toEqual([...model.graphs.keys()].sort());
          for (const [name, whole] of results) compare(whole, model.graphs.get(name)!, kinds, wanted);
          const summary = engine.graphs.map<SummaryStatistics>(mapModules.summary, {
            ...options,
            data: { undirected },
          });
          for (const [name, statistics] of (await taken(summary)).results) {
            expect(statistics).toEqual(statisticsOf(model.graphs.get(name)!, undirected, wanted));
          }
        }
      },
    ),
    { seed: SEED, numRuns: 16 },
  );
});
