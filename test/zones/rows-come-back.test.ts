import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import type { ZoneShape } from '../../dist/src/index.js';
import { ByteHeap } from '../../dist/src/memory/byte-heap.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { createZoneColumns, LOG_ENTRIES } from '../../dist/src/zones/layout.js';
import { ShardZones } from '../../dist/src/zones/shard-zones.js';
import { EARTH, PLANE, SOLID, type Space } from '../../dist/src/zones/space.js';

const SPACES: readonly Space[] = [PLANE, SOLID, EARTH, { ...EARTH, radiusM: EARTH.radiusM / 2 }];

/** The zones of a shard, by two threads: one writes, the other looks now and then. */
function world() {
  const memory = new Memory();
  const params = { zones: 16, rows: 16, graphs: 4, shards: 1 };
  const columns = createZoneColumns(memory, params);
  const heap = ByteHeap.create(memory, { bytes: 1 << 20 });
  const born = new Float64Array(params.graphs);
  const zonesOf = () => new ShardZones(columns, 0, heap, born);
  const writer = zonesOf();
  const store = (shape: ZoneShape): number => {
    const bytes = encode(shape);
    const ref = heap.allocate(bytes.length, 0);
    heap.bytes.set(bytes, heap.startOf(ref));
    return ref;
  };
  return { columns, born, writer, reader: zonesOf(), store };
}

const shapeIn = (space: Space): ZoneShape =>
  space.dimensions === 3
    ? { type: 'circle', x: 1, y: 2, z: 3, radius: 4 }
    : { type: 'circle', x: 1, y: 2, radius: space.radiusM > 0 ? 1000 : 4 };

test('a graph in the row of another has zones of its own geometry, whatever a thread has kept and when it looks', () => {
  for (const [k, before] of SPACES.entries()) {
    for (const [j, after] of SPACES.entries()) {
      for (const looks of ['at each', 'at the second', 'at another']) {
        const { born, writer, reader, store } = world();
        let sequence = 10;
        born[0] = ++sequence;
        writer.set(0, 3, store(shapeIn(before)), ++sequence);
        writer.set(1, 9, store(shapeIn(PLANE)), ++sequence);
        if (looks !== 'at the second') expect(reader.of(0, before)!.space).toBe(before);
        while (writer.reclaim(0, 1));
        born[0] = ++sequence;
        writer.set(0, 3, store(shapeIn(after)), ++sequence);
        writer.set(0, 4, store(shapeIn(after)), ++sequence);
        // Following the log for another graph's sake brings the kept zones of this one up to date as well.
        if (looks === 'at another') {
          writer.set(1, 10, store(shapeIn(PLANE)), ++sequence);
          expect(reader.of(1, PLANE)!.zones.size).toBe(2);
        }
        const zones = reader.of(0, after)!;
        expect(zones.space, `${k} to ${j}, ${looks}`).toBe(after);
        expect([...zones.zones.keys()].sort()).toEqual([3, 4]);
      }
    }
  }
});

test('no version of zones comes twice, so that a safe ball never counts in the graph that has its node’s row next', () => {
  const { columns, writer, store } = world();
  const seen = new Set<number>();
  let sequence = 10;
  for (let recovery = 0; recovery < 5; recovery++) {
    for (let graph = 0; graph < 4; graph++) {
      writer.set(graph, graph, store(shapeIn(PLANE)), ++sequence);
      expect(seen.has(columns.version[graph]!)).toBe(false);
      seen.add(columns.version[graph]!);
    }
    writer.rebuild([0, 1, 2, 3], 16);
    for (let graph = 0; graph < 4; graph++) {
      expect(columns.version[graph]).not.toBe(0);
      expect(seen.has(columns.version[graph]!)).toBe(false);
      seen.add(columns.version[graph]!);
    }
  }
  expect(columns.logged[0]).toBeGreaterThan(5 * LOG_ENTRIES);
});
