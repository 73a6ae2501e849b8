import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CountIndex } from '../../dist/src/catalog/count-index.js';
import { bitLevels, CatalogRegions } from '../../dist/src/catalog/layout.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_260_202);
const GRAPHS = 40;
/** Four levels of bits. */
const ROWS = 40_000;

function create() {
  const regions = CatalogRegions.create(new Memory(), { graphs: GRAPHS, rows: ROWS, shards: 1 });
  return { regions, index: new CountIndex(CatalogRegions.attach(regions.token).counts[0]!) };
}

function listOf(index: CountIndex, count: number): number[] {
  const rows: number[] = [];
  for (let at = index.first(count); at !== 0; at = index.after(at - 1)) rows.push(at - 1);
  return rows;
}

// Around the borders of words of every level, at both ends, and anywhere.
const count = fc.oneof(
  fc.nat(3),
  fc.constantFrom(31, 32, 33, 1023, 1024, 1025, 32_767, 32_768, ROWS - 1, ROWS),
  fc.nat(ROWS),
);
const step = fc.record({ graph: fc.nat(GRAPHS - 1), count, do: fc.constantFrom('put', 'up', 'down', 'drop') });

test(`counts against a Map (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.array(count, { maxLength: 10 }), (steps, asked) => {
      const { index, regions } = create();
      const model = new Map<number, number>();
      for (const { graph, count: wanted, do: what } of steps) {
        const has = model.get(graph);
        if (what === 'put' || has === undefined) {
          if (has !== undefined) index.move(graph, has, wanted);
          else index.add(graph, wanted);
          model.set(graph, wanted);
        } else if (what === 'drop') {
          index.remove(graph, has);
          model.delete(graph);
        } else {
          const after = what === 'up' ? Math.min(ROWS, has + 1) : Math.max(0, has - 1);
          index.move(graph, has, after);
          model.set(graph, after);
        }
      }
      const used = [...new Set(model.values())].sort((a, b) => a - b);
      for (const at of [...asked, ...used, 0, ROWS]) {
        expect(index.countFrom(at)).toBe(used.find((each) => each >= at) ?? -1);
        expect(index.countTo(at)).toBe(used.findLast((each) => each <= at) ?? -1);
        const rows = [...model].filter(([, has]) => has === at).map(([graph]) => graph);
        expect(listOf(index, at).sort((a, b) => a - b)).toEqual(rows.sort((a, b) => a - b));
      }
      for (const at of used) {
        let before = 0;
        for (const graph of listOf(index, at)) {
          expect(regions.counts[0]!.link[2 * graph + 1]).toBe(before);
          before = graph + 1;
        }
      }
      index.clear();
      expect([index.countFrom(0), index.countTo(ROWS)]).toEqual([-1, -1]);
      for (const array of [regions.counts[0]!.head, regions.counts[0]!.bits]) expect(array.some(Boolean)).toBe(false);
      expect(brokenCanariesWithin(regions.token)).toEqual([]);
    }),
    { seed, numRuns: 200 },
  );
});

test('levels of bits: each has a bit for each word below, up to one word', () => {
  for (const counts of [1, 32, 33, 1024, 1025, 32_768, 32_769, 6_291_457, 2 ** 31]) {
    const { starts, lengths, words } = bitLevels(counts);
    lengths.forEach((length, level) => {
      expect(length).toBe(Math.ceil((level === 0 ? counts : lengths[level - 1]!) / 32));
      expect(starts[level]).toBe(lengths.slice(0, level).reduce((sum, each) => sum + each, 0));
    });
    expect([lengths.at(-1), words]).toEqual([1, starts.at(-1)! + 1]);
  }
});
