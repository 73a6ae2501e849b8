import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import type { NodeId } from '../../dist/src/index.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { NodeBook } from '../../dist/src/memory/node-book.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { Attention, NodeTable } from '../../dist/src/publish/node-table.js';
import { QUARANTINE_MS } from '../../dist/src/publish/rows.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const GRAPHS = 4;
const SHARDS = 2;
const shardOf = (graph: number): number => graph % SHARDS;

function make(nodes: number, reserved: number, heapBytes = 1 << 16): NodeTable {
  const memory = new Memory();
  return new NodeTable({
    ids: Interner.create(memory, { capacity: reserved, heapBytes }),
    book: NodeBook.create(memory, { rows: reserved, graphs: GRAPHS }),
    boundEpoch: new Uint32Array(reserved),
    removalStamps: new Uint32Array(reserved),
    attention: new Uint8Array(reserved),
    nodes,
    reserved,
    shards: SHARDS,
    shardOfGraph: shardOf,
  });
}

const NODES = 12;
const RESERVED = 20;
const graph = fc.nat(GRAPHS - 1);
/** Few, so that they are wanted again; a number and its text are two. */
const id: fc.Arbitrary<NodeId> = fc.oneof(fc.nat(2), fc.nat(2).map(String));
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), graph, id }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), graph, id }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      shard: fc.nat(SHARDS - 1),
      budget: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), graph }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(1500) }) },
);

interface Entry {
  graph: number;
  id: NodeId;
  row: number;
  /** Position of the frame that holds the removal; undefined while the node is wanted. */
  removedAt?: number;
}

/** What the table promises, as a list of bindings and a list of rows in quarantine. */
class Model {
  readonly table = make(NODES, RESERVED);
  /** In order of binding. */
  readonly bound: Entry[] = [];
  readonly quarantined: Array<{ row: number; id: NodeId; sinceMs: number }> = [];
  nowMs = 0;
  position = 0xffff_fff0;

  entry(graph: number, id: NodeId): Entry | undefined {
    return this.bound.find((entry) => entry.graph === graph && entry.id === id);
  }

  publish(graph: number, id: NodeId): void {
    const { table } = this;
    const known = this.entry(graph, id);
    expect(table.find(graph, id)).toBe(known?.row ?? NO_ROW);
    if (known !== undefined) {
      // Wanted again before its removal was applied: it keeps its row.
      if (known.removedAt !== undefined) table.wanted(known.row);
      delete known.removedAt;
      expect(table.attention[known.row]! & Attention.removed).toBe(0);
      return;
    }
    const live = this.bound.filter((entry) => entry.removedAt === undefined).length;
    if (live === NODES) {
      expect(() => table.bind(graph, id, this.nowMs)).toThrow(/capacity\.nodes allows 12, and 12 are live/);
      return;
    }
    if (
      this.bound.length + this.quarantined.filter(({ sinceMs }) => this.nowMs - sinceMs < QUARANTINE_MS).length ===
      RESERVED
    ) {
      expect(() => table.bind(graph, id, this.nowMs)).toThrow(
        expect.objectContaining({ code: 'ATHANOR_BACKPRESSURE', message: expect.stringContaining('quarantine') }),
      );
      return;
    }
    const row = table.bind(graph, id, this.nowMs);
    // Those whose time had come may have left quarantine for it.
    while (this.quarantined.length > table.rows.quarantined) {
      expect(this.nowMs - this.quarantined[0]!.sinceMs).toBeGreaterThanOrEqual(QUARANTINE_MS);
      this.quarantined.shift();
    }
    expect(this.bound.some((entry) => entry.row === row)).toBe(false);
    expect(this.quarantined.some((entry) => entry.row === row)).toBe(false);
    expect(table.attention[row]).toBe(Attention.undeclared);
    this.bound.push({ graph, id, row });
  }

  remove(graph: number, id: NodeId): void {
    const known = this.entry(graph, id);
    if (known === undefined || known.removedAt !== undefined) return;
    this.position = (this.position + 1) >>> 0;
    this.table.removed(known.row, this.position);
    known.removedAt = this.position;
    expect(this.table.attention[known.row]! & Attention.removed).toBe(Attention.removed);
  }

  /** All frames so far are applied; at most `budget` ids are collected. */
  apply(shard: number, budget: number): void {
    const due = this.bound
      .filter((entry) => entry.removedAt !== undefined && shardOf(entry.graph) === shard)
      .sort((a, b) => (a.removedAt! - b.removedAt!) | 0);
    expect(this.table.collect(shard, this.position, this.nowMs, budget)).toBe(Math.min(due.length, budget));
    for (const entry of due.slice(0, budget)) this.#unbound(entry);
  }

  drop(graph: number): void {
    this.table.graphRemoved(graph);
    while (this.table.dropGraph(graph, this.nowMs, 2) === 2);
    for (const entry of this.bound.filter((each) => each.graph === graph)) this.#unbound(entry);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.table.rows.releaseExpired(this.nowMs, RESERVED);
    while (this.quarantined.length > 0 && this.nowMs - this.quarantined[0]!.sinceMs >= QUARANTINE_MS) {
      expect(this.table.ids.idOf(this.quarantined.shift()!.row)).toBeUndefined();
    }
  }

