import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compactCsr } from '../../dist/src/query/compact-csr.js';
import { CompactIndex } from '../../dist/src/query/compact-index.js';
import { GraphCopy } from '../../dist/src/query/graph-copy.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);

interface Edge {
  from: number;
  to: number;
  kind: number;
}

function copyOf(rows: readonly number[], edges: readonly Edge[]): GraphCopy {
  const copy = new GraphCopy();
  copy.begin('g');
  for (const row of rows) {
    if (copy.order === copy.rows.length) copy.growNodes();
    copy.rows[copy.order] = row;
    for (const edge of edges.filter(({ from }) => rows[from] === row)) {
      if (copy.size === copy.targets.length) copy.growEdges(copy.size + 1);
      copy.targets[copy.size] = rows[edge.to]!;
      copy.kinds[copy.size] = edge.kind;
      copy.weights[copy.size] = edge.from * 1e6 + edge.to * 100 + edge.kind;
      copy.size++;
    }
    copy.ends[copy.order++] = copy.size;
  }
  return copy;
}

/** Rows as shards give them: blocks of 1,024, some whole, some with gaps, in any order; and rows far apart. */
const rowsOf = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map((count) => Array.from({ length: count }, (_, i) => 7000 + i)),
  fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 31 - 2 }), { maxLength: 200 }),
  fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }).map((rows) => rows.map((row) => row * 3 + 5000)),
  fc
    .tuple(
      fc.integer({ min: 65, max: 300 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 3 }),
    )
    .map(([count, blocks]) => blocks.flatMap((block) => Array.from({ length: count }, (_, i) => block * 1024 + i))),
);

test(`rows in any order, whole blocks and gaps: each has its index, and lists are sorted (seed ${SEED})`, () => {
  fc.assert(
    fc.property(
      rowsOf,
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 3 })), { maxLength: 600 }),
      (rows, pairs) => {
        const edges: Edge[] = [];
        const seen = new Set<string>();
        for (const [a, b, kind] of rows.length === 0 ? [] : pairs) {
          const edge = { from: a % rows.length, to: b % Math.min(rows.length, 20), kind };
          const key = `${edge.from} ${edge.to} ${kind}`;
          if (!seen.has(key)) edges.push(edge);
          seen.add(key);
        }
        const index = new CompactIndex(copyOf(rows, edges));
        const sorted = [...rows].sort((a, b) => a - b);
        expect([...index.handles]).toEqual(sorted);
        for (const row of rows) expect(index.indexOf(row)).toBe(sorted.indexOf(row));
        const { offsets, targets, weights } = compactCsr(copyOf(rows, edges), index);
        const found: number[][] = [];
        for (let node = 0; node < rows.length; node++) {
          for (let at = offsets[node]!; at < offsets[node + 1]!; at++) found.push([node, targets[at]!, weights[at]!]);
        }
        const expected = edges
          .map(({ from, to, kind }) => [
            sorted.indexOf(rows[from]!),
            sorted.indexOf(rows[to]!),
            from * 1e6 + to * 100 + kind,
          ])
          .sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
        expect(found).toEqual(expected);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test('arrays that a large graph made long are not kept', () => {
  const copy = new GraphCopy();
  while (copy.rows.length < 2 ** 20) copy.growNodes();
  copy.growEdges(2 ** 21);
  copy.trim(2 ** 24);
  expect([copy.rows.length, copy.targets.length, copy.x.length]).toEqual([256, 256, 256]);
});
