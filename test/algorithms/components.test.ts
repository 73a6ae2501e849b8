import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ComponentsKernel, componentsTask } from '../../dist/src/algorithms/components.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { random, runKernel } from '../support/run-kernel.js';

function components(nodes: number, edges: readonly TestEdge[], rank: readonly number[], seed: number): number[] {
  const graph = graphCsrOf(nodes, edges, { rank, chunkWork: 16 });
  const { task, first } = componentsTask(new Memory(), graph);
  runKernel((breathe) => new ComponentsKernel(task, breathe), first, { threads: 3, seed, repeat: 0.2 });
  return [...task.values];
}

/** Flooding from the nodes in the order of their ranks. */
function flooded(nodes: number, edges: readonly TestEdge[], rank: readonly number[]): number[] {
  const near = Array.from({ length: nodes }, () => [] as number[]);
  for (const [source, target] of edges) {
    near[source]!.push(target);
    near[target]!.push(source);
  }
  const labels = new Array<number>(nodes).fill(-1);
  const order = Array.from({ length: nodes }, (_, node) => node).sort((a, b) => rank[a]! - rank[b]!);
  for (const start of order) {
    const open = labels[start] === -1 ? [start] : [];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (labels[node] !== -1) continue;
      labels[node] = 10 + 3 * start;
      open.push(...near[node]!);
    }
  }
  return labels;
}

function shuffled(count: number, seed: number): number[] {
  const chance = random(seed + 1);
  const values = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}

const graphs = fc.integer({ min: 1, max: 120 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: nodes - 1 });
  return fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(fc.tuple(node, node), { maxLength: 150 }),
    seed: fc.nat(),
  });
});

test('the label is the handle of the least id, for any order of chunks, repeated or not', () => {
  fc.assert(
    fc.property(graphs, ({ nodes, edges, seed }) => {
      const rank = shuffled(nodes, seed);
      expect(components(nodes, edges, rank, seed)).toEqual(flooded(nodes, edges, rank));
    }),
    { numRuns: 300 },
  );
});

test('a path, a star, and nobody', () => {
  const count = 3000;
  const rank = shuffled(count, 5);
  const path: TestEdge[] = shuffled(count - 1, 8).map((i) => [i, i + 1]);
  expect(components(count, path, rank, 2)).toEqual(flooded(count, path, rank));
  const star: TestEdge[] = Array.from({ length: count - 10 }, (_, i) => [count - 1, i]);
  expect(components(count, star, rank, 2)).toEqual(flooded(count, star, rank));
  expect(components(0, [], [], 1)).toEqual([]);
});