  #unbound(entry: Entry): void {
    this.bound.splice(this.bound.indexOf(entry), 1);
    this.quarantined.push({ row: entry.row, id: entry.id, sinceMs: this.nowMs });
    expect(this.table.find(entry.graph, entry.id)).toBe(NO_ROW);
  }

  check(): void {
    const { table, bound, quarantined } = this;
    const { book, ids, rows } = table;
    const leaving = bound.filter((entry) => entry.removedAt !== undefined).length;
    expect([rows.live, rows.quarantined, ids.size]).toEqual([bound.length, quarantined.length, bound.length]);
    expect([table.live, table.leaving, rows.free]).toEqual([
      bound.length - leaving,
      leaving,
      RESERVED - bound.length - quarantined.length,
    ]);
    const reader = NodeBook.attach(book.token);
    for (let g = 0; g < GRAPHS; g++) {
      const listed: number[] = [];
      let before = 0;
      for (let next = reader.first[g]!; next !== 0; next = reader.next[next - 1]!) {
        expect([reader.graph[next - 1], reader.prev[next - 1]]).toEqual([g + 1, before]);
        listed.push(next - 1);
        before = next;
      }
      expect(reader.last[g]).toBe(before);
      expect(listed).toEqual(bound.filter((entry) => entry.graph === g).map(({ row }) => row));
    }
    for (const entry of bound) {
      expect([ids.idOf(entry.row), ids.scopeOf(entry.row)]).toEqual([entry.id, entry.graph]);
    }
    // Who read a row before it was freed still reads its id.
    for (const entry of quarantined) {
      expect([ids.idOf(entry.row), book.graph[entry.row], table.attention[entry.row]]).toEqual([entry.id, 0, 0]);
    }
  }
}

describe('node table', () => {
  test('as lists of bindings and of rows in quarantine', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const model = new Model();
        for (const each of steps) {
          if (each.do === 'publish') model.publish(each.graph, each.id);
          else if (each.do === 'remove') model.remove(each.graph, each.id);
          else if (each.do === 'apply') model.apply(each.shard, each.budget);
          else if (each.do === 'drop') model.drop(each.graph);
          else model.pass(each.ms);
          model.check();
        }
        for (const entry of [...model.bound]) expect(model.table.find(entry.graph, entry.id)).toBe(entry.row);
        expect(brokenCanariesWithin([model.table.book.token, model.table.ids.token])).toEqual([]);
      }),
      { seed, numRuns: 40 },
    );
  });

  test('a row of an id that its cache knew is never answered for it again', () => {
    const table = make(1, 1);
    for (let turn = 0; turn < 5; turn++) {
      const now = turn * QUARANTINE_MS;
      const row = table.bind(turn % GRAPHS, `n${turn}`, now);
      expect(row).toBe(0);
      // Twice: the second answer is the cache's.
      for (let i = 0; i < 2; i++) expect(table.find(turn % GRAPHS, `n${turn}`)).toBe(0);
      for (let past = 0; past < turn; past++) expect(table.find(past % GRAPHS, `n${past}`)).toBe(NO_ROW);
      table.removed(row, turn);
      expect(table.collect(shardOf(turn % GRAPHS), turn, now, 10)).toBe(1);
      expect(() => table.bind(0, 'too soon', now + QUARANTINE_MS - 1)).toThrow(/quarantine/);
    }
  });

  test('ids that fill their reservation are refused; the rows come back, and so does the room of ids that left', () => {
    const table = make(100, 200, 1024);
    const long = (i: number): string => `${'x'.repeat(200)}${i}`;
    let bound = 0;
    const fill = (now: number): void => {
      for (;;) {
        try {
          table.bind(0, long(bound), now);
          bound++;
        } catch (error) {
          expect(error).toMatchObject({ code: 'ATHANOR_CAPACITY', message: expect.stringContaining('ids fill their') });
          return;
        }
      }
    };
    fill(0);
    expect(bound).toBeGreaterThan(2);
    expect(table.find(0, long(bound))).toBe(NO_ROW);
    // However often it is tried: it is the ids' room that is short, not rows.
    for (let i = 0; i < 500; i++) {
      expect(() => table.bind(0, long(bound), 0)).toThrow(/ids fill their/);
    }
    expect(table.rows.live).toBe(bound);
    table.removed(table.find(0, long(0)), 1);
    expect(table.collect(0, 1, 0, 10)).toBe(1);
    // In quarantine the id is still read.
    expect(() => table.bind(0, long(bound), 1)).toThrow(/ids fill their/);
    expect(table.bind(0, long(bound), QUARANTINE_MS)).toBeLessThan(200);
    expect(table.find(0, long(0))).toBe(NO_ROW);
  });
});
