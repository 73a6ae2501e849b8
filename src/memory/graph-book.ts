import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from './region.js';
import type { Memory } from './reserve.js';

/*
 * What the main thread decides about a graph's row and other threads may read. Written by the main thread alone.
 *
 *   generation  u32  raised when the row is bound to another graph: who keeps a row keeps its generation too
 *   previous    u32  row + 1 of the graph of the same name that was removed when this one was created, while that
 *                    removal may not have been applied; 0 = none
 *
 * A graph belongs to shard `row % shards`.
 */
const layout = defineRegion({
  name: 'graph-book',
  version: 1,
  buffers: 'column',
  params: ['graphs'],
  fields: ({ graphs }) => ({
    generation: ['u32', graphs],
    previous: ['u32', graphs],
  }),
});

export interface GraphBook extends Views<ReturnType<typeof layout.fields>> {
  readonly token: RegionToken;
}

export function createGraphBook(memory: Memory, params: { graphs: number }): GraphBook {
  const region = createRegion(memory, layout, params);
  return { ...region.views, token: region.token };
}

export function attachGraphBook(token: RegionToken): GraphBook {
  return { ...attachRegion(layout, token).views, token };
}
