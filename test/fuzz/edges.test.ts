import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import { GraphRegions } from '../../dist/src/graph/layout.js';
import { Both, In, Out, ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_250_103);
const ROWS = 24;
const EDGES = 400;
const GRAPHS = 3;
const KINDS = 9;

interface Edge {
  graph: number;
  source: number;
  target: number;
  kind: number;
  weight: number;
  time: number;
}
const keyOf = (source: number, target: number, kind: number): string => `${source},${target},${kind}`;
/** A graph's rows, as the main thread binds them. */
const graphOf = (row: number): number => row % GRAPHS;

/** The obvious model beside the structure; each step does the same to both. */
class Pair {
  readonly life = { flags: new Uint8Array(ROWS), born: new Float64Array(ROWS) };
  readonly regions = GraphRegions.create(new Memory(), { rows: ROWS, edges: EDGES, shards: 2 });
  readonly edges = new ShardEdges(GraphRegions.attach(this.regions.token), 1, this.life);
  readonly model = new Map<string, Edge>();
  readonly out = new Uint32Array(ROWS + 4);
  sequence = 0;
  size = 0;

  upsert(source: number, target: number, kind: number, weight: number): void {
    // The main thread keeps the capacity by the count of edges in use, those of cascades among them.
    if (this.edges.count === EDGES) return;
    const graph = graphOf(source);
    const sequence = ++this.sequence;
    for (const row of [source, target]) {
      if (this.life.flags[row] === 1) continue;
      this.life.born[row] = sequence;
      this.life.flags[row] = 1;
    }
    const key = keyOf(source, target, kind);
    const known = this.model.get(key);
    const created = this.edges.upsert(source, target, kind, weight, sequence * 2, sequence);
    expect(created).toBe(known === undefined);
    if (created) this.size++;
    const kept = Number.isNaN(weight) ? (known?.weight ?? 1) : weight;
    this.model.set(key, { graph, source, target, kind, weight: kept, time: sequence * 2 });
    // Once more: an event that is not newer changes nothing.
    expect(this.edges.upsert(source, target, kind, 77, 77, sequence)).toBe(false);
  }

  remove(source: number, target: number, kind: number): void {
    this.sequence++;
    const removed = this.edges.remove(source, target, kind);
    expect(removed).toBe(this.model.delete(keyOf(source, target, kind)));
    if (removed) this.size--;
  }

  drop(row: number): void {
    this.sequence++;
    if (this.life.flags[row] === 0) return;
    this.size -= this.edges.dropNode(row);
    this.life.flags[row] = 0;
    for (const [key, edge] of this.model) if (edge.source === row || edge.target === row) this.model.delete(key);
  }

  dropGraph(graph: number): void {
    this.sequence++;
    for (let row = graph; row < ROWS; row += GRAPHS) {
      if (this.life.flags[row] === 0) continue;
      this.edges.detachRow(row);
      this.life.flags[row] = 0;
    }
    for (const [key, edge] of this.model) if (edge.graph === graph) this.model.delete(key);
    this.size = this.model.size;
  }

  rebuild(): void {
    scramble(this.regions);
    for (let row = 0; row < ROWS; row++) this.edges.resetRow(row);
    this.edges.rebuild();
  }

