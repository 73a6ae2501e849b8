import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { csvReader } from '../../dist/src/cli/file/csv-reader.js';
import { Input } from '../../dist/src/cli/file/input.js';
import { LineCutter, MAX_LINE_BYTES, NOT_UTF8 } from '../../dist/src/cli/file/lines.js';
import { type FileRecord, ndjsonReader, type RecordReader } from '../../dist/src/cli/file/records.js';
import { parseTime } from '../../dist/src/cli/file/time.js';
import { untilAborted } from '../../dist/src/cli/file/until-aborted.js';
import { Problem } from '../../dist/src/cli/problem.js';
import type { RunOptions } from '../../dist/src/cli/source.js';
import { heldBytes } from '../support/held.js';

const folder = mkdtempSync(join(tmpdir(), 'athanor-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const seed = Number(process.env.ATHANOR_SEED ?? 7);

const options = (more: Partial<RunOptions>): RunOptions => ({
  source: join(folder, 'ships.csv'),
  json: false,
  check: false,
  quiet: true,
  strict: false,
  within: [],
  nearest: [],
  zone: [],
  watch: false,
  id: 'id',
  x: 'x',
  y: 'y',
  ...more,
});

async function read(
  reader: RecordReader,
  name: string,
  content: string | Buffer,
  encoding?: string,
): Promise<FileRecord[]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const records: FileRecord[] = [];
  for await (const some of reader(await Input.open(path, encoding))) records.push(...some);
  return records;
}

function lines(chunks: Uint8Array[]): Array<[number, string | undefined]> {
  const all: Array<[number, string | undefined]> = [];
  const cutter: LineCutter = new LineCutter(
    (bytes, from, to) => all.push([cutter.number, bytes.toString('utf8', from, to)]),
    () => all.push([cutter.number, undefined]),
  );
  // Memory that is used again, as that of a stream may be.
  for (const chunk of chunks) {
    const own = Buffer.from(chunk);
    cutter.push(own);
    own.fill(0);
  }
  cutter.end();
  return all;
}

test(`lines are the same however the bytes are cut, and however each ends (seed ${seed})`, () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ä', '€', '😀', '\n', '\r'), maxLength: 40 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (content, size) => {
      const bytes = new TextEncoder().encode(content);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const expected = content.split(/\r\n|\n|\r/).map((line, i) => [i + 1, line]);
      if (expected.at(-1)![1] === '') expected.pop();
      expect(lines(chunks)).toEqual(expected);
    }),
    { seed, numRuns: 300 },
  );
});

test('a line without end is given up, and the next ones are read', () => {
  const long = Buffer.from('x'.repeat(MAX_LINE_BYTES / 2 + 1));
  const read = lines([Buffer.from('a\n'), long, long, long, Buffer.from('\nb\n'), long, long]);
  expect(read).toEqual([
    [1, 'a'],
    [2, undefined],
    [3, 'b'],
    [4, undefined],
  ]);
});

test('times: ISO 8601, UTC where no zone is given, and numbers of seconds or milliseconds', () => {
  const noon = Date.UTC(2022, 0, 3, 12);
  for (const text of ['2022-01-03T12:00:00', '2022-01-03 12:00', '2022-01-03T12:00:00Z', '2022-01-03T14:00:00+02:00']) {
    expect(parseTime(text), text).toBe(noon);
  }
  expect(parseTime('2022-01-03T12:00:00.250Z')).toBe(noon + 250);
  expect(parseTime('2022-01-03T07:30:00-0430')).toBe(noon);
  expect(parseTime('2022-01-03')).toBe(Date.UTC(2022, 0, 3));
  expect(parseTime(String(noon))).toBe(noon);
  expect(parseTime(String(noon / 1000))).toBe(noon);
  for (const text of ['', 'noon', '2022-13-01', '2022-04-31', '2022-01-01T24:00', '2022-01-01T00:60', '12e3', '2022']) {
    if (text === '2022') expect(parseTime(text)).toBe(2_022_000);
    else expect(parseTime(text), text).toBeNaN();
  }
});

test(`times of any day, and what only looks like one (seed ${seed})`, () => {
  const two = fc.integer({ min: 0, max: 70 }).map((value) => String(value).padStart(2, '0'));
  const year = fc.integer({ min: 1970, max: 2100 });
  fc.assert(
    fc.property(year, two, two, two, two, two, fc.constantFrom('T', ' '), (y, month, day, h, m, s, between) => {
      const text = `${y}-${month}-${day}${between}${h}:${m}:${s}`;
      // JavaScript takes 24:00:00, and the 31st of April for the 1st of May.
      const date = new Date(`${y}-${month}-${day}T${h}:${m}:${s}Z`);
      const isReal = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(`${y}-${month}-${day}T${h}`);
      expect(parseTime(text), text).toBe(isReal ? date.getTime() : Number.NaN);
      expect(parseTime(`${text}Z`), text).toBe(parseTime(text));
    }),
    { seed, numRuns: 2000 },
  );
});

