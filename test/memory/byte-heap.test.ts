import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteHeap } from '../../dist/src/memory/byte-heap.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);

const refsOf = (live: Map<number, unknown>): Uint32Array => Uint32Array.from(live.keys()).sort();

describe('byte heap', () => {
  test('blocks never overlap, keep their bytes, and are used again', () => {
    const heapStep = fc.oneof(
      fc.record({ do: fc.constant('take' as const), length: fc.oneof(fc.nat(40), fc.nat(3000)), tag: fc.nat(255) }),
      fc.record({ do: fc.constant('give' as const), pick: fc.nat() }),
      fc.record({ do: fc.constant('rebuild' as const) }),
    );
    fc.assert(
      fc.property(fc.array(heapStep, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = ByteHeap.create(new Memory(), { bytes: 1 << 16 });
        const live = new Map<number, { length: number; tag: number; mark: number }>();
        let mark = 0;
        for (const each of steps) {
          if (each.do === 'take') {
            const room = heap.hasRoom(each.length, 0);
            const ref = heap.allocate(each.length, each.tag);
            expect(ref >= 0).toBe(room);
            if (ref < 0) continue;
            expect(live.has(ref)).toBe(false);
            heap.bytes.fill(++mark & 0xff, heap.startOf(ref), heap.startOf(ref) + each.length);
            live.set(ref, { length: each.length, tag: each.tag, mark: mark & 0xff });
          } else if (each.do === 'give' && live.size > 0) {
            const ref = [...live.keys()][each.pick % live.size]!;
            heap.free(ref);
            live.delete(ref);
          } else if (each.do === 'rebuild') {
            heap.rebuild(refsOf(live));
          }
          expect(heap.verify(refsOf(live))).toEqual([]);
        }
        for (const [ref, block] of live) {
          expect([heap.lengthOf(ref), heap.tagOf(ref)]).toEqual([block.length, block.tag]);
          const bytes = heap.bytes.subarray(heap.startOf(ref), heap.startOf(ref) + block.length);
          expect(bytes.every((byte) => byte === block.mark)).toBe(true);
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  test('lengths that come again leave it flat', () => {
    const heap = ByteHeap.create(new Memory(), { bytes: 1 << 16 });
    const window: number[] = [];
    let touched = 0;
    let refused = 0;
    for (let i = 0; i < 100_000; i++) {
      const ref = heap.allocate(i % 50, 0);
      if (ref < 0) refused++;
      window.push(ref);
      if (window.length > 100) heap.free(window.shift()!);
      if (i === 1000) touched = heap.touchedBytes;
    }
    expect([heap.touchedBytes, refused]).toEqual([touched, 0]);
  });

  test('a freed block is used again by any length of its class, and by no other', () => {
    const heap = ByteHeap.create(new Memory(), { bytes: 1 << 20 });
    for (let length = 0; length < 2000; length++) {
      const ref = heap.allocate(length, 7);
      const touched = heap.touchedBytes;
      heap.free(ref);
      const again = heap.allocate(Math.max(0, length - 1), 9);
      const sameClass = ByteHeap.blockBytes(Math.max(0, length - 1)) === ByteHeap.blockBytes(length);
      if (sameClass) expect([again, heap.touchedBytes]).toEqual([ref, touched]);
      else expect(again).not.toBe(ref);
      expect(heap.tagOf(again)).toBe(9);
      heap.free(again);
    }
    expect(heap.verify(new Uint32Array(0))).toEqual([]);
  });

  test('a block takes what its length needs, and wastes at most a fifth above 128 bytes', () => {
    // All lengths to 8 KB, and the borders of every larger power of two.
    const lengths = Array.from({ length: 8192 }, (_, length) => length);
    for (let bits = 13; bits <= 23; bits++) for (let off = -13; off <= 13; off++) lengths.push(2 ** bits + off);
    lengths.push(2 ** 24 - 1);
    for (const length of lengths) {
      const needed = Math.ceil((length + 4) / 8) * 8;
      const bytes = ByteHeap.blockBytes(length);
      expect(bytes, `length ${length}`).toBeGreaterThanOrEqual(needed);
      if (needed <= 128) expect(bytes).toBe(needed);
      else expect(bytes - needed, `length ${length}`).toBeLessThanOrEqual(bytes / 5);
    }
  });

  test('the longest block, attached by another', () => {
    const length = 2 ** 24 - 1;
    const heap = ByteHeap.create(new Memory(), { bytes: ByteHeap.blockBytes(length) });
    const ref = heap.allocate(length, 255);
    expect([ref, heap.allocate(0, 0)]).toEqual([0, -1]);
    heap.bytes[heap.startOf(ref) + length - 1] = 77;
    const other = ByteHeap.attach(heap.token);
    expect([other.lengthOf(ref), other.tagOf(ref), other.bytes[other.startOf(ref) + length - 1]]).toEqual([
      length,
      255,
      77,
    ]);
    expect(brokenCanariesWithin(heap.token)).toEqual([]);
  });

  test('verify names what is wrong', () => {
    const heap = ByteHeap.create(new Memory(), { bytes: 1024 });
    const refs = [10, 20, 30].map((length) => heap.allocate(length, 0));
    heap.free(refs[1]!);
    expect(heap.verify(Uint32Array.of(refs[0]!, refs[2]!))).toEqual([]);
    expect(heap.verify(Uint32Array.from(refs))).toEqual([`heap: block ${refs[1]} is free and in use`]);
    expect(heap.verify(Uint32Array.of(refs[0]!))).toEqual([`heap: block ${refs[2]} is lost`]);
    expect(heap.verify(Uint32Array.of(refs[0]!, refs[2]!, 99))).toEqual(['heap: ref 99 is no block']);
    heap.free(refs[1]!);
    expect(heap.verify(Uint32Array.of(refs[0]!, refs[2]!))).toEqual([expect.stringContaining('is a ring')]);
  });

  test('room is told with what is ahead', () => {
    const heap = ByteHeap.create(new Memory(), { bytes: 1024 });
    expect(heap.hasRoom(100, 1024 - ByteHeap.blockBytes(100))).toBe(true);
    expect(heap.hasRoom(100, 1024 - ByteHeap.blockBytes(100) + 8)).toBe(false);
    while (heap.allocate(100, 0) >= 0);
    expect(heap.hasRoom(100, 0)).toBe(false);
    heap.free(0);
    expect(heap.hasRoom(100, 0)).toBe(true);
    // A block of another class does not fit there.
    expect(heap.hasRoom(20, 0)).toBe(heap.allocate(20, 0) >= 0);
  });
});
