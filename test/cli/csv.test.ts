import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvParser } from '../../dist/src/cli/file/csv.js';
import { MAX_LINE_BYTES, OVERLONG } from '../../dist/src/cli/file/lines.js';
import { heldBytes } from '../support/held.js';

const seed = Number(process.env.ATHANOR_SEED ?? 7);

interface Read {
  rows: Array<[line: number, fields: string[]]>;
  bad: Array<[line: number, reason: string]>;
}

/** What comes of bytes that are handed over in pieces of `size`. */
function read(content: string | Buffer, size = 1 << 16, delimiter = ','): Read {
  const found: Read = { rows: [], bad: [] };
  const parser = new CsvParser(
    delimiter,
    (row, line) => found.rows.push([line, row.texts()]),
    (line, reason) => found.bad.push([line, reason]),
  );
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += size) {
    // Memory that is used again, as that of a stream may be.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    parser.push(chunk);
    chunk.fill(0);
  }
  parser.end();
  return found;
}

/** By a pattern for a whole row: where it does not fit, the line is bad and the next line is tried. */
function plain(text: string): Read {
  const found: Read = { rows: [], bad: [] };
  const field = '(?:"(?:[^"]|"")*"|[^",\\r\\n]*)';
  const row = new RegExp(`(${field}(?:,${field})*)(\\r\\n|\\n|\\r|$)`, 'y');
  const rest = /[^\r\n]*(?:\r\n|\n|\r|$)/y;
  for (let at = 0, line = 1; at < text.length; ) {
    row.lastIndex = rest.lastIndex = at;
    const match = row.exec(text);
    if (match === null) found.bad.push([line, 'bad']);
    else if (match[1] !== '') found.rows.push([line, fieldsOf(match[1]!)]);
    const taken = match?.[0] ?? rest.exec(text)![0];
    line += taken.match(/\r\n|\n|\r/g)?.length ?? 0;
    at += taken.length;
  }
  return found;
}

function fieldsOf(row: string): string[] {
  return [...`,${row}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!,
  );
}

const text = fc.string({
  unit: fc.constantFrom('a', 'ä', '😀', ',', ',', '"', '"', '\n', '\r', '\r\n', ' '),
  maxLength: 40,
});

test(`any text: the rows, the bad lines and their numbers, however the bytes are cut (seed ${seed})`, () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (content, size) => {
      const { rows, bad } = read(content, size);
      const expected = plain(content);
      expect(rows).toEqual(expected.rows);
      expect(bad.map(([line]) => line)).toEqual(expected.bad.map(([line]) => line));
    }),
    { seed, numRuns: 3000 },
  );
});

const cell = fc.string({ unit: fc.constantFrom('a', 'ä', '😀', ',', '"', '\n', ' ', '7'), maxLength: 8 });
const rows = fc
  .integer({ min: 1, max: 4 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }));

test(`what is well formed is read as a CSV library reads it (seed ${seed})`, () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 9 }), (all, size) => {
      const content = all
        .map((row) => `${row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`)
        .join('');
      const { rows: found, bad } = read(content, size);
      expect(bad).toEqual([]);
      expect(found.map(([, fields]) => fields)).toEqual(parse(content));
    }),
    { seed, numRuns: 500 },
  );
});

test('a misplaced quote costs its line, and none behind it', () => {
  const content = 'id,x\na,"foo "bar""\nb,1\nc,"open\nd,2\ne,"3"\nf,4';
  expect(read(content)).toEqual({
    rows: [
      [1, ['id', 'x']],
      [3, ['b', '1']],
      [5, ['d', '2']],
      [6, ['e', '3']],
      [7, ['f', '4']],
    ],
    bad: [
      [2, 'text behind a closing quote'],
      [4, 'text behind a closing quote'],
    ],
  });
  expect(read('a,"b\nc,d\n').bad).toEqual([[1, expect.stringMatching(/^a quote is not closed/)]]);
  expect(read('a"b,c').bad).toEqual([[1, 'a quote within a field that does not begin with one']]);
});

test('a row that is too long costs itself, in quotes its first line', () => {
  const long = 'x'.repeat(MAX_LINE_BYTES + 1);
  const { rows: found, bad } = read(`a,1\n${long},2\nb,3\n"${'\n'.repeat(3)}${long}\n`);
  expect(found).toEqual([
    [1, ['a', '1']],
    [3, ['b', '3']],
  ]);
  expect(bad).toEqual([
    [2, OVERLONG],
    [4, expect.stringMatching(/^a quote is not closed/)],
    [7, OVERLONG],
  ]);
});

test('memory is bounded: of a line or a quote without end it holds no more than two rows', async () => {
  for (const first of ['"', 'x']) {
    const parser = new CsvParser(
      ',',
      () => undefined,
      () => undefined,
    );
    const before = await heldBytes();
    let most = 0;
    for (let i = 0; i < 200; i++) {
      const chunk = Buffer.allocUnsafeSlow(1 << 16).fill('x\n'.slice(0, first === '"' ? 2 : 1));
      if (i === 0) chunk.write(first);
      parser.push(chunk);
      if (i % 40 !== 39) continue;
      most = Math.max(most, (await heldBytes()) - before);
    }
    // 13 MB have passed.
    expect(most).toBeLessThan(4 * MAX_LINE_BYTES);
  }
});
