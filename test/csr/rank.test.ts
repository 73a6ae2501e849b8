import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RankKernel, rankTask } from '../../dist/src/csr/rank.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { random, runKernel } from '../support/run-kernel.js';

type Id = number | string;

function ranksOf(ids: readonly Id[], seed: number): number[] {
  const memory = new Memory();
  const handles = memory.u32('handles', ids.length);
  for (let i = 0; i < ids.length; i++) handles[i] = 5 + 2 * i;
  const { task, first } = rankTask(memory, ids.length, handles);
  const idOf = (handle: number): Id => ids[(handle - 5) / 2]!;
  runKernel((breathe) => new RankKernel(task, idOf, breathe), first, { threads: 3, seed, repeat: 0.3 });
  return [...task.rank];
}

function expected(ids: readonly Id[]): number[] {
  const order = ids.map((_, i) => i);
  order.sort((a, b) => {
    const [x, y] = [ids[a]!, ids[b]!];
    if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1;
    return x < y ? -1 : 1;
  });
  const ranks = new Array<number>(ids.length);
  order.forEach((i, rank) => {
    ranks[i] = rank;
  });
  return ranks;
}

const id = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
  fc.constantFrom('', '10', '9', '\uffff', '\u{1f600}'),
);

test('numbers come first, then strings, each in its order', () => {
  const distinct = fc.uniqueArray(id, { maxLength: 60, selector: (value) => (value === 0 ? 0 : value) });
  fc.assert(
    fc.property(distinct, fc.integer({ min: 1 }), (ids, seed) => {
      expect(ranksOf(ids, seed)).toEqual(expected(ids));
    }),
  );
});

test.each([
  ['ascending numbers', 20_000, (i: number) => i],
  ['descending numbers', 13_000, (i: number) => -i],
  ['strings and numbers at random', 30_000, undefined],
])('many runs: %s', (_, count, make) => {
  const chance = random(77);
  const any = (i: number): Id => {
    const value = Math.floor(chance() * 2 ** 20) * 2 ** 15 + i;
    return value % 3 === 0 ? value : `node-${value}`;
  };
  const ids = Array.from({ length: count }, (_unused, i) => (make ?? any)(i));
  expect(ranksOf(ids, 3)).toEqual(expected(ids));
});
