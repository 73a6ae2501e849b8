import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalAt, decimalOf } from '../../dist/src/cli/file/decimal.js';
import { MAX_LINE_BYTES } from '../../dist/src/cli/file/lines.js';
import { EdgeLines, idOf } from '../../dist/src/cli/graph/edge-lines.js';

const seed = Number(process.env.ATHANOR_SEED ?? 7);

interface Read {
  edges: Array<[source: unknown, target: unknown, weight: number]>;
  bad: Array<[line: number, reason: string]>;
  lines: number;
}

/** What comes of bytes that are handed over in pieces of `size`. */
function read(content: string | Buffer, size = 1 << 16): Read {
  const bytes = Buffer.from(content);
  const bad: Read['bad'] = [];
  const lines = new EdgeLines((line, reason) => bad.push([line, reason]));
  const edges: Read['edges'] = [];
  const take = (): void => {
    const { count, sources, targets, weights } = lines.columns;
    for (let i = 0; i < count; i++) edges.push([sources[i], targets[i], weights[i]!]);
  };
  for (let at = 0; at < bytes.length; at += size) {
    // Memory that is used again, as that of a stream may be.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    lines.push(chunk);
    take();
    chunk.fill(0);
  }
  lines.end();
  take();
  expect(lines.edges).toBe(edges.length);
  return { edges, bad, lines: lines.lines };
}

test('blanks, tabs and commas; comments and empty lines; the end of the last line may be missing', () => {
  const text = '# a comment\n% another\n\n1 2\n3\t4\t0.5\r\n5,6,7\n 8 ,\t9 , 1e3 \n  # indented\n10 11 -2';
  expect(read(text)).toEqual({
    edges: [
      [1, 2, 1],
      [3, 4, 0.5],
      [5, 6, 7],
      [8, 9, 1000],
      [10, 11, -2],
    ],
    bad: [],
    lines: 9,
  });
  expect(read('')).toEqual({ edges: [], bad: [], lines: 0 });
  expect(read('1 2\r3 4\r\n5 6\r').edges.map(([source]) => source)).toEqual([1, 3, 5]);
  expect(read('a b').edges).toEqual([['a', 'b', 1]]);
});

test('ids that are written as whole numbers are numbers, all others strings', () => {
  const numbers = ['0', '7', '-7', '123456789012345', '9007199254740991', '-9007199254740991'];
  const strings = ['007', '-0', '+7', '7.0', '1e3', '9007199254740992', '12345678901234567890', '-', 'ä€😀', '0x10'];
  for (const id of numbers) {
    expect(read(`${id} x`).edges, id).toEqual([[Number(id), 'x', 1]]);
    expect(idOf(id)).toBe(Number(id));
  }
  for (const id of strings) {
    expect(read(`${id} x`).edges, id).toEqual([[id, 'x', 1]]);
    expect(idOf(id)).toBe(id);
  }
});

test('weights: numbers, infinity too; what is none is told with its line', () => {
  const weights = ['0', '1.', '.5', '-1.5e-3', '123456789012345678', 'inf', '-Infinity', '+2'];
  const values = [0, 1, 0.5, -0.0015, 1.2345678901234568e17, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2];
  expect(read(weights.map((weight) => `a b ${weight}`).join('\n')).edges.map(([, , weight]) => weight)).toEqual(values);
  for (const weight of ['NaN', '0x10', 'heavy', '1_0', '-', 'e5', '--1', '1e']) {
    expect(read(`1 2\na b ${weight}\n3 4`), weight).toEqual({
      edges: [
        [1, 2, 1],
        [3, 4, 1],
      ],
      bad: [[2, `weight is "${weight}", not a number`]],
      lines: 3,
    });
  }
});

test('a weight beyond the largest number is none, and one that looks like a time says so', () => {
  expect(read('a b 1e400\na b -1e400').bad).toEqual([
    [1, 'weight is "1e400", beyond the largest number'],
    [2, 'weight is "-1e400", beyond the largest number'],
  ]);
  expect(read('a b 2008-01-02').bad[0]![1]).toMatch(/looks like a time: --no-weights/);
  const lines = new EdgeLines(() => undefined);
  lines.push(Buffer.from('a b 1217567877\nb c 1317567877\n'));
  expect(lines.times.look).toBe(true);
  lines.push(Buffer.from('a b 3\n'));
  expect(lines.times.look).toBe(false);
  const bare = new EdgeLines(() => undefined, false);
  bare.push(Buffer.from('a b 2008-01-02\n'));
  expect([bare.edges, bare.weighted, bare.columns.weights[0]]).toEqual([1, false, 1]);
});

test('comments behind a row; quotes around ids', () => {
  expect(read('k l # note\n1 2 3 % 4 5\na b #').edges).toEqual([
    ['k', 'l', 1],
    [1, 2, 3],
    ['a', 'b', 1],
  ]);
  expect(read('"17" 17\n"a ""b"", c",d,"2.5"\n').edges).toEqual([
    ['17', 17, 1],
    ['a "b", c', 'd', 2.5],
  ]);
  for (const line of ['"a b', 'a "b', '"a"b c', '"" b']) expect(read(line).bad, line).toHaveLength(1);
});

