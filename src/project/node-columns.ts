import { GraphOption } from '../base/space.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/*
 * Node columns: the truth about nodes, as applied. One buffer a column, indexed by row, engine-wide: a row belongs to one
 * graph, a graph to one shard, and a shard has one writer at a time, who holds its lock.
 *
 *   flags     u8   ALIVE | X | Y | Z | W: what the node has
 *   kind      u32  number of the user's kind; 0 is ''
 *   x, y, z   f64  the graph's own unit, or degrees; meaningless without their flag; z is touched in a solid alone
 *   w         f64  the user's own number of the last move that gave one; meaningless without its flag
 *   time      f64  milliseconds since the Unix epoch
 *   sequence  f64  publish sequence of the event that wrote the row last
 *   born      f64  publish sequence of the event that made it a node: what hangs on the row and is older is dead
 *   data      u32  ref + 1 of the node's data in its shard's heap; 0 = none
 *
 * Zeroed memory is a table without nodes. A removed row keeps its values until it is a node again.
 */
const layout = defineRegion({
  name: 'node-columns',
  version: 1,
  buffers: 'column',
  params: ['rows'],
  fields: ({ rows }) => ({
    flags: ['u8', rows],
    kind: ['u32', rows],
    x: ['f64', rows],
    y: ['f64', rows],
    z: ['f64', rows],
    w: ['f64', rows],
    time: ['f64', rows],
    sequence: ['f64', rows],
    born: ['f64', rows],
    data: ['u32', rows],
  }),
});

/** Bits of `flags`. */
export const NodeFlag = { alive: 1, x: 2, y: 4, w: 8, z: 16 } as const;

/** The flags of a node that is in spatial answers, by the option bits of its graph: all its coordinates are there. */
export function positionFlags(optionBits: number): number {
  return (optionBits & GraphOption.solid) === 0 ? NodeFlag.x | NodeFlag.y : NodeFlag.x | NodeFlag.y | NodeFlag.z;
}

export type NodeViews = Views<ReturnType<typeof layout.fields>>;

export interface NodeColumns extends NodeViews {
  readonly token: RegionToken;
}

export function createNodeColumns(memory: Memory, params: { rows: number }): NodeColumns {
  const region = createRegion(memory, layout, params);
  return { ...region.views, token: region.token };
}

export function attachNodeColumns(token: RegionToken): NodeColumns {
  return { ...attachRegion(layout, token).views, token };
}
