import { GraphOption } from '../base/space.js';
import { FANOUT, type PoolViews, type SpatialRegions } from './layout.js';

/** The pool that the tree of a graph with these option bits stands in. */
export function poolOf(regions: SpatialRegions, shard: number, options: number): PoolViews {
  return ((options & GraphOption.anySpace) === 0 ? regions.planes : regions.spaces)[shard]!;
}

/**
 * The rows of a graph's tree in the order of its leaves: neighbours in this order are neighbours in space. As many as fit
 * are written; how many there are is returned. For who keeps the shard's writer out.
 */
export function rowsInOrder(pool: PoolViews, rootPlusOne: number, out: Uint32Array): number {
  const root = rootPlusOne - 1;
  if (root < 0) return 0;
  const { leafAt, leafCount, innerChild, innerCount } = pool;
  const entry = leafAt.length / leafCount.length / FANOUT;
  const stack = [root];
  let found = 0;
  while (stack.length > 0) {
    const ref = stack.pop()!;
    const first = (ref >>> 1) * FANOUT;
    if ((ref & 1) === 0) {
      const end = first + leafCount[ref >>> 1]!;
      for (let slot = first; slot < end; slot++) {
        if (found < out.length) out[found] = leafAt[slot * entry + entry - 1]!;
        found++;
      }
      continue;
    }
    // From the last: the first is taken from the stack next.
    for (let slot = first + innerCount[ref >>> 1]! - 1; slot >= first; slot--) stack.push(innerChild[slot]!);
  }
  return found;
}
