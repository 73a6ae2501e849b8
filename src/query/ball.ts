import { distanceOf, squareLimit } from '../base/distance.js';
import { GraphOption } from '../base/space.js';
import { angleBetween, chordLimit, toUnitVector } from '../base/sphere.js';
import { type NodeColumns, NodeFlag, positionFlags } from '../project/node-columns.js';

/** A place and a distance, in a graph's own metric. */
export interface BallShape {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly radius: number;
}

/**
 * Which nodes are at distance <= radius of a place, asked one by one: as `within` of the tree decides, with the same
 * arithmetic. To be asked under the shard's lock.
 */
export class Ball {
  readonly #nodes: NodeColumns;
  readonly #shape: BallShape;
  /** Flags of a node that is there and has a position. */
  readonly #placed: number;
  readonly #solid: boolean;
  /** Radius of the sphere; 0 elsewhere. */
  readonly #sphere: number;
  /** Greatest square of a distance, or of a chord; NaN where squares do not decide. */
  readonly #limit: number;
  readonly #vectors = new Float64Array(6);

  /** `options` are the graph's GraphOption bits, `sphere` its radius. */
  constructor(nodes: NodeColumns, options: number, sphere: number, shape: BallShape) {
    this.#nodes = nodes;
    this.#shape = shape;
    this.#placed = NodeFlag.alive | positionFlags(options);
    this.#solid = (options & GraphOption.solid) !== 0;
    this.#sphere = (options & GraphOption.sphere) === 0 ? 0 : sphere;
    if (this.#sphere === 0) {
      this.#limit = squareLimit(shape.radius);
    } else {
      toUnitVector(shape.x, shape.y, this.#vectors, 0);
      this.#limit = chordLimit(shape.radius, sphere);
    }
  }

  has(row: number): boolean {
    const { flags, x, y, z } = this.#nodes;
    if ((flags[row]! & this.#placed) !== this.#placed) return false;
    if (this.#sphere !== 0) return this.#hasRound(x[row]!, y[row]!);
    const dx = x[row]! - this.#shape.x;
    const dy = y[row]! - this.#shape.y;
    const dz = this.#solid ? z[row]! - this.#shape.z : 0;
    if (Number.isNaN(this.#limit)) return distanceOf(dx, dy, dz) <= this.#shape.radius;
    return dx * dx + dy * dy + dz * dz <= this.#limit;
  }

  #hasRound(longitude: number, latitude: number): boolean {
    const v = this.#vectors;
    toUnitVector(longitude, latitude, v, 3);
    const [ax = 0, ay = 0, az = 0, bx = 0, by = 0, bz = 0] = v;
    if (Number.isNaN(this.#limit)) return this.#sphere * angleBetween(ax, ay, az, bx, by, bz) <= this.#shape.radius;
    return (ax - bx) * (ax - bx) + (ay - by) * (ay - by) + (az - bz) * (az - bz) <= this.#limit;
  }
}
