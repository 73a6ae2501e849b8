import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AthanorError,
  createEngine,
  type Engine,
  type EngineEvent,
  type Graph,
  type NodeId,
  type NodeValues,
} from '../../dist/src/index.js';
import { byId, PlainGraph, type PlainOptions } from '../support/plain-graph.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const capacity = { graphs: 2000, nodes: 50_000, edges: 100_000 };
const ROUNDS = 7;

/** Of few ids, many meet; '1' is not 1, and code units decide between 'z', 'ä' and '€'. */
const IDS: NodeId[] = [3, 1, -2, 10, 2 ** 40, 0, '1', 'b', '', 'z', 'ä', '€', 'B'];
const KINDS = ['', 'road', 'rail'];
const WEIGHTS = [0, 1, 1, 2, 0.5, 7, 1e-300, Number.POSITIVE_INFINITY];

let engines: Engine[] = [];
let runs = 0;

beforeAll(async () => {
  engines = await Promise.all(
    [1, 2, 3].map((workers) => createEngine({ workers, shards: workers === 2 ? 4 : 1, capacity })),
  );
});

afterAll(() => Promise.all(engines.map((engine) => engine.close())));

/** A graph of a name that no run had before, with these events applied, and its model. */
async function graphOf(engine: Engine, events: readonly EngineEvent[]): Promise<{ graph: Graph; plain: PlainGraph }> {
  const plain = new PlainGraph();
  const name = `run ${runs++}`;
  for (const event of events) {
    engine.publish({ ...event, graph: name });
    plain.apply(event);
  }
  await engine.flush();
  return { graph: engine.graph(name), plain };
}

function entriesOf(values: NodeValues): Array<[NodeId, number]> {
  return [...values].sort(([a], [b]) => byId(a, b));
}

function sorted<V>(values: Map<NodeId, V>): Array<[NodeId, V]> {
  return [...values].sort(([a], [b]) => byId(a, b));
}

function expectNumbers(values: NodeValues, plain: Map<NodeId, number>): void {
  const [ours, theirs] = [entriesOf(values), sorted(plain)];
  expect(ours.map(([id]) => id)).toEqual(theirs.map(([id]) => id));
  ours.forEach(([id, value], i) => {
    const expected = theirs[i]![1];
    // Infinity is itself; what is summed in another order is near.
    if (value !== expected) expect(value, String(id)).toBeCloseTo(expected, 12);
  });
}

function expectLabels(graph: Graph, labels: NodeValues, plain: Map<NodeId, NodeId>): void {
  expect(entriesOf(labels).map(([id, label]) => [id, graph.id(label)])).toEqual(sorted(plain));
}

/** The nodes are there, are joined by edges of that length in all, and none comes twice. */
function expectPath(
  found: { nodes: NodeId[]; length: number } | undefined,
  plain: PlainGraph,
  [from, to]: readonly [NodeId, NodeId],
  options: PlainOptions,
): void {
  const distance = plain.distances(from, options).get(to)!;
  if (distance === Number.POSITIVE_INFINITY) {
    expect(found).toBeUndefined();
    return;
  }
  const { nodes, length } = found!;
  expect(length).toBeCloseTo(distance, 12);
  expect([nodes[0], nodes.at(-1)]).toEqual([from, to]);
  expect(new Set(nodes).size).toBe(nodes.length);
  const arcs = plain.arcs(options.direction, options.kind);
  const walked = nodes.slice(1).reduce<number>((sum, node, i) => sum + arcs.get(nodes[i]!)!.get(node)!, 0);
  expect(walked).toBeCloseTo(distance, 12);
}

async function expectAll(
  graph: Graph,
  plain: PlainGraph,
  options: PlainOptions,
  ends: readonly [NodeId, NodeId],
): Promise<void> {
  const { direction, kind } = options;
  const job = kind === undefined ? {} : { kind };
  const directed = { ...job, direction };
  expect([graph.order, graph.size]).toEqual([plain.nodes.size, plain.size]);
  // All at once: they share one snapshot.
  const [ranks, components, strong, communities, clustering, triangles] = await Promise.all([
    graph.pageRank({ ...directed, tolerance: 0, maxIterations: ROUNDS }),
    graph.weaklyConnectedComponents(job),
    graph.stronglyConnectedComponents(job),
    graph.communities({ ...directed, iterations: ROUNDS }),
    graph.localClustering(directed),
    graph.triangles(job),
  ]);
  expectNumbers(ranks, plain.pageRank(ROUNDS, direction, kind));
  expect(ranks.iterations).toBe(plain.nodes.size === 0 ? 0 : ROUNDS);
  expectLabels(graph, components, plain.components(kind));
  expectLabels(graph, strong, plain.strongComponents(kind));
  expectLabels(graph, communities, plain.communities(ROUNDS, direction, kind));
  // Fewer where a round changes nothing; none without nodes.
  expect(communities.iterations).toBeLessThanOrEqual(plain.nodes.size === 0 ? 0 : ROUNDS);
  if (plain.nodes.size > 0) expect(communities.iterations).toBeGreaterThanOrEqual(1);
  expectNumbers(clustering, plain.clustering(direction, kind));
  expect(triangles).toBe(plain.triangles(kind));
  const [from, to] = ends;
  if (!plain.nodes.has(from)) {
    await expect(graph.bfs(from, options)).rejects.toMatchObject({ code: 'ATHANOR_UNKNOWN_NODE' });
    await expect(graph.shortestPaths(from, options)).rejects.toMatchObject({ code: 'ATHANOR_UNKNOWN_NODE' });
  } else {
    expectNumbers(await graph.bfs(from, options), plain.hops(from, options));
    expectNumbers(await graph.shortestPaths(from, options), plain.distances(from, options));
  }
  if (plain.nodes.has(from) && plain.nodes.has(to)) {
    expectPath(await graph.shortestPath(from, to, options), plain, ends, options);
  } else {
    await expect(graph.shortestPath(from, to, options)).rejects.toMatchObject({ code: 'ATHANOR_UNKNOWN_NODE' });
  }
}