  check(): void {
    const { edges, model } = this;
    expect(this.size).toBe(model.size);
    const degrees = [new Array(ROWS).fill(0), new Array(ROWS).fill(0), new Array(ROWS).fill(0)];
    const neighbors = [0, 1, 2].map(() => Array.from({ length: ROWS }, () => new Map<number, Set<number>>()));
    for (const { source, target, kind } of model.values()) {
      degrees[0]![source]++;
      degrees[1]![target]++;
      for (const end of new Set([source, target])) degrees[2]![end]++;
      for (const asked of [-1, kind]) {
        const add = (direction: number, row: number, other: number) => {
          const byKind = neighbors[direction]![row]!;
          if (!byKind.has(asked)) byKind.set(asked, new Set());
          byKind.get(asked)!.add(other);
        };
        add(Out, source, target);
        add(In, target, source);
        add(Both, source, target);
        add(Both, target, source);
      }
    }
    const sorted = (rows: Iterable<number>) => [...rows].sort((a, b) => a - b);
    for (let row = 0; row < ROWS; row++) {
      expect(edges.degree(row, Out)).toBe(degrees[0]![row]);
      expect(edges.degree(row, In)).toBe(degrees[1]![row]);
      expect(edges.degree(row, Both)).toBe(degrees[2]![row]);
      for (const direction of [Out, In, Both]) {
        for (const kind of [-1, 0, 1]) {
          const found = edges.neighborsInto(row, direction, kind, this.out, 2);
          const wanted = sorted(neighbors[direction]![row]!.get(kind) ?? []);
          expect(sorted(this.out.subarray(2, 2 + found))).toEqual(wanted);
        }
      }
    }
    const views = edges.views;
    const met = new Set<string>();
    for (let edge = edges.nextLive(0); edge >= 0; edge = edges.nextLive(edge + 1)) {
      const key = keyOf(views.source[edge]!, views.target[edge]!, views.kind[edge]!);
      met.add(key);
      const { source, target, kind, weight, time } = model.get(key)!;
      expect(edges.find(source, target, kind)).toBe(edge);
      expect([views.weight[edge], views.time[edge]]).toEqual([weight, time]);
    }
    expect(met.size).toBe(model.size);
    expect(edges.find(0, 1, KINDS)).toBe(NO_ROW);
    if (edges.pendingCascades === 0) expect(edges.count).toBe(model.size);
    expect(edges.verify()).toEqual([]);
  }
}

/** Fills all that is derived with nonsense: only `edgeBump`, and the columns of edges in use, are the truth. */
function scramble(regions: GraphRegions): void {
  const { outPlace, inPlace, blocks, buckets, free, words } = regions.edges[1]!;
  for (const array of [outPlace, inPlace, blocks, buckets, free]) array.fill(0x7f7f7f7f);
  for (let word = 1; word < words.length; word++) words[word] = 0x7f7f7f7f;
  for (const rows of Object.values(regions.rows)) (rows as Uint32Array).fill(0x7f7f7f7f);
}

type Step = (pair: Pair) => void;
const row = fc.nat(ROWS / GRAPHS - 1);
const kind = fc.nat(KINDS - 1);
const weight = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -5, max: 5 }));
const graph = fc.nat(GRAPHS - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(graph, row, row, kind, weight).map(
      ([g, a, b, k, w]): Step =>
        (pair) =>
          pair.upsert(a * GRAPHS + g, b * GRAPHS + g, k, w),
    ),
  },
  {
    // All kinds to all of the graph's rows: the way to nodes whose cascade is not done at once.
    weight: 9,
    arbitrary: fc.tuple(graph, row, fc.boolean()).map(
      ([g, a, out]): Step =>
        (pair) => {
          for (let b = 0; b < ROWS / GRAPHS; b++) {
            for (let k = 0; k < KINDS; k++) {
              if (out) pair.upsert(a * GRAPHS + g, b * GRAPHS + g, k, 1);
              else pair.upsert(b * GRAPHS + g, a * GRAPHS + g, k, 1);
            }
          }
        },
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(graph, row, row, kind).map(
      ([g, a, b, k]): Step =>
        (pair) =>
          pair.remove(a * GRAPHS + g, b * GRAPHS + g, k),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(graph, row).map(
      ([g, a]): Step =>
        (pair) =>
          pair.drop(a * GRAPHS + g),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 70 }).map(
      (most): Step =>
        (pair) =>
          void pair.edges.reclaimStep(most),
    ),
  },
  {
    weight: 1,
    arbitrary: graph.map(
      (g): Step =>
        (pair) =>
          pair.dropGraph(g),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((pair) => pair.rebuild()) },
);

describe('edges against a Map', () => {
  test('mixed steps: every answer after every step', () => {
    let cascades = 0;
    let full = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
        const pair = new Pair();
        for (const apply of steps) {
          apply(pair);
          pair.check();
          if (pair.edges.pendingCascades > 0) cascades++;
          if (pair.edges.count === EDGES) full++;
        }
        while (pair.edges.reclaimStep(7));
        expect(pair.edges.pendingCascades).toBe(0);
        pair.check();
        expect(brokenCanariesWithin(pair.regions.token)).toEqual([]);
      }),
      { seed, numRuns: 18 },
    );
    // The steps reach what they are for.
    expect(cascades).toBeGreaterThan(20);
    expect(full).toBeGreaterThan(0);
  });
});
