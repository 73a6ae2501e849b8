import { distanceOf, LEAST_RADIUS, LEAST_SQUARE, squareLimit } from '../base/distance.js';
import { GraphOption } from '../base/space.js';
import { specialize } from '../base/specialize.js';
import {
  angleBetween,
  angleOfChord,
  chordLimit,
  cosDegrees,
  holdsLongitude,
  NEAR_ANTIPODE,
  sinDegrees,
  toUnitVector,
} from '../base/sphere.js';
import { makeNearestQuery as makePlaneNearest, type NearestQuery as PlaneNearest } from './generated/nearest.js';
import { makeNearestGuess as makePlaneGuess } from './generated/nearest-guess.js';
import { makeTreeQueries as makePlaneQueries, type TreeQueries as PlaneQueries } from './generated/queries.js';
import type { IndexViews, PoolViews, SpatialRegions } from './layout.js';
import { makeNearestQuery, type NearestQuery } from './nearest.js';
import { makeNearestGuess } from './nearest-guess.js';
import { makeTreeQueries, type TreeQueries } from './queries.js';

/** Chord below which squares may have lost digits, and what is above it for certain. */
const TINY = 2 * LEAST_RADIUS;

/** A number above: bounds are exclusive. Infinity stays: points whose squares overflow are found by `#nearestOfAll`. */
function above(square: number): number {
  return square + square * Number.EPSILON + Number.MIN_VALUE;
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
    if (space === GraphOption.sphere) {
      const vector = this.#vector;
      toUnitVector(x, y, vector, 0);
      const square = chordLimit(radius, this.#columns.radius[graph]!);
      if (!Number.isNaN(square)) {
        const [vx, vy, vz] = vector as unknown as [number, number, number];
        return this.#solid.within(graph, vx, vy, vz, Math.sqrt(square), square, kind, out, offset, limit);
      }
    } else {
      const square = squareLimit(radius);
      if (!Number.isNaN(square)) {
        return space === 0
          ? this.#plane.within(graph, x, y, radius, square, kind, out, offset, limit)
          : this.#solid.within(graph, x, y, z, radius, square, kind, out, offset, limit);
      }
    }
    return this.#withinByDistance(graph, x, y, z, radius, kind, out, offset, limit);
  }

  /** As `within` where squares do not decide: what may be within is compared by its distance, one by one. */
  #withinByDistance(
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
    const count = this.#mayBeWithin(graph, x, y, z, radius, kind);
    const rows = this.#candidates;
    let found = offset;
    for (let i = 0; i < count; i++) {
      if (this.#distanceTo(graph, rows[i]!, x, y, z) > radius) continue;
      if (found < limit) out[found] = rows[i]!;
      found++;
    }
    return found - offset;
  }

  /** Rows that a query must look at whose radius squares do not decide, into `#candidates`; how many. */
  #mayBeWithin(graph: number, x: number, y: number, z: number, radius: number, kind: number): number {
    const space = this.#columns.options[graph]! & GraphOption.anySpace;
    if (space === GraphOption.sphere) {
      const [vx, vy, vz] = this.#vector as unknown as [number, number, number];
      const angle = radius / this.#columns.radius[graph]!;
      if (angle < 1) {
        const near = TINY * TINY;
        return this.#collect((rows) => this.#solid.within(graph, vx, vy, vz, TINY, near, kind, rows, 0, rows.length));
      }
      // All that is not near the antipode.
      const rest = angle >= Math.PI ? 0 : Math.max(0, 2 * Math.cos(angle / 2) * (1 - 1e-12) - 1e-15);
      return this.#farFrom(graph, -vx, -vy, -vz, rest, kind);
    }
    const reach = radius < 1 ? TINY : radius;
    const square = radius < 1 ? TINY * TINY : Number.POSITIVE_INFINITY;
    return this.#collect((rows) =>
      space === 0
        ? this.#plane.within(graph, x, y, reach, square, kind, rows, 0, rows.length)
        : this.#solid.within(graph, x, y, z, reach, square, kind, rows, 0, rows.length),
    );
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

  /** Distance of a row from a position; on the sphere from `#vector`. */
  #distanceTo(graph: number, row: number, x: number, y: number, z: number): number {
    const { options, radius, x: xs, y: ys, z: zs } = this.#columns;
    const space = options[graph]! & GraphOption.anySpace;
    if (space === GraphOption.sphere) return radius[graph]! * this.#angleTo(graph, row);
    return distanceOf(xs[row]! - x, ys[row]! - y, space === 0 ? 0 : zs[row]! - z);
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
    const holds = (longitude: number): boolean => holdsLongitude(west, east, longitude);
    const cosines = [cosDegrees(west), cosDegrees(east)];
    const sines = [sinDegrees(west), sinDegrees(east)];
    if (holds(0)) cosines.push(1);
    if (holds(180)) cosines.push(-1);
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
    const isSphere = space === GraphOption.sphere;
    const sphere = this.#columns.radius[graph]!;
    const isFar = maxDistance / (isSphere ? sphere : 1) > 1;
    let most = isSphere ? chordLimit(maxDistance, sphere) : squareLimit(maxDistance);
    // Without a bound in squares: the nearest are mostly within it all the same.
    if (Number.isNaN(most) && isFar) most = Number.POSITIVE_INFINITY;
    if (isSphere) toUnitVector(x, y, this.#vector, 0);
    if (Number.isNaN(most)) {
      const count = this.#mayBeWithin(graph, x, y, z, maxDistance, kind);
      return this.#nearestCandidates(count, graph, x, y, z, k, maxDistance, rows, distances, offset);
    }
    const bound = above(most);
    let found: number;
    if (space === 0) found = this.#planeNearest.run(graph, x, y, k, bound, kind, rows, distances, offset);
    else if (!isSphere) found = this.#solidNearest.run(graph, x, y, z, k, bound, kind, rows, distances, offset);
    else {
      const [vx, vy, vz] = this.#vector as unknown as [number, number, number];
      found = this.#solidNearest.run(graph, vx, vy, vz, k, bound, kind, rows, distances, offset);
      // So near the antipode chords do not even tell who is among the nearest.
      if (found > 0 && distances[offset + found - 1]! > NEAR_ANTIPODE) {
        return this.#nearestOfAll(graph, x, y, z, k, maxDistance, kind, rows, distances, offset);
      }
    }
    if (found < k && !isSphere && most === Number.POSITIVE_INFINITY && found < this.#index.count[graph]!) {
      return this.#nearestOfAll(graph, x, y, z, k, maxDistance, kind, rows, distances, offset);
    }
    if (found === 0) return 0;
    const end = offset + found;
    // Squares below that do not tell distances, unless they are 0: many nodes may be at one place.
    for (let i = offset; i < end && distances[i]! < LEAST_SQUARE; i++) {
      if (this.#distanceTo(graph, rows[i]!, x, y, z) === 0) continue;
      return this.#nearestOfAll(graph, x, y, z, k, maxDistance, kind, rows, distances, offset);
    }
    if (isSphere) {
      for (let i = offset; i < end; i++) distances[i] = sphere * angleOfChord(Math.sqrt(distances[i]!));
    } else {
      for (let i = offset; i < end; i++) distances[i] = Math.sqrt(distances[i]!);
    }
    while (found > 0 && distances[offset + found - 1]! > maxDistance) found--;
    return found;
  }

  /** By the distance of each point: for those whose squares overflow or vanish or lie near the antipode, and kinds that are too few. */
  #nearestOfAll(
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
    const isPlane = (this.#columns.options[graph]! & GraphOption.anySpace) === 0;
    const count = isPlane
      ? this.#collect((all) => this.#plane.beyond(graph, 0, 0, 0, kind, all, 0, all.length))
      : this.#farFrom(graph, 0, 0, 0, 0, kind);
    return this.#nearestCandidates(count, graph, x, y, z, k, maxDistance, rows, distances, offset);
  }

  /** The k nearest of the first candidates, no farther than `maxDistance`. */
  #nearestCandidates(
    count: number,
    graph: number,
    x: number,
    y: number,
    z: number,
    k: number,
    maxDistance: number,
    rows: Uint32Array,
    distances: Float64Array,
    offset: number,
  ): number {
    const candidates = this.#candidates.subarray(0, count);
    const sorted = Array.from(candidates, (row) => ({ row, distance: this.#distanceTo(graph, row, x, y, z) }))
      .filter((node) => node.distance <= maxDistance)
      // Not by their difference: of two infinite ones that is none.
      .sort((a, b) => (a.distance < b.distance ? -1 : a.distance > b.distance ? 1 : 0));
    const found = Math.min(k, sorted.length);
    for (let i = 0; i < found; i++) {
      rows[offset + i] = sorted[i]!.row;
      distances[offset + i] = sorted[i]!.distance;
    }
    return found;
  }
}
