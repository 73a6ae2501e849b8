import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PathWalkKernel, pathWalkTask } from '../../dist/src/algorithms/path-walk.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { csrOf, graphCsrOf, type TestEdge } from '../support/csr.js';
import { runKernel } from '../support/run-kernel.js';

/** Distances by rounds of relaxing (Bellman, Ford). */
function distancesFrom(nodes: number, edges: readonly TestEdge[], source: number): Float64Array {
  const values = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
  values[source] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const [from, to, weight = 1] of edges) {
      if (values[from]! + weight < values[to]!) {
        values[to] = values[from]! + weight;
        changed = true;
      }
    }
  }
  return values;
}

function path(nodes: number, edges: readonly TestEdge[], source: number, target: number, rank: readonly number[]) {
  const graph = graphCsrOf(nodes, edges, { rank });
  const backward = csrOf(
    nodes,
    edges.map(([from, to, weight]): TestEdge => [to, from, weight]),
  );
  const values = distancesFrom(nodes, edges, source);
  const of = { source, target, forward: graph.out, backward, rank: graph.rank, values };
  const { task, first } = pathWalkTask(new Memory(), of);
  runKernel((breathe) => new PathWalkKernel(task, breathe), first, { repeat: 0.5 });
  return { nodes: [...task.path.subarray(0, task.found[0])], length: values[target]! };
}

/** Every shortest path, the one with fewest nodes, and of these the first by ranks, found by trying all. */
function first(nodes: number, edges: readonly TestEdge[], source: number, target: number, rank: readonly number[]) {
  const { [target]: length } = distancesFrom(nodes, edges, source);
  if (length === Number.POSITIVE_INFINITY) return [];
  const values = distancesFrom(nodes, edges, source);
  let level = [[source]];
  const seen = new Set([source]);
  while (!level.some((walk) => walk.at(-1) === target)) {
    const after = level.flatMap((walk) =>
      edges
        .filter(
          ([from, to, weight = 1]) => from === walk.at(-1) && !seen.has(to) && values[from]! + weight === values[to],
        )
        .map(([, to]) => [...walk, to]),
    );
    for (const walk of after) seen.add(walk.at(-1)!);
    level = after;
  }
  const order = (a: number[], b: number[]): number => {
    const at = a.findIndex((node, i) => node !== b[i]);
    return at < 0 ? 0 : rank[a[at]!]! - rank[b[at]!]!;
  };
  return level.filter((walk) => walk.at(-1) === target).sort(order)[0];
}

const graphs = fc.integer({ min: 1, max: 9 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: nodes - 1 });
  const weight = fc.constantFrom(0, 0, 1, 1, 2, 0.1, 0.2, Number.POSITIVE_INFINITY);
  return fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(fc.tuple(node, node, weight), { maxLength: 30 }),
    source: node,
    target: node,
    rank: fc.shuffledSubarray(
      Array.from({ length: nodes }, (_, i) => i),
      { minLength: nodes },
    ),
  });
});

test('of all shortest paths the one with fewest nodes, and of these the first in the order of ids', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, edges, source, target, rank }) => {
      expect(path(nodes, edges, source, target, rank).nodes).toEqual(first(nodes, edges, source, target, rank));
    }),
    { numRuns: 500 },
  );
});

test('a long way, a way to oneself, and none', () => {
  const line: TestEdge[] = Array.from({ length: 5000 }, (_, i) => [i, i + 1, 0.1]);
  const rank = Array.from({ length: 5001 }, (_, i) => i);
  expect(path(5001, line, 0, 5000, rank).nodes).toEqual(rank);
  expect(path(5001, line, 7, 7, rank).nodes).toEqual([7]);
  expect(path(5001, line, 8, 7, rank).nodes).toEqual([]);
});
