import { distanceOf } from '../base/distance.js';
import { greatCircleDistance } from '../base/sphere.js';
import { ANY_KIND } from '../spatial/queries.js';
import type { ShardQueries } from '../spatial/shard-queries.js';
import { contains } from '../zones/geometry.js';
import { eachImage } from '../zones/graph-zones.js';
import { geometryOf, PLANE, type Space } from '../zones/space.js';
import type { Zone } from '../zones/zone.js';
import type { EngineMemory } from './engine-memory.js';

/**
 * Positions of a shard's nodes, for its detector: in a graph's geometry, and in orders that are the same for any number of
 * workers and shards. The owner of the shard asks, and no lock is needed.
 */
export class NearRows {
  /** What the last query found, as many as it said; grows to the most that any found. */
  rows = new Uint32Array(256);
  /** The geometry of the graph that was named last. */
  space: Space = PLANE;
  readonly #memory: EngineMemory;
  readonly #queries: ShardQueries;
  #former = new Uint32Array(256);

  constructor(memory: EngineMemory, shard: number) {
    this.#memory = memory;
    this.#queries = memory.queriesOf(shard);
  }

  use(graph: number): Space {
    const { options, radius } = this.#memory.graphs;
    this.space = geometryOf(options[graph]!, radius[graph]!);
    return this.space;
  }

  /** Whether the node in the row is inside. */
  isIn(zone: Zone | undefined, row: number): boolean {
    const { x, y } = this.#memory.nodes;
    return zone !== undefined && contains(zone, this.space, x[row]!, y[row]!, this.heightOf(row));
  }

  /** z of the node in the row; 0 in two dimensions. */
  heightOf(row: number): number {
    return this.space.dimensions === 3 ? this.#memory.nodes.z[row]! : 0;
  }

  /** From a position to the node in the row. */
  distance(x: number, y: number, z: number, other: number): number {
    const { x: xs, y: ys } = this.#memory.nodes;
    if (this.space.radiusM > 0) return greatCircleDistance(x, y, xs[other]!, ys[other]!, this.space.radiusM);
    return distanceOf(xs[other]! - x, ys[other]! - y, this.heightOf(other) - z);
  }

  /** Rows within a radius: how many. */
  within(graph: number, x: number, y: number, z: number, radius: number): number {
    let found = this.#queries.within(graph, x, y, z, radius, ANY_KIND, this.rows, 0, this.rows.length);
    if (found > this.rows.length) {
      this.rows = new Uint32Array(found * 2);
      found = this.#queries.within(graph, x, y, z, radius, ANY_KIND, this.rows, 0, this.rows.length);
    }
    return found;
  }

  /** Keeps what the last query found while the next one is made. */
  keep(found: number): Uint32Array {
    const kept = this.rows;
    this.rows = this.#former;
    this.#former = kept;
    return kept.subarray(0, found);
  }

  /** Rows inside `zone` and not inside `other`, by no order; one perhaps twice. */
  inOnly(graph: number, zone: Zone, other: Zone | undefined, into: number[]): void {
    let found = 0;
    if (this.space.radiusM === 0) {
      found = this.#box(graph, zone.minX, zone.minY, zone.maxX, zone.maxY, 0);
    } else {
      eachImage(zone.minX, zone.maxX, (minX, maxX) => {
        found += this.#box(graph, minX, zone.minY, maxX, zone.maxY, found);
      });
    }
    for (let k = 0; k < found; k++) {
      const row = this.rows[k]!;
      if (this.isIn(zone, row) && !this.isIn(other, row)) into.push(row);
    }
  }

  /** Every row with a position. */
  all(graph: number): number[] {
    const most = Number.MAX_VALUE;
    const found = this.#box(graph, -most, -most, most, most, 0);
    return Array.from(this.rows.subarray(0, found));
  }

  #box(graph: number, minX: number, minY: number, maxX: number, maxY: number, from: number): number {
    const box = { minX, minY, minZ: -Number.MAX_VALUE, maxX, maxY, maxZ: Number.MAX_VALUE };
    if (this.space.radiusM > 0) {
      box.minX = Math.max(-180, minX);
      box.maxX = Math.min(180, maxX);
      box.minY = Math.max(-90, minY);
      box.maxY = Math.min(90, maxY);
      if (box.minX > box.maxX) return 0;
    }
    const find = (): number => this.#queries.box(graph, box, ANY_KIND, this.rows, from, this.rows.length);
    let found = find();
    if (from + found > this.rows.length) {
      const grown = new Uint32Array((from + found) * 2);
      grown.set(this.rows.subarray(0, from));
      this.rows = grown;
      found = find();
    }
    return found;
  }

  // ------------------------------------------------------------ order

  comesBefore(a: number, b: number): boolean {
    return comesBefore(this.#memory, a, b);
  }

  inOrder(rows: number[]): number[] {
    if (rows.length < 2) return rows;
    return rows.sort((a, b) => (a === b ? 0 : this.comesBefore(a, b) ? -1 : 1));
  }
}

/** By the event that made it a node; of the two ends of an edge, by their ids, since rows are not the same in every run. */
export function comesBefore({ nodes, ids }: EngineMemory, a: number, b: number): boolean {
  const { born } = nodes;
  if (born[a] !== born[b]) return born[a]! < born[b]!;
  const first = ids.mixId(a, 1) - ids.mixId(b, 1);
  return (first !== 0 ? first : ids.mixId(a, 2) - ids.mixId(b, 2)) < 0;
}
