import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainCopy } from '../../dist/src/pool/plain-copy.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);

test(`a copy is what a clone would be, or there is none (seed ${SEED})`, () => {
  const leaf = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.bigInt(), fc.constantFrom(null, undefined, true));
  const value = fc.letrec<{ tree: unknown; object: object }>((tie) => ({
    tree: fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 2, arbitrary: tie('object') }),
    object: fc.oneof(
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', '7'), tie('tree'), { maxKeys: 4 }),
      fc.constantFrom(
        new Date(3),
        new Map([[1, 2]]),
        new Float64Array(2),
        new RangeError('r'),
        Object.assign(new Array(3), { 0: 1, 2: 3 }),
      ),
    ),
  })).object;
  let copies = 0;
  fc.assert(
    fc.property(value, (given) => {
      const copy = plainCopy(given);
      if (copy === undefined) return;
      copies++;
      expect(copy).not.toBe(given);
      expect(copy).toStrictEqual(structuredClone(given));
    }),
    { seed: SEED, numRuns: 2000 },
  );
  expect(copies).toBeGreaterThan(200);
});

test('what is within is copied too', () => {
  const given = { list: [1, { deep: 2 }] };
  const copy = plainCopy(given) as typeof given;
  given.list[1] = 5;
  expect(copy).toEqual({ list: [1, { deep: 2 }] });
});

test('values that a clone treats otherwise have no copy', () => {
  const twice = { a: 1 };
  const ring: unknown[] = [];
  ring.push(ring);
  class Own {
    a = 1;
  }
  const extra = Object.assign([1, 2], { name: 'extra' });
  const values = [
    { a: twice, b: twice },
    ring,
    new Own(),
    extra,
    { f: () => 1 },
    { s: Symbol('s') },
    Array.from({ length: 65 }, (_, i) => i),
    Array.from({ length: 9 }, () => ({})),
    Object.create(null),
    { inner: new Uint8Array(1) },
  ];
  for (const value of values) expect(plainCopy(value as object)).toBeUndefined();
  // Nothing is remembered from one value to the next.
  expect(plainCopy(twice)).toEqual({ a: 1 });
  expect(plainCopy(twice)).toEqual({ a: 1 });
});
