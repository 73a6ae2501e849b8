import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/*
 * Graph columns: the truth about graphs, as applied, and their counters (derived). One buffer a column, indexed by graph
 * row; written by the applier of the graph's shard under its lock.
 *
 *   state      u8   0 unknown; ALIVE; DEAD = removed, its nodes and edges are being reclaimed; FREE = reclaimed
 *   options    u8   GraphOption bits (see base/space.ts)
 *   radius     f64  of the sphere, in metres; 0 elsewhere
 *   order      u32  nodes (derived)
 *   size       u32  edges (derived)
 *   created    f64  time of the event that created it
 *   born       f64  publish sequence of that event
 *   sequence   f64  publish sequence of the last event applied to the graph: its version
 *   topology   f64  publish sequence of the last event that changed which nodes there are, or an edge
 *   cursor     u32  while DEAD: next node row + 1 to reclaim
 *   nextDead   u32  while DEAD: next graph row + 1 of the shard's queue
 *   firstDead  u32  [shards] first graph row + 1 of the shard's queue; 0 = none
 */
const layout = defineRegion({
  name: 'graph-columns',
  version: 3,
  buffers: 'column',
  params: ['graphs', 'shards'],
  fields: ({ graphs, shards }) => ({
    state: ['u8', graphs],
    options: ['u8', graphs],
    radius: ['f64', graphs],
    order: ['u32', graphs],
    size: ['u32', graphs],
    created: ['f64', graphs],
    born: ['f64', graphs],
    sequence: ['f64', graphs],
    topology: ['f64', graphs],
    cursor: ['u32', graphs],
    nextDead: ['u32', graphs],
    firstDead: ['u32', shards],
  }),
});

export const GraphState = { unknown: 0, alive: 1, dead: 2, free: 3 } as const;

export type GraphViews = Views<ReturnType<typeof layout.fields>>;

export interface GraphColumns extends GraphViews {
  readonly token: RegionToken;
}

export function createGraphColumns(memory: Memory, params: { graphs: number; shards: number }): GraphColumns {
  const region = createRegion(memory, layout, params);
  return { ...region.views, token: region.token };
}

export function attachGraphColumns(token: RegionToken): GraphColumns {
  return { ...attachRegion(layout, token).views, token };
}
