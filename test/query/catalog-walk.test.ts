import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CatalogRegions } from '../../dist/src/catalog/layout.js';
import { ShardCatalog } from '../../dist/src/catalog/shard-catalog.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { GraphState } from '../../dist/src/project/graph-columns.js';
import { CountWalk, type Found, NameEnds, NameWalk, TimeWalk, type Walk } from '../../dist/src/query/catalog-walk.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_260_204);
const GRAPHS = 60;
const nameOf = (row: number): string => `graph-${String((row * 37) % GRAPHS).padStart(3, '0')}`;

/** One shard of a catalogue whose graphs change while a walk has given the lock back. */
class Shard {
  readonly names = Interner.create(new Memory(), { capacity: GRAPHS, heapBytes: 1 << 14 });
  readonly facts = {
    state: new Uint8Array(GRAPHS),
    order: new Uint32Array(GRAPHS),
    size: new Uint32Array(GRAPHS),
    created: new Float64Array(GRAPHS),
    born: new Float64Array(GRAPHS),
  };
  readonly catalog = new ShardCatalog(
    CatalogRegions.create(new Memory(), { graphs: GRAPHS, rows: 2000, shards: 1 }),
    0,
    this.names,
    this.facts,
  );
  readonly changed = new Set<number>();
  sequence = 0;

  constructor(counts: readonly number[]) {
    for (let row = 0; row < GRAPHS; row++) this.names.bind(0, nameOf(row), row);
    for (const [row, count] of counts.entries()) this.create(row, count);
  }

  create(row: number, count: number): void {
    this.facts.state[row] = GraphState.alive;
    this.facts.order[row] = count;
    this.facts.created[row] = Math.floor(this.sequence / 4);
    this.facts.born[row] = this.sequence++;
    this.catalog.addGraph(row);
  }

  change(row: number, what: number): void {
    this.changed.add(row);
    const { state, order } = this.facts;
    if (state[row] !== GraphState.alive) this.create(row, what % 3);
    else if (what === 0) {
      state[row] = GraphState.dead;
      this.catalog.dropGraph(row);
    } else if (what % 2 === 1 || order[row] === 0) this.catalog.addNode(row);
    else this.catalog.dropNode(row);
  }

  found(row: number): Found {
    const { order, size, created, born } = this.facts;
    return {
      row,
      name: nameOf(row),
      createdAt: created[row]!,
      born: born[row]!,
      nodes: order[row]!,
      edges: size[row]!,
    };
  }
}

const change = fc.tuple(fc.nat(GRAPHS - 1), fc.nat(9));
const counts = fc.array(fc.oneof(fc.constant(1), fc.nat(3), fc.constantFrom(40, 1100)), {
  minLength: 5,
  maxLength: GRAPHS,
  size: 'max',
});

test(`a walk in parts meets what stays as it is once, whatever changes between the parts (seed ${seed})`, () => {
  let restarts = 0;
  const range = fc.tuple(fc.nat(3), fc.constantFrom(1, 2, 40, 5000));
  fc.assert(
    fc.property(
      counts,
      fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 30, size: 'max' }),
      range,
      fc.constantFrom('names', 'times', 'counts'),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (start, changes, [low, high], order, descending, most) => {
        const shard = new Shard(start);
        const { facts, names } = shard;
        const walk: Walk =
          order === 'names'
            ? new NameWalk(new NameEnds(names), `graph-00${low}`, high > 9 ? undefined : `graph-0${high}9`, descending)
            : order === 'times'
              ? new TimeWalk(facts, low, high, descending)
              : new CountWalk(facts, low, high, descending);
        const within = (row: number): boolean => {
          const { name, createdAt, nodes } = shard.found(row);
          if (order === 'names') return name >= `graph-00${low}` && (high > 9 || name < `graph-0${high}9`);
          return order === 'times' ? createdAt >= low && createdAt <= high : nodes >= low && nodes <= high;
        };
        const wanted = start.map((_, row) => row).filter(within);
        const out = new Uint32Array(most + 2);
        const answer: Found[] = [];
        walk.begin(undefined);
        for (let part = 0; ; part++) {
          expect(part).toBeLessThan(2000);
          const taken = walk.take(shard.catalog, most, out);
          expect(taken).toBeLessThanOrEqual(most);
          for (const row of out.subarray(0, taken)) {
            expect(facts.state[row]).toBe(GraphState.alive);
            expect(within(row)).toBe(true);
            answer.push(shard.found(row));
          }
          if (walk.isOver(taken, most)) break;
          if (taken > 0) walk.goOnBehind(answer.at(-1)!);
          for (const [row, what] of changes[part] ?? []) shard.change(row, what);
          // All that was met in this list is gone from it: the walk begins at its head again.
          if (order === 'counts' && part % 3 === 2 && part < 60) {
            for (const { row } of answer.slice(-30)) if (facts.state[row] === GraphState.alive) shard.change(row, 1);
            restarts++;
          }
        }
        for (let i = 1; i < answer.length; i++) expect(walk.compare(answer[i - 1]!, answer[i]!)).toBeLessThanOrEqual(0);
        const met = answer.map(({ row }) => row);
        if (order === 'counts') expect(new Set(met).size).toBe(met.length);
        for (const row of wanted) {
          const times = met.filter((each) => each === row).length;
          if (!shard.changed.has(row)) expect(times, `row ${row}`).toBe(1);
        }
        for (const row of met) expect(shard.changed.has(row) || wanted.includes(row)).toBe(true);
      },
    ),
    { seed, numRuns: 400 },
  );
  expect(restarts).toBeGreaterThan(50);
});
