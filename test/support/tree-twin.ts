import { expect } from 'vitest';
import { GraphOption, Space } from '../../dist/src/base/space.js';
import { EARTH_RADIUS_M, greatCircleDistance } from '../../dist/src/base/sphere.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ANY_KIND } from '../../dist/src/spatial/queries.js';
import { ShardIndex } from '../../dist/src/spatial/shard-index.js';
import { ShardQueries } from '../../dist/src/spatial/shard-queries.js';
import { verifyTree } from '../../dist/src/spatial/verify.js';

export const GRAPHS = 3;
const OPTIONS = [0, GraphOption.solid, GraphOption.sphere];
export type Point = { x: number; y: number; z: number };

const sorted = (rows: Iterable<number>): number[] => [...rows].sort((a, b) => a - b);

/** The trees of one shard beside Maps: every change goes to both, every question is asked of both. */
export class Twin {
  readonly regions: SpatialRegions;
  readonly trees: ShardIndex;
  readonly queries: ShardQueries;
  readonly kinds: Uint32Array;
  readonly options: Uint8Array;
  readonly columns: { x: Float64Array; y: Float64Array; z: Float64Array };
  readonly model: Array<Map<number, Point>> = Array.from({ length: GRAPHS }, () => new Map());
  readonly graphOf: Int32Array;

  constructor(
    readonly rows: number,
    readonly space: number,
  ) {
    this.regions = SpatialRegions.create(new Memory(), { rows, graphs: GRAPHS, shards: 1 });
    this.options = new Uint8Array(GRAPHS).fill(OPTIONS[space]!);
    this.trees = new ShardIndex(this.regions, 0, this.options);
    this.kinds = Uint32Array.from({ length: rows }, (_, row) => row % 3);
    this.columns = { x: new Float64Array(rows), y: new Float64Array(rows), z: new Float64Array(rows) };
    const radius = new Float64Array(GRAPHS).fill(EARTH_RADIUS_M);
    this.queries = new ShardQueries(this.regions, 0, {
      ...this.columns,
      kind: this.kinds,
      options: this.options,
      radius,
    });
    this.graphOf = new Int32Array(rows).fill(-1);
  }

  put(graph: number, row: number, point: Point): void {
    const own = this.graphOf[row]!;
    this.columns.x[row] = point.x;
    this.columns.y[row] = point.y;
    this.columns.z[row] = point.z;
    if (own === -1) {
      this.graphOf[row] = graph;
      this.trees.insert(graph, row, point.x, point.y, point.z);
      this.model[graph]!.set(row, point);
    } else {
      this.trees.move(own, row, point.x, point.y, point.z);
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
      const problems = verifyTree(this.regions, 0, graph, this.options[graph]!, (row) => {
        const point = model.get(row);
        return point && [point.x, point.y, point.z];
      });
      expect(problems).toEqual([]);
      expect(this.regions.index.count[graph]).toBe(model.size);
    }
  }

  distance(a: Point, b: Point): number {
    if (this.space === Space.sphere) return greatCircleDistance(a.x, a.y, b.x, b.y, EARTH_RADIUS_M);
    const along = [a.x - b.x, a.y - b.y, this.space === Space.solid ? a.z - b.z : 0];
    const greatest = Math.max(...along.map(Math.abs));
    // In a unit in which no square overflows or vanishes.
    const unit = greatest > 1e100 ? 2 ** -600 : greatest < 1e-100 ? 2 ** 600 : 1;
    return Math.sqrt(along.reduce((sum, value) => sum + (value * unit) ** 2, 0)) / unit;
  }

  /** Whether the answer is right, to the last digit of each distance. */
  expectWithin(model: ReadonlyMap<number, Point>, at: Point, radius: number, rows: Uint32Array, kind = ANY_KIND): void {
    const found = new Set(rows);
    expect(found.size).toBe(rows.length);
    for (const [row, point] of model) {
      if (kind !== ANY_KIND && this.kinds[row] !== kind) {
        expect(found.has(row)).toBe(false);
        continue;
      }
      expect(found.has(row)).toBe(this.distance(point, at) <= radius);
    }
    for (const row of found) expect(model.has(row)).toBe(true);
  }

