/** The sphere as unit vectors from its centre: a great circle is then plain vector arithmetic. */

/** Mean radius of the earth in metres, as the engine's default. */
export const EARTH_RADIUS_M = 6_371_008.8;

/** In degrees. */
export interface Place {
  latitude: number;
  longitude: number;
}

/** x points to where the equator meets the meridian of Greenwich, z to the north pole. */
export interface UnitVector {
  x: number;
  y: number;
  z: number;
}

const RADIANS = Math.PI / 180;

export function vectorOf(place: Place): UnitVector {
  const latitude = place.latitude * RADIANS;
  const longitude = place.longitude * RADIANS;
  const fromAxis = Math.cos(latitude);
  return { x: fromAxis * Math.cos(longitude), y: fromAxis * Math.sin(longitude), z: Math.sin(latitude) };
}

export function placeOf(v: UnitVector): Place {
  return {
    latitude: Math.atan2(v.z, Math.hypot(v.x, v.y)) / RADIANS,
    longitude: Math.atan2(v.y, v.x) / RADIANS,
  };
}

/** The angle between two places, in radians; exact for near ones, where the arc cosine is not. */
export function angleBetween(a: UnitVector, b: UnitVector): number {
  const crossX = a.y * b.z - a.z * b.y;
  const crossY = a.z * b.x - a.x * b.z;
  const crossZ = a.x * b.y - a.y * b.x;
  return Math.atan2(Math.hypot(crossX, crossY, crossZ), a.x * b.x + a.y * b.y + a.z * b.z);
}

/** The place at `share` (0 to 1) of the way from a to b along the great circle; `angle` is that between them, not 0 or π. */
export function along(a: UnitVector, b: UnitVector, angle: number, share: number): UnitVector {
  const fromA = Math.sin((1 - share) * angle) / Math.sin(angle);
  const fromB = Math.sin(share * angle) / Math.sin(angle);
  return { x: fromA * a.x + fromB * b.x, y: fromA * a.y + fromB * b.y, z: fromA * a.z + fromB * b.z };
}
