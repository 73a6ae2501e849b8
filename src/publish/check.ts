import { AthanorError, show } from '../base/errors.js';
import { MAX_NAME_BYTES, NO_ROW } from '../base/limits.js';
import { isId, longerThan, wantedOfId } from '../base/names.js';
import { readOptions, unreadable } from '../base/option-names.js';
import { Space } from '../base/space.js';
import type { GraphOptions, NodeId } from '../base/types.js';

/** Checks of what enters with an event. Each throws before anything is done, and names the field, its value and the limit. */

function invalid(field: string, value: unknown, limit: string): never {
  throw new AthanorError('ATHANOR_INVALID_EVENT', `${field}: ${show(value)} is not ${limit}`);
}

export function checkId(field: string, id: unknown): asserts id is NodeId {
  if (!isId(id)) invalid(field, id, wantedOfId(id));
}

/** Ids of an array, or of something like one; each is read once. */
export function readIds(field: string, given: unknown): NodeId[] {
  if (typeof given !== 'object' || given === null) invalid(field, given, 'an array of ids');
  try {
    const { length } = given as { length?: unknown };
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 0 || length > NO_ROW) {
      invalid(`${field}.length`, length, `a whole number from 0 to ${NO_ROW}: give an array of ids`);
    }
    const ids: NodeId[] = [];
    for (let i = 0; i < length; i++) {
      const id: unknown = (given as Record<number, unknown>)[i];
      // A name is made only for the one that is wrong.
      if (!isId(id)) invalid(`${field}[${i}]`, id, wantedOfId(id));
      ids.push(id);
    }
    return ids;
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_EVENT', field, error);
  }
}

export function checkName(field: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || longerThan(name, MAX_NAME_BYTES)) {
    invalid(field, name, `a non-empty string of at most ${MAX_NAME_BYTES} bytes`);
  }
}

export function checkKind(kind: unknown): asserts kind is string {
  if (typeof kind !== 'string' || longerThan(kind, MAX_NAME_BYTES)) {
    invalid('kind', kind, `a string of at most ${MAX_NAME_BYTES} bytes`);
  }
}

export function checkFinite(field: string, value: unknown): asserts value is number {
  // A number less itself is 0, but for NaN and the infinities.
  if (typeof value !== 'number' || value - value !== 0) invalid(field, value, 'a finite number');
}

export function checkWeight(weight: unknown): asserts weight is number {
  if (typeof weight !== 'number' || Number.isNaN(weight)) invalid('weight', weight, 'a number');
}

/** Coordinates of an event that gives them all; see `checkCoordinates`. */
export function checkPosition(space: number, x: unknown, y: unknown, z: unknown): void {
  checkFinite('x', x);
  checkFinite('y', y);
  if (space === Space.solid) checkFinite('z', z);
  else if (z !== undefined) invalid('z', z, 'allowed in a graph of 2 dimensions');
  if (space === Space.sphere) checkDegrees(x, y);
}

/** Coordinates of an event that may leave some out, in a graph of the space. */
export function checkCoordinates(space: number, x: unknown, y: unknown, z: unknown): void {
  checkPosition(
    space,
    x === undefined ? 0 : x,
    y === undefined ? 0 : y,
    z === undefined && space === Space.solid ? 0 : z,
  );
}

function checkDegrees(x: number, y: number): void {
  if (x < -180 || x > 180) invalid('x', x, 'a longitude: -180 to 180 degrees');
  if (y < -90 || y > 90) invalid('y', y, 'a latitude: -90 to 90 degrees');
}

const GRAPH_OPTIONS = ['dimensions', 'metric', 'earthRadiusM', 'late', 'ttlMs'] as const;

/** Options of a graph as a plain object, checked; `code` is that of an option or of an event, as they came. */
export function readGraphOptions(
  given: GraphOptions,
  code: 'ATHANOR_INVALID_OPTION' | 'ATHANOR_INVALID_EVENT',
): GraphOptions {
  const options: GraphOptions & { ttlMs?: unknown } = readOptions<GraphOptions & { ttlMs?: unknown }>(
    code,
    given,
    GRAPH_OPTIONS,
  );
  const { dimensions, metric, late, earthRadiusM, ttlMs } = options;
  if (dimensions !== undefined && dimensions !== 2 && dimensions !== 3) {
    throw new AthanorError(code, `options.dimensions: ${show(dimensions)} is neither 2 nor 3`);
  }
  if (metric !== undefined && metric !== 'euclidean' && metric !== 'haversine') {
    throw new AthanorError(code, `options.metric: ${show(metric)} is neither 'euclidean' nor 'haversine'`);
  }
  if (late !== undefined && late !== 'apply' && late !== 'ignore') {
    throw new AthanorError(code, `options.late: ${show(late)} is neither 'apply' nor 'ignore'`);
  }
  const unsupported = (name: string): never => {
    throw new AthanorError('ATHANOR_UNSUPPORTED', `options.${name} is not built yet`);
  };
  if (metric === 'haversine' && dimensions === 3) {
    throw new AthanorError(code, "options.dimensions: 3 is not 2, which metric 'haversine' needs");
  }
  if (earthRadiusM !== undefined) {
    if (typeof earthRadiusM !== 'number' || !(earthRadiusM > 0 && earthRadiusM < Number.POSITIVE_INFINITY)) {
      throw new AthanorError(code, `options.earthRadiusM: ${show(earthRadiusM)} is not a finite number above 0`);
    }
    if (metric !== 'haversine') {
      throw new AthanorError(code, `options.earthRadiusM: ${earthRadiusM} is for metric 'haversine' alone`);
    }
  }
  if (ttlMs !== undefined) unsupported('ttlMs');
  return options;
}
