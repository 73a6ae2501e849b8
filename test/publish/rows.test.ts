import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import type { NodeId } from '../../dist/src/index.js';
import { IdCache } from '../../dist/src/publish/id-cache.js';
import { Removals } from '../../dist/src/publish/removals.js';
import { RowQueue, TimedRowQueue } from '../../dist/src/publish/row-queue.js';
import { QUARANTINE_MS, RowAllocator } from '../../dist/src/publish/rows.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);

describe('rows', () => {
  const make = (reserved: number, shards: number) => {
    const released: number[] = [];
    const shardOf = new Map<number, number>();
    const rows = new RowAllocator({
      reserved,
      shards,
      boundEpoch: new Uint32Array(reserved),
      shardOfRow: (row) => shardOf.get(row)!,
      onRelease: (row) => released.push(row),
    });
    return { rows, released, shardOf };
  };

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('allocate' as const), shard: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('retire' as const), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(1500) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('unhold' as const) }) },
  );

  test('no row is used twice, nor again before its time, and the oldest comes first', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const { rows, released, shardOf } = make(64, 4);
        const live = new Set<number>();
        const retiredAt = new Map<number, number>();
        const holds: Array<{ token: symbol; since: number }> = [];
        /** Of rows that were read while they were live: the epoch of the read, and whether they are so still. */
        const reads: Array<{ row: number; epoch: number; same: boolean }> = [];
        let now = 0;
        /** Those that have left quarantine, oldest first, none before its time. */
        const leave = (): void => {
          let last = -1;
          for (const row of released.splice(0)) {
            const at = retiredAt.get(row)!;
            expect(now - at).toBeGreaterThanOrEqual(QUARANTINE_MS);
            expect(at).toBeGreaterThanOrEqual(last);
            for (const { since } of holds) expect(at).toBeLessThanOrEqual(since);
            last = at;
            retiredAt.delete(row);
          }
        };
        for (const each of steps) {
          if (each.do === 'allocate') {
            const row = rows.allocate(each.shard, now);
            leave();
            if (row === NO_ROW) {
              expect(live.size + retiredAt.size).toBe(64);
              continue;
            }
            expect(live.has(row) || retiredAt.has(row)).toBe(false);
            live.add(row);
            shardOf.set(row, each.shard);
          } else if (each.do === 'read' && live.size > 0) {
            reads.push({ row: [...live][each.pick % live.size]!, epoch: rows.epoch, same: true });
          } else if (each.do === 'retire' && live.size > 0) {
            const row = [...live][each.pick % live.size]!;
            live.delete(row);
            retiredAt.set(row, now);
            rows.retire(row, now);
            for (const read of reads) if (read.row === row) read.same = false;
          } else if (each.do === 'pass') {
            now += each.ms;
            rows.releaseExpired(now, 1000);
            leave();
          } else if (each.do === 'hold') {
            holds.push({ token: rows.hold(now), since: now });
          } else if (each.do === 'unhold' && holds.length > 0) {
            rows.unhold(holds.shift()!.token);
          }
          expect([rows.live, rows.quarantined, rows.free]).toEqual([
            live.size,
            retiredAt.size,
            64 - live.size - retiredAt.size,
          ]);
          // A read knows of the rows that are live whether they are another's since.
          const wrong = reads.filter(({ row, epoch, same }) => live.has(row) && rows.isStale(row, epoch) === same);
          expect(wrong).toEqual([]);
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  test.each([1, 3, 8])('of %i shards each may have all rows, and what comes and goes touches no new ones', (shards) => {
    const { rows, shardOf } = make(2500, shards);
    const taken: number[] = [];
    const take = (shard: number, now: number): number => {
      const row = rows.allocate(shard, now);
      if (row !== NO_ROW) {
        shardOf.set(row, shard);
        taken.push(row);
      }
      return row;
    };
    // A row of each other's block, so that all have begun one.
    for (let shard = 0; shard < shards; shard++) take(shard, 0);
    while (take(0, 0) !== NO_ROW);
    expect([taken.length, new Set(taken).size, rows.free]).toEqual([2500, 2500, 0]);

    const churned = make(100_000, 1);
    for (let turn = 0, now = 0; turn < 50; turn++, now += QUARANTINE_MS) {
      for (let i = 0; i < 500; i++) {
        const row = churned.rows.allocate(0, now);
        churned.shardOf.set(row, 0);
        churned.rows.retire(row, now);
      }
    }
    expect(churned.rows.highWater).toBe(1024);
  });

  test('epochs last for decades of rows that come and go', () => {
    const { rows, shardOf } = make(10, 1);
    const year = 365 * 24 * 3600 * 1000;
    for (let now = 0; now < 50 * year; now += year / 4) {
      const row = rows.allocate(0, now);
      shardOf.set(row, 0);
      const read = rows.epoch;
      expect(rows.isStale(row, read)).toBe(false);
      rows.retire(row, now);
    }
    expect(rows.epoch).toBeLessThan(2 ** 32);
  });
});

