import type { Graph, NodeId, NodeValues } from '../../index.js';
import { byId } from '../by-id.js';
import { formatCount, formatThings } from '../format.js';

/** What labels say: which nodes are together. */
export interface Groups {
  readonly count: number;
  /** Nodes of the largest. */
  readonly largest: number;
  /** The largest, largest first; of equal ones that with the smaller id, numbers before strings. `id` is the group's label. */
  readonly top: Array<{ id: NodeId; nodes: number }>;
  /** [nodes, how many groups of so many], largest first. */
  readonly sizes: Array<[number, number]>;
}

/** From labels that are handles. */
export function groupsOf(graph: Graph, labels: NodeValues, top: number): Groups {
  const sorted = Float64Array.from(labels.values).sort();
  const groups: Array<{ handle: number; nodes: number }> = [];
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    groups.push({ handle: sorted[from]!, nodes: to - from });
    from = to;
  }
  groups.sort((a, b) => b.nodes - a.nodes);
  const sizes = new Map<number, number>();
  for (const { nodes } of groups) sizes.set(nodes, (sizes.get(nodes) ?? 0) + 1);
  return {
    count: groups.length,
    largest: groups[0]?.nodes ?? 0,
    top: largestOf(graph, groups, top),
    sizes: [...sizes],
  };
}

/** Of groups with the largest first. The ids of those that are as large as the last are compared. */
function largestOf(graph: Graph, groups: ReadonlyArray<{ handle: number; nodes: number }>, top: number): Groups['top'] {
  const least = groups[Math.min(top, groups.length) - 1]?.nodes ?? 0;
  return groups
    .filter(({ nodes }) => nodes >= least)
    .map(({ handle, nodes }) => ({ id: graph.id(handle)!, nodes }))
    .sort((a, b) => b.nodes - a.nodes || byId(a.id, b.id))
    .slice(0, top);
}

/** '3,188, 10, 4 × 3, 2 × 2'. */
function sizesText(sizes: ReadonlyArray<[number, number]>, most: number): string {
  const texts = sizes
    .slice(0, most)
    .map(([nodes, groups]) => formatCount(nodes) + (groups === 1 ? '' : ` × ${formatCount(groups)}`));
  return texts.join(', ') + (sizes.length > most ? ', …' : '');
}

export function groupLines(groups: Groups, thing: string, most: number): string[] {
  const lines = [formatThings(groups.count, thing)];
  if (groups.count > 0) lines.push(`of nodes           ${sizesText(groups.sizes, most)}`);
  return lines;
}
