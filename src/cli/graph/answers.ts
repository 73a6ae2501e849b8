import type { Graph, GraphJobOptions, JobDirection, NodeId, NodeValues } from '../../index.js';
import { bar, formatCount, formatThings, sparkline } from '../format.js';
import { type Asked, idText, nodeAsked } from './asked.js';
import { groupLines, groupsOf } from './groups.js';

/** Hops that one line shows. */
const SHOWN_HOPS = 60;
/** Nodes of a path that one line shows. */
const SHOWN_NODES = 12;

/** A column of `--out`: what is written of a node by its place in the snapshot. */
export interface Column {
  readonly name: string;
  readonly handles: Uint32Array;
  cell(index: number): number | NodeId | undefined;
}

/** What one algorithm said. */
export interface Answer {
  /** Its name in the JSON summary. */
  readonly key: string;
  /** For programs; `buildMs` and `kernelMs` are added to it. */
  readonly values: Record<string, unknown>;
  readonly title: string;
  /** For people: made when they are shown. */
  lines(): string[];
  readonly column?: Column;
}

/** How the answers are to be found and told. */
export interface Asking {
  readonly direction: JobDirection;
  readonly job: GraphJobOptions;
  readonly top: number;
}

export async function answerOf(graph: Graph, asked: Asked, asking: Asking): Promise<Answer> {
  const { direction, job, top } = asking;
  switch (asked.algorithm) {
    case 'pageRank': {
      const ranks = await graph.pageRank({ ...job, direction });
      const best = ranked(ranks, top);
      return {
        key: 'pageRank',
        values: { iterations: ranks.iterations, top: best },
        title: `PageRank (${formatThings(ranks.iterations ?? 0, 'round')})`,
        lines: () => rankLines(best),
        column: numbersOf('pagerank', ranks),
      };
    }
    case 'components':
      return grouped(graph, await graph.weaklyConnectedComponents(job), top, {
        key: 'components',
        title: 'Weakly connected components',
        thing: 'component',
        column: 'component',
      });
    case 'strong':
      return grouped(graph, await graph.stronglyConnectedComponents(job), top, {
        key: 'strongComponents',
        title: 'Strongly connected components',
        thing: 'component',
        column: 'strong_component',
      });
    case 'communities': {
      const { iterations } = asked;
      const answer = grouped(graph, await graph.communities({ ...job, direction, iterations }), top, {
        key: 'communities',
        title: `Communities (label propagation, ${formatThings(iterations, 'round')})`,
        thing: 'group',
        column: 'community',
      });
      return { ...answer, values: { iterations, ...answer.values } };
    }
    case 'clustering': {
      const coefficients = await graph.localClustering({ ...job, direction });
      const mean = meanOf(coefficients.values);
      return {
        key: 'clustering',
        values: { mean },
        title: 'Local clustering coefficient',
        lines: () => [`mean               ${mean.toFixed(4)}`],
        column: numbersOf('clustering', coefficients),
      };
    }
    case 'triangles': {
      const count = await graph.triangles(job);
      return {
        key: 'triangles',
        values: { count },
        title: 'Triangles',
        lines: () => [formatThings(count, 'triangle')],
      };
    }
    case 'bfs': {
      const source = nodeAsked(graph, '--bfs', asked.source);
      return hopsAnswer(source, await graph.bfs(source, { ...job, direction }));
    }
    case 'shortestPaths': {
      const source = nodeAsked(graph, '--shortest-paths', asked.source);
      return distancesAnswer(graph, source, await graph.shortestPaths(source, { ...job, direction }));
    }
    case 'path': {
      const from = nodeAsked(graph, '--path', asked.from);
      const to = nodeAsked(graph, '--path', asked.to);
      return pathAnswer(graph, from, to, await graph.shortestPath(from, to, { ...job, direction }));
    }
  }
}

function grouped(
  graph: Graph,
  labels: NodeValues,
  top: number,
  name: { key: string; title: string; thing: string; column: string },
): Answer {
  const { count, largest, top: groups, sizes } = groupsOf(graph, labels, top);
  return {
    key: name.key,
    values: { count, largest, sizes: sizes.slice(0, top), top: groups },
    title: name.title,
    lines: () => groupLines({ count, largest, top: groups, sizes }, name.thing, top),
    column: {
      name: name.column,
      handles: labels.handles,
      cell: (index) => graph.id(labels.values[index]!),
    },
  };
}

