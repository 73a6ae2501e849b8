import { expect, test } from 'vitest';
import { isTooDeep, MOST_LEVELS } from '../../dist/src/pool/nesting.js';

const wraps: Record<string, (value: unknown) => unknown> = {
  object: (value) => ({ name: 'x', value }),
  array: (value) => [value],
  'long array': (value) => [1, 2, 3, 4, 5, value],
  'array with a property': (value) => Object.assign([1], { value }),
  map: (value) => new Map([['x', value]]),
  key: (value) => new Map([[value, 1]]),
  set: (value) => new Set([value]),
  cause: (value) => new Error('x', { cause: value }),
  // Each level stands twice in the one above: 2^750 ways lead to the last.
  twice: (value) => [value, value],
};

test.each(Object.keys(wraps))('%s: as many levels as are allowed, and one more', (name) => {
  for (const levels of [0, 1, MOST_LEVELS - 1, MOST_LEVELS, MOST_LEVELS + 1, 4 * MOST_LEVELS]) {
    let value: unknown = 'a leaf';
    for (let level = 0; level < levels; level++) value = wraps[name]!(value);
    expect(isTooDeep(value), String(levels)).toBe(levels > MOST_LEVELS);
  }
});

test('rings are as deep as the way to where they close', () => {
  const ring = (length: number): object => {
    const all = Array.from({ length }, (): { next?: object } => ({}));
    all.forEach((one, i) => {
      one.next = all[(i + 1) % length]!;
    });
    return all[0]!;
  };
  expect(isTooDeep(ring(1))).toBe(false);
  expect(isTooDeep(ring(MOST_LEVELS))).toBe(false);
  expect(isTooDeep(ring(MOST_LEVELS + 1))).toBe(true);
  // What is beside the ring counts too.
  expect(isTooDeep([ring(3), [ring(MOST_LEVELS - 2)]])).toBe(false);
  expect(isTooDeep([ring(3), [ring(MOST_LEVELS - 1)]])).toBe(true);
});

test('what has no depth', () => {
  for (const value of [
    undefined,
    null,
    1,
    'text',
    new Date(),
    /x/,
    new Uint8Array(10),
    new ArrayBuffer(8),
    new Map(),
  ]) {
    expect(isTooDeep(value)).toBe(false);
  }
  const wide = Array.from({ length: 100_000 }, (_, i) => ({ i }));
  expect(isTooDeep(wide)).toBe(false);
});
