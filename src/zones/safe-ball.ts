import { clearance } from './geometry.js';
import type { GraphZones } from './graph-zones.js';
import { Safe } from './layout.js';
import type { Zone } from './zone.js';

/*
 * The safe ball of a node: within it there is no border of a zone, so that a move inside it neither changes where the node
 * is nor crosses anything. It is a ball of the coordinates, in degrees on the sphere too: see `clearance`.
 */

/** Radii below are no use: their squares may be 0. */
const LEAST_RADIUS = 1e-150;

/** Whether both positions are in the row's ball, and the ball is of this version. */
export function isSafe(
  safe: Float64Array,
  row: number,
  version: number,
  x0: number,
  y0: number,
  z0: number,
  x1: number,
  y1: number,
  z1: number,
): boolean {
  const at = row * Safe.stride;
  if (safe[at + Safe.version] !== version) return false;
  const square = safe[at + Safe.square]!;
  const x = safe[at]!;
  const y = safe[at + Safe.y]!;
  const z = safe[at + Safe.z]!;
  const fromX = x0 - x;
  const fromY = y0 - y;
  const fromZ = z0 - z;
  const toX = x1 - x;
  const toY = y1 - y;
  const toZ = z1 - z;
  return fromX * fromX + fromY * fromY + fromZ * fromZ <= square && toX * toX + toY * toY + toZ * toZ <= square;
}

export function keepSafe(
  safe: Float64Array,
  row: number,
  version: number,
  x: number,
  y: number,
  z: number,
  radius: number,
  inside: number,
): void {
  const at = row * Safe.stride;
  // No version while the words change, and the new one last: a thread lost in between leaves no ball.
  safe[at + Safe.version] = 0;
  safe[at] = x;
  safe[at + Safe.y] = y;
  safe[at + Safe.z] = z;
  // A little smaller, for the rounding of the squares; below 0 no position is in it.
  safe[at + Safe.square] = radius > LEAST_RADIUS ? radius * radius * (1 - 1e-14) : -1;
  safe[at + Safe.inside] = inside;
  safe[at + Safe.version] = version;
}

/** Finds the radius of the ball round a position, from the zones that a look-up within `reach` of it has found. */
export class SafeRadius {
  #zones!: GraphZones;
  #x = 0;
  #y = 0;
  #z = 0;
  #least = 0;
  #near = 0;

  begin(zones: GraphZones, x: number, y: number, z: number): void {
    this.#zones = zones;
    this.#x = x;
    this.#y = y;
    this.#z = z;
    this.#near = 0;
    // Zones that were not found are farther away than the reach, but for rounding.
    this.#least = zones.reach * (1 - 1e-14) - 1e-14 * (Math.abs(x) + Math.abs(y));
    // On the sphere it ends before the antimeridian, where positions have two longitudes.
    if (zones.space.radiusM > 0) this.#least = Math.min(this.#least, 180 - Math.abs(x) - 1e-11);
  }

  add(zone: Zone): void {
    const least = this.#least;
    const x = this.#x;
    const y = this.#y;
    const { space } = this.#zones;
    if (space.radiusM === 0) {
      // The way of the node may have passed zones that are farther away.
      if (zone.minX - x > least || x - zone.maxX > least || zone.minY - y > least || y - zone.maxY > least) return;
    }
    this.#near++;
    const distance = clearance(zone, space, x, y, this.#z);
    if (!(distance >= least)) this.#least = distance;
  }

  end(): number {
    this.#zones.adapt(this.#near);
    return this.#least;
  }
}