const id = fc.constantFrom(...IDS);
const kind = fc.constantFrom(...KINDS);
const event: fc.Arbitrary<EngineEvent> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({ source: id, target: id, kind, weight: fc.option(fc.constantFrom(...WEIGHTS), { nil: undefined }) })
      .map(({ weight, ...edge }): EngineEvent => {
        const upserted: EngineEvent = { type: 'edge.upserted', graph: '', ...edge };
        return weight === undefined ? upserted : { ...upserted, weight };
      }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ source: id, target: id, kind })
      .map((edge): EngineEvent => ({ type: 'edge.removed', graph: '', ...edge })),
  },
  { weight: 3, arbitrary: id.map((node): EngineEvent => ({ type: 'node.upserted', graph: '', node })) },
  {
    weight: 5,
    arbitrary: fc
      .record({ node: id, x: fc.integer({ min: -2, max: 2 }), y: fc.integer({ min: -2, max: 2 }) })
      .map((placed): EngineEvent => ({ type: 'node.upserted', graph: '', ...placed })),
  },
  { weight: 2, arbitrary: id.map((node): EngineEvent => ({ type: 'node.removed', graph: '', node })) },
);

describe(`algorithms through the engine (seed ${seed})`, () => {
  test('each says what the obvious implementation says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2),
        fc.array(event, { maxLength: 60 }),
        fc.constantFrom('out' as const, 'both' as const),
        fc.option(fc.constantFrom(...KINDS, 'unheard of'), { nil: undefined }),
        fc.option(fc.constantFrom(0, 1, 1.5, 2, 3), { nil: undefined }),
        fc.tuple(id, id),
        async (engine, events, direction, kind, radius, ends) => {
          const { graph, plain } = await graphOf(engines[engine]!, events);
          const options: PlainOptions = { direction };
          if (kind !== undefined) options.kind = kind;
          if (radius !== undefined) options.within = { x: 0, y: 1, radius };
          await expectAll(graph, plain, options, ends);
        },
      ),
      { seed, numRuns: 150 },
    );
  });

  const edge = (source: NodeId, target: NodeId, weight?: number, of = ''): EngineEvent => {
    const upserted: EngineEvent = { type: 'edge.upserted', graph: '', source, target, kind: of };
    return weight === undefined ? upserted : { ...upserted, weight };
  };
  const node = (name: NodeId): EngineEvent => ({ type: 'node.upserted', graph: '', node: name });
  const cases: Array<[string, EngineEvent[], readonly [NodeId, NodeId]]> = [
    ['nothing', [], [1, 2]],
    ['one node', [node('a')], ['a', 'a']],
    ['one node with a loop', [edge('a', 'a', 2)], ['a', 'a']],
    ['nobody knows anybody', [node(1), node(2), node('1')], [1, '1']],
    ['parallel edges: the least weight', [edge(1, 2, 5), edge(1, 2, 3, 'road'), edge(1, 2, 4, 'rail')], [1, 2]],
    ['there and back', [edge(1, 2, 5), edge(2, 1, 3)], [1, 2]],
    ['a ring of zeros', [edge(1, 2, 0), edge(2, 3, 0), edge(3, 1, 0), edge(3, 4, 0)], [1, 4]],
    ['an endless road', [edge(1, 2, Number.POSITIVE_INFINITY), edge(2, 3, 1)], [1, 3]],
    ['removed and there again', [edge(1, 2), { type: 'node.removed', graph: '', node: 2 }, node(2)], [1, 2]],
    [
      'everything removed',
      [edge(1, 2), ...[1, 2].map((n): EngineEvent => ({ type: 'node.removed', graph: '', node: n }))],
      [1, 2],
    ],
    ['a clique of numbers and strings', IDS.flatMap((a) => IDS.map((b) => edge(a, b, 1))), [3, 'z']],
  ];
  test.each(cases)('%s', async (_name, events, ends) => {
    for (const engine of engines) {
      const { graph, plain } = await graphOf(engine, events);
      for (const direction of ['out', 'both'] as const) {
        await expectAll(graph, plain, { direction }, ends);
        await expectAll(graph, plain, { direction, kind: 'road' }, ends);
      }
    }
  });

  test('a graph that was never written answers empty, and one that was removed', async () => {
    const [engine] = engines as [Engine];
    await expectAll(engine.graph('never written'), new PlainGraph(), { direction: 'out' }, [1, 2]);
    const { graph } = await graphOf(engine, [edge(1, 2)]);
    await graph.weaklyConnectedComponents();
    graph.remove();
    await engine.flush();
    await expectAll(graph, new PlainGraph(), { direction: 'out' }, [1, 2]);
  });

  test('labels go by ids, not by the order in which nodes came', async () => {
    const [engine] = engines as [Engine];
    const { graph } = await graphOf(engine, [edge('10', 'b'), edge('b', '9'), edge(10, '9'), edge(9, 10)]);
    const labels = await graph.weaklyConnectedComponents();
    expect(entriesOf(labels).map(([, label]) => graph.id(label))).toEqual([9, 9, 9, 9, 9]);
    const words = await graphOf(engine, [edge('b', 'Z'), edge('ä', 'b')]);
    expect(words.graph.id((await words.graph.weaklyConnectedComponents()).get('ä')!)).toBe('Z');
  });

  test('a negative weight is an error of shortest paths, naming the edge, and of nothing else', async () => {
    for (const engine of engines) {
      const { graph } = await graphOf(engine, [edge('a', 'b', 1), edge('b', 'c', -0.25), edge('x', 'y', -1, 'rail')]);
      const jobs = [() => graph.shortestPaths('a', { kind: '' }), () => graph.shortestPath('a', 'c', { kind: '' })];
      for (const job of jobs) {
        const error = await job().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(AthanorError);
        expect(error).toMatchObject({ code: 'ATHANOR_INVALID_QUERY' });
        expect(String(error)).toMatch(/b.*c.*-0\.25/);
      }
      expect((await graph.bfs('a')).get('c')).toBe(2);
      expect((await graph.weaklyConnectedComponents()).length).toBe(5);
      // Edges of another kind are not looked at.
      expect((await graph.shortestPaths('a', { kind: 'road' })).get('b')).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('results can be read after the graph has changed, as far as the nodes are there', async () => {
    const [engine] = engines as [Engine];
    const { graph } = await graphOf(engine, [edge(1, 2), edge(2, 3)]);
    const hops = await graph.bfs(1);
    graph.removeNode(3);
    graph.upsertEdge(1, 4);
    await engine.flush();
    expect([hops.get(2), hops.get(3), hops.get(4)]).toEqual([1, undefined, undefined]);
    expect((await graph.bfs(1)).get(4)).toBe(1);
  });

  test('options that are none are refused, and nothing is begun', async () => {
    const [engine] = engines as [Engine];
    const { graph } = await graphOf(engine, [edge(1, 2)]);
    const wrong = (job: Promise<unknown>): Promise<void> =>
      expect(job).rejects.toMatchObject({ code: 'ATHANOR_INVALID_QUERY' });
    const any = (options: object): never => options as never;
    await wrong(graph.pageRank(any({ damping: 1.5 })));
    await wrong(graph.pageRank(any({ tolerance: Number.NaN })));
    await wrong(graph.pageRank(any({ maxIterations: 0.5 })));
    await wrong(graph.pageRank(any({ dampling: 0.5 })));
    await wrong(graph.weaklyConnectedComponents(any({ direction: 'out' })));
    await wrong(graph.communities(any({ iterations: -1 })));
    await wrong(graph.localClustering(any({ direction: 'in' })));
    await wrong(graph.triangles(any({ kind: 7 })));
    await wrong(graph.triangles(any({ onBuilt: 'soon' })));
    await wrong(graph.bfs(1, any({ direction: 'sideways' })));
    await wrong(graph.shortestPaths(1, any({ signal: 'stop' })));
    await wrong(graph.shortestPath(1, 2, any({ onProgress: 5 })));
    await wrong(graph.stronglyConnectedComponents(any({ iterations: 5 })));
  });

  test('jobs at once agree on a snapshot; a change makes another', async () => {
    const [engine] = engines as [Engine];
    const { graph } = await graphOf(engine, [edge(1, 2), edge(2, 3)]);
    const built: number[] = [];
    const onBuilt = (ms: number): number => built.push(ms);
    const [a, b] = await Promise.all([graph.pageRank({ onBuilt }), graph.weaklyConnectedComponents({ onBuilt })]);
    const c = await graph.communities({ onBuilt });
    for (const { handles } of [b, c]) expect(handles).toEqual(a.handles);
    expect(built.length).toBe(3);
    graph.upsertEdge(3, 4);
    await engine.flush();
    const d = await graph.pageRank({ onBuilt });
    expect([a.length, d.length]).toEqual([3, 4]);
  });
});
