import { expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import { ZoneTable, zoneRowsOf } from '../../dist/src/publish/zone-table.js';

const ZONES = 1000;
const marks = { headPosition: 0, tailPosition: 0 };

test('a removed zone keeps its row until its removal is applied and told', () => {
  const table = new ZoneTable(ZONES);
  expect(table.find(0, 'a')).toBe(NO_ROW);
  expect(table.bind(0, 'a')).toBe(0);
  expect(table.bind(1, 'a')).toBe(1);
  expect(table.find(0, 'a')).toBe(0);
  table.remove(0, 'a', 0, 5);
  expect(table.find(0, 'a')).toBe(NO_ROW);
  expect(table.nameOf(0)).toBe('a');
  const outbox = { headPosition: 10, tailPosition: 3 };
  table.collect(() => 4, [outbox]);
  expect(table.bind(0, 'b')).toBe(2);
  table.collect(() => 5, [outbox]);
  // Applied, and not told: later entries may not hold it back.
  outbox.headPosition = 100;
  table.collect(() => 5, [outbox]);
  expect(table.bind(0, 'c')).toBe(3);
  outbox.tailPosition = 10;
  table.collect(() => 5, [outbox]);
  expect(table.bind(0, 'd')).toBe(0);
  expect(table.nameOf(0)).toBe('d');
  expect(table.live).toBe(4);
});

test('a binding that was not published is taken back; a removed graph drops its zones', () => {
  const table = new ZoneTable(ZONES);
  table.bind(3, 'a');
  table.unbind(3, 'a');
  expect(table.live).toBe(0);
  expect(table.bind(3, 'b')).toBe(0);
  table.bind(3, 'c');
  table.dropGraph(3, 0, 1);
  expect(table.live).toBe(0);
  table.collect(() => 1, [marks]);
  expect([table.bind(4, 'x'), table.bind(4, 'y')].sort()).toEqual([0, 1]);
});

test('capacity, and one more', () => {
  const table = new ZoneTable(ZONES);
  for (let i = 0; i < ZONES; i++) table.bind(0, `z${i}`);
  expect(() => table.bind(0, 'more')).toThrow(
    expect.objectContaining({
      code: 'ATHANOR_CAPACITY',
      message: expect.stringContaining('capacity.zones allows 1000'),
    }),
  );
  for (let i = 0; i < zoneRowsOf(ZONES) - ZONES; i++) {
    table.remove(0, `z${i}`, 0, 1);
    table.bind(0, `y${i}`);
  }
  table.remove(0, 'y0', 0, 1);
  expect(() => table.bind(0, 'more')).toThrow(expect.objectContaining({ code: 'ATHANOR_BACKPRESSURE' }));
  table.collect(() => 1, [marks]);
  expect(table.bind(0, 'more')).toBeLessThan(zoneRowsOf(ZONES));
});
