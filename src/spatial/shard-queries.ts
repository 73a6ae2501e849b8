import { squareLimit } from '../base/distance.js';
import { GraphOption } from '../base/space.js';
import { specialize } from '../base/specialize.js';
import { angleBetween, chordOf, cosDegrees, sinDegrees, toUnitVector } from '../base/sphere.js';
import { makeNearestQuery as makePlaneNearest, type NearestQuery as PlaneNearest } from './generated/nearest.js';
import { makeNearestGuess as makePlaneGuess } from './generated/nearest-guess.js';
import { makeTreeQueries as makePlaneQueries, type TreeQueries as PlaneQueries } from './generated/queries.js';
import type { IndexViews, PoolViews, SpatialRegions } from './layout.js';
import { makeNearestQuery, type NearestQuery } from './nearest.js';
import { makeNearestGuess } from './nearest-guess.js';
import { makeTreeQueries, type TreeQueries } from './queries.js';

/** Square of a chord from which on chords tell distances to a few millimetres at best: 146 of 180 degrees. */
const NEAR_ANTIPODE = 3.66;
/** About the greatest coordinate whose square does not overflow. */
const FAR = 1e150;

/** A number above: bounds are exclusive. Infinity stays, and points whose squares overflow are found by `#nearestFar`. */
function above(square: number): number {
  return square + square * Number.EPSILON + Number.MIN_VALUE;
}

/** The k nearest of a few rows, by a distance that is computed for each of them. */
function nearestOf(
  candidates: Uint32Array,
  distance: (row: number) => number,
  k: number,
  maxDistance: number,
  rows: Uint32Array,
  distances: Float64Array,
  offset: number,
): number {
  const sorted = Array.from(candidates, (row) => ({ row, distance: distance(row) }))
    .filter((node) => node.distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance);
  const found = Math.min(k, sorted.length);
  for (let i = 0; i < found; i++) {
    rows[offset + i] = sorted[i]!.row;
    distances[offset + i] = sorted[i]!.distance;
  }
  return found;
}

/** The columns that queries look at besides the trees. */
export interface QueryColumns {
  /** By graph row: option bits, and the radius of the sphere in metres. */
  readonly options: Uint8Array;
  readonly radius: Float64Array;
  /** By node row. */
  readonly kind: Uint32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
}

/**
 * Queries of one shard's graphs, for one thread, under the shard's read lock, in the units of each graph: its own, or
 * degrees and metres on the sphere. `z` is looked at in a solid alone. Rows are written to `out` from `offset` up to
 * `limit` (an end index); the number found is returned, which may be more than was written.
 */
export class ShardQueries {
  readonly #plane: PlaneQueries;
  readonly #solid: TreeQueries;
  readonly #planeNearest: PlaneNearest;
  readonly #solidNearest: NearestQuery;
  readonly #index: IndexViews;
  readonly #space: PoolViews;
  readonly #columns: QueryColumns;
  readonly #vector = new Float64Array(3);
  #candidates = new Uint32Array(1024);

  constructor(regions: SpatialRegions, shard: number, columns: QueryColumns) {
    const { index } = regions;
    const plane = regions.planes[shard]!;
    const solid = regions.spaces[shard]!;
    const { kind } = columns;
    this.#plane = specialize(makePlaneQueries)(index, plane, kind);
    this.#solid = specialize(makeTreeQueries)(index, solid, kind);
    this.#planeNearest = specialize(makePlaneNearest)(index, plane, kind, specialize(makePlaneGuess)(plane, kind));
    this.#solidNearest = specialize(makeNearestQuery)(index, solid, kind, specialize(makeNearestGuess)(solid, kind));
    this.#index = index;
    this.#space = solid;
    this.#columns = columns;
  }

  /** Rows at distance <= radius. */
  within(
    graph: number,
    x: number,
    y: number,
    z: number,
    radius: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const space = this.#columns.options[graph]! & GraphOption.anySpace;
    if (space === 0) return this.#plane.within(graph, x, y, radius, squareLimit(radius), kind, out, offset, limit);
    if (space === GraphOption.solid) {
      return this.#solid.within(graph, x, y, z, radius, squareLimit(radius), kind, out, offset, limit);
    }
    const vector = this.#vector;
    toUnitVector(x, y, vector, 0);
    const sphere = this.#columns.radius[graph]!;
    const angle = radius / sphere;
    if (angle <= Math.PI / 2) {
      const chord = chordOf(radius, sphere);
      const [vx, vy, vz] = vector as unknown as [number, number, number];
      return this.#solid.within(graph, vx, vy, vz, chord, chord * chord, kind, out, offset, limit);
    }
    // Beyond a quarter of the circumference chords tell distances ever less: all that is not near the antipode, by its angle.
    const rest = angle >= Math.PI ? 0 : Math.max(0, 2 * Math.cos(angle / 2) * (1 - 1e-12) - 1e-15);
    const count = this.#farFrom(graph, -vector[0]!, -vector[1]!, -vector[2]!, rest, kind);
    const rows = this.#candidates;
    let found = offset;
    for (let i = 0; i < count; i++) {
      if (rest > 0 && this.#angleTo(graph, rows[i]!) * sphere > radius) continue;
      if (found < limit) out[found] = rows[i]!;
      found++;
    }
    return found - offset;
  }

  /** Rows at least as far from a point of space as that, into `#candidates`; how many. */
  #farFrom(graph: number, x: number, y: number, z: number, least: number, kind: number): number {
    return this.#collect((rows) => this.#solid.beyond(graph, x, y, z, least, kind, rows, 0, rows.length));
  }