test('csv: moves with times, upserts with kinds, ids as they are', async () => {
  const text = '\ufeffid,kind,x,y,when\r\n007,tug,1,2,2022-01-03\r\n7,,"3",-4.5,2022-01-04\r\n';
  const records = await read(csvReader(options({ time: 'when', kind: 'kind', graph: 'g' })), 'good.csv', text);
  expect(records).toEqual([
    {
      line: 2,
      event: { type: 'node.upserted', graph: 'g', node: '007', x: 1, y: 2, kind: 'tug', time: Date.UTC(2022, 0, 3) },
    },
    { line: 3, event: { type: 'node.moved', graph: 'g', node: '7', x: 3, y: -4.5, time: Date.UTC(2022, 0, 4) } },
  ]);
});

test('csv: what is no row says why, and at which line', async () => {
  const text = 'id,x,y\na,1,2\n,1,2\nb,one,2\nc,1,\nd,1\ne,Infinity,2\n\nf"f",1,2\ng,3,4\n';
  const records = await read(csvReader(options({})), 'bad.csv', text);
  const bad = records.filter((record) => 'reason' in record);
  expect(bad.map((record) => record.line).sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 9]);
  expect(bad.find((record) => record.line === 4)).toEqual({ line: 4, reason: 'x is "one", not a number' });
  expect(records.filter((record) => 'event' in record).map(({ event }) => 'node' in event && event.node)).toEqual([
    'a',
    'g',
  ]);
});

test('csv: the graph is named after the file, gzip or not', async () => {
  const csv = 'id,x,y\na,1,2\n';
  const reader = csvReader(options({ source: '/some/where/ships.csv.gz' }));
  const [record] = await read(reader, 'ships.csv.gz', gzipSync(csv));
  expect(record).toMatchObject({ event: { graph: 'ships' } });
});

test('csv: a missing column and an empty file are problems, in one line', async () => {
  const missing = read(csvReader(options({ x: 'lon' })), 'columns.csv', 'id,x,y\na,1,2\n');
  await expect(missing).rejects.toThrow(/no column "lon" \(--x\); its columns are id, x, y$/);
  await expect(read(csvReader(options({})), 'empty.csv', '')).rejects.toThrow(Problem);
  expect(() => csvReader({ ...options({}), id: undefined } as unknown as RunOptions)).toThrow(/needs --id/);
});

test('ndjson: events as they stand, empty lines skipped, others refused by line', async () => {
  const text = '{"type":"node.moved","graph":"g","node":1,"x":1,"y":2}\n\nnot json\n[1]\n7\nnull\n';
  const records = await read(ndjsonReader(), 'events.ndjson', text);
  expect(records.map((record) => [record.line, 'event' in record])).toEqual([
    [1, true],
    [3, false],
    [4, false],
    [5, false],
    [6, false],
  ]);
});

test('damaged gzip is an error, not an end', async () => {
  const bytes = gzipSync('{"type":"graph.created","graph":"g"}\n'.repeat(1000));
  await expect(read(ndjsonReader(), 'cut.ndjson.gz', bytes.subarray(0, bytes.length - 12))).rejects.toThrow();
  await expect(read(ndjsonReader(), 'plain.ndjson.gz', 'hello')).rejects.toThrow();
});

test('text that is not UTF-8 is refused by line, unless it is said what it is', async () => {
  const rows = Buffer.from('id,x,y\nMalm\xf6,1,2\nOslo,3,4\n', 'latin1');
  const refused = await read(csvReader(options({})), 'latin1.csv', rows);
  expect(refused).toEqual([{ line: 2, reason: NOT_UTF8 }, expect.objectContaining({ line: 3 })]);
  const [read1] = await read(csvReader(options({})), 'latin1.csv', rows, 'latin1');
  expect(read1).toMatchObject({ event: { node: 'Malmö' } });
  const event = Buffer.from('{"type":"node.moved","graph":"g","node":"Malm\xf6","x":1,"y":2}\n{}\n', 'latin1');
  expect((await read(ndjsonReader(), 'latin1.ndjson', event))[0]).toEqual({ line: 1, reason: NOT_UTF8 });
});

