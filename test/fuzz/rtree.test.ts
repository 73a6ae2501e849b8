import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Memory } from '../../dist/src/memory/reserve.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ANY_KIND, TreeQueries } from '../../dist/src/spatial/queries.js';
import { ShardTrees } from '../../dist/src/spatial/shard-trees.js';
import { verifyTree } from '../../dist/src/spatial/verify.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20260101);
const GRAPHS = 3;
type Point = { x: number; y: number };

/** The trees of one shard beside Maps: every change goes to both, every question is asked of both. */
class Twin {
  readonly regions: SpatialRegions;
  readonly trees: ShardTrees;
  readonly queries: TreeQueries;
  readonly kinds: Uint32Array;
  readonly model: Array<Map<number, Point>> = Array.from({ length: GRAPHS }, () => new Map());
  readonly graphOf: Int32Array;

  constructor(readonly rows: number) {
    this.regions = SpatialRegions.create(new Memory(), { rows, graphs: GRAPHS, shards: 1 });
    this.trees = new ShardTrees(this.regions, 0);
    this.kinds = Uint32Array.from({ length: rows }, (_, row) => row % 3);
    this.queries = new TreeQueries(this.regions, 0, this.kinds);
    this.graphOf = new Int32Array(rows).fill(-1);
  }

  put(graph: number, row: number, point: Point): void {
    const own = this.graphOf[row]!;
    if (own === -1) {
      this.graphOf[row] = graph;
      this.trees.insert(graph, row, point.x, point.y);
      this.model[graph]!.set(row, point);
    } else {
      this.trees.move(own, row, point.x, point.y);
      this.model[own]!.set(row, point);
    }
  }

  remove(row: number): void {
    const own = this.graphOf[row]!;
    if (own === -1) return;
    this.trees.remove(own, row);
    this.model[own]!.delete(row);
    this.graphOf[row] = -1;
  }

  drop(graph: number): void {
    this.trees.dropTree(graph);
    for (const row of this.model[graph]!.keys()) {
      this.trees.forget(row);
      this.graphOf[row] = -1;
    }
    this.model[graph]!.clear();
  }

  pack(steps: number, maxItems: number): void {
    for (let i = 0; i < steps; i++) {
      const state = this.trees.packStep(maxItems);
      if (state === 'idle') return;
      if (state === 'ready') this.trees.packSwap();
    }
  }

  check(): void {
    for (let graph = 0; graph < GRAPHS; graph++) {
      const model = this.model[graph]!;
      const problems = verifyTree(this.regions, 0, graph, (row) => {
        const point = model.get(row);
        return point && [point.x, point.y];
      });
      expect(problems).toEqual([]);
      expect(this.trees.count(graph)).toBe(model.size);
    }
  }

  ask(graph: number, { x, y }: Point, radius: number): void {
    const model = this.model[graph]!;
    const out = new Uint32Array(this.rows);
    const squared = (p: Point) => (p.x - x) * (p.x - x) + (p.y - y) * (p.y - y);
    const inside = [...model].filter(([, p]) => squared(p) <= radius * radius).map(([row]) => row);
    const ofKind = inside.filter((row) => this.kinds[row] === 1);
    const sorted = (rows: Iterable<number>) => [...rows].sort((a, b) => a - b);
    const { queries } = this;
    let found = queries.within(graph, x, y, radius, ANY_KIND, out, 0, out.length);
    expect(sorted(out.subarray(0, found))).toEqual(sorted(inside));
    found = queries.within(graph, x, y, radius, 1, out, 0, out.length);
    expect(sorted(out.subarray(0, found))).toEqual(sorted(ofKind));

    // An answer longer than the room for it: counted in full, and not a word beyond the limit touched.
    const limit = Math.min(out.length, 2 + (inside.length >> 1));
    out.fill(0xffffffff);
    expect(queries.within(graph, x, y, radius, ANY_KIND, out, 2, limit)).toBe(inside.length);
    expect(out.subarray(limit).every((word) => word === 0xffffffff)).toBe(true);
    expect(out[0]).toBe(0xffffffff);
    const written = Math.min(limit - 2, inside.length);
    const rest = new Set(inside);
    for (const row of out.subarray(2, 2 + written)) expect(rest.delete(row)).toBe(true);

    const [minX, minY, maxX, maxY] = [x - radius, y - radius / 2, x + radius / 2, y + radius];
    const boxed = [...model].filter(([, p]) => p.x >= minX && p.x <= maxX && p.y >= minY && p.y <= maxY);
    found = queries.box(graph, minX, minY, maxX, maxY, ANY_KIND, out, 0, out.length);
    expect(sorted(out.subarray(0, found))).toEqual(sorted(boxed.map(([row]) => row)));

    const distances = new Float64Array(this.rows);
    for (const [k, max, kind] of [
      [7, Number.POSITIVE_INFINITY, ANY_KIND],
      [this.rows, radius, ANY_KIND],
      [5, Number.POSITIVE_INFINITY, 1],
    ] as const) {
      const expected = [...model]
        .filter(([row, p]) => squared(p) <= max * max && (kind === ANY_KIND || this.kinds[row] === kind))
        .map(([, p]) => Math.sqrt(squared(p)))
        .sort((a, b) => a - b)
        .slice(0, k);
      found = queries.nearest(graph, x, y, k, max, kind, out, distances, 0);
      expect([...distances.subarray(0, found)]).toEqual(expected);
      expect(new Set(out.subarray(0, found)).size).toBe(found);
      for (let i = 0; i < found; i++) expect(Math.sqrt(squared(model.get(out[i]!)!))).toBe(distances[i]);
    }
  }
}

