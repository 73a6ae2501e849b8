import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SsspKernel } from '../../dist/src/algorithms/sssp.js';
import { SsspPhase, ssspTask } from '../../dist/src/algorithms/sssp-task.js';
import { badWeightOf } from '../../dist/src/algorithms/weights.js';
import type { Kernel } from '../../dist/src/base/kernel.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { lostAfter } from '../support/lost.js';
import { maskOf, plainDistances } from '../support/plain-paths.js';
import { random, runKernel } from '../support/run-kernel.js';
import { options, type SomeRun, someGraph, someRun } from '../support/some-graph.js';
import { kinds, weightOf } from '../support/weights.js';

interface Asked {
  nodes: number;
  edges: readonly TestEdge[];
  source: number;
  direction?: 'out' | 'both';
  allowed?: readonly boolean[] | undefined;
  chunkWork?: number;
  /** 1: all walk together; undefined: as in use. */
  heavyArcs?: number | undefined;
  /** A way of walking; 3: all phases. */
  losses?: number | undefined;
  mostProposals?: number | undefined;
}

const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;

function distancesOf(asked: Asked, run: SomeRun): number[] {
  const { nodes, edges, source, direction = 'out', allowed, chunkWork = 256, heavyArcs, mostProposals, losses } = asked;
  const csr = graphCsrOf(nodes, edges, { chunkWork })[direction];
  const more = defined({ heavyArcs: heavyArcs!, mostProposals: mostProposals! });
  const { task, first } = ssspTask(new Memory(), csr, { source, allowed: maskOf(allowed), ...more });
  // Each worker is lost once and again, in all phases or in one way of walking alone.
  const chance = random(run.seed);
  const counts = (phase: number): boolean => losses === 3 || (phase >= SsspPhase.firstStep && (phase & 3) === losses);
  const lost = (breathe: () => boolean): Kernel =>
    lostAfter(2 ** (8 * chance()) - 1, counts, task, (own) => new SsspKernel(own, breathe));
  runKernel((breathe) => (losses === undefined ? new SsspKernel(task, breathe) : lost(breathe)), first, run);
  expect(badWeightOf(task)).toBeUndefined();
  return [...task.values];
}

const rest = fc.record({
  run: someRun,
  direction: fc.constantFrom('out' as const, 'both' as const),
  kind: fc.constantFrom(...kinds),
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
  heavyArcs: fc.constantFrom(1, 1, 1, 4, 32, undefined),
  losses: fc.constantFrom(undefined, 0, 1, 2, 3),
  mostProposals: fc.constantFrom(1, 512, undefined),
  barred: fc.option(fc.array(fc.nat(), { maxLength: 8 }), { nil: undefined }),
});

function agrees(
  nodes: number,
  pairs: readonly TestEdge[],
  chunkWork: number,
  asked: typeof rest extends fc.Arbitrary<infer T> ? T : never,
): void {
  const { run, direction, kind, seed, heavyArcs, mostProposals, barred, losses } = asked;
  const chance = random(seed);
  const edges = pairs.map(([source, target]): TestEdge => [source, target, weightOf[kind](chance)]);
  const allowed = barred && Array.from({ length: nodes }, (_, node) => !barred.some((i) => i % nodes === node));
  const one = { nodes, edges, source: seed % nodes, direction, allowed, chunkWork, heavyArcs, mostProposals, losses };
  expect(distancesOf(one, run)).toEqual(plainDistances(one));
}

test("distances are those of Dijkstra's algorithm, bit for bit, however steps and chunks go and workers are lost", () => {
  const property = fc.property(someGraph, rest, ({ nodes, edges, chunkWork }, asked) => {
    if (nodes > 0) agrees(nodes, edges, chunkWork, asked);
  });
  fc.assert(property, options);
});

test('the same on graphs of many blocks and ranges', () => {
  const property = fc.property(rest, (asked) => {
    const chance = random(asked.seed + 1);
    const nodes = 300 + Math.floor(chance() * 900);
    const reach = 1 + Math.floor(chance() ** 3 * nodes);
    const edges = Array.from({ length: Math.floor(nodes * (0.5 + 4 * chance() ** 2)) }, (): TestEdge => {
      const source = Math.floor(chance() * nodes);
      const near = source + Math.floor((chance() - 0.4) * reach);
      return [source, chance() < 0.02 ? 7 : ((near % nodes) + nodes) % nodes];
    });
    agrees(nodes, edges, 64, asked);
  });
  fc.assert(property, { ...options, numRuns: 50 });
});

const run = { threads: 2, seed: 5, repeat: 0.2 };

test('one node, a path, a star of more arcs than a step has room for, a source that may not be entered', () => {
  expect(distancesOf({ nodes: 1, edges: [[0, 0, 3]], source: 0 }, run)).toEqual([0]);
  const nodes = 3000;
  const path = Array.from({ length: nodes - 1 }, (_, i): TestEdge => [i, i + 1, i % 7]);
  expect(distancesOf({ nodes, edges: path, source: 0 }, run)).toEqual(
    plainDistances({ nodes, edges: path, source: 0 }),
  );
  const star = Array.from({ length: nodes - 1 }, (_, i): TestEdge => [0, i + 1, nodes - i]);
  for (const mostProposals of [1, undefined]) {
    const asked = { nodes, edges: star, source: 0, heavyArcs: 1, mostProposals };
    expect(distancesOf(asked, run)).toEqual(plainDistances(asked));
  }
  const none = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  expect(distancesOf({ nodes: 2, edges: [[0, 1, 1]], source: 0, allowed: [false, true] }, run)).toEqual(none);
});

test('a weight that is negative or NaN is found, wherever it is, and named', () => {
  for (const [weight, at] of [
    [-1, 0],
    [-Number.MIN_VALUE, 30],
    [Number.NaN, 59],
    [Number.NEGATIVE_INFINITY, 45],
  ] as const) {
    // Edges between nodes that the source does not reach.
    const edges = Array.from({ length: 60 }, (_, i): TestEdge => [i + 1, i + 2, i === at ? weight : 1]);
    const { out } = graphCsrOf(62, edges, { chunkWork: 8 });
    const { task, first } = ssspTask(new Memory(), out, { source: 0, heavyArcs: 2 });
    runKernel((breathe) => new SsspKernel(task, breathe), first, run);
    expect(badWeightOf(task)).toEqual({ source: at + 1, target: at + 2, weight });
  }
  const { out } = graphCsrOf(2, [[0, 1, -0]]);
  const { task, first } = ssspTask(new Memory(), out, { source: 0 });
  runKernel((breathe) => new SsspKernel(task, breathe), first, run);
  expect(badWeightOf(task)).toBeUndefined();
});
