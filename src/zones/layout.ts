import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/** Changes of zones that a shard's log keeps: a thread that missed more reads all zones of a graph anew. */
export const LOG_ENTRIES = 1024;

/*
 * Zone columns: the truth about zones, as applied, and what is derived from it. Written by the owner of the graph's shard
 * under its lock.
 *
 * by zone row
 *   graph     u32  graph row + 1; 0 = not set
 *   shape     u32  ref + 1 of the shape in the shard's heap: the data of its event; 0 = not set
 *   sequence  f64  publish sequence of the event that set it
 *   next,
 *   prev      u32  row + 1 of others of the graph, in any order (derived)
 * by graph row
 *   first     u32  row + 1 of one of its zones; 0 = none (derived)
 *   version   f64  publish sequence of the last event that set or removed one of its zones; 0 = it has none; after a recovery
 *                  a number below 0 that is the graph's only. No version is ever used again, by any graph, whatever becomes
 *                  of the graph's row
 * by node row
 *   safe      f64 [8]  x, y, z, square, version, inside, nearest, outer: while `version` is the graph's, no border of a zone
 *                  is nearer to the point than the root of `square`, and none but that of the zone in row `nearest` - 1 than
 *                  the root of `outer`. `inside`: 1 when the point is in a zone, 2 more when in another than the nearest.
 *                  A cache line each. Derived: kept only of graphs that are watched, right whenever its version is the graph's
 * by shard
 *   log       f64 [LOG_ENTRIES * 2]  graph row, zone row: what changed last
 *   logged    f64 [16]               changes ever logged, recoveries; a line each
 */
const layout = defineRegion({
  name: 'zone-columns',
  version: 1,
  buffers: 'column',
  params: ['zones', 'rows', 'graphs', 'shards'],
  fields: ({ zones, rows, graphs, shards }) => ({
    graph: ['u32', zones],
    shape: ['u32', zones],
    sequence: ['f64', zones],
    next: ['u32', zones],
    prev: ['u32', zones],
    first: ['u32', graphs],
    version: ['f64', graphs],
    safe: ['f64', rows * 8],
    log: ['f64', shards * LOG_ENTRIES * 2],
    logged: ['f64', shards * 16],
  }),
});

/** Words of a node's safe ball. */
export const Safe = { stride: 8, x: 0, y: 1, z: 2, square: 3, version: 4, inside: 5, nearest: 6, outer: 7 } as const;

export interface ZoneColumns extends Views<ReturnType<typeof layout.fields>> {
  readonly token: RegionToken;
}

export function createZoneColumns(
  memory: Memory,
  params: { zones: number; rows: number; graphs: number; shards: number },
): ZoneColumns {
  const region = createRegion(memory, layout, params);
  return { ...region.views, token: region.token };
}

export function attachZoneColumns(token: RegionToken): ZoneColumns {
  return { ...attachRegion(layout, token).views, token };
}
