import { GraphOption } from '../base/space.js';
import { EARTH_RADIUS_M } from '../base/sphere.js';

/** The geometry of a graph. */
export interface Space {
  readonly dimensions: 2 | 3;
  /** Radius of the sphere in metres; 0: the space is euclidean. */
  readonly radiusM: number;
}

export const PLANE: Space = { dimensions: 2, radiusM: 0 };
export const SOLID: Space = { dimensions: 3, radiusM: 0 };
export const EARTH: Space = { dimensions: 2, radiusM: EARTH_RADIUS_M };

/** The geometry of a graph with these option bits, and this radius of its sphere. */
export function geometryOf(options: number, radiusM: number): Space {
  if ((options & GraphOption.anySpace) === 0) return PLANE;
  if ((options & GraphOption.solid) !== 0) return SOLID;
  return radiusM === EARTH_RADIUS_M ? EARTH : { dimensions: 2, radiusM };
}
