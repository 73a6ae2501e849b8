import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attachGraphBook, createGraphBook } from '../../dist/src/memory/graph-book.js';
import { NodeBook } from '../../dist/src/memory/node-book.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const ROWS = 12;
const GRAPHS = 3;

test('node book: lists of rows, seen alike from both ends, by every thread', () => {
  const step = fc.record({ row: fc.nat(ROWS - 1), graph: fc.nat(GRAPHS - 1) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const book = NodeBook.create(new Memory(), { rows: ROWS, graphs: GRAPHS });
      const reader = NodeBook.attach(book.token);
      const lists: number[][] = Array.from({ length: GRAPHS }, () => []);
      for (const { row, graph } of steps) {
        const of = reader.graph[row]! - 1;
        if (of < 0) {
          book.link(row, graph);
          lists[graph]!.push(row);
        } else {
          const list = lists[of]!;
          const after = list[list.indexOf(row) + 1];
          book.unlink(row);
          list.splice(list.indexOf(row), 1);
          // A reader who stands on it finds its way on.
          expect(reader.next[row]).toBe(after === undefined ? 0 : after + 1);
        }
        lists.forEach((list, g) => {
          const forth: number[] = [];
          for (let at = reader.first[g]!; at !== 0; at = reader.next[at - 1]!) forth.push(at - 1);
          const back: number[] = [];
          for (let at = reader.last[g]!; at !== 0; at = reader.prev[at - 1]!) back.unshift(at - 1);
          expect([forth, back]).toEqual([list, list]);
        });
      }
      for (let row = 0; row < ROWS; row++)
        expect(reader.graph[row]! - 1).toBe(lists.findIndex((list) => list.includes(row)));
      expect(brokenCanariesWithin(book.token)).toEqual([]);
    }),
    { seed, numRuns: 100 },
  );
});

test('graph book: the last row stays within its field, and is seen by who attaches', () => {
  const book = createGraphBook(new Memory(), { graphs: 5 });
  book.generation[4] = 0xffffffff;
  book.previous[4] = 3;
  const other = attachGraphBook(book.token);
  expect([other.generation.length, other.generation[4], other.previous[4]]).toEqual([5, 0xffffffff, 3]);
  expect(brokenCanariesWithin(book.token)).toEqual([]);
});