  /** Whatever the query finds, into `#candidates`, which grow to hold it; how many. */
  #collect(query: (rows: Uint32Array) => number): number {
    const count = query(this.#candidates);
    if (count <= this.#candidates.length) return count;
    this.#candidates = new Uint32Array(count);
    return query(this.#candidates);
  }

  /** Angle between a row's unit vector and `#vector`. */
  #angleTo(graph: number, row: number): number {
    const entries = this.#index.column[graph] === 0 ? this.#index.entry0 : this.#index.entry1;
    const { leafAt } = this.#space;
    const at = (entries[row]! - 1) * 4;
    const [x, y, z] = this.#vector as unknown as [number, number, number];
    return angleBetween(x, y, z, leafAt[at]!, leafAt[at + 1]!, leafAt[at + 2]!);
  }

  /** Rows in the closed box; on the sphere, across the antimeridian where minX > maxX. */
  box(
    graph: number,
    box: { minX: number; minY: number; minZ: number; maxX: number; maxY: number; maxZ: number },
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const { minX, minY, minZ, maxX, maxY, maxZ } = box;
    const space = this.#columns.options[graph]! & GraphOption.anySpace;
    if (space === 0) return this.#plane.box(graph, minX, minY, maxX, maxY, kind, out, offset, limit);
    if (space === GraphOption.solid) {
      return this.#solid.box(graph, minX, minY, minZ, maxX, maxY, maxZ, kind, out, offset, limit);
    }
    return this.#boxOnSphere(graph, minX, minY, maxX, maxY, kind, out, offset, limit);
  }

  /** The unit vectors of the box lie in a box of space: what is in that is looked at by longitude and latitude. */
  #boxOnSphere(
    graph: number,
    west: number,
    south: number,
    east: number,
    north: number,
    kind: number,
    out: Uint32Array,
    offset: number,
    limit: number,
  ): number {
    const greatest = south <= 0 && north >= 0 ? 1 : Math.max(cosDegrees(south), cosDegrees(north));
    const least = Math.min(cosDegrees(south), cosDegrees(north));
    const crosses = west > east;
    const holds = (longitude: number): boolean =>
      crosses ? longitude >= west || longitude <= east : longitude >= west && longitude <= east;
    const cosines = [cosDegrees(west), cosDegrees(east)];
    const sines = [sinDegrees(west), sinDegrees(east)];
    if (holds(0)) cosines.push(1);
    if (holds(180) || holds(-180)) cosines.push(-1);
    if (holds(90)) sines.push(1);
    if (holds(-90)) sines.push(-1);
    // A factor of either sign is least with one end of the other factor and greatest with the other.
    const low = (values: number[]): number => Math.min(...values.map((v) => Math.min(v * least, v * greatest))) - 1e-12;
    const high = (values: number[]): number =>
      Math.max(...values.map((v) => Math.max(v * least, v * greatest))) + 1e-12;
    const minZ = sinDegrees(south) - 1e-12;
    const maxZ = sinDegrees(north) + 1e-12;
    const [minX, minY, maxX, maxY] = [low(cosines), low(sines), high(cosines), high(sines)];
    const count = this.#collect((rows) =>
      this.#solid.box(graph, minX, minY, minZ, maxX, maxY, maxZ, kind, rows, 0, rows.length),
    );
    const { x, y } = this.#columns;
    const rows = this.#candidates;
    let found = offset;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      if (!holds(x[row]!) || y[row]! < south || y[row]! > north) continue;
      if (found < limit) out[found] = row;
      found++;
    }
    return found - offset;
  }

  /** The k nearest rows, nearest first, no farther than `maxDistance`, with their distances at the same indexes. */
  nearest(
    graph: number,
    x: number,
    y: number,
    z: number,
    k: number,
    maxDistance: number,
    kind: number,
    rows: Uint32Array,
    distances: Float64Array,
    offset: number,
  ): number {
    const space = this.#columns.options[graph]! & GraphOption.anySpace;
    if (space === GraphOption.sphere)
      return this.#nearestOnSphere(graph, x, y, k, maxDistance, kind, rows, distances, offset);
    const found =
      space === 0
        ? this.#planeNearest.run(graph, x, y, k, above(squareLimit(maxDistance)), kind, rows, distances, offset)
        : this.#solidNearest.run(graph, x, y, z, k, above(squareLimit(maxDistance)), kind, rows, distances, offset);
    if (found < k && maxDistance * maxDistance === Number.POSITIVE_INFINITY && found < this.#index.count[graph]!) {
      return this.#nearestFar(graph, x, y, space === 0 ? 0 : z, k, maxDistance, kind, rows, distances, offset);
    }
    for (let i = offset; i < offset + found; i++) distances[i] = Math.min(maxDistance, Math.sqrt(distances[i]!));
    return found;
  }

  /** Whatever the coordinates: all points, sorted. For those whose squares overflow, and kinds that are too few. */
  #nearestFar(
    graph: number,
    x: number,
    y: number,
    z: number,
    k: number,
    maxDistance: number,
    kind: number,
    rows: Uint32Array,
    distances: Float64Array,
    offset: number,
  ): number {
    const { options, x: xs, y: ys, z: zs } = this.#columns;
    const isPlane = (options[graph]! & GraphOption.anySpace) === 0;
    const all = new Uint32Array(this.#index.count[graph]!);
    const count = isPlane
      ? this.#plane.beyond(graph, x, y, 0, kind, all, 0, all.length)
      : this.#solid.beyond(graph, x, y, z, 0, kind, all, 0, all.length);
    const distance = (row: number): number => {
      const dx = xs[row]! - x;
      const dy = ys[row]! - y;
      const dz = isPlane ? 0 : zs[row]! - z;
      const square = dx * dx + dy * dy + dz * dz;
      if (square < Number.POSITIVE_INFINITY) return Math.sqrt(square);
      // In units so large that nothing overflows.
      const farZ = isPlane ? 0 : zs[row]! / FAR - z / FAR;
      return Math.hypot(xs[row]! / FAR - x / FAR, ys[row]! / FAR - y / FAR, farZ) * FAR;
    };
    return nearestOf(all.subarray(0, count), distance, k, maxDistance, rows, distances, offset);
  }

  #nearestOnSphere(
    graph: number,
    x: number,
    y: number,
    k: number,
    maxDistance: number,
    kind: number,
    rows: Uint32Array,
    distances: Float64Array,
    offset: number,
  ): number {
    const radius = this.#columns.radius[graph]!;
    const vector = this.#vector;
    toUnitVector(x, y, vector, 0);
    const [vx, vy, vz] = vector as unknown as [number, number, number];
    const chord = maxDistance / radius >= 2.8 ? Number.POSITIVE_INFINITY : chordOf(maxDistance, radius) + 1e-15;
    const found = this.#solidNearest.run(graph, vx, vy, vz, k, above(chord * chord), kind, rows, distances, offset);
    if (found > 0 && distances[offset + found - 1]! > NEAR_ANTIPODE) {
      return this.#nearestByAngle(graph, k, maxDistance, kind, rows, distances, offset);
    }
    let kept = offset;
    for (let i = offset; i < offset + found; i++) {
      const row = rows[i]!;
      // Beyond a quarter of the circumference chords no longer tell distances: they are ordered again by angle.
      const square = distances[i]!;
      const between = square <= 2 ? 2 * Math.asin(Math.sqrt(square) / 2) : this.#angleTo(graph, row);
      let distance = between * radius;
      if (distance > maxDistance) {
        // By no more than rounding can do, or not at all.
        if (square > 2 || distance > maxDistance * (1 + 4e-15)) continue;
        distance = maxDistance;
      }
      let to = kept++;
      for (; to > offset && distances[to - 1]! > distance; to--) {
        distances[to] = distances[to - 1]!;
        rows[to] = rows[to - 1]!;
      }
      distances[to] = distance;
      rows[to] = row;
    }
    return kept - offset;
  }

  /** All nodes, by angle: so near the antipode chords do not even tell who is among the nearest. Round `#vector`. */
  #nearestByAngle(
    graph: number,
    k: number,
    maxDistance: number,
    kind: number,
    rows: Uint32Array,
    distances: Float64Array,
    offset: number,
  ): number {
    const radius = this.#columns.radius[graph]!;
    const count = this.#farFrom(graph, 0, 0, 0, 0, kind);
    const distance = (row: number): number => this.#angleTo(graph, row) * radius;
    return nearestOf(this.#candidates.subarray(0, count), distance, k, maxDistance, rows, distances, offset);
  }
}
