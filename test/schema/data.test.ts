import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { decode, ExtensionCodec } from '@msgpack/msgpack';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeData } from '../../dist/src/schema/data-decoder.js';
import { DataEncoder } from '../../dist/src/schema/data-encoder.js';
import { refuses } from '../support/refuses.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_201);

function encoded(value: unknown, maxBytes = 65_536): Uint8Array<ArrayBuffer> {
  const encoder = new DataEncoder(maxBytes);
  encoder.encode(value, 'data');
  return encoder.bytes.slice(0, encoder.length) as Uint8Array<ArrayBuffer>;
}

/** Strings that UTF-8 can say, with all that makes them hard. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).filter((string) => string.isWellFormed()),
  fc.constantFrom('', '__proto__', 'constructor', 'toString', '\ufeffbom', 'é'.repeat(20), '\0', '0', '-0', '𝄞'),
  fc.integer({ min: 30, max: 70 }).map((length) => 'x'.repeat(length)),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 0, -1, -32, -33, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31), -(2 ** 53), 1e308, 5e-324),
);
const binary = fc.uint8Array({ maxLength: 40 }).chain((bytes) => {
  const { buffer } = new Uint8Array([...bytes, ...new Uint8Array(8 - (bytes.length % 8))]);
  return fc.constantFrom<unknown>(
    bytes,
    buffer,
    new DataView(buffer),
    Buffer.from(buffer),
    new Int8Array(buffer),
    new Uint8ClampedArray(buffer),
    new Int16Array(buffer),
    new Uint16Array(buffer),
    new Int32Array(buffer),
    new Uint32Array(buffer, 4),
    new Float32Array(buffer),
    new Float64Array(buffer),
    new BigInt64Array(buffer),
    new BigUint64Array(buffer),
  );
});
const plain = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const atom = fc.oneof(
  plain,
  fc.constant(undefined),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.constantFrom(0n, -1n, 127n, 128n, -128n, -129n, 2n ** 63n, -(2n ** 63n), 2n ** 64n),
  fc.date({ noInvalidDate: true }),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(2 ** 34 * 1000 + 1000) }),
  binary,
);

/** An object with these members, `__proto__` among them as a member. */
function objectOf(entries: Array<[string, unknown]>, prototype: object | null): object {
  const object = Object.create(prototype) as object;
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return object;
}

function trees(leaf: fc.Arbitrary<unknown>, more: boolean): fc.Arbitrary<unknown> {
  return fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('any'), { maxLength: 20 }),
      fc.array(fc.tuple(text, tie('any')), { maxLength: 20 }).map((entries) => objectOf(entries, Object.prototype)),
      ...(more
        ? [
            fc.array(fc.tuple(text, tie('any')), { maxLength: 4 }).map((entries) => objectOf(entries, null)),
            fc.array(fc.tuple(plain, tie('any')), { maxLength: 6 }).map((entries) => new Map(entries)),
            fc.array(fc.oneof(plain, tie('any')), { maxLength: 6 }).map((members) => new Set(members)),
          ]
        : []),
    ),
  })).any;
}

