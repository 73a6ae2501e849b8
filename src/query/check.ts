import { AthanorError, show } from '../base/errors.js';

/** Checks of queries: each names the field, its value and the limit. */

export function checkQuery(query: unknown): void {
  if (typeof query !== 'object' || query === null) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `query: ${show(query)} is not an object`);
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

export function checkKind(kind: unknown): asserts kind is string {
  if (typeof kind !== 'string') {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `kind: ${show(kind)} is not a string`);
  }
}

/** A caller's array that rows or distances are written into. */
export function checkOutput(field: string, array: unknown, type: typeof Uint32Array | typeof Float64Array): void {
  if (!(array instanceof type)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(array)} is not a ${type.name}`);
  }
}

export function refuseZ(fields: { z?: unknown; minZ?: unknown; maxZ?: unknown }): void {
  for (const field of ['z', 'minZ', 'maxZ'] as const) {
    if (fields[field] !== undefined) {
      throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(fields[field])} in a graph of 2 dimensions`);
    }
  }
}

export function refuseFilter(filter: unknown): void {
  if (filter !== undefined) throw new AthanorError('ATHANOR_UNSUPPORTED', 'filter is not built yet');
}

export function checkDirection(direction: unknown): asserts direction is 'out' | 'in' | 'both' {
  if (direction !== 'out' && direction !== 'in' && direction !== 'both') {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `direction: ${show(direction)} is none of 'out', 'in', 'both'`);
  }
}
