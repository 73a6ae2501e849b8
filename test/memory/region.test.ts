import { describe, expect, test } from 'vitest';
import { AthanorError } from '../../dist/src/base/errors.js';
import {
  attachRegion,
  brokenCanaries,
  createRegion,
  defineRegion,
  type RegionToken,
} from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const one = defineRegion({
  name: 'sample',
  version: 3,
  buffers: 'one',
  params: ['rows', 'shards'],
  fields: ({ rows, shards }) => ({
    flags: ['u8', rows],
    x: ['f64', rows],
    small: ['u16', 3],
    words: ['i32', shards * 32],
    none: ['f32', 0],
  }),
});
const column = defineRegion({ ...one, name: 'columns', buffers: 'column' });
const params = { rows: 13, shards: 2 };

function refusal(attach: () => unknown): string {
  try {
    attach();
  } catch (error) {
    expect(error).toBeInstanceOf(AthanorError);
    expect((error as AthanorError).code).toBe('ATHANOR_INCOMPATIBLE_SNAPSHOT');
    return (error as Error).message;
  }
  return 'attached';
}

/** The token with its buffers copied, so that a test may damage them. */
function copied(token: RegionToken): RegionToken {
  const buffers = token.buffers.map((buffer) => {
    const copy = new SharedArrayBuffer(buffer.byteLength);
    new Uint8Array(copy).set(new Uint8Array(buffer));
    return copy;
  });
  return { ...token, buffers };
}

describe.each([
  ['one buffer', one],
  ['a buffer a column', column],
])('region of %s', (_, layout) => {
  test('fields are zero, apart, and aligned to 128 bytes', () => {
    const { views, token } = createRegion(new Memory(), layout, params);
    expect(Object.keys(views)).toEqual(['flags', 'x', 'small', 'words', 'none']);
    expect([views.flags.length, views.x.length, views.small.length, views.words.length, views.none.length]).toEqual([
      13, 13, 3, 64, 0,
    ]);
    for (const view of Object.values(views)) {
      expect(view.byteOffset % 128).toBe(0);
      expect(Array.from(view).every((value) => value === 0)).toBe(true);
    }
    expect(token.buffers.length).toBe(1);
  });

  test('another thread sees the same memory through the token', () => {
    const { views, token } = createRegion(new Memory(), layout, params);
    const attached = attachRegion(layout, token);
    views.x[12] = 4.5;
    views.words[63] = -7;
    expect([attached.views.x[12], attached.views.words[63]]).toEqual([4.5, -7]);
  });

  test.each([
    [0, 'magic'],
    [1, 'name'],
    [2, 'version'],
    [3, 'buffer index'],
    [4, 'number of parameters'],
  ])('header word %i: a wrong %s is refused by name', (word, name) => {
    const token = copied(createRegion(new Memory(), layout, params).token);
    new Uint32Array(token.buffers[token.buffers.length - 1]!)[word]!++;
    expect(refusal(() => attachRegion(layout, token))).toContain(`'${layout.name}': found ${name}`);
  });

  test('other parameters, another size, another number of buffers are refused by name', () => {
    const { token } = createRegion(new Memory(), layout, params);
    expect(refusal(() => attachRegion(layout, { ...token, params: { rows: 12, shards: 2 } }))).toContain(
      'found rows 13',
    );
    expect(refusal(() => attachRegion(layout, { ...token, params: { rows: 13, shards: 3 } }))).toMatch(/bytes|shards/);
    const short = token.buffers.map((buffer) => new SharedArrayBuffer(buffer.byteLength - 8));
    expect(refusal(() => attachRegion(layout, { ...token, buffers: short }))).toContain('bytes');
    expect(refusal(() => attachRegion(layout, { ...token, buffers: [] }))).toContain('found 0 buffers');
  });

  test('a later version of the layout refuses the memory of this one', () => {
    const { token } = createRegion(new Memory(), layout, params);
    const message = refusal(() => attachRegion(defineRegion({ ...layout, version: 4 }), token));
    expect(message).toContain('found version 3, this version of the library expects 4');
  });

  test('a write behind a field breaks its canary, a write inside breaks none', () => {
    for (const field of ['flags', 'x', 'small', 'words', 'none'] as const) {
      const { views, token } = createRegion(new Memory(), layout, params);
      for (const view of Object.values(views)) view.fill(255);
      expect(brokenCanaries(layout, token)).toEqual([]);
      const view = views[field];
      const end = Math.ceil((view.byteOffset + view.byteLength) / 8) * 8;
      new Uint8Array(view.buffer as SharedArrayBuffer)[end]! ^= 1;
      expect(brokenCanaries(layout, token)).toEqual([`${layout.name}: overwritten behind field '${field}'`]);
    }
  });
});

test('reservations are recorded, and one that the system refuses names its region', () => {
  const memory = new Memory();
  const { token } = createRegion(memory, column, params);
  expect(memory.ledger.map((entry) => entry.name)).toEqual(['columns.flags']);
  expect(memory.reservedBytes).toBe(token.buffers[0]!.byteLength);
  expect(() => memory.reserve('huge', 2 ** 52)).toThrow(/'huge'.*'capacity'/);
  expect(memory.reserveUpTo('halved', 2 ** 52, 4096).byteLength).toBeGreaterThanOrEqual(4096);
});

test('columns of hundreds of megabytes have buffers of their own', () => {
  const { token, views } = createRegion(new Memory(), column, { rows: 2 ** 25, shards: 2 });
  // 32 MiB of flags, 256 MiB of x, and the rest.
  expect(token.buffers.length).toBe(3);
  const buffers = Object.values(views).map((view) => token.buffers.indexOf(view.buffer as never));
  expect(buffers).toEqual([0, 1, 2, 2, 2]);
  expect(attachRegion(column, token).views.words.length).toBe(64);
});

test('small regions of an engine share a buffer, and none disturbs another', () => {
  const memory = new Memory(undefined, 'sharing');
  const regions = [
    createRegion(memory, one, params),
    createRegion(memory, column, params),
    createRegion(memory, one, params),
  ];
  expect(new Set(regions.flatMap(({ token }) => token.buffers)).size).toBe(1);
  regions.forEach(({ views }, index) => {
    for (const view of Object.values(views)) view.fill(index + 1);
  });
  expect(regions.flatMap(({ token }, index) => brokenCanaries(index === 1 ? column : one, token))).toEqual([]);
  regions.forEach(({ token }, index) => {
    const { views } = attachRegion(index === 1 ? column : one, token);
    expect(Object.values(views).every((view) => Array.from(view).every((value) => value === index + 1))).toBe(true);
  });
  const [first, second] = regions;
  expect(refusal(() => attachRegion(one, { ...first!.token, starts: second!.token.starts }))).toContain('found name');
});

test('what is measured is what would be reserved', () => {
  for (const rows of [10, 2 ** 20, 2 ** 24]) {
    const [real, measured] = [new Memory(undefined, 'sharing'), new Memory(undefined, 'measuring')];
    for (const memory of [real, measured]) {
      for (let i = 0; i < 3; i++) createRegion(memory, column, { rows, shards: 2 });
    }
    expect(measured.reservedBytes).toBe(real.reservedBytes);
  }
});

test('a length that is no length is our own mistake', () => {
  const broken = defineRegion({
    name: 'broken',
    version: 1,
    buffers: 'one',
    params: ['rows'],
    fields: ({ rows }) => ({ x: ['f64', rows] }),
  });
  for (const rows of [-1, 1.5, Number.NaN])
    expect(() => createRegion(new Memory(), broken, { rows })).toThrow('invariant');
});
