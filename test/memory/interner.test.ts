import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import type { NodeId } from '../../dist/src/index.js';
import { ByteHeap } from '../../dist/src/memory/byte-heap.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);

/** Ids that are easily taken for one another. */
const LOOKALIKES: NodeId[] = [
  '',
  '0',
  0,
  '1',
  1,
  -1,
  '-1',
  'é',
  'e\u0301',
  '\ud800',
  '\udc00',
  '\ufffd',
  'a\0',
  'a',
  2 ** 53 - 1,
  'ÿ',
  'Ā',
];

const id: fc.Arbitrary<NodeId> = fc.oneof(
  fc.constantFrom(...LOOKALIKES),
  fc.maxSafeInteger(),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ minLength: 900, maxLength: 1024 }),
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('bind' as const), scope: fc.nat(3), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unbind' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), count: fc.nat(4) }) },
);

describe('interner', () => {
  test.each([
    { what: 'hashes as they are', hashMask: 0xffffffff },
    { what: 'four hashes for all', hashMask: 3 },
    { what: 'one hash for all', hashMask: 0 },
  ])('as a Map, with $what', ({ hashMask }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const capacity = 128;
        const interner = Interner.create(new Memory(), { capacity, heapBytes: 1 << 18, hashMask });
        const bound = new Map<string, { scope: number; id: NodeId; index: number }>();
        const unbound: Array<{ id: NodeId; index: number }> = [];
        const free = Array.from({ length: capacity }, (_, i) => i);
        const keyOf = (scope: number, of: NodeId): string => `${scope} ${typeof of} ${of}`;
        for (const each of steps) {
          if (each.do === 'bind') {
            const key = keyOf(each.scope, each.id);
            if (bound.has(key) || free.length === 0) continue;
            const index = free.shift()!;
            expect(interner.bind(each.scope, each.id, index)).toBe(true);
            bound.set(key, { scope: each.scope, id: each.id, index });
          } else if (each.do === 'unbind' && bound.size > 0) {
            const [key, entry] = [...bound][each.pick % bound.size]!;
            interner.unbind(entry.index);
            bound.delete(key);
            unbound.push(entry);
          } else if (each.do === 'release') {
            for (const entry of unbound.splice(0, each.count)) {
              expect(interner.idOf(entry.index)).toBe(entry.id);
              interner.release(entry.index);
              expect(interner.idOf(entry.index)).toBeUndefined();
              free.push(entry.index);
            }
          }
          expect(interner.size).toBe(bound.size);
        }
        const reader = Interner.attach(interner.token);
        for (const entry of bound.values()) {
          expect(interner.find(entry.scope, entry.id)).toBe(entry.index);
          expect(interner.scopeOf(entry.index)).toBe(entry.scope);
          // A reader knows no mask: with forced collisions its buckets are others.
          if (hashMask === 0xffffffff) expect(reader.find(entry.scope, entry.id)).toBe(entry.index);
          expect(reader.idOf(entry.index)).toBe(entry.id);
        }
        for (const scope of [0, 1, 2, 3]) {
          for (const other of LOOKALIKES) {
            expect(interner.find(scope, other)).toBe(bound.get(keyOf(scope, other))?.index ?? NO_ROW);
          }
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  test('-0 is 0', () => {
    const interner = Interner.create(new Memory(), { capacity: 4, heapBytes: 1 << 10 });
    interner.bind(0, 0, 2);
    expect(interner.find(0, -0)).toBe(2);
  });

  test('grows by splitting, far beyond its first buckets, and shrinks to nothing', () => {
    const count = 50_000;
    const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 32 });
    const idOf = (i: number): NodeId => (i % 2 === 0 ? i : `node ${i}`);
    for (let i = 0; i < count; i++) expect(interner.bind(i % 7, idOf(i), i)).toBe(true);
    for (let i = 0; i < count; i++) expect(interner.find(i % 7, idOf(i))).toBe(i);
    expect(interner.find(1, idOf(0))).toBe(NO_ROW);
    for (let i = 0; i < count; i++) {
      interner.unbind(i);
      interner.release(i);
    }
    expect(interner.size).toBe(0);
    for (let i = 0; i < count; i += 97) expect(interner.find(i % 7, idOf(i))).toBe(NO_ROW);
  });

  test('a full heap refuses and leaves nothing behind; what is released makes room', () => {
    const interner = Interner.create(new Memory(), { capacity: 100, heapBytes: 1024 });
    let bound = 0;
    while (interner.bind(0, 'x'.repeat(100) + bound, bound)) bound++;
    expect(bound).toBeGreaterThan(3);
    expect(interner.size).toBe(bound);
    expect(interner.find(0, 'x'.repeat(100) + bound)).toBe(NO_ROW);
    interner.unbind(0);
    interner.release(0);
    expect(interner.bind(0, `${'y'.repeat(100)}0`, 0)).toBe(true);
  });
});

describe('byte heap', () => {
  test('blocks never overlap, keep their bytes, and are used again', () => {
    const heapStep = fc.oneof(
      fc.record({ do: fc.constant('take' as const), length: fc.oneof(fc.nat(40), fc.nat(3000)), tag: fc.nat(255) }),
      fc.record({ do: fc.constant('give' as const), pick: fc.nat() }),
      fc.record({ do: fc.constant('rebuild' as const) }),
    );
    fc.assert(
      fc.property(fc.array(heapStep, { maxLength: 200 }), (steps) => {
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
            heap.rebuild(Uint32Array.from(live.keys()).sort());
          }
          expect(heap.verify(Uint32Array.from(live.keys()).sort())).toEqual([]);
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
    for (let i = 0; i < 100_000; i++) {
      const ref = heap.allocate(i % 50, 0);
      expect(ref).toBeGreaterThanOrEqual(0);
      window.push(ref);
      if (window.length > 100) heap.free(window.shift()!);
    }
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