const unit = fc.double({ min: 0, max: 1, noNaN: true });
/** Shapes of space: uniform, few places, a line, a tiny cluster in a huge space, far from the origin, zeros of both signs. */
const shapes: Record<string, (u: number, v: number) => Point> = {
  uniform: (u, v) => ({ x: u * 100, y: v * 100 }),
  'few places': (u, v) => ({ x: Math.floor(u * 3), y: Math.floor(v * 3) }),
  'one place': () => ({ x: 5, y: 5 }),
  'a line': (u) => ({ x: u * 100, y: 7 }),
  'tiny and huge': (u, v) => (v > 0.2 ? { x: u / 1e6, y: v / 1e6 } : { x: 1e9 * u, y: -1e9 * v }),
  'far away': (u, v) => ({ x: 1e9 + u, y: -1e9 + v }),
  zeros: (u, v) => ({ x: u > 0.5 ? 0 : -0, y: v > 0.5 ? -0 : u }),
};

const command = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      count: fc.nat(60),
      first: unit,
      step: fc.nat(7),
      graph: fc.nat(GRAPHS - 1),
      u: unit,
      v: unit,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('shake' as const), count: fc.nat(80), first: unit, size: unit, u: unit }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('remove' as const), count: fc.nat(60), first: unit, step: fc.nat(7) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('pack' as const),
      steps: fc.nat(30),
      items: fc.integer({ min: 1, max: 64 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('reclaim' as const), blocks: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drop' as const), graph: fc.nat(GRAPHS - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('ask' as const),
      graph: fc.nat(GRAPHS - 1),
      u: unit,
      v: unit,
      radius: unit,
    }),
  },
);

describe.each(Object.keys(shapes))('trees against maps: %s', (name) => {
  const shape = shapes[name]!;
  const extent = name === 'tiny and huge' ? 1e9 : name === 'uniform' || name === 'a line' ? 100 : 3;

  it('mixed changes, packing in slices between them, several graphs', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(command, { minLength: 60, maxLength: 160, size: 'max' }), (salt, commands) => {
        const rows = 1200;
        const twin = new Twin(rows);
        let state = salt | 1;
        const next = () => {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          return (state >>> 0) / 2 ** 32;
        };
        // Past the least number of inserts that asks for a packing, so that most cases run one.
        for (let row = 0; row < 280; row++) twin.put(0, row, shape(next(), next()));
        for (const it of commands) {
          switch (it.op) {
            case 'put':
              for (let i = 0; i < it.count; i++) {
                twin.put(it.graph, (Math.floor(it.first * rows) + i * (1 + it.step)) % rows, shape(next(), next()));
              }
              break;
            case 'shake':
              for (let i = 0; i < it.count; i++) {
                const row = (Math.floor(it.first * rows) + i) % rows;
                const own = twin.graphOf[row]!;
                if (own === -1) continue;
                const { x, y } = twin.model[own]!.get(row)!;
                const reach = it.size * it.size * extent * 0.1;
                twin.put(own, row, { x: x + (next() - 0.5) * reach, y: y + (next() - 0.5) * reach });
              }
              break;
            case 'remove':
              for (let i = 0; i < it.count; i++) twin.remove((Math.floor(it.first * rows) + i * (1 + it.step)) % rows);
              break;
            case 'pack':
              twin.pack(it.steps, it.items);
              break;
            case 'reclaim':
              twin.trees.reclaimStep(it.blocks);
              break;
            case 'drop':
              twin.drop(it.graph);
              break;
            case 'ask':
              twin.ask(it.graph, shape(it.u, it.v), it.radius * extent);
              break;
          }
        }
        twin.check();
        twin.pack(1e6, 50);
        twin.check();
        for (let graph = 0; graph < GRAPHS; graph++) twin.ask(graph, shape(next(), next()), extent / 4);
      }),
      { seed, numRuns: 25, endOnFailure: true },
    );
  });
});

describe('pools hold what their bound says', () => {
  const rows = 400;

  it('every row, in one tree, churned and dropped again and again without a step of reclaiming', () => {
    const twin = new Twin(rows);
    for (let turn = 0; turn < 30; turn++) {
      for (let row = 0; row < rows; row++)
        twin.put(turn % GRAPHS, row, { x: (row * 7919) % 401, y: (row * 104729) % 397 });
      for (let row = 0; row < rows; row++) twin.put(0, row, { x: (row * 31 * turn) % 401, y: (row * 17) % 397 });
      twin.check();
      twin.drop(turn % GRAPHS);
    }
  });

  it('a packing that is given up leaves nothing behind', () => {
    const twin = new Twin(rows);
    for (let turn = 1; turn < 60; turn++) {
      for (let row = 0; row < rows; row++) twin.put(0, row, { x: (row * 7919) % 401, y: (row * 104729) % 397 });
      // From the first slice to the last: every phase is cut short once.
      twin.pack(turn * 4, 16);
      // The list of late rows overflows when the same row comes and goes.
      if (turn % 2 === 0) {
        for (let i = 0; i < rows + 80; i++) {
          twin.remove(5);
          twin.put(0, 5, { x: i, y: i });
        }
        twin.check();
        for (let i = 0; i < 300; i++) {
          twin.remove(6);
          twin.put(0, 6, { x: i, y: i });
        }
        twin.pack(1e6, 64);
        twin.check();
      }
      twin.drop(0);
      twin.check();
    }
  });
});
