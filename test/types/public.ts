/**
 * What programs in TypeScript rely on: it is compiled, in several ways, and never run. A line behind `@ts-expect-error` must
 * not compile.
 */
import {
  AthanorError,
  createEngine,
  type Engine,
  type EngineEvent,
  type ErrorCode,
  type Graph,
  type Handle,
  type MapModule,
  type MapResults,
  mapModules,
  type NearestQuery,
  type NodeSet,
  type RankedNodeSet,
  type SummaryStatistics,
  type WithinQuery,
} from 'athanor';
import type summary from 'athanor/map/summary';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_proof: Same<A, B>): void {}

export async function programs(): Promise<void> {
  const engine = await createEngine({ workers: 'auto', capacity: { nodes: 1000, dataBytes: 1e6, zones: 10 } });
  same<typeof engine, Engine>(true);
  const graph = engine.graph('g', { dimensions: 3, late: 'ignore' });
  same<typeof graph, Graph>(true);

  // What is not built does not compile.
  // @ts-expect-error
  engine.graph('h', { ttlMs: 5 });
  // @ts-expect-error
  engine.publish({ type: 'custom', subject: 's', graph: 'g' });
  // @ts-expect-error
  await engine.flush({ durable: true });
  // @ts-expect-error
  await createEngine({ journal: { path: 'p' } });
  // @ts-expect-error
  await createEngine({ projections: [] });
  // @ts-expect-error
  engine.snapshot();

  // Events: the fields of a type, and no others.
  const event: EngineEvent = { type: 'node.moved', graph: 'g', node: 1, x: 1, y: 2 };
  same<ReturnType<Engine['publish']>, boolean>(true);
  engine.publish([event, { type: 'graph.removed', graph: 'g' }]);
  // @ts-expect-error
  engine.publish({ type: 'node.moved', graph: 'g', node: 1, x: 1 });
  // @ts-expect-error
  engine.publish({ type: 'node.moved', graph: 'g', node: 1, x: 1, y: 2, latitude: 3 });
  // @ts-expect-error
  engine.publish({ type: 'node.renamed', graph: 'g', node: 1 });
  // @ts-expect-error
  graph.upsertNode('u', { latitude: 1 });

  // Handles: with `create` there is one.
  const created = graph.handle('a', { create: true });
  same<typeof created, Handle>(true);
  const known = graph.handle('a');
  same<typeof known, Handle | undefined>(true);
  const either = graph.handle('a', { create: Math.random() > 0.5 });
  same<typeof either, Handle | undefined>(true);

  // Distances: where there are any, they are there.
  const query: NearestQuery = { x: 1, y: 2, k: 3, filter: (handle) => handle > 0 };
  const nearest: RankedNodeSet = graph.nearest(query);
  const first: number | undefined = nearest.distances[0];
  const sorted = graph.within({ x: 1, y: 2, radius: 3, sort: 'distance' });
  same<typeof sorted, RankedNodeSet>(true);
  const plain: WithinQuery = { x: 1, y: 2, radius: 3 };
  const within = graph.within(plain);
  same<typeof within, NodeSet>(true);
  // @ts-expect-error
  within.distances.length;
  // @ts-expect-error
  graph.within({ x: 1, y: 2, radius: 3, Kind: 'car' });
  // @ts-expect-error
  graph.nearest({ x: 1, y: 2, k: 3, maxDist: 1 });
  const { distances } = await graph.nearestMany({ x: new Float64Array(1), y: new Float64Array(1), k: 1 });
  same<number, (typeof distances)['length']>(true);

  // Maps: a module says what it returns; for another the caller does.
  const found = engine.graphs.map(mapModules.summary, { data: { undirected: true } });
  same<typeof found, MapResults<SummaryStatistics>>(true);
  // @ts-expect-error
  engine.graphs.map(mapModules.summary, { data: { undirected: 'yes' } });
  const own = engine.graphs.map<number>(new URL('file:///own.js'), { data: 5 });
  same<typeof own, MapResults<number>>(true);
  const unknown = engine.graphs.map('/own.js');
  same<typeof unknown, MapResults<unknown>>(true);
  const typed: MapModule<string> = new URL('file:///own.js');
  for await (const { result } of engine.graphs.map(typed)) same<typeof result, string>(true);
  same<ReturnType<typeof summary>, SummaryStatistics>(true);

  // Inner parts are not part of it.
  // @ts-expect-error
  void graph.core;
  // @ts-expect-error
  void graph.ref;
  type Made = typeof import('athanor');
  // @ts-expect-error
  type Class = Made['Engine'];
  void (undefined as unknown as Class);

  const code: ErrorCode = new AthanorError('ATHANOR_CAPACITY', String(first)).code;
  // @ts-expect-error
  new AthanorError('ATHANOR_WHATEVER', code);

  await using other = await createEngine();
  await other.close();
}
