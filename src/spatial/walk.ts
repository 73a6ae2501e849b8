import { FANOUT, type SpatialRegions } from './layout.js';

/**
 * The rows of a graph's tree in the order of its leaves: neighbours in this order are neighbours in space. As many as fit
 * are written; how many there are is returned. For who keeps the shard's writer out.
 */
export function rowsInOrder(regions: SpatialRegions, shard: number, graph: number, out: Uint32Array): number {
  const root = regions.index.root[graph]! - 1;
  if (root < 0) return 0;
  const { leafRow, leafCount, innerChild, innerCount } = regions.pools[shard]!;
  const stack = [root];
  let found = 0;
  while (stack.length > 0) {
    const ref = stack.pop()!;
    const first = (ref >>> 1) * FANOUT;
    if ((ref & 1) === 0) {
      const end = first + leafCount[ref >>> 1]!;
      for (let slot = first; slot < end; slot++) {
        if (found < out.length) out[found] = leafRow[slot]!;
        found++;
      }
      continue;
    }
    // From the last: the first is taken from the stack next.
    for (let slot = first + innerCount[ref >>> 1]! - 1; slot >= first; slot--) stack.push(innerChild[slot]!);
  }
  return found;
}
