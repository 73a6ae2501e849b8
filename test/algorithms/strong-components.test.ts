import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  StrongComponentsKernel,
  type StrongComponentsOptions,
  strongComponentsTask,
} from '../../dist/src/algorithms/strong-components.js';
import { type GraphCsr, makeBounds } from '../../dist/src/csr/csr.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { graphCsrOf, type TestEdge } from '../support/csr.js';
import { random, runKernel } from '../support/run-kernel.js';
import { options, SEED, someGraph, someRun } from '../support/some-graph.js';

type Run = { threads?: number; seed?: number; repeat?: number };

/** On several threads, however small the graph, unless `how` says otherwise. */
function components(
  graph: GraphCsr,
  run: Run = {},
  how: StrongComponentsOptions = {},
): { values: Float64Array; phases: number } {
  const { task, first, mostChunks } = strongComponentsTask(new Memory(), graph, { serialWork: -1, ...how });
  expect(first.chunks).toBeLessThanOrEqual(mostChunks);
  const { phases } = runKernel((breathe) => new StrongComponentsKernel(task, breathe), first, run);
  return { values: task.values, phases };
}

const same = (a: Float64Array, b: Float64Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** By definition: who reaches whom, and the least rank of those that reach each other. */
function byDefinition({ nodes, out, rank, handles }: Required<GraphCsr>): number[] {
  const reaches = Array.from({ length: nodes }, (_, node) => {
    const seen = new Set([node]);
    for (const at of seen) for (const to of out!.targets.subarray(out!.offsets[at], out!.offsets[at + 1])) seen.add(to);
    return seen;
  });
  return reaches.map((seen, node) => {
    const [least] = [...seen].filter((other) => reaches[other]!.has(node)).sort((a, b) => rank![a]! - rank![b]!);
    return handles[least!]!;
  });
}

/** A graph of many nodes with at most one arc out and one in each: `next[i]`, or none where it is i itself. */
function chains(next: Uint32Array): GraphCsr {
  const memory = new Memory();
  const nodes = next.length;
  const back = Uint32Array.from(next, (_, i) => i);
  next.forEach((to, i) => {
    if (to !== i) back[to] = i;
  });
  const csr = (to: Uint32Array) => {
    const offsets = memory.u32('offsets', nodes + 1);
    const targets = memory.u32('targets', nodes);
    let arcs = 0;
    for (let i = 0; i < nodes; i++) {
      if (to[i] !== i) targets[arcs++] = to[i]!;
      offsets[i + 1] = arcs;
    }
    return { nodes, arcs, offsets, targets, weights: undefined, bounds: makeBounds(memory, offsets, nodes) };
  };
  const ascending = Uint32Array.from(next, (_, i) => i);
  return { nodes, handles: ascending, out: csr(next), in: csr(back), both: undefined, rank: ascending };
}

/** Nodes in an order of their own: circles of `length`, of which the last may be shorter. */
function circles(nodes: number, length: number, seed: number): { next: Uint32Array; order: Uint32Array } {
  const chance = random(seed);
  const order = Uint32Array.from({ length: nodes }, (_, i) => i);
  for (let i = nodes - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const next = new Uint32Array(nodes);
  for (let begin = 0; begin < nodes; begin += length) {
    const end = Math.min(nodes, begin + length);
    for (let i = begin; i < end; i++) next[order[i]!] = order[i + 1 === end ? begin : i + 1]!;
  }
  return { next, order };
}

const SERIAL = { serialWork: 1e9 };

for (const [what, how] of [
  ['in parallel', {}],
  ['by sweeps', { firstReach: 0 }],
  ['by one thread', SERIAL],
] as const) {
  test(`any graph, ${what}: as by definition, whatever the workers and repeats (seed ${SEED})`, () => {
    fc.assert(
      fc.property(someGraph, someRun, ({ nodes, edges, ...made }, run) => {
        const graph = graphCsrOf(nodes, edges, made);
        expect([...components(graph, run, how).values]).toEqual(byDefinition(graph));
      }),
      options,
    );
  });
}

test('no nodes, one, a loop, two that point at each other', () => {
  for (const how of [{}, { firstReach: 0 }, SERIAL]) {
    const of = (nodes: number, edges: TestEdge[]) => [...components(graphCsrOf(nodes, edges), {}, how).values];
    expect(of(0, [])).toEqual([]);
    expect(of(1, [])).toEqual([10]);
    expect(of(1, [[0, 0]])).toEqual([10]);
    expect(of(2, [[0, 1]])).toEqual([10, 13]);
    expect(
      of(2, [
        [0, 1],
        [1, 0],
      ]),
    ).toEqual([10, 10]);
  }
});

test(`a large component, what hangs on it, and small ones beside it (seed ${SEED})`, () => {
  const chance = random(SEED);
  const nodes = 20_000;
  const edges: TestEdge[] = [];
  // Sparse enough to leave thousands outside the large component, and more than one thread reaches at first.
  for (let i = 0; i < 2.2 * nodes; i++) edges.push([Math.floor(chance() * nodes), Math.floor(chance() * nodes)]);
  for (let i = 0; i < 3000; i++) edges.push([nodes + i, nodes + ((i + 1) % 3000) - (i % 3 === 2 ? 2 : 0)]);
  const rank = Array.from({ length: nodes + 3000 }, (_, i) => nodes + 3000 - 1 - i);
  const graph = graphCsrOf(nodes + 3000, edges, { rank, chunkWork: 1000 });
  const alone = components(graph, {}, SERIAL).values;
  const sizes = new Map<number, number>();
  for (const value of alone) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  expect(Math.max(...sizes.values())).toBeGreaterThan(12_000);
  for (const run of [{ threads: 1 }, { threads: 3, seed: 7 }, { threads: 2, seed: 8, repeat: 1 }]) {
    expect(same(components(graph, run).values, alone)).toBe(true);
  }
});

test('a path of a million nodes, in order, against it, and in none', () => {
  const nodes = 1_000_000;
  const { order } = circles(nodes, nodes, SEED);
  const shuffled = new Uint32Array(nodes);
  order.forEach((node, i) => {
    shuffled[node] = order[Math.min(nodes - 1, i + 1)]!;
  });
  const ascending = Uint32Array.from({ length: nodes }, (_, i) => Math.min(nodes - 1, i + 1));
  const descending = Uint32Array.from({ length: nodes }, (_, i) => Math.max(0, i - 1));
  for (const next of [ascending, descending, shuffled]) {
    const graph = chains(next);
    const { values, phases } = components(graph);
    expect(values.every((value, node) => value === node)).toBe(true);
    expect(phases).toBeLessThan(40);
  }
});

for (const length of [1_000_000, 1000, 3]) {
  test(`a million nodes in circles of ${length}`, () => {
    const nodes = 1_000_000;
    const { next, order } = circles(nodes, length, SEED);
    const wanted = new Float64Array(nodes);
    for (let begin = 0; begin < nodes; begin += length) {
      const members = order.subarray(begin, begin + length);
      const least = members.reduce((a, b) => Math.min(a, b));
      for (const node of members) wanted[node] = least;
    }
    const { values, phases } = components(chains(next));
    expect(same(values, wanted)).toBe(true);
    expect(phases).toBeLessThan(40);
  });
}

test('it ends where the job does', () => {
  const { task } = strongComponentsTask(new Memory(), chains(circles(100_000, 100_000, SEED).next));
  const kernel = new StrongComponentsKernel(task, () => false);
  expect(kernel.chunk(2, 0)).toBe(false);
});