function hopsAnswer(source: NodeId, hops: NodeValues): Answer {
  const byHops: number[] = [];
  let reached = 0;
  for (const value of hops.values) {
    if (value === Number.POSITIVE_INFINITY) continue;
    while (byHops.length <= value) byHops.push(0);
    byHops[value]!++;
    reached++;
  }
  const unreached = hops.length - reached;
  return {
    key: 'bfs',
    values: { source, reached, unreached, deepest: byHops.length - 1, byHops },
    title: `Hops from ${idText(source)}`,
    lines: () => [
      `reached            ${formatThings(reached, 'node')}, ${formatCount(unreached)} not`,
      `deepest            ${formatThings(byHops.length - 1, 'hop')}`,
      `nodes by hops      ${sparkline(byHops.slice(0, SHOWN_HOPS))}${byHops.length > SHOWN_HOPS ? '…' : ''}`,
    ],
    column: numbersOf('hops', hops),
  };
}

function distancesAnswer(graph: Graph, source: NodeId, distances: NodeValues): Answer {
  let reached = 0;
  let sum = 0;
  let farthest = -1;
  distances.values.forEach((distance, index) => {
    if (distance === Number.POSITIVE_INFINITY) return;
    reached++;
    sum += distance;
    if (farthest === -1 || distance > distances.values[farthest]!) farthest = index;
  });
  const unreached = distances.length - reached;
  const far = { id: graph.id(distances.handles[farthest]!)!, distance: distances.values[farthest]! };
  return {
    key: 'shortestPaths',
    values: { source, reached, unreached, mean: sum / reached, farthest: far },
    title: `Shortest paths from ${idText(source)}`,
    lines: () => [
      `reached            ${formatThings(reached, 'node')}, ${formatCount(unreached)} not`,
      `mean distance      ${digits(sum / reached)}`,
      `farthest           ${idText(far.id)} at ${digits(far.distance)}`,
    ],
    column: numbersOf('distance', distances),
  };
}

function pathAnswer(
  graph: Graph,
  from: NodeId,
  to: NodeId,
  path: { nodes: NodeId[]; length: number } | undefined,
): Answer {
  const nodes = path?.nodes ?? [];
  const shown = nodes.slice(0, SHOWN_NODES).map(idText).join(' → ') + (nodes.length > SHOWN_NODES ? ' → …' : '');
  const handles = Uint32Array.from(nodes, (id) => graph.handle(id)!);
  const places = new Map(Array.from(handles, (handle, place): [number, number] => [handle, place]));
  const sorted = handles.slice().sort();
  return {
    key: 'path',
    values: { from, to, found: path !== undefined, nodes, length: path?.length ?? null },
    title: `Shortest path from ${idText(from)} to ${idText(to)}`,
    lines: () =>
      path === undefined
        ? ['there is none']
        : [`length             ${digits(path.length)}, ${formatThings(nodes.length, 'node')}`, shown],
    column: { name: 'path', handles: sorted, cell: (index) => places.get(sorted[index]!) },
  };
}

/** A number a node; unreached nodes have none. */
function numbersOf(name: string, of: NodeValues): Column {
  const { handles, values } = of;
  return { name, handles, cell: (index) => (Number.isFinite(values[index]!) ? values[index]! : undefined) };
}

function ranked(values: NodeValues, top: number): Array<{ id: NodeId; value: number }> {
  return values.top(top).map(([id, value]) => ({ id, value }));
}

function rankLines(best: ReadonlyArray<{ id: NodeId; value: number }>): string[] {
  const width = best.reduce((most, { id }) => Math.max(most, idText(id).length), 0);
  const most = best[0]?.value ?? 0;
  return best.map(({ id, value }) => `${idText(id).padEnd(width)}  ${value.toFixed(6)}  ${bar(value, most, 24)}`);
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

/** Six significant digits. */
function digits(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(6)));
}
