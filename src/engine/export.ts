import { NO_ROW } from '../base/limits.js';
import { GraphOption } from '../base/space.js';
import { EARTH_RADIUS_M } from '../base/sphere.js';
import type { EngineEvent, GraphOptions } from '../base/types.js';
import { GraphState } from '../project/graph-columns.js';
import type { GraphRef } from '../publish/graph-refs.js';
import type { EngineCore } from './core.js';
import type { GraphCatalog } from './graph-catalog.js';
import { type EdgeView, edgeViews, type NodeView, nodeViews } from './views.js';

/** Names of graphs that are read at a time. */
const NAMES_AT_ONCE = 128;

/** The events that make the graph anew; see `Graph.export`. What it reads a moment of is under the lock, an event at a time. */
export function exportGraph(core: EngineCore, ref: GraphRef): IterableIterator<EngineEvent> {
  const graph = core.readRow(ref);
  if (graph === NO_ROW) return [].values();
  // Here, and not at the first step, which may come when the row is another graph's.
  const birth = core.memory.graphs.born[graph]!;
  return eventsOf(core, ref.name, graph, birth, nodeViews(core, graph), edgeViews(core, graph));
}

function* eventsOf(
  core: EngineCore,
  graph: string,
  row: number,
  birth: number,
  nodes: IterableIterator<NodeView>,
  edges: IterableIterator<EdgeView>,
): IterableIterator<EngineEvent> {
  const { born, created, state } = core.memory.graphs;
  const isThere = (): boolean => state[row] === GraphState.alive && born[row] === birth;
  if (!isThere()) return;
  const options = optionsOf(core, row);
  yield { type: 'graph.created', graph, ...(options && { options }), time: created[row]! };
  for (const node of nodes) {
    if (!isThere()) return;
    yield* eventsOfNode(graph, node);
  }
  for (const { source, target, kind, weight, time } of edges) {
    if (!isThere()) return;
    yield { type: 'edge.upserted', graph, source, target, ...(kind !== '' && { kind }), weight, time };
  }
  for (const { row: zone, name } of isThere() ? core.zoneReads.list(row) : []) {
    if (!isThere()) return;
    const shape = core.zoneReads.shapeOf(row, zone, name);
    if (shape !== undefined) yield { type: 'zone.set', graph, zone: name, shape };
  }
}

/** Options that are not the defaults. */
function optionsOf(core: EngineCore, row: number): GraphOptions | undefined {
  const bits = core.memory.graphs.options[row]!;
  const radius = core.memory.graphs.radius[row]!;
  if (bits === 0) return undefined;
  const isSphere = (bits & GraphOption.sphere) !== 0;
  return {
    ...((bits & GraphOption.solid) !== 0 && { dimensions: 3 }),
    ...(isSphere && { metric: 'haversine' }),
    ...(isSphere && radius !== EARTH_RADIUS_M && { earthRadiusM: radius }),
    ...((bits & GraphOption.lateIgnore) !== 0 && { late: 'ignore' }),
  };
}

function* eventsOfNode(graph: string, view: NodeView): IterableIterator<EngineEvent> {
  const { id: node, x, y, z, w, kind, time, data } = view;
  const depth = Number.isNaN(z) ? undefined : { z };
  // Only a move brings a `w`; it has a position, then.
  const isWeighed = !Number.isNaN(w);
  if (!isWeighed || kind !== '' || data !== undefined) {
    yield {
      type: 'node.upserted',
      graph,
      node,
      ...(!Number.isNaN(x) && { x }),
      ...(!Number.isNaN(y) && { y }),
      ...depth,
      ...(kind !== '' && { kind }),
      time,
      ...(data !== undefined && { data }),
    };
  }
  if (isWeighed) yield { type: 'node.moved', graph, node, x, y, ...depth, w, time };
}

/** Graph by graph, by name; see `Engine.export`. */
export function* exportGraphs(core: EngineCore, graphs: GraphCatalog): IterableIterator<EngineEvent> {
  let last: string | undefined;
  for (;;) {
    const page = graphs.byName({ ...(last !== undefined && { from: last }), limit: NAMES_AT_ONCE });
    const names = page.map(({ name }) => name).filter((name) => name !== last);
    if (names.length === 0) return;
    for (const name of names) yield* exportGraph(core, core.publisher.refs.of(name));
    last = names.at(-1);
  }
}
