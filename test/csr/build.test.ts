import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ArcReader, CsrBuild, csrBuildTask, Side } from '../../dist/src/csr/build.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { csrOf, type TestEdge } from '../support/csr.js';
import { runKernel } from '../support/run-kernel.js';

/** Edges of a list, `perChunk` a chunk and at most 3 a batch. */
class ListReader implements ArcReader {
  readonly sources = new Uint32Array(3);
  readonly targets = new Uint32Array(3);
  readonly weights = new Float64Array(3);
  #at = 0;
  #end = 0;

  constructor(
    readonly edges: readonly TestEdge[],
    readonly perChunk: number,
  ) {}

  begin(chunk: number): void {
    this.#at = chunk * this.perChunk;
    this.#end = Math.min(this.edges.length, this.#at + this.perChunk);
  }

  next(): number {
    if (this.#at === this.#end) return -1;
    let count = 0;
    for (; count < 3 && this.#at < this.#end; count++, this.#at++) {
      const [source, target, weight = 1] = this.edges[this.#at]!;
      this.sources[count] = source;
      this.targets[count] = target;
      this.weights[count] = weight;
    }
    return count;
  }
}

function build(nodes: number, edges: readonly TestEdge[], side: number, weighted: boolean, seed: number) {
  const perChunk = 7;
  const chunks = Math.ceil(edges.length / perChunk);
  const shape = { nodes, edges: edges.length, side, chunks, weighted, bucketArcs: 8 };
  const { task, first } = csrBuildTask(new Memory(), shape);
  runKernel((breathe) => new CsrBuild(task, new ListReader(edges, perChunk), breathe), first, { threads: 3, seed });
  const arcs = task.offsets[nodes]!;
  return {
    offsets: [...task.offsets],
    targets: [...task.targets.subarray(0, arcs)],
    weights: task.weights === undefined ? undefined : [...task.weights.subarray(0, arcs)],
  };
}

const graphs = fc.integer({ min: 1, max: 90 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: nodes - 1 });
  const weight = fc.constantFrom(0, 0.5, 1, 2.25, Number.POSITIVE_INFINITY, 1e-300);
  return fc.record({ nodes: fc.constant(nodes), edges: fc.array(fc.tuple(node, node, weight), { maxLength: 200 }) });
});

test('every side is what plain JavaScript makes of the same edges', () => {
  fc.assert(
    fc.property(graphs, fc.boolean(), fc.integer({ min: 1 }), ({ nodes, edges }, weighted, seed) => {
      const back = edges.map(([source, target, weight]): TestEdge => [target, source, weight]);
      const lists = [edges, back, [...edges, ...back]];
      for (const side of [Side.out, Side.in, Side.both]) {
        const expected = csrOf(nodes, lists[side]!);
        const built = build(nodes, edges, side, weighted, seed);
        expect(built.offsets).toEqual([...expected.offsets]);
        expect(built.targets).toEqual([...expected.targets]);
        if (weighted) expect(built.weights).toEqual([...expected.weights!]);
      }
    }),
    { numRuns: 300 },
  );
});

test('rows and columns that do not fit 32 bits together', () => {
  // Two rows a bucket would need 33 bits: 2^22 nodes with few arcs are one bucket.
  const nodes = 2 ** 22;
  const edges: TestEdge[] = [
    [nodes - 1, 0, 3],
    [5, nodes - 1, 1],
    [5, 7, 2],
    [0, 0, 4],
    [nodes - 1, nodes - 2, 5],
  ];
  const { task, first } = csrBuildTask(new Memory(), { nodes, edges: 5, side: Side.both, chunks: 1, weighted: true });
  expect(task.rows).toBeDefined();
  runKernel((breathe) => new CsrBuild(task, new ListReader(edges, 5), breathe), first);
  const row = (node: number) => [...task.targets.subarray(task.offsets[node], task.offsets[node + 1])];
  expect(row(0)).toEqual([0, nodes - 1]);
  expect(row(5)).toEqual([7, nodes - 1]);
  expect(row(7)).toEqual([5]);
  expect(row(nodes - 1)).toEqual([0, 5, nodes - 2]);
  expect(task.offsets[nodes]).toBe(9);
});

test('no node, no edge', () => {
  expect(build(0, [], Side.both, true, 1)).toEqual({ offsets: [0], targets: [], weights: [] });
  expect(build(3, [], Side.out, false, 1)).toEqual({ offsets: [0, 0, 0, 0], targets: [], weights: undefined });
});
