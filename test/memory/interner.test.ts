import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import type { NodeId } from '../../dist/src/index.js';
import { ByteHeap } from '../../dist/src/memory/byte-heap.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
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
  fc.string({ unit: 'binary', maxLength: 20, size: 'max' }),
  fc.string({ minLength: 900, maxLength: 1024 }),
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('bind' as const), scope: fc.nat(3), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unbind' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rebind' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), count: fc.nat(4) }) },
);

describe('interner', () => {
  test.each([
    { what: 'hashes as they are', hashMask: 0xffffffff },
    { what: 'four hashes for all', hashMask: 3 },
    { what: 'one hash for all', hashMask: 0 },
  ])('as a Map, with $what', ({ hashMask }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const capacity = 128;
        const interner = Interner.create(new Memory(), { capacity, heapBytes: 1 << 18, hashMask });
        const bound = new Map<string, { scope: number; id: NodeId; index: number }>();
        const unbound: Array<{ scope: number; id: NodeId; index: number }> = [];
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
          } else if (each.do === 'rebind' && unbound.length > 0) {
            const entry = unbound[each.pick % unbound.length]!;
            const key = keyOf(entry.scope, entry.id);
            if (bound.has(key)) continue;
            unbound.splice(unbound.indexOf(entry), 1);
            interner.rebind(entry.index);
            expect(interner.idOf(entry.index)).toBe(entry.id);
            bound.set(key, entry);
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
          expect(reader.find(entry.scope, entry.id)).toBe(entry.index);
          expect(reader.idOf(entry.index)).toBe(entry.id);
        }
        for (const scope of [0, 1, 2, 3]) {
          for (const other of LOOKALIKES) {
            const index = bound.get(keyOf(scope, other))?.index ?? NO_ROW;
            expect([interner.find(scope, other), reader.find(scope, other)]).toEqual([index, index]);
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
    // Counted, and expected once: an expectation costs more than what it checks.
    let wrong = 0;
    for (let i = 0; i < count; i++) if (!interner.bind(i % 7, idOf(i), i)) wrong++;
    for (let i = 0; i < count; i++) if (interner.find(i % 7, idOf(i)) !== i) wrong++;
    expect(wrong).toBe(0);
    expect(interner.find(1, idOf(0))).toBe(NO_ROW);
    for (let i = 0; i < count; i++) {
      interner.unbind(i);
      interner.release(i);
    }
    expect(interner.size).toBe(0);
    for (let i = 0; i < count; i += 97) expect(interner.find(i % 7, idOf(i))).toBe(NO_ROW);
  });

  test('a reader finds an id at the end of a chain longer than its first walk, and nothing where nothing is', () => {
    const count = 5000;
    const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 16, hashMask: 0 });
    for (let i = 0; i < count; i++) interner.bind(0, i, i);
    const reader = Interner.attach(interner.token);
    for (const index of [0, 1, 500, count - 4097, count - 4096, count - 1]) expect(reader.find(0, index)).toBe(index);
    expect(reader.find(0, count)).toBe(NO_ROW);
  });

  test('at capacity every index is found, turn after turn, about each step of growth', () => {
    for (const capacity of [1, 2, 1023, 1024, 1025, 2048, 2049]) {
      const interner = Interner.create(new Memory(), { capacity, heapBytes: (capacity + 1) * 16 });
      for (let turn = 0; turn < 3; turn++) {
        for (let i = 0; i < capacity; i++) expect(interner.bind(turn, `n${i}`, i)).toBe(true);
        for (let i = 0; i < capacity; i++) expect(interner.find(turn, `n${i}`)).toBe(i);
        expect(interner.find(turn, `n${capacity}`)).toBe(NO_ROW);
        expect(interner.size).toBe(capacity);
        for (let i = capacity - 1; i >= 0; i--) {
          interner.unbind(i);
          interner.release(i);
        }
        expect(interner.size).toBe(0);
      }
      // The ids of all turns were as long: none took more than the first.
      expect(interner.touchedHeapBytes).toBeLessThanOrEqual(capacity * ByteHeap.blockBytes(`n${capacity}`.length));
      expect(brokenCanariesWithin(interner.token)).toEqual([]);
    }
  });

  test('ids that come and go leave the heap flat, whatever their lengths', () => {
    const interner = Interner.create(new Memory(), { capacity: 256, heapBytes: 1 << 16 });
    const idOf = (i: number): NodeId => (i % 3 === 0 ? i : `${'x'.repeat(i % 40)}${i % 1000}`);
    let touched = 0;
    let refused = 0;
    for (let i = 0; i < 60_000; i++) {
      if (i >= 200) {
        interner.unbind((i - 200) % 256);
        interner.release((i - 200) % 256);
      }
      if (!interner.bind(i, idOf(i), i % 256)) refused++;
      if (i === 30_000) touched = interner.touchedHeapBytes;
    }
    expect([interner.touchedHeapBytes, refused]).toEqual([touched, 0]);
    for (let i = 60_000 - 200; i < 60_000; i++) expect(interner.find(i, idOf(i))).toBe(i % 256);
  });

  test('the same id gives the same bits for digests in any interner, and other ids others', () => {
    const [one, other] = [0, 1].map(() => Interner.create(new Memory(), { capacity: 64, heapBytes: 1 << 12 }));
    LOOKALIKES.forEach((look, i) => {
      one!.bind(0, look, i);
      other!.bind(3, look, 63 - i);
    });
    const bits = LOOKALIKES.map((_, i) => one!.mixId(i, 1));
    expect(LOOKALIKES.map((_, i) => other!.mixId(63 - i, 1))).toEqual(bits);
    expect(new Set(bits).size).toBe(LOOKALIKES.length);
    expect(one!.mixId(0, 2)).not.toBe(bits[0]);
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

  test('ids that were made to meet in one bucket do not', () => {
    // All of them have one hash by FNV-1a, which has no key; each step has two ways to the same state.
    const step = (state: number, unit: number): number => Math.imul(state ^ unit, 0x01000193);
    let crafted = [''];
    let state = Math.imul(0x9e3779b9, 0x85ebca6b);
    for (let stage = 0; stage < 13; stage++) {
      const seen = new Map<number, number>();
      for (let first = 0; ; first++) {
        const upper = step(state, first) >>> 16;
        const other = seen.get(upper);
        seen.set(upper, first);
        if (other === undefined) continue;
        const second = (step(state, first) ^ step(state, other)) & 0xffff;
        const pairs = [String.fromCharCode(first, 0), String.fromCharCode(other, second)];
        crafted = crafted.flatMap((id) => pairs.map((pair) => id + pair));
        state = step(step(state, first), 0);
        break;
      }
    }
    const fnv = (id: string): number => {
      let hash = Math.imul(0x9e3779b9, 0x85ebca6b);
      for (let i = 0; i < id.length; i++) hash = step(hash, id.charCodeAt(i));
      return hash;
    };
    expect([new Set(crafted).size, new Set(crafted.map(fnv)).size]).toEqual([8192, 1]);

    const interner = Interner.create(new Memory(), { capacity: 8192, heapBytes: 1 << 20 });
    for (const [i, id] of crafted.entries()) interner.bind(0, id, i);
    let sum = 0;
    let most = 0;
    for (const id of crafted) {
      const steps = interner.stepsOf(0, id);
      sum += steps;
      most = Math.max(most, steps);
    }
    // About one and a half each, where there is an id for each bucket: with any keys that are drawn.
    expect(sum / 8192).toBeLessThan(2);
    expect(most).toBeLessThan(20);
  });

  test('hashes differ from one interner to the next, and are the same for all threads of one', () => {
    const make = (): Interner => Interner.create(new Memory(), { capacity: 4096, heapBytes: 1 << 17 });
    const [one, other] = [make(), make()];
    for (let i = 0; i < 4096; i++) for (const each of [one, other]) each.bind(0, `node ${i}`, i);
    const reader = Interner.attach(one.token);
    const steps = (of: Interner): number[] => Array.from({ length: 4096 }, (_, i) => of.stepsOf(0, `node ${i}`));
    expect(steps(reader)).toEqual(steps(one));
    expect(steps(other)).not.toEqual(steps(one));
  });
});
