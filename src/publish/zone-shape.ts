import { AthanorError, show } from '../base/errors.js';
import { RingSweep } from '../base/simple-ring.js';
import type { ZoneShape } from '../base/types.js';

/** The geometry that shapes are checked for. */
export interface ShapeSpace {
  readonly dimensions: 2 | 3;
  readonly spherical: boolean;
}

function invalid(field: string, value: unknown, limit: string): never {
  throw new AthanorError('ATHANOR_INVALID_EVENT', `shape.${field}: ${show(value)} is not ${limit}`);
}

function finite(field: string, value: unknown): number {
  if (typeof value !== 'number' || value - value !== 0) invalid(field, value, 'a finite number');
  return value + 0;
}

function coordinate(field: string, value: unknown, space: ShapeSpace, axis: 'x' | 'y'): number {
  const number = finite(field, value);
  if (!space.spherical) return number;
  if (axis === 'x' && Math.abs(number) > 180) invalid(field, number, 'a longitude from -180 to 180');
  if (axis === 'y' && Math.abs(number) > 90) invalid(field, number, 'a latitude from -90 to 90');
  return number;
}

/** `z`, where the graph has it and only there. */
function height(field: string, value: unknown, space: ShapeSpace): number | undefined {
  if (space.dimensions === 3) return finite(field, value);
  if (value !== undefined) invalid(field, value, 'allowed in a graph of 2 dimensions');
  return undefined;
}

/**
 * The shape as it stands in the log, in one order of fields; from `readZoneShape`.
 * @throws AthanorError ATHANOR_INVALID_EVENT, naming the field, its value and the limit.
 */
export function checkZoneShape(given: Record<string, unknown>, space: ShapeSpace): ZoneShape {
  switch (given.type) {
    case 'circle': {
      const x = coordinate('x', given.x, space, 'x');
      const y = coordinate('y', given.y, space, 'y');
      const z = height('z', given.z, space);
      const radius = finite('radius', given.radius);
      if (radius < 0) invalid('radius', radius, 'a number from 0 up');
      return { type: 'circle', x, y, ...(z !== undefined && { z }), radius };
    }
    case 'box':
      return checkBox(given, space);
    case 'polygon':
      return { type: 'polygon', points: checkRing(given.points, space) };
    default:
      return invalid('type', given.type, "'circle', 'box' or 'polygon'");
  }
}

function checkBox(given: Record<string, unknown>, space: ShapeSpace): ZoneShape {
  const minX = coordinate('minX', given.minX, space, 'x');
  const minY = coordinate('minY', given.minY, space, 'y');
  const maxX = coordinate('maxX', given.maxX, space, 'x');
  const maxY = coordinate('maxY', given.maxY, space, 'y');
  const minZ = height('minZ', given.minZ, space);
  const maxZ = height('maxZ', given.maxZ, space);
  // On the sphere the box is then across the antimeridian.
  if (minX > maxX && !space.spherical) invalid('minX', minX, `at most maxX (${maxX})`);
  if (minY > maxY) invalid('minY', minY, `at most maxY (${maxY})`);
  if (minZ === undefined || maxZ === undefined) return { type: 'box', minX, minY, maxX, maxY };
  if (minZ > maxZ) invalid('minZ', minZ, `at most maxZ (${maxZ})`);
  return { type: 'box', minX, minY, minZ, maxX, maxY, maxZ };
}

function checkRing(points: unknown, space: ShapeSpace): Array<[number, number]> {
  if (!Array.isArray(points)) invalid('points', points, 'an array of points');
  if (points.length < 3) invalid('points', points, 'a ring of at least 3 points');
  const ring = (points as unknown[]).map((point, i): [number, number] => {
    if (!Array.isArray(point) || point.length !== 2) invalid(`points[${i}]`, point, 'a pair of numbers');
    return [coordinate(`points[${i}][0]`, point[0], space, 'x'), coordinate(`points[${i}][1]`, point[1], space, 'y')];
  });
  ring.forEach(([x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length]!;
    if (x === nextX && y === nextY) {
      const which = (i + 1) % ring.length;
      invalid(
        `points[${Math.max(i, which)}]`,
        ring[i],
        which === 0 ? 'other than the first (a ring is not closed)' : 'other than the one before',
      );
    }
  });
  const crossing = new RingSweep(ring).crossing();
  if (crossing !== undefined) {
    const [i, j] = crossing;
    invalid('points', points, `a ring without self-crossing: its edges from points ${i} and ${j} meet`);
  }
  return ring;
}