test('a line costs as many steps as it has bytes, whatever it says', () => {
  // A number of 80,000 digits and no number after all took 17 seconds.
  for (const weight of ['9'.repeat(80_000), '0'.repeat(80_000), '1.'.repeat(40_000)]) {
    let reads = 0;
    const bytes = new Proxy(Buffer.from(`${weight}x`), {
      get: (target, key) => {
        reads++;
        return Reflect.get(target, key);
      },
    });
    expect(decimalAt(bytes, 0, bytes.length)).toBeNaN();
    expect(reads).toBeLessThan(5 * 80_000);
    expect(read(`a b ${weight}x`).bad).toHaveLength(1);
  }
});

test('lines that are no edges, each with its reason', () => {
  const cases: Array<[string, RegExp]> = [
    ['lonely', /^no target/],
    ['lonely,', /^no target/],
    [',b', /^the source is empty$/],
    ['a,,3', /^the target is empty$/],
    ['a,b,', /^the weight is empty$/],
    ['1 2 3 4', /^more than three columns/],
    ['1 2 3,', /^more than three columns/],
    [`${'x'.repeat(1025)} b`, /^the source is longer than 1024 bytes$/],
    [`a ${'ä'.repeat(513)}`, /^the target is longer than 1024 bytes$/],
  ];
  for (const [line, reason] of cases) {
    const { edges, bad } = read(`1 2\n${line}\n3 4\n`);
    expect(edges.length, line).toBe(2);
    expect(bad, line).toEqual([[2, expect.stringMatching(reason)]]);
  }
});

test('a line without end is given up, and the next ones are read', () => {
  const long = `# ${'x'.repeat(MAX_LINE_BYTES)}`;
  const { edges, bad, lines } = read(`a b\n${long}${long}\nc d\n${long}`);
  expect(edges.map(([source]) => source)).toEqual(['a', 'c']);
  expect(bad.map(([line]) => line)).toEqual([2, 4]);
  expect(lines).toBe(4);
});

test('the line of sizes of a Matrix Market file is no edge', () => {
  const text = '%%MatrixMarket matrix coordinate pattern symmetric\n% more\n7115 7115 103689\n30 1412\n';
  expect(read(text).edges).toEqual([[30, 1412, 1]]);
  expect(read('% no market\n7115 7115 103689\n').edges).toEqual([[7115, 7115, 103689]]);
});

const token = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -20, max: 1e6 }).map(String) },
  fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }).map(String),
  fc.string({ unit: fc.constantFrom('a', 'ä', '😀', '0', '-', '.'), minLength: 1, maxLength: 6 }),
);
const separator = fc.constantFrom(' ', '\t', ',', ' , ', '  ', ',\t');
const line = fc.oneof(
  { weight: 8, arbitrary: fc.array(token, { minLength: 0, maxLength: 4 }) },
  fc.constant(['#', 'a', 'b']),
);

test(`the same as splitting each line, however the bytes are cut (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), separator, fc.integer({ min: 1, max: 40 }), (all, between, size) => {
      const edges: Read['edges'] = [];
      const bad: number[] = [];
      all.forEach((tokens, i) => {
        if (tokens.length === 0 || tokens[0] === '#') return;
        const weight = tokens[2] === undefined ? 1 : /^-?(\d+\.?\d*|\.\d+)$/.test(tokens[2]) ? Number(tokens[2]) : NaN;
        if (tokens.length < 2 || tokens.length > 3 || Number.isNaN(weight)) bad.push(i + 1);
        else edges.push([idOf(tokens[0]!), idOf(tokens[1]!), weight]);
      });
      const found = read(all.map((tokens) => tokens.join(between)).join('\n'), size);
      expect(found.edges).toEqual(edges);
      expect(found.bad.map(([number]) => number)).toEqual(bad);
    }),
    { seed, numRuns: 400 },
  );
});

const digits = fc.string({ unit: fc.constantFrom('0', '1', '9', '5'), maxLength: 25 });
const decimal = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    digits,
    fc.constantFrom('', '.'),
    digits,
    fc.constantFrom('', 'e5', 'E-20', 'e+300'),
  )
  .map((parts) => parts.join(''));

test(`numbers are the double that JavaScript reads, to the last bit (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.oneof(decimal, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)), (text) => {
      const is = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text);
      expect(Object.is(decimalOf(text), is ? Number(text) : Number.NaN), text).toBe(true);
    }),
    { seed, numRuns: 2000 },
  );
  for (const text of [
    '0x10',
    '0b11',
    '0o7',
    '1_0',
    '',
    '.',
    '-',
    'e5',
    '1e',
    '1e+',
    'NaN',
    'Infinity',
    '1,5',
    '1 2',
    '１',
  ])
    expect(decimalOf(text), text).toBeNaN();
});
