import { createRegion, defineRegion, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/*
 * Tables of the main thread alone, by row: a region because its pages are committed as they are touched.
 *
 *   graphUse       u8  [graphs]  GraphUse, in graph-table.ts
 *   boundEpoch     u32 [rows]    epoch in which the row was bound, see rows.ts
 *   removalStamps  u32 [rows]    see removals.ts
 *   attention      u8  [rows]    Attention, in node-table.ts
 */
const layout = defineRegion({
  name: 'publish',
  version: 1,
  buffers: 'column',
  params: ['rows', 'graphs'],
  fields: ({ rows, graphs }) => ({
    graphUse: ['u8', graphs],
    boundEpoch: ['u32', rows],
    removalStamps: ['u32', rows],
    attention: ['u8', rows],
  }),
});

export function createScratch(
  memory: Memory,
  params: { rows: number; graphs: number },
): Views<ReturnType<typeof layout.fields>> {
  return createRegion(memory, layout, params).views;
}
