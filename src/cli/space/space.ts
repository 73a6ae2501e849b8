import type { GraphOptions } from '../../index.js';

/** How positions of a graph are measured. */
export interface Space {
  readonly dimensions: 2 | 3;
  /** Of the sphere, in metres; 0 where the space is euclidean. */
  readonly radiusM: number;
}

const EARTH_RADIUS_M = 6_371_008.8;

export function spaceOf(options: GraphOptions = {}): Space {
  return {
    dimensions: options.dimensions ?? 2,
    radiusM: options.metric === 'haversine' ? (options.earthRadiusM ?? EARTH_RADIUS_M) : 0,
  };
}

export interface Point {
  x: number;
  y: number;
  /** 0 in a graph of two dimensions, NaN in one of three where it has not been set. */
  z: number;
}

export function isPlaced({ x, y, z }: Point): boolean {
  return !Number.isNaN(x + y + z);
}

/** A point as a query of the engine names it: `z` where the space has it alone. */
export function coordinatesOf({ x, y, z }: Point, space: Space): { x: number; y: number; z?: number } {
  return space.dimensions === 3 ? { x, y, z } : { x, y };
}
