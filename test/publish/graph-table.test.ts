import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import { createGraphBook, type GraphBook } from '../../dist/src/memory/graph-book.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { GraphTable, GraphUse } from '../../dist/src/publish/graph-table.js';
import { QUARANTINE_MS } from '../../dist/src/publish/rows.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const SHARDS = 2;

function make(capacity: number, reserved: number, heapBytes = 1 << 16): { table: GraphTable; book: GraphBook } {
  const memory = new Memory();
  const book = createGraphBook(memory, { graphs: reserved });
  const names = Interner.create(memory, { capacity: reserved, heapBytes });
  const use = new Uint8Array(reserved);
  return { table: new GraphTable({ names, book, use, shards: SHARDS, capacity, reserved }), book };
}

const CAPACITY = 4;
const RESERVED = 10;
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'é');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('create' as const), name, refused: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), name, refused: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('retire' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(1500) }) },
);

/** Of each name the rows that are not retired, oldest first; only the last may be live. */
class Model {
  readonly #made = make(CAPACITY, RESERVED);
  readonly #rows = new Map<string, number[]>();
  readonly #quarantined: Array<{ row: number; name: string; sinceMs: number }> = [];
  readonly #generations = new Uint32Array(RESERVED);
  readonly #live = new Set<number>();
  #nowMs = 0;

  #of(of: string): number[] {
    const rows = this.#rows.get(of) ?? [];
    this.#rows.set(of, rows);
    return rows;
  }

  create(of: string, refused: boolean): void {
    const { table } = this.#made;
    const rows = this.#of(of);
    if (this.#live.has(rows.at(-1) ?? NO_ROW)) return;
    let row: number;
    try {
      row = table.create(of);
    } catch (error) {
      const full = this.#live.size === CAPACITY;
      expect(error).toMatchObject({ code: full ? 'ATHANOR_CAPACITY' : 'ATHANOR_BACKPRESSURE' });
      // A name that is there stays in its shard, which has half of the rows; one that is not takes any.
      const own = rows.length > 0 ? table.shardOf(rows.at(-1)!) : -1;
      const taken = [...this.#rows.values()].flat().concat(this.#quarantined.map((entry) => entry.row));
      const competing = own < 0 ? taken.length : taken.filter((other) => table.shardOf(other) === own).length;
      if (!full) expect(competing).toBe(own < 0 ? RESERVED : RESERVED / SHARDS);
      return;
    }
    expect([...this.#rows.values()].flat()).not.toContain(row);
    expect(this.#quarantined.map((entry) => entry.row)).not.toContain(row);
    if (rows.length > 0) expect(table.shardOf(row)).toBe(table.shardOf(rows.at(-1)!));
    // Who keeps the row of a graph that is gone sees that it is another's.
    expect(table.generationOf(row)).toBeGreaterThan(this.#generations[row]!);
    this.#generations[row] = table.generationOf(row);
    if (refused) {
      table.uncreate(row);
      return;
    }
    rows.push(row);
    this.#live.add(row);
  }

  remove(of: string, refused: boolean): void {
    const { table } = this.#made;
    const row = this.#of(of).at(-1) ?? NO_ROW;
    if (!this.#live.has(row)) return;
    table.remove(row, 0);
    const removed: number[] = [];
    if (refused) {
      table.unremove(row);
      table.takeRemoved(removed);
      expect(removed).toEqual([]);
      return;
    }
    table.takeRemoved(removed);
    expect(removed).toEqual([row]);
    this.#live.delete(row);
  }

  /** The oldest removed graph of the name is reclaimed. */
  retire(of: string): void {
    const rows = this.#of(of);
    if (rows.length === 0 || this.#live.has(rows[0]!)) return;
    const row = rows.shift()!;
    this.#made.table.retire(row, this.#nowMs);
    this.#quarantined.push({ row, name: of, sinceMs: this.#nowMs });
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    this.#made.table.releaseExpired(this.#nowMs, RESERVED);
    while (this.#quarantined.length > 0 && this.#nowMs - this.#quarantined[0]!.sinceMs >= QUARANTINE_MS) {
      expect(this.#made.table.use[this.#quarantined.shift()!.row]).toBe(GraphUse.free);
    }
  }

  check(): void {
    const { table, book } = this.#made;
    expect(table.live).toBe(this.#live.size);
    for (const [of, rows] of this.#rows) {
      expect(table.find(of)).toBe(rows.at(-1) ?? NO_ROW);
      const chain: number[] = [];
      for (let row = table.find(of); row !== NO_ROW; row = (book.previous[row]! || NO_ROW + 1) - 1) chain.unshift(row);
      expect(chain).toEqual(rows);
      for (const row of rows) {
        expect(table.nameOf(row)).toBe(of);
        expect(table.use[row]).toBe(this.#live.has(row) ? GraphUse.live : GraphUse.removed);
        expect(row).toBeLessThan(table.highWater);
      }
    }
    for (const { row, name: of } of this.#quarantined) expect(table.nameOf(row)).toBe(of);
  }
}

describe('graph table', () => {
  test('as a list of rows for each name', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const model = new Model();
        for (const each of steps) {
          if (each.do === 'create') model.create(each.name, each.refused);
          else if (each.do === 'remove') model.remove(each.name, each.refused);
          else if (each.do === 'retire') model.retire(each.name);
          else model.pass(each.ms);
          model.check();
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  test('names that fill their reservation are refused, and nothing is lost by it', () => {
    const { table } = make(100, 100, 1024);
    const long = (i: number): string => `${'x'.repeat(200)}${i}`;
    const rows: number[] = [];
    const fill = (): void => {
      for (;;) rows.push(table.create(long(rows.length)));
    };
    expect(fill).toThrow(/names of graphs fill their reservation/);
    table.remove(rows[0]!, 0);
    // Created again before it is reclaimed: its name would stand there twice.
    for (let i = 0; i < 500; i++) expect(() => table.create(long(0))).toThrow(/fill their reservation/);
    expect(table.find(long(0))).toBe(rows[0]);
    table.retire(rows[0]!, 0);
    table.releaseExpired(QUARANTINE_MS, 1);
    expect(table.find(table.nameOf(table.create(long(0))))).toBeLessThan(100);
  });

  test('removed graphs leave quarantine oldest first, no more at a time than asked, and are reused in that order', () => {
    const { table } = make(1000, 1000);
    const rows = Array.from({ length: 1000 }, (_, i) => table.create(`graph ${i}`));
    for (const row of rows) table.remove(row, 0);
    rows.forEach((row, i) => {
      table.retire(row, i);
    });
    table.releaseExpired(QUARANTINE_MS + 998, 600);
    expect(rows.map((row) => table.use[row])).toEqual(rows.map((_, i) => (i < 600 ? GraphUse.free : GraphUse.removed)));
    table.releaseExpired(QUARANTINE_MS + 998, 600);
    expect(rows.filter((row) => table.use[row] !== GraphUse.free)).toEqual([rows[999]]);
    const again = Array.from({ length: 999 }, (_, i) => table.create(`again ${i}`));
    for (const shard of [0, 1]) {
      const of = (all: number[]): number[] => all.filter((row) => table.shardOf(row) === shard);
      expect(of(again)).toEqual(of(rows.slice(0, 999)));
    }
    expect(() => table.create('one more')).toThrow(/999 are live, 0 removed and not reclaimed yet, 1 in quarantine/);
  });
});
