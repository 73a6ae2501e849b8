import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrianglesKernel, trianglesTask } from '../../dist/src/algorithms/triangles.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { runKernel } from '../support/run-kernel.js';
import { options, SEED, someGraph, someRun } from '../support/some-graph.js';

type Run = { threads?: number; seed?: number; repeat?: number };

function triangles(nodes: number, edges: readonly TestEdge[], run: Run = {}, chunkWork?: number): number {
  const graph = graphCsrOf(nodes, edges, { chunkWork });
  const { task, first, mostChunks } = trianglesTask(new Memory(), graph);
  expect(first.chunks).toBeLessThanOrEqual(mostChunks);
  runKernel((breathe) => new TrianglesKernel(task, breathe), first, run);
  return task.total[0]!;
}

/** By definition: sets of three, each two of them neighbours. */
function byDefinition(nodes: number, edges: readonly TestEdge[]): number {
  const near = Array.from({ length: nodes }, () => new Array<boolean>(nodes).fill(false));
  for (const [a, b] of edges) {
    near[a]![b] = true;
    near[b]![a] = true;
  }
  let count = 0;
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) {
      for (let c = b + 1; near[a]![b] && c < nodes; c++) if (near[a]![c] && near[b]![c]) count++;
    }
  }
  return count;
}

const clique = (nodes: number): TestEdge[] =>
  Array.from({ length: nodes * nodes }, (_, i): TestEdge => [Math.floor(i / nodes), i % nodes]);

test('no nodes, one, a loop, an edge both ways, a star and a path have none', () => {
  expect(triangles(0, [])).toBe(0);
  expect(triangles(1, [])).toBe(0);
  expect(triangles(1, [[0, 0]])).toBe(0);
  expect(
    triangles(2, [
      [0, 1],
      [1, 0],
    ]),
  ).toBe(0);
  const star = Array.from({ length: 99 }, (_, i): TestEdge => [0, i + 1]);
  expect(triangles(100, star)).toBe(0);
  const path = Array.from({ length: 99 }, (_, i): TestEdge => [i, i + 1]);
  expect(triangles(100, path, {}, 16)).toBe(0);
});

test('a clique has n over 3, loops or not; degrees beyond the exact keys and blocks', () => {
  for (const nodes of [3, 4, 17, 64, 300]) {
    expect(triangles(nodes, clique(nodes), { threads: 3 }, 500)).toBe((nodes * (nodes - 1) * (nodes - 2)) / 6);
  }
});

test(`any graph, any number of workers, chunks and moves repeated: as by definition (seed ${SEED})`, () => {
  fc.assert(
    fc.property(someGraph, someRun, ({ nodes, edges, chunkWork }, run) => {
      expect(triangles(nodes, edges, run, chunkWork)).toBe(byDefinition(nodes, edges));
    }),
    options,
  );
});

test('it ends where the job does', () => {
  const { task, first } = trianglesTask(new Memory(), graphCsrOf(300, clique(300)));
  let breaths = 0;
  const kernel = new TrianglesKernel(task, () => ++breaths < 10);
  for (let { phase } = first; phase < 3; phase++) {
    expect(kernel.chunk(phase, 0)).toBe(true);
    kernel.next(phase);
  }
  expect(first.chunks).toBe(3);
  expect([0, 1, 2].map((chunk) => kernel.chunk(3, chunk))).toContain(false);
  expect(breaths).toBeGreaterThanOrEqual(10);
});
