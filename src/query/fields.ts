import { AthanorError, show } from '../base/errors.js';
import { checkNames, readOptions, unreadable } from '../base/option-names.js';
import type { Handle } from '../base/types.js';
import { checkDistance, checkObject, checkPoint } from './check.js';

/*
 * Questions as objects of the caller's. Each field is read once, into a plain object, before anything is looked at: a getter
 * or proxy runs code of the caller's. A name that is not known is refused; the names are looked at one by one only where there
 * are more of them than fields were found.
 */

export type Filter = (handle: Handle) => boolean;

export interface WithinQuery {
  x: number;
  y: number;
  z?: number | undefined;
  radius: number;
  kind?: string | undefined;
  limit?: number | undefined;
  sort?: 'distance' | undefined;
  filter?: Filter | undefined;
}

export interface NearestQuery {
  x: number;
  y: number;
  z?: number | undefined;
  k: number;
  maxDistance?: number | undefined;
  kind?: string | undefined;
  filter?: Filter | undefined;
}

export interface BoxQuery {
  minX: number;
  minY: number;
  minZ?: number | undefined;
  maxX: number;
  maxY: number;
  maxZ?: number | undefined;
  kind?: string | undefined;
  limit?: number | undefined;
  filter?: Filter | undefined;
}

const WITHIN = ['x', 'y', 'z', 'radius', 'kind', 'limit', 'sort', 'filter'] as const;
const NEAREST = ['x', 'y', 'z', 'k', 'maxDistance', 'kind', 'filter'] as const;
const BOX = ['minX', 'minY', 'minZ', 'maxX', 'maxY', 'maxZ', 'kind', 'limit', 'filter'] as const;
const WITHIN_FILTER = ['x', 'y', 'z', 'radius'] as const;

/** The query cannot be read: its own code threw, or it is a revoked proxy. */
function unreadableQuery(error: unknown): AthanorError {
  return unreadable('ATHANOR_INVALID_QUERY', 'query', error);
}

/** 1 for a field that is there. */
function one(value: unknown): number {
  return value === undefined ? 0 : 1;
}

function refuseUnknown(query: object, names: readonly string[]): void {
  try {
    checkNames('ATHANOR_INVALID_QUERY', '', 'field', query, names);
  } catch (error) {
    throw unreadableQuery(error);
  }
}

export function readWithin(query: WithinQuery): WithinQuery {
  checkObject('query', query);
  let read: WithinQuery;
  let names = 0;
  try {
    const { x, y, z, radius, kind, limit, sort, filter } = query;
    read = { x, y, z, radius, kind, limit, sort, filter };
    for (const _name in query) names++;
  } catch (error) {
    throw unreadableQuery(error);
  }
  const { x, y, z, radius, kind, limit, sort, filter } = read;
  const known = one(x) + one(y) + one(z) + one(radius) + one(kind) + one(limit) + one(sort) + one(filter);
  if (names !== known) refuseUnknown(query, WITHIN);
  return read;
}

export function readNearest(query: NearestQuery): NearestQuery {
  checkObject('query', query);
  let read: NearestQuery;
  let names = 0;
  try {
    const { x, y, z, k, maxDistance, kind, filter } = query;
    read = { x, y, z, k, maxDistance, kind, filter };
    for (const _name in query) names++;
  } catch (error) {
    throw unreadableQuery(error);
  }
  const { x, y, z, k, maxDistance, kind, filter } = read;
  const known = one(x) + one(y) + one(z) + one(k) + one(maxDistance) + one(kind) + one(filter);
  if (names !== known) refuseUnknown(query, NEAREST);
  return read;
}

export function readBox(query: BoxQuery): BoxQuery {
  checkObject('query', query);
  let read: BoxQuery;
  let names = 0;
  try {
    const { minX, minY, minZ, maxX, maxY, maxZ, kind, limit, filter } = query;
    read = { minX, minY, minZ, maxX, maxY, maxZ, kind, limit, filter };
    for (const _name in query) names++;
  } catch (error) {
    throw unreadableQuery(error);
  }
  const { minX, minY, minZ, maxX, maxY, maxZ, kind, limit, filter } = read;
  const corners = one(minX) + one(minY) + one(minZ) + one(maxX) + one(maxY) + one(maxZ);
  if (names !== corners + one(kind) + one(limit) + one(filter)) refuseUnknown(query, BOX);
  return read;
}

export interface NeighborsOptions {
  direction?: 'out' | 'in' | 'both' | undefined;
  kind?: string | undefined;
  within?: WithinFilter | undefined;
}

const NEIGHBORS = ['direction', 'kind', 'within'] as const;
const NO_OPTIONS: NeighborsOptions = {};

/** The options of `neighbors`, which is asked as often as `within`. */
export function readNeighbors(options: NeighborsOptions | undefined): NeighborsOptions {
  if (options === undefined) return NO_OPTIONS;
  checkObject('options', options);
  let read: NeighborsOptions;
  let names = 0;
  try {
    const { direction, kind, within } = options;
    read = { direction, kind, within };
    for (const _name in options) names++;
    const known = one(read.direction) + one(read.kind) + one(read.within);
    if (names !== known) checkNames('ATHANOR_INVALID_QUERY', 'options.', 'option', options, NEIGHBORS);
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_QUERY', 'options', error);
  }
  return read;
}

/** The fields of a question that is asked seldom, or its options: as the above. */
export function readQuery<T extends object>(query: T, names: ReadonlyArray<keyof T & string>, field = 'query'): T {
  return readOptions('ATHANOR_INVALID_QUERY', query, names, field);
}

/** Nodes at a distance of a place, as `within` has them: a filter on the nodes of another question. */
export interface WithinFilter {
  x: number;
  y: number;
  z?: number;
  radius: number;
}

/** The filter as a plain object, checked. */
export function readWithinFilter(space: number, given: unknown): WithinFilter {
  if (typeof given !== 'object' || given === null) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `within: ${show(given)} is not { x, y, radius }`);
  }
  const within = readQuery(given as WithinFilter, WITHIN_FILTER, 'within');
  const { x, y, z, radius } = within;
  checkPoint(space, x, y, z);
  checkDistance('radius', radius);
  return within;
}