describe('row queues', () => {
  test('as arrays, however often they grow and wherever they begin', () => {
    const step = fc.record({ push: fc.nat(400), shift: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12, size: 'max' }), (steps) => {
        const rows = new RowQueue();
        const timed = new TimedRowQueue();
        const model: number[] = [];
        let next = 0;
        for (const each of steps) {
          for (let i = 0; i < each.push; i++, next++) {
            rows.push(next);
            timed.push(next, next / 4);
            model.push(next);
          }
          const wanted = model.splice(0, each.shift);
          const firstMs = wanted.map(() => {
            const { firstMs } = timed;
            expect(timed.shift()).toBe(firstMs * 4);
            return firstMs;
          });
          expect(firstMs).toEqual(wanted.map((row) => row / 4));
          expect(wanted.map(() => rows.shift())).toEqual(wanted);
          expect([rows.length, timed.length]).toEqual([model.length, model.length]);
        }
      }),
      { seed, numRuns: 60 },
    );
  });
});

describe('removals', () => {
  test('an id wanted again keeps its row; the others come when their frame is applied, in order, across the wrap', () => {
    const step = fc.record({ row: fc.nat(20), frames: fc.nat(3), wantAgain: fc.boolean(), apply: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 700, size: 'max' }), (steps) => {
        const removals = new Removals(new Uint32Array(32), 1);
        const waiting: Array<{ row: number; position: number }> = [];
        let position = 0xffff_ff00;
        let applied = position;
        for (const each of steps) {
          position = (position + each.frames) >>> 0;
          const already = waiting.findIndex(({ row }) => row === each.row);
          if (already >= 0) {
            // Another event on a row whose removal waits: it is wanted, or removed anew.
            waiting.splice(already, 1);
            removals.setStamp(each.row, 0);
          }
          if (!each.wantAgain) {
            removals.add(0, each.row, position);
            waiting.push({ row: each.row, position });
          }
          applied = (applied + Math.min(each.apply, (position - applied) >>> 0)) >>> 0;
          for (let row = removals.take(0, applied); row >= 0; row = removals.take(0, applied)) {
            const first = waiting.shift()!;
            expect(row).toBe(first.row);
            expect((applied - first.position) | 0).toBeGreaterThanOrEqual(0);
            expect(removals.stampOf(row)).toBe(0);
          }
          const due = waiting.filter((entry) => ((applied - entry.position) | 0) >= 0);
          expect(due).toEqual([]);
        }
      }),
      { seed, numRuns: 60 },
    );
  });
});

test('removals: one that was taken back does not hold up those behind it, whatever its position', () => {
  const removals = new Removals(new Uint32Array(8), 1);
  // In an array of events that fills 40 frames and is refused: later removals are in frames before its last.
  removals.add(0, 5, 40);
  removals.setStamp(5, 0);
  removals.add(0, 6, 2);
  expect(removals.take(0, 1)).toBe(-1);
  expect([removals.take(0, 2), removals.take(0, 2)]).toEqual([6, -1]);
  expect(removals.isEmpty(0)).toBe(true);
});

test('removals: a queue that grows keeps its order, wherever it begins', () => {
  const rows = 3000;
  const removals = new Removals(new Uint32Array(rows), 2);
  let taken = 0;
  for (let row = 0; row < rows; row++) {
    removals.add(1, row, row);
    // One goes for three that come.
    if (row % 3 === 0) expect(removals.take(1, row)).toBe(taken++);
  }
  expect([removals.isEmpty(0), removals.isEmpty(1)]).toEqual([true, false]);
  for (; taken < rows; taken++) expect(removals.take(1, rows)).toBe(taken);
  expect([removals.take(1, rows), removals.isEmpty(1)]).toEqual([-1, true]);
});

describe('id cache', () => {
  test('answers what was set, or nothing; never what was deleted', () => {
    // Not many more than it holds, so that ids of both generations are met again.
    const id: fc.Arbitrary<NodeId> = fc.oneof(fc.nat(5), fc.nat(5).map(String));
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), scope: fc.nat(3), id, row: fc.nat(1000) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), scope: fc.nat(3), id }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), scope: fc.nat(3), id }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), scope: fc.nat(3) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const cache = new IdCache(16);
        const model = new Map<string, number>();
        const keyOf = (scope: number, of: NodeId): string => `${scope} ${typeof of} ${of}`;
        let hits = 0;
        for (const each of steps) {
          if (each.do === 'set') {
            cache.set(each.scope, each.id, each.row);
            model.set(keyOf(each.scope, each.id), each.row);
            expect(cache.get(each.scope, each.id)).toBe(each.row);
          } else if (each.do === 'get') {
            const row = cache.get(each.scope, each.id);
            if (row !== NO_ROW) expect(row).toBe(model.get(keyOf(each.scope, each.id)));
            hits += row === NO_ROW ? 0 : 1;
          } else if (each.do === 'delete') {
            cache.delete(each.scope, each.id);
            model.delete(keyOf(each.scope, each.id));
            expect(cache.get(each.scope, each.id)).toBe(NO_ROW);
          } else {
            cache.dropScope(each.scope);
            for (const key of [...model.keys()]) if (key.startsWith(`${each.scope} `)) model.delete(key);
          }
        }
        return hits >= 0;
      }),
      { seed, numRuns: 200 },
    );
  });

  test('keeps what is used and forgets the rest', () => {
    const cache = new IdCache(100);
    cache.set(0, 'hot', 7);
    for (let i = 0; i < 10_000; i++) {
      cache.set(0, i, i);
      expect(cache.get(0, 'hot')).toBe(7);
    }
    let kept = 0;
    for (let i = 0; i < 10_000; i++) if (cache.get(0, i) !== NO_ROW) kept++;
    expect(kept).toBeGreaterThan(10);
    expect(kept).toBeLessThanOrEqual(100);
  });
});
