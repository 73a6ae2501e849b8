import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommunitiesKernel, type CommunitiesOptions, communitiesTask } from '../../dist/src/algorithms/communities.js';
import type { GraphCsr } from '../../dist/src/csr/csr.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { runKernel } from '../support/run-kernel.js';
import { options, SEED, someGraph, someRun } from '../support/some-graph.js';

type Run = { threads?: number; seed?: number; repeat?: number };

function communities(graph: GraphCsr, how: CommunitiesOptions, run: Run = {}): { values: number[]; phases: number } {
  const { task, first, mostChunks } = communitiesTask(new Memory(), graph, how);
  expect(first.chunks).toBeLessThanOrEqual(mostChunks);
  const { phases } = runKernel((breathe) => new CommunitiesKernel(task, breathe), first, run);
  return { values: [...task.values], phases };
}

/** By definition, in maps; labels are ranks, and handles in the end. */
function byDefinition(graph: Required<GraphCsr>, { iterations, direction }: CommunitiesOptions): number[] {
  const arcs = direction === 'both' ? [graph.both!] : [graph.out!, graph.in!];
  let labels = [...graph.rank!];
  for (let round = 0; round < iterations; round++) {
    labels = labels.map((own, node) => {
      const counts = new Map<number, number>();
      for (const { offsets, targets } of arcs) {
        for (const other of targets.subarray(offsets[node], offsets[node + 1])) {
          counts.set(labels[other]!, (counts.get(labels[other]!) ?? 0) + 1);
        }
      }
      const [best] = [...counts].sort(([a, timesA], [b, timesB]) => timesB - timesA || a - b);
      return best === undefined ? own : best[0];
    });
  }
  const indexOf = new Map([...graph.rank!].map((rank, index) => [rank, index]));
  return labels.map((label) => graph.handles[indexOf.get(label)!]!);
}

for (const direction of ['out', 'both'] as const) {
  test(`any graph, ${direction}: as by definition, whatever the workers and repeats (seed ${SEED})`, () => {
    fc.assert(
      fc.property(someGraph, someRun, fc.integer({ min: 0, max: 12 }), ({ nodes, edges, ...made }, run, iterations) => {
        const graph = graphCsrOf(nodes, edges, made);
        const how = { iterations, direction };
        expect(communities(graph, how, run).values).toEqual(byDefinition(graph, how));
      }),
      options,
    );
  });
}

test('changes that go along a path reach only neighbours of what changed', () => {
  const nodes = 500;
  const edges = Array.from({ length: nodes - 1 }, (_, i): TestEdge => [i, i + 1]);
  const graph = graphCsrOf(nodes, [...edges, [nodes - 2, nodes - 2]], { chunkWork: 100 });
  for (const iterations of [7, 300, 600]) {
    const how = { iterations, direction: 'both' } as const;
    expect(communities(graph, how).values).toEqual(byDefinition(graph, how));
  }
});

test('a round that changes nothing ends it', () => {
  const pairs = Array.from({ length: 20 }, (_, i): TestEdge => [2 * i, 2 * i + 1]).flatMap(([a, b]): TestEdge[] => [
    [a, a],
    [a, b],
    [b, b],
  ]);
  const { values, phases } = communities(graphCsrOf(40, pairs), { iterations: 1_000_000, direction: 'both' });
  expect(values).toEqual(Array.from({ length: 40 }, (_, i) => 10 + 3 * (i - (i % 2))));
  // A round, one that changes nothing, and the values.
  expect(phases).toBe(3);
});

test('two that point at each other swap labels for ever', () => {
  const graph = graphCsrOf(2, [[0, 1]]);
  expect(communities(graph, { iterations: 5, direction: 'both' }).values).toEqual([13, 10]);
  expect(communities(graph, { iterations: 1000, direction: 'both' }).values).toEqual([10, 13]);
});

test('a hub with more neighbours than are kept at once', () => {
  const leaves = 30_000;
  const edges = Array.from({ length: leaves }, (_, i): TestEdge => [0, i + 1]);
  // Two thousand leaves name leaf 25,000 before the last round, the others the hub or each its own.
  for (let i = 1; i < 2000; i++) edges.push([i, 25_000], [i, 25_000 + i]);
  for (const direction of ['out', 'both'] as const) {
    for (const iterations of [1, 2, 3]) {
      const graph = graphCsrOf(leaves + 1, edges);
      expect(communities(graph, { iterations, direction }).values).toEqual(
        byDefinition(graph, { iterations, direction }),
      );
    }
  }
});

test('no nodes, and one', () => {
  for (const direction of ['out', 'both'] as const) {
    expect(communities(graphCsrOf(0, []), { iterations: 10, direction }).values).toEqual([]);
    expect(communities(graphCsrOf(1, []), { iterations: 10, direction }).values).toEqual([10]);
    expect(communities(graphCsrOf(1, [[0, 0]]), { iterations: 0, direction }).values).toEqual([10]);
  }
});

test('it ends where the job does', () => {
  const edges = Array.from({ length: 30_000 }, (_, i): TestEdge => [0, i + 1]);
  const { task } = communitiesTask(new Memory(), graphCsrOf(30_001, edges), { iterations: 1, direction: 'both' });
  expect(new CommunitiesKernel(task, () => false).chunk(0, 0)).toBe(false);
});
