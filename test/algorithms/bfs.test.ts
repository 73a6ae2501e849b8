import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BfsKernel } from '../../dist/src/algorithms/bfs.js';
import { BfsPhase, bfsTask } from '../../dist/src/algorithms/bfs-task.js';
import type { Kernel } from '../../dist/src/base/kernel.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { lostAfter } from '../support/lost.js';
import { maskOf, plainHops } from '../support/plain-paths.js';
import { random, runKernel } from '../support/run-kernel.js';
import { options, type SomeGraph, type SomeRun, someGraph, someRun } from '../support/some-graph.js';

interface Asked {
  nodes: number;
  edges: readonly TestEdge[];
  source: number;
  direction?: 'out' | 'both';
  allowed?: readonly boolean[] | undefined;
  chunkWork?: number;
  /** 1: every level is walked together; undefined: as in use. */
  heavyArcs?: number | undefined;
  /** A way of walking; 3: all phases. */
  losses?: number | undefined;
}

function hopsOf(asked: Asked, run: SomeRun): { values: number[]; phases: number } {
  const { nodes, edges, source, direction = 'out', allowed, chunkWork = 256, heavyArcs, losses } = asked;
  const graph = graphCsrOf(nodes, edges, { chunkWork });
  const [forward, backward] = direction === 'both' ? [graph.both, graph.both] : [graph.out, graph.in];
  const more = heavyArcs === undefined ? {} : { heavyArcs };
  const { task, first } = bfsTask(new Memory(), forward, backward, { source, allowed: maskOf(allowed), ...more });
  // Each worker is lost once and again, in all phases or in one way of walking alone.
  const chance = random(run.seed);
  const counts = (phase: number): boolean => losses === 3 || (phase >= BfsPhase.firstLevel && (phase & 3) === losses);
  const lost = (breathe: () => boolean): Kernel =>
    lostAfter(2 ** (8 * chance()) - 1, counts, task, (own) => new BfsKernel(own, breathe));
  const { phases } = runKernel(
    (breathe) => (losses === undefined ? new BfsKernel(task, breathe) : lost(breathe)),
    first,
    run,
  );
  return { values: [...task.values], phases };
}

const rest = fc.record({
  run: someRun,
  direction: fc.constantFrom('out' as const, 'both' as const),
  from: fc.nat(),
  heavyArcs: fc.constantFrom(1, 1, 1, 4, 32, undefined),
  losses: fc.constantFrom(undefined, 0, 1, 2, 3),
  barred: fc.option(fc.array(fc.nat(), { maxLength: 8 }), { nil: undefined }),
});

test('hops are those of a search by queue, however levels are walked, chunks go and workers are lost', () => {
  const property = fc.property(someGraph, rest, ({ nodes, edges, chunkWork }, { run, direction, from, ...more }) => {
    if (nodes === 0) return;
    const { heavyArcs, barred, losses } = more;
    const allowed = barred && Array.from({ length: nodes }, (_, node) => !barred.some((i) => i % nodes === node));
    const asked = { nodes, edges, source: from % nodes, direction, allowed, chunkWork, heavyArcs, losses };
    expect(hopsOf(asked, run).values).toEqual(plainHops(asked));
  });
  fc.assert(property, options);
});

/** Graphs of hundreds of nodes, so that there are many blocks: wide, narrow, with hubs and parts that nothing leads to. */
function largeGraph(seed: number): SomeGraph {
  const chance = random(seed);
  const nodes = 200 + Math.floor(chance() * 1200);
  const edges: TestEdge[] = [];
  const reach = 1 + Math.floor(chance() ** 3 * nodes);
  const count = Math.floor(nodes * (0.5 + 5 * chance() ** 2));
  for (let i = 0; i < count; i++) {
    const source = Math.floor(chance() * nodes);
    const near = source + Math.floor((chance() - 0.4) * reach);
    edges.push([source, chance() < 0.02 ? 7 : ((near % nodes) + nodes) % nodes]);
  }
  return { nodes, edges, rank: [], chunkWork: 64 };
}

test('the same on graphs of many blocks', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 2 ** 30 }),
    rest,
    (seed, { run, direction, from, ...more }) => {
      const { nodes, edges, chunkWork } = largeGraph(seed);
      const { heavyArcs, barred, losses } = more;
      const allowed = barred && Array.from({ length: nodes }, (_, node) => !barred.some((i) => i % nodes === node));
      const asked = { nodes, edges, source: from % nodes, direction, allowed, chunkWork, heavyArcs, losses };
      expect(hopsOf(asked, run).values).toEqual(plainHops(asked));
    },
  );
  fc.assert(property, { ...options, numRuns: 100 });
});

const run = { threads: 2, seed: 5, repeat: 0.2 };

test('marks go round: a path of a thousand hops, walked together and alone', () => {
  const nodes = 1000;
  const edges = Array.from({ length: nodes - 1 }, (_, i): TestEdge => [i, i + 1]);
  const wanted = Array.from({ length: nodes }, (_, i) => i);
  expect(hopsOf({ nodes, edges, source: 0, heavyArcs: 1 }, run).values).toEqual(wanted);
  const alone = hopsOf({ nodes, edges, source: 0 }, run);
  expect(alone.values).toEqual(wanted);
  // However many hops: one phase for all small levels, one to end.
  expect(alone.phases).toBe(2);
});

test('one node, a clique, a star from its rim and its hub, a source that may not be entered', () => {
  expect(hopsOf({ nodes: 1, edges: [[0, 0]], source: 0 }, run).values).toEqual([0]);
  const clique = Array.from({ length: 900 }, (_, i): TestEdge => [Math.floor(i / 30), i % 30]);
  expect(hopsOf({ nodes: 30, edges: clique, source: 3 }, run).values).toEqual(
    Array.from({ length: 30 }, (_, i) => (i === 3 ? 0 : 1)),
  );
  const nodes = 100_000;
  const star = Array.from({ length: nodes - 1 }, (_, i): TestEdge => [0, i + 1]);
  const fromRim = hopsOf({ nodes, edges: star, source: 5, direction: 'both' }, run).values;
  expect(fromRim.slice(0, 6)).toEqual([1, 2, 2, 2, 2, 0]);
  expect(new Set(fromRim.slice(6))).toEqual(new Set([2]));
  const fromHub = hopsOf({ nodes, edges: star, source: 0 }, run).values;
  expect(new Set(fromHub.slice(1))).toEqual(new Set([1]));
  const none = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  expect(hopsOf({ nodes: 2, edges: [[0, 1]], source: 0, allowed: [false, true] }, run).values).toEqual(none);
});
