import { type Csr, type GraphCsr, makeBounds } from '../../dist/src/csr/csr.js';
import { Memory } from '../../dist/src/memory/reserve.js';

/** An edge: source index, target index, weight (1 where not given). */
export type TestEdge = readonly [number, number, number?];

/**
 * CSR of a list of edges, in plain JavaScript: what the parallel builder has to agree with. A small `chunkWork` gives small
 * graphs many chunks.
 */
export function csrOf(nodes: number, edges: readonly TestEdge[], chunkWork?: number): Csr {
  const memory = new Memory();
  const rows = Array.from({ length: nodes }, () => new Map<number, number>());
  for (const [source, target, weight = 1] of edges) {
    const before = rows[source]!.get(target);
    rows[source]!.set(target, before === undefined ? weight : Math.min(before, weight));
  }
  const arcs = rows.reduce((sum, row) => sum + row.size, 0);
  const offsets = memory.u32('offsets', nodes + 1);
  const targets = memory.u32('targets', arcs);
  const weights = memory.f64('weights', arcs);
  let at = 0;
  rows.forEach((row, node) => {
    offsets[node] = at;
    for (const [target, weight] of [...row].sort((a, b) => a[0] - b[0])) {
      targets[at] = target;
      weights[at++] = weight;
    }
  });
  offsets[nodes] = at;
  return {
    nodes,
    arcs,
    offsets,
    targets,
    weights,
    bounds: makeBounds(memory, offsets, nodes, chunkWork),
  };
}

/** All parts of a graph. `rank` gives the order of ids; the order of indexes where it is not given. */
export function graphCsrOf(
  nodes: number,
  edges: readonly TestEdge[],
  options: { rank?: readonly number[]; chunkWork?: number } = {},
): { [K in keyof GraphCsr]-?: NonNullable<GraphCsr[K]> } {
  const { rank, chunkWork } = options;
  const memory = new Memory();
  const handles = memory.u32('handles', nodes);
  const ranks = memory.u32('rank', nodes);
  for (let i = 0; i < nodes; i++) {
    handles[i] = 10 + 3 * i;
    ranks[i] = rank?.[i] ?? i;
  }
  const back = edges.map(([source, target, weight]): TestEdge => [target, source, weight]);
  return {
    nodes,
    handles,
    out: csrOf(nodes, edges, chunkWork),
    in: csrOf(nodes, back, chunkWork),
    both: csrOf(nodes, [...edges, ...back], chunkWork),
    rank: ranks,
  };
}
