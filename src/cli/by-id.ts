import type { NodeId } from '../index.js';

/** Order of ids: numbers before strings. */
export function byId(a: NodeId, b: NodeId): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
