import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShortestPathKernel, shortestPathResult, shortestPathTask } from '../../dist/src/algorithms/shortest-path.js';
import { badWeightOf } from '../../dist/src/algorithms/weights.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { maskOf, type PathGraph, plainDistances, rowsOf } from '../support/plain-paths.js';
import { random, runKernel } from '../support/run-kernel.js';
import { options, someGraph, someRun } from '../support/some-graph.js';
import { kinds, weightOf } from '../support/weights.js';

interface Asked extends PathGraph {
  readonly target: number;
  readonly rank?: readonly number[];
  readonly chunkWork?: number;
  /** Whether arcs by target have weights. */
  readonly weighted?: boolean;
}

const once = { threads: 2, seed: 3, repeat: 0.3 };

function taskOf(asked: Asked, run = once) {
  const { nodes, edges, source, target, direction = 'out', allowed, rank, chunkWork = 64, weighted = true } = asked;
  const graph = graphCsrOf(nodes, edges, { chunkWork, ...(rank && { rank }) });
  const inward = direction === 'both' ? graph.both : graph.in;
  const parts = {
    forward: graph[direction],
    backward: weighted || direction === 'both' ? inward : { ...inward, weights: undefined },
    rank: graph.rank,
  };
  const { task, first } = shortestPathTask(new Memory(), parts, { source, target, allowed: maskOf(allowed) });
  runKernel((breathe) => new ShortestPathKernel(task, breathe), first, run);
  return task;
}

function pathOf(asked: Asked, run = once): { nodes: number[]; length: number } | undefined {
  const found = shortestPathResult(taskOf(asked, run));
  return found && { nodes: [...found.nodes], length: found.length };
}

/** All simple paths are looked at: the shortest, then of the fewest nodes, then the first by rank. */
function plainPath(asked: Asked): { nodes: number[]; length: number } | undefined {
  const { source, target, allowed, rank } = asked;
  const rows = rowsOf(asked);
  let best: { nodes: number[]; length: number } | undefined;
  const isBefore = (nodes: number[], length: number): boolean => {
    if (best === undefined) return length < Number.POSITIVE_INFINITY;
    if (length !== best.length) return length < best.length;
    if (nodes.length !== best.nodes.length) return nodes.length < best.nodes.length;
    const at = nodes.findIndex((node, i) => node !== best!.nodes[i]);
    return at >= 0 && rank![nodes[at]!]! < rank![best.nodes[at]!]!;
  };
  const walk = (nodes: number[], length: number): void => {
    const last = nodes.at(-1)!;
    if (last === target) {
      if (isBefore(nodes, length)) best = { nodes, length };
      return;
    }
    for (const [next, weight] of rows[last]!) {
      if (allowed?.[next] === false || nodes.includes(next)) continue;
      walk([...nodes, next], length + weight);
    }
  };
  if (allowed?.[source] !== false) walk([source], 0);
  return best;
}

const rest = fc.record({
  run: someRun,
  direction: fc.constantFrom('out' as const, 'both' as const),
  weighted: fc.boolean(),
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
  ends: fc.tuple(fc.nat(), fc.nat()),
  barred: fc.option(fc.array(fc.nat(), { maxLength: 3 }), { nil: undefined }),
});

