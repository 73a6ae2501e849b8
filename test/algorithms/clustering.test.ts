import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClusteringKernel, clusteringTask } from '../../dist/src/algorithms/clustering.js';
import type { GraphCsr } from '../../dist/src/csr/csr.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { runKernel } from '../support/run-kernel.js';
import { options, SEED, someGraph, someRun } from '../support/some-graph.js';

type Direction = 'out' | 'both';
const DIRECTIONS: Direction[] = ['out', 'both'];

function clustering(
  graph: GraphCsr,
  direction: Direction,
  run: { threads?: number; seed?: number; repeat?: number } = {},
): number[] {
  const { task, first, mostChunks } = clusteringTask(new Memory(), graph, { direction });
  expect(first.chunks).toBeLessThanOrEqual(mostChunks);
  runKernel((breathe) => new ClusteringKernel(task, breathe), first, run);
  return [...task.values];
}

/** By definition: arcs between neighbours over d * (d - 1). */
function byDefinition(nodes: number, edges: readonly TestEdge[], direction: Direction): number[] {
  const arc = Array.from({ length: nodes }, () => new Array<boolean>(nodes).fill(false));
  for (const [a, b] of edges) {
    if (a === b) continue;
    arc[a]![b] = true;
    if (direction === 'both') arc[b]![a] = true;
  }
  return arc.map((row, node) => {
    const near = row.flatMap((has, other) => (has || arc[other]![node] ? [other] : []));
    if (near.length < 2) return 0;
    let count = 0;
    for (const a of near) for (const b of near) if (arc[a]![b]) count++;
    return count / (near.length * (near.length - 1));
  });
}

for (const direction of DIRECTIONS) {
  test(`any graph, ${direction}: as by definition, whatever the workers and repeats (seed ${SEED})`, () => {
    fc.assert(
      fc.property(someGraph, someRun, ({ nodes, edges, chunkWork }, run) => {
        const found = clustering(graphCsrOf(nodes, edges, { chunkWork }), direction, run);
        expect(found).toEqual(byDefinition(nodes, edges, direction));
      }),
      options,
    );
  });

  test(`no nodes, one, a loop, a star and a path have none, ${direction}`, () => {
    expect(clustering(graphCsrOf(0, []), direction)).toEqual([]);
    expect(clustering(graphCsrOf(1, [[0, 0]]), direction)).toEqual([0]);
    const star = Array.from({ length: 99 }, (_, i): TestEdge => [0, i + 1]);
    const path = Array.from({ length: 99 }, (_, i): TestEdge => [i, i + 1]);
    for (const edges of [star, path]) {
      expect(clustering(graphCsrOf(100, edges, { chunkWork: 16 }), direction)).toEqual(new Array(100).fill(0));
    }
  });

  test(`a hub with more neighbours than a block of lists and the room for them, ${direction}`, () => {
    const nodes = 3001;
    const edges: TestEdge[] = [];
    for (let i = 1; i < nodes; i++) edges.push([0, i], [i, i === nodes - 1 ? 1 : i + 1]);
    const [hub, ...rim] = clustering(graphCsrOf(nodes, edges), direction);
    const links = direction === 'both' ? 2 : 1;
    expect(hub).toBe((links * 3000) / (3000 * 2999));
    // Each has the hub and two others: of three pairs two are linked.
    expect(rim).toEqual(new Array(3000).fill((links * 2) / 6));
  });
}

test('arcs of both ways count twice in a directed graph', () => {
  const edges: TestEdge[] = [
    [0, 1],
    [2, 0],
    [1, 2],
    [2, 1],
  ];
  expect(clustering(graphCsrOf(3, edges), 'out')).toEqual([1, 0.5, 0.5]);
  expect(clustering(graphCsrOf(3, edges), 'both')).toEqual([1, 1, 1]);
});

test('it ends where the job does', () => {
  const edges = Array.from({ length: 300 * 300 }, (_, i): TestEdge => [Math.floor(i / 300), i % 300]);
  const { task, first } = clusteringTask(new Memory(), graphCsrOf(300, edges), { direction: 'both' });
  let isOver = false;
  const kernel = new ClusteringKernel(task, () => !isOver);
  for (let phase = 0; phase < 3; phase++) {
    for (let chunk = 0; chunk < first.chunks; chunk++) expect(kernel.chunk(phase, chunk)).toBe(true);
    kernel.next(phase);
  }
  isOver = true;
  expect(kernel.chunk(3, 0)).toBe(false);
});
