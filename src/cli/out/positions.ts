import type { Engine, Graph, NodeView } from '../../index.js';
import type { Space } from '../space/space.js';
import { csvField, type Target, writeTo } from './target.js';

/** By ending. */
export const POSITION_FORMATS = {
  csv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  geojson: 'geojson',
  json: 'geojson',
} as const;
export type PositionFormat = (typeof POSITION_FORMATS)[keyof typeof POSITION_FORMATS];

interface Placed {
  readonly graph: string;
  readonly space: Space;
  readonly node: NodeView;
}

/** Where the nodes of all graphs of a run are, a row each. Resolves with the number of rows. */
export async function writePositions(
  target: Target<PositionFormat>,
  engine: Engine,
  graphs: ReadonlyMap<string, Space>,
): Promise<number> {
  let rows = 0;
  function* nodes(): Generator<Placed> {
    for (const [name, space] of graphs) {
      const graph: Graph = engine.graph(name);
      for (const node of graph.nodes()) {
        rows++;
        yield { graph: name, space, node };
      }
    }
  }
  await writeTo(target.path, linesOf[target.format](graphs, nodes()));
  return rows;
}

type Lines = (graphs: ReadonlyMap<string, Space>, nodes: Iterable<Placed>) => Generator<string>;

const linesOf: Record<PositionFormat, Lines> = {
  /** `z` is there where a graph has three dimensions; what was not set is empty. */
  csv: function* csv(graphs, nodes) {
    const isSolid = [...graphs.values()].some(({ dimensions }) => dimensions === 3);
    yield `graph,id,x,y${isSolid ? ',z' : ''},kind,time\n`;
    for (const { graph, space, node } of nodes) {
      const { id, x, y, z, kind, time } = node;
      const third = isSolid ? [space.dimensions === 3 ? known(z) : undefined] : [];
      yield `${[graph, id, known(x), known(y), ...third, kind, timeText(time)].map(csvField).join(',')}\n`;
    }
  },

  /** Events that make the nodes anew: `athanor run` reads them. */
  ndjson: function* ndjson(graphs, nodes) {
    for (const [graph, space] of graphs) {
      if (space.dimensions === 2 && space.radiusM === 0) continue;
      const sphere = space.radiusM > 0 ? { metric: 'haversine', earthRadiusM: space.radiusM } : {};
      const options = { ...sphere, ...(space.dimensions === 3 && { dimensions: 3 }) };
      yield `${JSON.stringify({ type: 'graph.created', graph, options })}\n`;
    }
    for (const { graph, space, node } of nodes) {
      const { id, x, y, z, kind, time, data } = node;
      const third = space.dimensions === 3 ? { z: known(z) } : {};
      const event = { type: 'node.upserted', graph, node: id, x: known(x), y: known(y), ...third };
      const rest = { kind: kind === '' ? undefined : kind, time: known(time), data };
      yield `${JSON.stringify({ ...event, ...rest })}\n`;
    }
  },

  /** A feature a node; one that was never placed has no geometry. */
  geojson: function* geojson(_graphs, nodes) {
    let before = '{"type":"FeatureCollection","features":[\n';
    for (const { graph, space, node } of nodes) {
      const { id, x, y, z, kind, time } = node;
      const place = space.dimensions === 3 ? [x, y, z] : [x, y];
      const geometry = place.some(Number.isNaN) ? null : { type: 'Point', coordinates: place };
      const properties = { graph, kind, time: timeText(time) ?? null };
      yield before + JSON.stringify({ type: 'Feature', id, geometry, properties });
      before = ',\n';
    }
    yield before === ',\n' ? '\n]}\n' : `${before}]}\n`;
  },
};

function known(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** ISO 8601, or the number where it is beyond the years that has. */
function timeText(time: number): string | number | undefined {
  if (!Number.isFinite(time)) return undefined;
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : time;
}
