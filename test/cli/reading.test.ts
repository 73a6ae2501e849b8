import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { Input } from '../../dist/src/cli/file/input.js';
import { linesOf, MAX_LINE_BYTES } from '../../dist/src/cli/file/lines.js';
import { csvReader, type FileRecord, ndjsonReader, type RecordReader } from '../../dist/src/cli/file/records.js';
import { parseTime } from '../../dist/src/cli/file/time.js';
import { Problem } from '../../dist/src/cli/problem.js';
import type { RunOptions } from '../../dist/src/cli/source.js';

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

async function read(reader: RecordReader, name: string, content: string | Buffer): Promise<FileRecord[]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const records: FileRecord[] = [];
  for await (const record of reader(await Input.open(path))) records.push(record);
  return records;
}

async function lines(chunks: Uint8Array[]): Promise<Array<[number, string | undefined]>> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const all: Array<[number, string | undefined]> = [];
  for await (const some of linesOf(source())) for (const { number, text } of some) all.push([number, text]);
  return all;
}

test('lines are the same however the bytes are cut', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ä', '€', '😀', '\n', '\r'), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (content, size) => {
      const bytes = new TextEncoder().encode(content);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const expected = content.split('\n').map((line, i) => [i + 1, line.replace(/\r$/, '')]);
      if (content === '' || content.endsWith('\n')) expected.pop();
      expect(await lines(chunks)).toEqual(expected);
    }),
    { seed, numRuns: 300 },
  );
});

test('a line without end is given up, and the next ones are read', async () => {
  const long = Buffer.from('x'.repeat(MAX_LINE_BYTES / 2 + 1));
  const read = await lines([Buffer.from('a\n'), long, long, long, Buffer.from('\nb\n'), long, long]);
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
