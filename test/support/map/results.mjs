/** What a function may return, by name. */
const nested = (levels, wrap) => {
  let value = 1;
  for (let level = 0; level < levels; level++) value = wrap(value);
  return value;
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const wraps = {
  object: (value) => ({ value }),
  array: (value) => [value],
  map: (value) => new Map([['value', value]]),
  key: (value) => new Map([[value, 1]]),
  set: (value) => new Set([value]),
  cause: (value) => new Error('deep', { cause: value }),
};

export const values = {
  undefined: () => undefined,
  null: () => null,
  boolean: () => true,
  'minus zero': () => -0,
  'not a number': () => Number.NaN,
  bigint: () => 2n ** 70n,
  'half a pair': () => '\ud800',
  date: () => new Date(Number.NaN),
  pattern: () => /a/g,
  boxed: () => Object('text'),
  error: () => new TypeError('a value', { cause: 1 }),
  holes: () => Object.assign(new Array(3), { 0: 1, 2: 3 }),
  ring: () => {
    const ring = { inner: [] };
    ring.inner.push(ring);
    return ring;
  },
  'a ring of many': () => {
    const all = Array.from({ length: 2000 }, () => ({}));
    all.forEach((one, i) => {
      one.next = all[i % 3 === 0 ? 0 : 1];
      one.all = i === 0 ? all : null;
    });
    return all;
  },
  'a prototype of its own': () => JSON.parse('{"__proto__":{"x":1}}'),
  instance: () =>
    new (class Point {
      x = 1;
    })(),
  getter: () => ({
    get x() {
      return 5;
    },
  }),
  'a view': () => new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  shared: () => new SharedArrayBuffer(4),
  many: () => Array.from({ length: 20_000 }, (_, i) => ({ i })),
  // What is nothing to send.
  function: () => () => 1,
  symbol: () => Symbol('s'),
  'a function inside': () => ({ deep: [{ f: () => 1 }] }),
  'a symbol inside': () => [Symbol('s')],
  proxy: () => new Proxy({ x: 1 }, {}),
  'a proxy inside': () => ({ inner: new Proxy([1], {}) }),
  revoked,
  'revoked inside': () => [revoked()],
  'a getter that throws': () => ({
    get x() {
      throw new Error('do not look');
    },
  }),
  'a then that throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tried.
    get then() {
      throw new Error('no then');
    },
  }),
  detached: () => {
    const view = new Uint8Array(4);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return view;
  },
  'weak map': () => new WeakMap(),
  'object 100000 deep': () => nested(100_000, wraps.object),
  generator: () => (function* () {})(),
  ...Object.fromEntries(
    Object.entries(wraps).flatMap(([name, wrap]) => [
      [`${name} 750 deep`, () => nested(750, wrap)],
      [`${name} 751 deep`, () => nested(751, wrap)],
      [`${name} 3000 deep`, () => nested(3000, wrap)],
    ]),
  ),
};

export const thrown = {
  revoked,
  'a function': () => () => 1,
  nothing: () => undefined,
  'a deep cause': () => new Error('shallow', { cause: nested(3000, wraps.object) }),
  'a deep value': () => nested(3000, wraps.array),
  'a message that throws': () =>
    Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw 1;
      },
    }),
  'a proxy': () => new Proxy(new Error('inside'), {}),
  'of a class': () => {
    class Mine extends RangeError {
      name = 'Mine';
    }
    return new Mine('mine');
  },
};

/** One of them by the graph's number; they are thrown where `fails`, and `later` by a promise. */
export default function results({ name }, { fails, later }) {
  const made = Object.values(fails ? thrown : values)[Number(name.slice(1))];
  const make = fails
    ? () => {
        throw made();
      }
    : made;
  return later ? Promise.resolve().then(make) : make();
}
