import fc from 'fast-check';
import type { TestEdge } from './csr.js';

export const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_211);
export const options = { seed: SEED, numRuns: 200 };

export interface SomeGraph {
  readonly nodes: number;
  readonly edges: TestEdge[];
  /** Place of each node in the order of ids. */
  readonly rank: number[];
  readonly chunkWork: number;
}

/** Small graphs, sparse to dense, with self-loops and edges given twice, in chunks of a few nodes. */
export const someGraph: fc.Arbitrary<SomeGraph> = fc
  .record({ nodes: fc.integer({ min: 0, max: 24 }), density: fc.integer({ min: 0, max: 6 }) })
  .chain(({ nodes, density }) => {
    const node = fc.nat({ max: Math.max(0, nodes - 1) });
    return fc.record({
      nodes: fc.constant(nodes),
      edges: fc.array(fc.tuple(node, node), { maxLength: nodes * density }) as fc.Arbitrary<TestEdge[]>,
      rank: fc.shuffledSubarray(
        Array.from({ length: nodes }, (_, i) => i),
        { minLength: nodes },
      ),
      chunkWork: fc.integer({ min: 2, max: 60 }),
    });
  });

/** How a kernel is run: workers, order of chunks, and how many chunks and moves are done twice. */
export interface SomeRun {
  threads: number;
  seed: number;
  repeat: number;
}

export const someRun: fc.Arbitrary<SomeRun> = fc.record({
  threads: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
  repeat: fc.constantFrom(0, 0.3, 1),
});