test('a mark at the beginning says which Unicode it is; without one, zeros do not pass', async () => {
  const text = 'id,x,y\nMalmö,1,2\n';
  const big = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
  for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le'), big, gzipSync(text)]) {
    const [record] = await read(csvReader(options({})), 'marked.csv', bytes);
    expect(record).toMatchObject({ line: 2, event: { node: 'Malmö', x: 1, y: 2 } });
  }
  const bare = Buffer.from(text, 'utf16le');
  await expect(read(csvReader(options({})), 'bare.csv', bare)).rejects.toThrow(/--encoding utf-16le/);
  expect(await read(csvReader(options({})), 'bare.csv', bare, 'utf-16le')).toHaveLength(1);
  await expect(Input.open(join(folder, 'bare.csv'), 'utf-99')).rejects.toThrow(/--encoding "utf-99"/);
});

test('csv: tabs, semicolons and bars are found by the header, and it is said', async () => {
  for (const [delimiter, name] of [
    ['\t', 'tabs'],
    [';', 'semicolons'],
    ['|', 'bars'],
  ]) {
    const notes: string[] = [];
    const [record] = await read(
      csvReader(options({}), notes),
      'guess.csv',
      `id,x,y\nA,1,2\n`.replaceAll(',', delimiter!),
    );
    expect(record).toEqual({ line: 2, event: { type: 'node.moved', graph: 'ships', node: 'A', x: 1, y: 2 } });
    expect(notes).toEqual([`The columns are separated by ${name}: that was guessed, --delimiter says otherwise.`]);
  }
  const notes: string[] = [];
  const tsv = csvReader(options({ source: 'a.tsv' }), notes);
  expect(await read(tsv, 'a.tsv', 'id\tx\ty\n"a\tb"\t1\t2\n')).toMatchObject([{ event: { node: 'a\tb' } }]);
  const colons = csvReader(options({ delimiter: ':' }), notes);
  expect(await read(colons, 'colons.csv', 'id:x:y\nA:1:2\n')).toHaveLength(1);
  expect(notes).toEqual([]);
  for (const delimiter of ['', '::', '"', '\n', 'é']) expect(() => csvReader(options({ delimiter }))).toThrow(Problem);
});

test('csv: columns that stand twice, rows of another width, numbers of another base', async () => {
  const twice = read(csvReader(options({})), 'twice.csv', 'id,x,y,x\na,1,2,3\n');
  await expect(twice).rejects.toThrow(/two columns "x" \(--x\): columns 2 and 4$/);
  const notes: string[] = [];
  await read(csvReader(options({}), notes), 'names.csv', 'id,x,y,name,name\na,1,2,b,c\n');
  expect(notes).toEqual(['Columns whose name stands twice, and which are not read: name.']);
  const rows = 'id,x,y\na,1,2,3\nb,1\nc,0x10,1\nd,1,0b11\ne,1e999,1\nf,1e2, 3 \n';
  expect(await read(csvReader(options({})), 'width.csv', rows)).toEqual([
    { line: 2, reason: '4 columns where the header has 3' },
    { line: 3, reason: '2 columns where the header has 3' },
    { line: 4, reason: 'x is "0x10", not a number' },
    { line: 5, reason: 'y is "0b11", not a number' },
    { line: 6, reason: 'x is "1e999", beyond the largest number' },
    { line: 7, event: { type: 'node.moved', graph: 'ships', node: 'f', x: 100, y: 3 } },
  ]);
  const typo = read(csvReader(options({ x: 'LNG' })), 'typo.csv', 'id,lng,y\na,1,2\n');
  await expect(typo).rejects.toThrow(/; did you mean "lng"\?$/);
  await expect(read(csvReader(options({})), 'header.csv', 'i"d,x,y\na,1,2\n')).rejects.toThrow(/its first row is bad/);
});

test('what a stream brought is not kept, however long it goes on; an abort ends the wait', async () => {
  const stop = new AbortController();
  const stream = Readable.from(
    (async function* chunks() {
      for (let i = 0; i < 800; i++) yield Buffer.allocUnsafeSlow(1 << 16);
      await new Promise(() => {});
    })(),
    { highWaterMark: 1 },
  );
  const before = await heldBytes();
  let count = 0;
  let held = 0;
  for await (const chunk of untilAborted(stream, stop.signal)) {
    expect(chunk).toHaveLength(1 << 16);
    if (++count < 800) continue;
    // 52 MB have passed.
    held = (await heldBytes()) - before;
    setImmediate(() => stop.abort());
  }
  expect(count).toBe(800);
  expect(held).toBeLessThan(5e6);
});
