import { AthanorError, show } from '../base/errors.js';
import { checkNames, suggestion, unreadable } from '../base/option-names.js';

const FIELDS: Record<string, readonly string[]> = {
  circle: ['type', 'x', 'y', 'z', 'radius'],
  box: ['type', 'minX', 'minY', 'minZ', 'maxX', 'maxY', 'maxZ'],
  polygon: ['type', 'points'],
};

/** Arrays inside an array are copied, for another may be a proxy; whatever is no array stays to be refused. */
function copied(points: unknown, checkCount: (points: number) => void): unknown {
  if (!Array.isArray(points)) return points;
  const { length } = points;
  checkCount(length);
  return Array.from({ length }, (_, i) => {
    const point: unknown = points[i];
    // A pair is what is wanted: of a longer one it is enough to see that it is longer.
    return Array.isArray(point)
      ? Array.from({ length: Math.min(3, point.length) }, (_, k) => point[k] as unknown)
      : point;
  });
}

/**
 * The fields of a shape as a plain object: each is read once, whatever code of the user's that calls. `checkCount` may refuse
 * a number of points before they are looked at.
 * @throws AthanorError ATHANOR_INVALID_EVENT where it is no object, of no type, or has a field that is not its type's.
 */
export function readZoneShape(shape: unknown, checkCount: (points: number) => void): Record<string, unknown> {
  if (typeof shape !== 'object' || shape === null) {
    throw new AthanorError('ATHANOR_INVALID_EVENT', `shape: ${show(shape)} is not an object`);
  }
  try {
    const given = shape as Record<string, unknown>;
    const { type } = given;
    const names = typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type]! : undefined;
    if (names === undefined) {
      const nearest = typeof type === 'string' ? `; ${suggestion(type, Object.keys(FIELDS))}` : '';
      throw new AthanorError(
        'ATHANOR_INVALID_EVENT',
        `shape.type: ${show(type)} is not 'circle', 'box' or 'polygon'${nearest}`,
      );
    }
    checkNames('ATHANOR_INVALID_EVENT', 'shape.', 'field', given, names);
    const read: Record<string, unknown> = {};
    // In the order in which they were given: so the shape is read back.
    for (const name of new Set([...Object.keys(given), ...names])) {
      if (name === 'type') {
        read.type = type;
        continue;
      }
      // Coordinates that are null are not set.
      const value = given[name] ?? undefined;
      read[name] = name === 'points' ? copied(value, checkCount) : value;
    }
    return read;
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_EVENT', 'shape', error);
  }
}
