import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PageRankKernel, pageRankResult, pageRankTask } from '../../dist/src/algorithms/pagerank.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { runKernel } from '../support/run-kernel.js';

interface Asked {
  direction?: 'out' | 'both';
  damping?: number;
  tolerance?: number;
  maxIterations?: number;
  seed?: number;
  threads?: number;
}

function pageRank(nodes: number, edges: readonly TestEdge[], asked: Asked = {}) {
  const { direction = 'out', damping = 0.85, tolerance = 0, maxIterations = 20, seed = 1, threads = 2 } = asked;
  const graph = graphCsrOf(nodes, edges, { chunkWork: 16 });
  const [inward, outward] = direction === 'both' ? [graph.both, graph.both] : [graph.in, graph.out];
  const { task, first } = pageRankTask(new Memory(), inward, outward, { damping, tolerance, maxIterations });
  runKernel((breathe) => new PageRankKernel(task, breathe), first, { threads, seed, repeat: 0.2 });
  return pageRankResult(task);
}

/** The definition, round by round, over sets of neighbours. */
function plainRanks(
  nodes: number,
  edges: readonly TestEdge[],
  asked: Asked = {},
): { values: number[]; iterations: number } {
  const { direction = 'out', damping = 0.85, tolerance = 0, maxIterations = 20 } = asked;
  const targets = Array.from({ length: nodes }, () => new Set<number>());
  for (const [source, target] of edges) {
    targets[source]!.add(target);
    if (direction === 'both') targets[target]!.add(source);
  }
  let ranks = new Array<number>(nodes).fill(1 / nodes);
  for (let round = 1; ; round++) {
    const dangling = ranks.reduce((sum, rank, node) => sum + (targets[node]!.size === 0 ? rank : 0), 0);
    const after = new Array<number>(nodes).fill((1 - damping) / nodes + (damping * dangling) / nodes);
    targets.forEach((of, node) => {
      for (const target of of) after[target]! += (damping * ranks[node]!) / of.size;
    });
    const change = after.reduce((sum, rank, node) => sum + Math.abs(rank - ranks[node]!), 0);
    ranks = after;
    if (round === maxIterations || change < tolerance) return { values: ranks, iterations: round };
  }
}

const graphs = fc.integer({ min: 1, max: 60 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: nodes - 1 });
  return fc.record({ nodes: fc.constant(nodes), edges: fc.array(fc.tuple(node, node), { maxLength: 200 }) });
});

test('ranks are those of the definition, for any order of chunks, repeated or not', () => {
  fc.assert(
    fc.property(
      graphs,
      fc.constantFrom('out' as const, 'both' as const),
      fc.nat(),
      ({ nodes, edges }, direction, seed) => {
        const { values, iterations } = pageRank(nodes, edges, { direction, seed });
        const plain = plainRanks(nodes, edges, { direction });
        expect(iterations).toBe(20);
        for (let node = 0; node < nodes; node++) expect(values[node]).toBeCloseTo(plain.values[node]!, 12);
        expect(values.reduce((sum, rank) => sum + rank, 0)).toBeCloseTo(1, 10);
        // To the last bit, for any number of workers.
        expect(pageRank(nodes, edges, { direction, seed: seed + 1, threads: 5 }).values).toEqual(values);
      },
    ),
  );
});

test('rounds end when little changes', () => {
  const edges: TestEdge[] = Array.from({ length: 300 }, (_, i) => [(i * 7) % 50, (i * i + 3) % 50]);
  const asked = { tolerance: 1e-6, maxIterations: 100 };
  const { iterations } = pageRank(50, edges, asked);
  expect(iterations).toBe(plainRanks(50, edges, asked).iterations);
  expect(iterations).toBeLessThan(100);
});

test('one node, and nodes without edges', () => {
  expect([...pageRank(1, []).values]).toEqual([1]);
  expect([...pageRank(1, [[0, 0]]).values]).toEqual([expect.closeTo(1, 12)]);
  for (const rank of pageRank(4, []).values) expect(rank).toBeCloseTo(0.25, 12);
});
