import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { afterAll, expect, test } from 'vitest';
import { athanor, fed } from '../support/athanor.js';

const folder = mkdtempSync(join(tmpdir(), 'athanor-out-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const EVENTS = [
  { type: 'graph.created', graph: 'sky', options: { dimensions: 3 } },
  { type: 'node.upserted', graph: 'sky', node: 'a,"b"', x: 1, y: 2, z: 3, kind: 'kite', time: 1000, data: { n: 1 } },
  { type: 'node.moved', graph: 'flat', node: 7, x: -1.5, y: 1e-7, time: 2000 },
  { type: 'node.upserted', graph: 'flat', node: '7', kind: 'lost', time: 3000 },
];
const events = file('events.ndjson', EVENTS.map((event) => JSON.stringify(event)).join('\n'));

async function written(name: string): Promise<string> {
  const path = join(folder, name);
  const { code, out, err } = await athanor('run', events, '--json', '--quiet', '--out', path);
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out).out).toEqual({ path, rows: 3 });
  const bytes = readFileSync(path);
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}

test('run --out: csv, packed or not', async () => {
  for (const name of ['all.csv', 'all.csv.gz']) {
    const rows = parse(await written(name)) as string[][];
    expect(rows.sort()).toEqual([
      ['flat', '7', '', '', '', 'lost', '1970-01-01T00:00:03.000Z'],
      ['flat', '7', '-1.5', '1e-7', '', '', '1970-01-01T00:00:02.000Z'],
      ['graph', 'id', 'x', 'y', 'z', 'kind', 'time'],
      ['sky', 'a,"b"', '1', '2', '3', 'kite', '1970-01-01T00:00:01.000Z'],
    ]);
  }
});

test('run --out: GeoJSON, and nothing where nothing is', async () => {
  const { type, features } = JSON.parse(await written('all.geojson'));
  expect(type).toBe('FeatureCollection');
  expect(features).toHaveLength(3);
  const properties = { graph: 'sky', kind: 'kite', time: '1970-01-01T00:00:01.000Z' };
  const geometry = { type: 'Point', coordinates: [1, 2, 3] };
  expect(features).toContainEqual({ type: 'Feature', id: 'a,"b"', geometry, properties });
  expect(features.find(({ id }: { id: unknown }) => id === '7').geometry).toBeNull();
  const none = join(folder, 'none.geojson');
  await athanor('run', file('none.ndjson', ''), '--quiet', '--out', none);
  expect(JSON.parse(readFileSync(none, 'utf8'))).toEqual({ type: 'FeatureCollection', features: [] });
});

test('run --out: events that a run reads to the same positions', async () => {
  const once = await written('all.ndjson');
  const again = join(folder, 'again.ndjson');
  const { code } = await athanor('run', file('once.ndjson', once), '--quiet', '--out', again);
  expect(code).toBe(0);
  expect(readFileSync(again, 'utf8').split('\n').sort()).toEqual(once.split('\n').sort());
  expect(once).toContain('"data":{"n":1}');
});

test('--out -: the rows have the standard output, the summary the standard error', async () => {
  const run = await athanor('run', events, '--json', '--quiet', '--out', '-', '--out-format', 'ndjson');
  expect(
    run.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).graph),
  ).toContain('sky');
  expect(JSON.parse(run.err).out).toEqual({ path: '-', rows: 3 });
  const graph = await fed('1 2\n"2" 3\n', 'graph', '-', '--bfs', '1', '--json', '--quiet', '--out', '-');
  expect(graph.out.trimEnd().split('\n').sort()).toEqual(['"2",', '1,0', '2,1', '3,', 'id,hops']);
  expect(JSON.parse(graph.err).out).toEqual({ path: '-', rows: 4 });
});

test('graph --out: JSON and an object a line tell 2 and "2" apart', async () => {
  const edges = file('edges.txt', '1 2\n"2" 3\n');
  const rows = [
    { id: 1, hops: 0 },
    { id: 2, hops: 1 },
    { id: '2', hops: null },
    { id: 3, hops: null },
  ];
  const [json, lines] = [join(folder, 'nodes.json'), join(folder, 'nodes.ndjson')];
  await athanor('graph', edges, '--bfs', '1', '--quiet', '--out', json);
  expect(new Set(JSON.parse(readFileSync(json, 'utf8')))).toEqual(new Set(rows));
  await athanor('graph', edges, '--bfs', '1', '--quiet', '--out', lines);
  const read = readFileSync(lines, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(new Set(read)).toEqual(new Set(rows));
  const text = await athanor('graph', edges, '--path', '"2",3', '--quiet');
  expect(text.out).toContain('Shortest path from "2" to 3');
  const comma = await fed('"a,b" c\n', 'graph', '-', '--path', '"a,b",c', '--json', '--quiet');
  expect(JSON.parse(comma.out).answers.path).toMatchObject({ from: 'a,b', to: 'c', length: 1 });
});

test('where every row is bad the exit code is 1, and the summary is there all the same', async () => {
  const graph = await fed('lonely\nalone\n', 'graph', '-', '--components', '--json', '--quiet');
  expect([graph.code, JSON.parse(graph.out).badRows.count]).toEqual([1, 2]);
  const rows = file('bad.csv', 'id,x,y\na,one,2\n');
  const run = await athanor('run', rows, '--id', 'id', '--x', 'x', '--y', 'y', '--json', '--quiet');
  expect([run.code, JSON.parse(run.out).badRows.count]).toEqual([1, 1]);
  const none = await fed('# nothing\n', 'graph', '-', '--components', '--json', '--quiet');
  expect(none.code).toBe(0);
});

test('a third column that looks like a time is said, and can be passed over', async () => {
  const temporal = '1 2 1217567877\n2 3 1217567900\n';
  const said = JSON.parse((await fed(temporal, 'graph', '-', '--path', '1,3', '--json', '--quiet')).out);
  expect(said.notes).toEqual([expect.stringMatching(/third column looks like times .* --no-weights/)]);
  const args = ['graph', '-', '--path', '1,3', '--no-weights', '--json', '--quiet'];
  const bare = JSON.parse((await fed(temporal, ...args)).out);
  expect([bare.notes, bare.answers.path.length]).toEqual([[], 2]);
});
