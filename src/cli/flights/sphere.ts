/**
 * The sphere as three-dimensional unit vectors in the frame of one place, the centre: e points east there, n north, u up.
 * A great circle is then plain vector arithmetic, and the azimuthal equidistant projection about the centre one arc tangent.
 */

/** Mean radius of the earth in metres. */
export const EARTH_RADIUS_M = 6_371_008.8;

export interface Place {
  latitude: number;
  longitude: number;
}

export interface UnitVector {
  e: number;
  n: number;
  u: number;
}

export interface Point {
  /** Metres east of the centre, along the circle through it. */
  x: number;
  /** Metres north. */
  y: number;
}

const RADIANS = Math.PI / 180;

/** Where a place lies, seen from the centre. */
export function seenFrom(centre: Place, place: Place): UnitVector {
  const centreLatitude = centre.latitude * RADIANS;
  const latitude = place.latitude * RADIANS;
  const turnedLongitude = (place.longitude - centre.longitude) * RADIANS;
  const ahead = Math.cos(latitude) * Math.cos(turnedLongitude);
  return {
    e: Math.cos(latitude) * Math.sin(turnedLongitude),
    n: Math.cos(centreLatitude) * Math.sin(latitude) - Math.sin(centreLatitude) * ahead,
    u: Math.sin(centreLatitude) * Math.sin(latitude) + Math.cos(centreLatitude) * ahead,
  };
}

/** Azimuthal equidistant: the distance from the centre and the direction there are exact, so a circle round it is one. */
export function project(v: UnitVector): Point {
  const across = Math.hypot(v.e, v.n);
  // Next to the centre the arc is as long as its chord; at its antipode every direction is as good.
  const metres = across < 1e-15 ? EARTH_RADIUS_M : (EARTH_RADIUS_M * Math.atan2(across, v.u)) / across;
  return { x: v.e * metres, y: v.n * metres };
}

/** The angle between two places, in radians; exact for near ones, where the arc cosine is not. */
export function angleBetween(a: UnitVector, b: UnitVector): number {
  const crossE = a.n * b.u - a.u * b.n;
  const crossN = a.u * b.e - a.e * b.u;
  const crossU = a.e * b.n - a.n * b.e;
  return Math.atan2(Math.hypot(crossE, crossN, crossU), a.e * b.e + a.n * b.n + a.u * b.u);
}

/** The place at `share` (0 to 1) of the way from a to b along the great circle; `angle` is that between them, not 0 or π. */
export function along(a: UnitVector, b: UnitVector, angle: number, share: number): UnitVector {
  const fromA = Math.sin((1 - share) * angle) / Math.sin(angle);
  const fromB = Math.sin(share * angle) / Math.sin(angle);
  return { e: fromA * a.e + fromB * b.e, n: fromA * a.n + fromB * b.n, u: fromA * a.u + fromB * b.u };
}
