import { clearance } from './geometry.js';
import type { GraphZones } from './graph-zones.js';
import { Safe } from './layout.js';
import type { Zone } from './zone.js';

/*
 * The safe balls of a node, one in the other: in the inner one there is no border of a zone, in the outer one none but of the
 * nearest zone. So a move within the inner ball tells nothing, and one within the outer ball is a matter of one zone. They
 * are balls of the coordinates, in degrees on the sphere too: see `clearance`.
 */

/** Radii below are no use: their squares may be 0. */
const LEAST_RADIUS = 1e-150;

/** Which of the row's balls of this version holds both positions: 2 the inner one, 1 the outer one, 0 none. */
export function ballOf(
  safe: Float64Array,
  row: number,
  version: number,
  x0: number,
  y0: number,
  z0: number,
  x1: number,
  y1: number,
  z1: number,
): number {
  const at = row * Safe.stride;
  if (safe[at + Safe.version] !== version) return 0;
  const x = safe[at]!;
  const y = safe[at + Safe.y]!;
  const z = safe[at + Safe.z]!;
  const fromX = x0 - x;
  const fromY = y0 - y;
  const fromZ = z0 - z;
  const toX = x1 - x;
  const toY = y1 - y;
  const toZ = z1 - z;
  const from = fromX * fromX + fromY * fromY + fromZ * fromZ;
  const to = toX * toX + toY * toY + toZ * toZ;
  const farther = from > to ? from : to;
  if (farther <= safe[at + Safe.square]!) return 2;
  return farther <= safe[at + Safe.outer]! ? 1 : 0;
}

/** Finds the balls round a position, from the zones that a look-up within `reach` of it has found. */
export class SafeBalls {
  #zones!: GraphZones;
  #x = 0;
  #y = 0;
  #z = 0;
  /** Distances to the nearest border and the next; the first is the `#nearest` zone's, or the reach where there is none. */
  #least = 0;
  #next = 0;
  #nearest: Zone | undefined;
  #near = 0;
  #inside = 0;
  #nearestInside = false;

  begin(zones: GraphZones, x: number, y: number, z: number): void {
    this.#zones = zones;
    this.#x = x;
    this.#y = y;
    this.#z = z;
    this.#near = 0;
    this.#inside = 0;
    this.#nearestInside = false;
    this.#nearest = undefined;
    // Zones that were not found are farther away than the reach, but for rounding.
    let reach = zones.reach * (1 - 1e-14) - 1e-14 * (Math.abs(x) + Math.abs(y));
    // On the sphere they end before the antimeridian, where positions have two longitudes.
    if (zones.space.radiusM > 0) reach = Math.min(reach, 180 - Math.abs(x) - 1e-11);
    this.#least = reach;
    this.#next = reach;
  }

  add(zone: Zone, isInside: boolean): void {
    const x = this.#x;
    const y = this.#y;
    const next = this.#next;
    const { space } = this.#zones;
    if (isInside) this.#inside++;
    // The way of the node may have passed zones that are farther away.
    else if (space.radiusM === 0 && isFarther(zone, x, y, next)) return;
    this.#near++;
    const distance = clearance(zone, space, x, y, this.#z);
    if (distance >= next) return;
    if (distance >= this.#least) {
      this.#next = distance;
      return;
    }
    if (this.#nearest !== undefined) this.#next = this.#least;
    this.#least = distance;
    this.#nearest = zone;
    this.#nearestInside = isInside;
  }

  /** Writes what was found into the row's words. */
  keep(safe: Float64Array, row: number, version: number): void {
    this.#zones.adapt(this.#near);
    const at = row * Safe.stride;
    // No version while the words change, and the new one last: a thread lost in between leaves no ball.
    safe[at + Safe.version] = 0;
    safe[at] = this.#x;
    safe[at + Safe.y] = this.#y;
    safe[at + Safe.z] = this.#z;
    safe[at + Safe.square] = squareOf(this.#least);
    safe[at + Safe.outer] = squareOf(this.#next);
    safe[at + Safe.nearest] = this.#nearest === undefined ? 0 : this.#nearest.row + 1;
    safe[at + Safe.inside] = (this.#inside > 0 ? 1 : 0) | (this.#inside > (this.#nearestInside ? 1 : 0) ? 2 : 0);
    safe[at + Safe.version] = version;
  }
}

function isFarther(zone: Zone, x: number, y: number, distance: number): boolean {
  return zone.minX - x > distance || x - zone.maxX > distance || zone.minY - y > distance || y - zone.maxY > distance;
}

/** A little smaller, for the rounding of the squares; below 0 no position is in the ball. */
function squareOf(radius: number): number {
  return radius > LEAST_RADIUS ? radius * radius * (1 - 1e-14) : -1;
}
