import { expect, test } from 'vitest';
import { createEngine, type EngineEvent } from '../../dist/src/index.js';

const capacity = { graphs: 100, nodes: 10_000, edges: 10_000 };
const CLOSED = { code: 'ATHANOR_CLOSED' };

/** Own and inherited methods and getters of an object, but for those that end it or make it iterable. */
function membersOf(object: object): string[] {
  const names = new Set<string>();
  for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  return [...names].filter((name) => name !== 'constructor').sort();
}

async function closedEngine() {
  const engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  graph.moveNode('a', 1, 2);
  graph.moveNode('b', 2, 2);
  graph.upsertEdge('a', 'b');
  await engine.flush();
  const found = graph.within({ x: 1, y: 2, radius: 5 });
  const handles = graph.handles(['a', 'b']);
  const iterators = { nodes: graph.nodes(), edges: graph.edges() };
  for (const iterator of Object.values(iterators)) iterator.next();
  await engine.close();
  return { engine, graph, found, handles, iterators };
}

test('after close() every method says so at once', async () => {
  const { engine, graph, found, handles, iterators } = await closedEngine();
  const xs = new Float64Array(2);
  const centre = { x: 1, y: 2 };
  const columns = { x: xs, y: xs };
  const graphCalls: Record<string, () => unknown> = {
    order: () => graph.order,
    size: () => graph.size,
    watch: () => graph.watch(),
    watchRoaming: () => graph.watchRoaming({ radius: 1 }),
    id: () => graph.id(handles[0]!),
    has: () => graph.has('a'),
    node: () => graph.node('a'),
    edge: () => graph.edge('a', 'b'),
    neighbors: () => graph.neighbors('a'),
    degree: () => graph.degree('a'),
    within: () => graph.within({ ...centre, radius: 1 }),
    nearest: () => graph.nearest({ ...centre, k: 1 }),
    withinBox: () => graph.withinBox({ minX: 0, minY: 0, maxX: 9, maxY: 9 }),
    withinInto: () => graph.withinInto(1, 2, 1, new Uint32Array(4)),
    nearestInto: () => graph.nearestInto(1, 2, 1, new Uint32Array(4), new Float64Array(4)),
    clusters: () => graph.clusters({ minX: 0, minY: 0, maxX: 9, maxY: 9, cellSize: 1 }),
    nodes: () => [...graph.nodes()],
    edges: () => [...graph.edges()],
    withinMany: () => graph.withinMany({ ...columns, radius: 1 }),
    nearestMany: () => graph.nearestMany({ ...columns, k: 1 }),
    pairsWithin: () => graph.pairsWithin(1),
    pageRank: () => graph.pageRank(),
    weaklyConnectedComponents: () => graph.weaklyConnectedComponents(),
    stronglyConnectedComponents: () => graph.stronglyConnectedComponents(),
    communities: () => graph.communities(),
    localClustering: () => graph.localClustering(),
    triangles: () => graph.triangles(),
    bfs: () => graph.bfs('a'),
    shortestPaths: () => graph.shortestPaths('a'),
    shortestPath: () => graph.shortestPath('a', 'b'),
    upsertNode: () => graph.upsertNode('a'),
    moveNode: () => graph.moveNode('a', 1, 1),
    removeNode: () => graph.removeNode('a'),
    upsertEdge: () => graph.upsertEdge('a', 'b'),
    removeEdge: () => graph.removeEdge('a', 'b'),
    remove: () => graph.remove(),
    handle: () => graph.handle('a'),
    handles: () => graph.handles(['a']),
    moveNodes: () => graph.moveNodes(handles, xs, xs),
    upsertEdges: () => graph.upsertEdges(handles, handles),
    setZone: () => graph.setZone('z', { type: 'circle', x: 1, y: 2, radius: 3 }),
    removeZone: () => graph.removeZone('z'),
    export: () => [...graph.export()],
    zone: () => graph.zone('z'),
    zones: () => [...graph.zones()],
    inZone: () => graph.inZone('z'),
    zonesOf: () => graph.zonesOf('a'),
    withinPolygon: () =>
      graph.withinPolygon({
        points: [
          [0, 0],
          [9, 0],
          [0, 9],
        ],
      }),
  };
  const engineCalls: Record<string, () => unknown> = {
    graph: () => engine.graph('g'),
    publish: () => engine.publish([]),
    drained: () => engine.drained(),
    flush: () => engine.flush(),
    ingest: () => engine.ingest([]),
    verify: () => engine.verify(),
    digest: () => engine.digest(),
    export: () => [...engine.export()],
  };
  const catalogCalls: Record<string, () => unknown> = {
    totals: () => engine.graphs.totals,
    get: () => engine.graphs.get('g'),
    map: () => engine.graphs.map(import.meta.filename),
    byName: () => engine.graphs.byName(),
    createdBetween: () => engine.graphs.createdBetween(0, 1),
    nodeCountBetween: () => engine.graphs.nodeCountBetween(0, 1),
  };
  // What a result or the object itself knows, and what is not built.
  const others = ['name', 'core', 'ref', 'space', 'graphs', 'stats', 'close', 'count', 'project'];
  for (const [object, calls] of [
    [graph, graphCalls],
    [engine, engineCalls],
    [engine.graphs, catalogCalls],
  ] as const) {
    const left: string[] = [];
    for (const name of membersOf(object).filter((each) => !(each in calls) && !others.includes(each))) {
      const answer = await (async () => Object(object)[name]?.())().catch((error: { code?: string }) => error.code);
      if (answer !== 'ATHANOR_UNSUPPORTED') left.push(name);
    }
    expect(left).toEqual([]);
    for (const [name, call] of Object.entries(calls)) {
      await expect((async () => call())(), name).rejects.toMatchObject(CLOSED);
    }
  }
  expect(() => iterators.nodes.next()).toThrow(expect.objectContaining(CLOSED));
  expect(() => iterators.edges.next()).not.toThrow(TypeError);
  // What was found out before is its owner's.
  expect(found.ids().sort()).toEqual(['a', 'b']);
  expect(engine.stats().applied).toBe(3);
});

test('close() ends whatever waits', async () => {
  const engine = await createEngine({ workers: 1, capacity: { ...capacity, nodes: 10 } });
  const graph = engine.graph('g');
  async function* silent(): AsyncGenerator<EngineEvent> {
    yield { type: 'node.moved', graph: 'g', node: 'a', x: 1, y: 1 };
    await new Promise(() => undefined);
  }
  const watcher = graph.watch();
  const ends = {
    ingest: engine.ingest(silent()),
    flush: engine.flush(),
    drained: engine.drained(),
    verify: engine.verify(),
    digest: engine.digest(),
    watcher: watcher.next(),
    job: graph.pageRank(),
    map: engine.graphs.map(import.meta.filename).next(),
  };
  const closing = engine.close();
  const settled = await Promise.all(
    Object.entries(ends).map(([name, end]) =>
      (end as Promise<unknown>).then(
        (value) => [name, value],
        (error: { code?: string }) => [name, error.code],
      ),
    ),
  );
  expect(Object.fromEntries(settled)).toEqual({
    ingest: 'ATHANOR_CLOSED',
    flush: undefined,
    drained: 'ATHANOR_CLOSED',
    verify: 'ATHANOR_CLOSED',
    digest: 'ATHANOR_CLOSED',
    watcher: { done: true, value: undefined },
    job: 'ATHANOR_CLOSED',
    map: 'ATHANOR_CLOSED',
  });
  await closing;
});
