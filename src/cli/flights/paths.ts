import { along, angleBetween, EARTH_RADIUS_M, placeOf, type UnitVector } from './sphere.js';

export const MINUTE_MS = 60_000;
/** Event time between two moves of a flight. */
export const TICK_MS = 5 * MINUTE_MS;
/** Departures are on whole minutes, so a flight's first tick comes 1 to 5 minutes after it. */
export const PHASES = TICK_MS / MINUTE_MS;
/** 500 miles an hour, in metres a second. */
export const SPEED_M_PER_S = (500 * 1609.344) / 3600;

/** Time in the air between two places, in milliseconds. */
export function flightMs(angle: number): number {
  return ((angle * EARTH_RADIUS_M) / SPEED_M_PER_S) * 1000;
}

/** Milliseconds since the last tick at or before `time`. */
export function sinceTick(time: number): number {
  return time - Math.floor(time / TICK_MS) * TICK_MS;
}

/**
 * The positions of flights at ticks, computed once for each route and phase: 3,399 routes in 5 phases of 18 ticks each are
 * 5 MB, where 53 million moves would each need sines and arc tangents. A flight aloft is then a position in these columns.
 *
 *     x, y:   … | start[slot] … end[slot] | …      one slot a route and phase
 *
 * The ticks of a slot lie strictly between departure and landing; a flight at `end` has landed.
 */
export class FlightPaths {
  x = new Float64Array(1 << 16);
  y = new Float64Array(1 << 16);
  readonly start: number[] = [];
  readonly end: number[] = [];
  #used = 0;

  /** The slot of a new path, for departures `sinceTickMs` after a tick. */
  add(from: UnitVector, to: UnitVector, sinceTickMs: number): number {
    const angle = angleBetween(from, to);
    const durationMs = flightMs(angle);
    this.start.push(this.#used);
    for (let airborneMs = TICK_MS - sinceTickMs; airborneMs < durationMs; airborneMs += TICK_MS) {
      if (this.#used === this.x.length) this.#grow();
      const { longitude, latitude } = placeOf(along(from, to, angle, airborneMs / durationMs));
      this.x[this.#used] = longitude;
      this.y[this.#used++] = latitude;
    }
    return this.end.push(this.#used) - 1;
  }

  #grow(): void {
    const [x, y] = [this.x, this.y];
    this.x = new Float64Array(x.length * 2);
    this.y = new Float64Array(y.length * 2);
    this.x.set(x);
    this.y.set(y);
  }
}
