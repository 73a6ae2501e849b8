import { AthanorError, show } from '../base/errors.js';
import { MAX_NAME_BYTES } from '../base/limits.js';
import { isId, longerThan, wantedOfId } from '../base/names.js';
import { Space } from '../base/space.js';
import type { NodeId } from '../base/types.js';

/** Checks of queries: each names the field, its value and the limit. */

export function checkObject(field: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not an object`);
  }
}

export function checkCoordinate(field: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || value - value !== 0) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a finite number`);
  }
}

/** A distance: from 0 up, Infinity allowed. */
export function checkDistance(field: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a number from 0 up`);
  }
}

export function checkCount(field: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a whole number from 1 up`);
  }
}

/** Infinity is one, NaN is none. */
export function checkNumber(field: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a number`);
  }
}

export function checkText(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a string`);
  }
}

export function checkFlag(field: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is neither true nor false`);
  }
}

export function checkKind(kind: unknown): asserts kind is string {
  checkText('kind', kind);
  if (!longerThan(kind, MAX_NAME_BYTES)) return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `kind: ${show(kind)} is longer than ${MAX_NAME_BYTES} bytes`);
}

export function checkId(field: string, id: unknown): asserts id is NodeId {
  if (isId(id)) return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(id)} is not ${wantedOfId(id)}`);
}

/** A caller's array that rows or distances are written into. */
export function checkOutput(field: string, array: unknown, type: typeof Uint32Array | typeof Float64Array): void {
  // Each class by its name: asked of a variable, `instanceof` costs more than all other checks of a question. A proxy of an
  // array is an instance of its class, and no view.
  if (ArrayBuffer.isView(array)) {
    if (type === Uint32Array ? array instanceof Uint32Array : array instanceof Float64Array) return;
  }
  throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(array)} is not a ${type.name}`);
}

/** The point that is asked about; z belongs to a solid alone. */
export function checkPoint(space: number, x: unknown, y: unknown, z: unknown): void {
  checkCoordinate('x', x);
  checkCoordinate('y', y);
  if (space === Space.plane && z === undefined) return;
  checkThird(space, 'z', z);
  if (space === Space.sphere) checkDegrees(x, 'x', y, 'y');
}

/** The box that is asked about; across the antimeridian its minX is above its maxX. */
export function checkBox(
  space: number,
  box: {
    minX: unknown;
    minY: unknown;
    minZ?: unknown;
    maxX: unknown;
    maxY: unknown;
    maxZ?: unknown;
  },
): void {
  const { minX, minY, minZ, maxX, maxY, maxZ } = box;
  checkCoordinate('minX', minX);
  checkCoordinate('minY', minY);
  checkCoordinate('maxX', maxX);
  checkCoordinate('maxY', maxY);
  checkThird(space, 'minZ', minZ);
  checkThird(space, 'maxZ', maxZ);
  if (space === Space.sphere) {
    checkDegrees(minX, 'minX', minY, 'minY');
    checkDegrees(maxX, 'maxX', maxY, 'maxY');
  } else {
    checkOrder('X', minX, maxX);
  }
  checkOrder('Y', minY, maxY);
  if (space === Space.solid) checkOrder('Z', minZ as number, maxZ as number);
}

function checkOrder(axis: string, min: number, max: number): void {
  if (min > max) throw new AthanorError('ATHANOR_INVALID_QUERY', `min${axis}: ${min} is above max${axis} (${max})`);
}

function checkThird(space: number, field: string, value: unknown): void {
  if (space === Space.solid) checkCoordinate(field, value);
  else if (value !== undefined) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} in a graph of 2 dimensions`);
  }
}

export function checkDegrees(x: number, fieldX: string, y: number, fieldY: string): void {
  if (x >= -180 && x <= 180 && y >= -90 && y <= 90) return;
  if (x < -180 || x > 180) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${fieldX}: ${x} is not a longitude: -180 to 180 degrees`);
  }
  if (y < -90 || y > 90) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${fieldY}: ${y} is not a latitude: -90 to 90 degrees`);
  }
}

export function checkFilter(filter: unknown): void {
  if (filter !== undefined && typeof filter !== 'function') {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `filter: ${show(filter)} is not a function`);
  }
}

export function checkDirection(direction: unknown): asserts direction is 'out' | 'in' | 'both' {
  if (direction !== 'out' && direction !== 'in' && direction !== 'both') {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `direction: ${show(direction)} is none of 'out', 'in', 'both'`);
  }
}