test(`what is accepted reads back deeply equal (seed ${SEED})`, () => {
  fc.assert(
    fc.property(trees(atom, true), (value) => {
      const bytes = encoded(value, 2 ** 23);
      const back = decodeData(bytes);
      expect(isDeepStrictEqual(back, value)).toBe(true);
      expect(encoded(back, 2 ** 23)).toEqual(bytes);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

test(`what JSON knows is plain MessagePack, as another library reads it (seed ${SEED})`, () => {
  const other = fc.oneof(plain, fc.uint8Array());
  fc.assert(
    fc.property(trees(other, false), (value) => {
      // That library refuses the name: JSON.stringify says whether it is anywhere.
      fc.pre(!JSON.stringify(value)?.includes('__proto__'));
      expect(decode(encoded(value, 2 ** 23))).toEqual(value);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('extensions have the numbers that the reference names', () => {
  const types: number[] = [];
  const extensionCodec = new ExtensionCodec();
  for (let type = 0; type < 128; type++) {
    extensionCodec.register({
      type,
      encode: () => null,
      decode: (body) => {
        types.push(type);
        return Buffer.from(body).toString('hex');
      },
    });
  }
  const read = (value: unknown) => decode(encoded(value), { extensionCodec });
  expect(read(undefined)).toBe('00');
  expect(read(-129n)).toBe('ff7f');
  expect(read(255n)).toBe('00ff');
  expect(read(new Map([[1, 'a']]))).toBe('9201a161');
  expect(read(new Set(['a', 7]))).toBe('92a16107');
  expect(read(new Uint16Array([1, 258]))).toBe('0601000201');
  expect(read(Object.assign(Object.create(null), { a: 1 }))).toBe('81a16101');
  expect(types).toEqual([1, 2, 2, 3, 4, 5, 6]);
  for (const ms of [0, 5, 1e12, 1e12 + 1, -1, -1000, 8.64e15, -8.64e15, 2 ** 32 * 1000, 2 ** 34 * 1000 + 7]) {
    expect((decode(encoded(new Date(ms))) as Date).getTime()).toBe(ms);
  }
});

class Point {
  x = 1;
}
class Points extends Map {}
class List extends Array {}
const cycle: { a: Array<{ b?: unknown }> } = { a: [{}] };
cycle.a[0]!.b = cycle.a;
let deep: unknown = 1;
for (let level = 0; level < 101; level++) deep = [deep];
const match = 'abc'.match(/b/);

test.each([
  [{ a: [0, { b: () => 1 }] }, /^data\.a\[1\]\.b: a function cannot be kept/],
  [{ 'a b': Symbol('x') }, /^data\["a b"\]: a symbol/],
  [/x/, /^data: an instance of RegExp/],
  [[new Error('x')], /^data\[0\]: an instance of Error/],
  [{ e: Promise.resolve() }, /^data\.e: an instance of Promise/],
  [new WeakMap(), /an instance of WeakMap/],
  [new Point(), /an instance of Point/],
  [new Points(), /an instance of Points/],
  [new List(), /an instance of List/],
  [Object(1), /an instance of Number/],
  [new URL('http://x'), /an instance of URL/],
  [{ at: new Date(Number.NaN) }, /^data\.at: an invalid Date/],
  [cycle, /^data\.a\[0\]\.b: a cycle: it is data\.a again/],
  [deep, /more than 100 levels/],
  // biome-ignore lint/suspicious/noSparseArray: it is what is tested
  [{ a: [1, , 3] }, /^data\.a\[1\]: a hole/],
  [{ match }, /^data\.match\.(groups|index|input): it cannot be kept/],
  [Object.assign(new Map(), { a: 1 }), /^data\.a: it cannot be kept/],
  [{ [Symbol('s')]: 1 }, /^data\["Symbol\(s\)"\]: it cannot be kept/],
  [{ name: 'a\ud800b' }, /^data\.name: "a\\ud800b" has half of a surrogate pair/],
  [{ '\udc00': 1 }, /surrogate/],
  [new Map([['k', new Map([[1, () => 1]])]]), /^data\.k\[0\]: a function/],
  [new Set([[Symbol('x')]]), /^data\[0\]\[0\]: a symbol/],
  [new Uint8Array(new SharedArrayBuffer(4)).buffer, /SharedArrayBuffer/],
])('what MessagePack cannot say is refused by its path: %#', (value, words) => {
  refuses(() => encoded(value), 'ATHANOR_INVALID_EVENT', words);
});

test('what is too large is refused before it is walked to its end', () => {
  const large = (value: unknown) =>
    refuses(() => encoded(value, 1000), 'ATHANOR_PAYLOAD_TOO_LARGE', /maxPayloadBytes allows 1000/);
  large('x'.repeat(1001));
  large(new Array(2 ** 32 - 1));
  large(new Float64Array(2 ** 24));
  large(2n ** 20_000n);
  // A thousand million members by way of shared parts.
  let doubled: unknown[] = [];
  for (let level = 0; level < 30; level++) doubled = [doubled, doubled];
  large(doubled);
  let reads = 0;
  large(
    Array.from({ length: 999 }, () => ({
      get a() {
        reads++;
        return 'x'.repeat(200);
      },
    })),
  );
  expect(reads).toBeLessThan(20);
});

test('values of another realm, proxies and getters are read once each', () => {
  expect(decodeData(encoded(runInNewContext('({ a: [1, new Map([[1, new Date(5)]])], b: new Set([1n]) })')))).toEqual({
    a: [1, new Map([[1, new Date(5)]])],
    b: new Set([1n]),
  });
  let reads = 0;
  const flipping = {
    get a() {
      return ++reads === 1 ? 1 : () => 1;
    },
  };
  expect(decodeData(encoded(flipping))).toEqual({ a: 1 });
  expect(decodeData(encoded(new Proxy({ a: [1] }, {})))).toEqual({ a: [1] });
  expect(reads).toBe(1);
});