  ask(graph: number, at: Point, radius: number): void {
    const { x, y, z } = at;
    const model = this.model[graph]!;
    const out = new Uint32Array(this.rows);
    const { queries } = this;
    const inside = queries.within(graph, x, y, z, radius, ANY_KIND, out, 0, out.length);
    this.expectWithin(model, at, radius, out.slice(0, inside));
    const all = new Set(out.subarray(0, inside));
    let found = queries.within(graph, x, y, z, radius, 1, out, 0, out.length);
    this.expectWithin(model, at, radius, out.slice(0, found), 1);

    // An answer longer than the room for it: counted in full, and not a word beyond the limit touched.
    const limit = Math.min(out.length, 2 + (inside >> 1));
    out.fill(0xffffffff);
    expect(queries.within(graph, x, y, z, radius, ANY_KIND, out, 2, limit)).toBe(inside);
    expect(out.subarray(limit).every((word) => word === 0xffffffff)).toBe(true);
    expect(out[0]).toBe(0xffffffff);
    for (const row of out.subarray(2, 2 + Math.min(limit - 2, inside))) expect(all.delete(row)).toBe(true);

    this.askBox(graph, at, radius, out);

    const distances = new Float64Array(this.rows);
    for (const [k, max, kind] of [
      [7, Number.POSITIVE_INFINITY, ANY_KIND],
      [this.rows, radius, ANY_KIND],
      [5, Number.POSITIVE_INFINITY, 1],
    ] as const) {
      const expected = [...model]
        .filter(([row]) => kind === ANY_KIND || this.kinds[row] === kind)
        .map(([, point]) => this.distance(point, at))
        .sort((a, b) => a - b);
      found = queries.nearest(graph, x, y, z, k, max, kind, out, distances, 0);
      expect(found).toBe(Math.min(k, expected.filter((distance) => distance <= max).length));
      expect(new Set(out.subarray(0, found)).size).toBe(found);
      for (let i = 0; i < found; i++) {
        expect(distances[i]!).toBe(expected[i]!);
        expect(distances[i]!).toBe(this.distance(model.get(out[i]!)!, at));
        expect(distances[i]!).toBeLessThanOrEqual(max);
        if (i > 0) expect(distances[i]!).toBeGreaterThanOrEqual(distances[i - 1]!);
      }
    }
  }

  askBox(graph: number, { x, y, z }: Point, radius: number, out: Uint32Array): void {
    const box = {
      minX: x - radius,
      minY: y - radius / 2,
      minZ: z - radius,
      maxX: x + radius / 2,
      maxY: y + radius,
      maxZ: z + radius / 4,
    };
    if (this.space === Space.sphere) {
      const degrees = radius / 111_195;
      const wrapped = (longitude: number): number => ((((longitude + 180) % 360) + 360) % 360) - 180;
      box.minX = degrees >= 180 ? -180 : wrapped(x - degrees);
      box.maxX = degrees >= 180 ? 180 : wrapped(x + degrees / 2);
      box.minY = Math.max(-90, y - degrees / 2);
      box.maxY = Math.min(90, y + degrees);
    }
    const { minX, minY, minZ, maxX, maxY, maxZ } = box;
    const boxed = [...this.model[graph]!].filter(([, p]) => {
      const holds = (x: number): boolean => (minX <= maxX ? x >= minX && x <= maxX : x >= minX || x <= maxX);
      // On the sphere 180 and -180 are one meridian.
      const inX = holds(p.x) || (this.space === Space.sphere && Math.abs(p.x) === 180 && holds(-p.x));
      const inZ = this.space !== Space.solid || (p.z >= minZ && p.z <= maxZ);
      return inX && p.y >= minY && p.y <= maxY && inZ;
    });
    const found = this.queries.box(graph, box, ANY_KIND, out, 0, out.length);
    expect(sorted(out.subarray(0, found))).toEqual(sorted(boxed.map(([row]) => row)));
  }
}