describe('a shortest path', () => {
  test('is of the fewest nodes, and of these the first by id', () => {
    const small = fc.record({
      nodes: fc.integer({ min: 1, max: 7 }),
      edges: fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 }), fc.nat({ max: 3 })), { maxLength: 24 }),
      rank: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
    });
    const property = fc.property(small, rest, ({ nodes, edges: any, rank }, { run, ends, barred, ...more }) => {
      const edges = any.map(([a, b, weight]): TestEdge => [a % nodes, b % nodes, weight]);
      const allowed = barred && Array.from({ length: nodes }, (_, node) => !barred.some((i) => i % nodes === node));
      const asked = { nodes, edges, rank: rank.slice(0, nodes), source: ends[0] % nodes, target: ends[1] % nodes };
      const one = { ...asked, allowed, chunkWork: 4, ...more };
      expect(pathOf(one, run)).toEqual(plainPath(one));
    });
    fc.assert(property, { ...options, numRuns: 600 });
  });

  test("has the length that Dijkstra's algorithm gives, bit for bit, whatever the weights", () => {
    const property = fc.property(
      someGraph,
      rest,
      fc.constantFrom(...kinds),
      ({ nodes, edges: pairs, rank }, { run, ends, seed, barred, ...more }, kind) => {
        if (nodes === 0) return;
        const chance = random(seed);
        const edges = pairs.map(([source, target]): TestEdge => [source, target, weightOf[kind](chance)]);
        const allowed = barred && Array.from({ length: nodes }, (_, node) => !barred.some((i) => i % nodes === node));
        const asked = { nodes, edges, rank, allowed, source: ends[0] % nodes, target: ends[1] % nodes, ...more };
        const found = pathOf(asked, run);
        expect(found?.length ?? Number.POSITIVE_INFINITY).toBe(plainDistances(asked)[asked.target]);
        if (found !== undefined) isPath(asked, found);
      },
    );
    fc.assert(property, options);
  });

  test('the same on larger graphs', () => {
    const property = fc.property(rest, fc.constantFrom(...kinds), ({ run, ends, seed, direction }, kind) => {
      const chance = random(seed);
      const nodes = 500;
      const edges = Array.from({ length: 900 + Math.floor(chance() * 2000) }, (): TestEdge => {
        const source = Math.floor(chance() * nodes);
        return [source, (source + Math.floor(chance() ** 3 * nodes)) % nodes, weightOf[kind](chance)];
      });
      const asked = { nodes, edges, source: ends[0] % nodes, target: ends[1] % nodes, direction };
      const found = pathOf(asked, run);
      expect(found?.length ?? Number.POSITIVE_INFINITY).toBe(plainDistances(asked)[asked.target]);
      if (found !== undefined) isPath(asked, found);
    });
    fc.assert(property, { ...options, numRuns: 60 });
  });

  test('from a node to itself is that node; none leads where no arc, no finite arc or no allowed node does', () => {
    const edges: TestEdge[] = [
      [0, 1, 2],
      [1, 2, 3],
      [2, 3, Number.POSITIVE_INFINITY],
      [4, 0, 1],
    ];
    const asked = { nodes: 5, edges, source: 0 };
    expect(pathOf({ ...asked, target: 0 })).toEqual({ nodes: [0], length: 0 });
    expect(pathOf({ ...asked, target: 2 })).toEqual({ nodes: [0, 1, 2], length: 5 });
    expect(pathOf({ ...asked, target: 3 })).toBeUndefined();
    expect(pathOf({ ...asked, target: 4 })).toBeUndefined();
    expect(pathOf({ ...asked, target: 4, direction: 'both' })).toEqual({ nodes: [0, 4], length: 1 });
    for (const barred of [0, 1, 2]) {
      const allowed = [0, 1, 2, 3, 4].map((node) => node !== barred);
      expect(pathOf({ ...asked, target: 2, allowed })).toBeUndefined();
    }
    expect(pathOf({ ...asked, target: 0, allowed: [false, true, true, true, true] })).toBeUndefined();
  });

  test('does not go round in cycles of weight zero', () => {
    const nodes = 60;
    const ring = Array.from({ length: nodes }, (_, i): TestEdge => [i, (i + 1) % nodes, 0]);
    const asked = { nodes, edges: [...ring, [30, 59, 0] as TestEdge], source: 3, target: 2 };
    const path = [...Array.from({ length: 28 }, (_, i) => 3 + i), 59, 0, 1, 2];
    expect(pathOf(asked)).toEqual({ nodes: path, length: 0 });
  });

  test('is not looked for where a weight is negative or NaN', () => {
    for (const weight of [-1, Number.NaN]) {
      const task = taskOf({
        nodes: 4,
        edges: [
          [0, 1, 1],
          [2, 3, weight],
        ],
        source: 0,
        target: 1,
        chunkWork: 2,
      });
      expect(badWeightOf(task)).toEqual({ source: 2, target: 3, weight });
      expect(shortestPathResult(task)).toBeUndefined();
    }
  });
});

function isPath(asked: Asked, { nodes, length }: { nodes: number[]; length: number }): void {
  const rows = rowsOf(asked);
  expect(nodes[0]).toBe(asked.source);
  expect(nodes.at(-1)).toBe(asked.target);
  expect(new Set(nodes).size).toBe(nodes.length);
  let sum = 0;
  for (let i = 1; i < nodes.length; i++) {
    expect(asked.allowed?.[nodes[i]!]).not.toBe(false);
    sum += rows[nodes[i - 1]!]!.get(nodes[i]!)!;
  }
  expect(sum).toBe(length);
}
