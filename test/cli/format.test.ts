import { expect, test } from 'vitest';
import { Comparison } from '../../dist/src/cli/comparison.js';
import {
  bar,
  firstLines,
  formatBytes,
  formatCount,
  formatMinute,
  formatMs,
  formatRate,
  formatThings,
  painter,
  sparkline,
} from '../../dist/src/cli/format.js';
import { BadRows } from '../../dist/src/cli/source.js';

test('numbers are written for people', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect([formatThings(1, 'row'), formatThings(2000, 'row')]).toEqual(['1 row', '2,000 rows']);
  expect([870, 64_207, 999_600, 1_416_000].map(formatRate)).toEqual([
    '870/s',
    '64,207/s',
    '1.00 million/s',
    '1.42 million/s',
  ]);
  expect([12, 1500, 312e6, 25.7e9].map(formatBytes)).toEqual(['12 B', '1.50 kB', '312 MB', '25.7 GB']);
  expect([0.0421, 0.42, 3.14, 1200, Number.NaN].map(formatMs)).toEqual([
    '0.042 ms',
    '0.42 ms',
    '3.14 ms',
    '1.20 s',
    '–',
  ]);
  expect(firstLines(['a', 'b', 'c'], 2)).toEqual(['a', 'b', 'and 1 more']);
  expect(firstLines(['a'], 2)).toEqual(['a']);
  expect(formatMinute(Date.UTC(2001, 0, 2, 3, 4, 5))).toBe('2001-01-02 03:04');
});

test('bars and sparklines', () => {
  expect(sparkline([0, 1, 2, 4])).toBe('▁▃▅█');
  expect(sparkline([0, 0])).toBe('▁▁');
  expect([bar(10, 10, 4), bar(1, 1000, 4), bar(0, 0, 4)]).toEqual(['████', '█', '']);
});

test('colours are for terminals alone', () => {
  expect(painter({ isTTY: false })('bold', 'text')).toBe('text');
  expect(painter({})('bold', 'text')).toBe('text');
});

test('a comparison counts all, keeps the first differences, and names both sides', () => {
  const comparison = new Comparison();
  comparison.equal('same', 1, 1);
  comparison.near('close', 1, 1.05, 0.1);
  expect([comparison.ok, comparison.compared]).toEqual([true, 2]);
  for (let i = 0; i < 20; i++) comparison.equal(`n${i}`, 1, 2);
  comparison.near('not a number', Number.NaN, 1, 10);
  expect([comparison.ok, comparison.compared, comparison.differing]).toEqual([false, 23, 21]);
  expect(comparison.mismatches).toHaveLength(Comparison.KEPT);
  expect(comparison.mismatches[0]).toBe('n0: the engine says 1, plain JavaScript 2');
});

test('bad rows are all counted and the first kept', () => {
  const rows = new BadRows();
  for (let line = 1; line <= 9; line++) rows.add(line, 'why');
  expect(rows.count).toBe(9);
  expect(rows.first.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5]);
});
