import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { athanor, ended, fed, ROOT, start } from '../support/athanor.js';

const folder = mkdtempSync(join(tmpdir(), 'athanor-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('what was asked wrongly gives one line and exit code 2', () => {
  const columns = ['--id', 'id', '--x', 'x', '--y', 'y'];
  const cases: Array<[string, string[], RegExp]> = [
    ['no source', ['run'], /missing required argument 'source'/],
    ['an unknown command', ['walk'], /unknown command 'walk'/],
    ['an unknown source', ['run', 'trains'], /unknown source "trains"/],
    ['an unknown option', ['run', 'flights', '--fast'], /unknown option '--fast'/],
    ['nearly a command', ['rum'], /unknown command 'rum' \(Did you mean run\?\)/],
    ['nearly a source', ['run', 'flihgts'], /unknown source "flihgts".*; did you mean "flights"\?/],
    ['nearly an option', ['run', 'flights', '--wokers', '1'], /'--wokers' \(Did you mean --workers\?\)/],
    ['nearly a value', ['run', 'a.csv', '--metric', 'haversin'], /did you mean "haversine"\?/],
    ['a number of another base', ['run', 'swarm', '--nodes', '0x10'], /not a whole number/],
    ['a format without a file', ['run', 'swarm', '--out-format', 'csv'], /--out-format needs --out/],
    ['a format that is none', ['run', 'swarm', '--out', '-', '--out-format', 'cvs'], /did you mean "csv"\?/],
    ['an encoding that is none', ['run', 'a.ndjson', '--encoding', 'klingon'], /--encoding "klingon"/],
    ['a number that is none', ['run', 'flights', '--days', 'two'], /--days <n>.* 'two'/],
    ['a seed that stands still', ['run', 'swarm', '--seed', '4294967296'], /above 4294967295/],
    ['too many workers', ['run', 'swarm', '--workers', '1000'], /workers: 1000/],
    ["another source's option", ['run', 'flights', '--id', 'MMSI'], /--id means nothing to the source flights/],
    [
      'a file that is not there',
      ['run', '/nowhere/ships.csv', ...columns],
      /cannot read \/nowhere\/ships.csv: no such file/,
    ],
    ['a folder', ['run', file('a-folder', '').replace('a-folder', '.ndjson')], /cannot read .*/],
    ['no columns', ['run', file('none.csv', 'id,x,y\n')], /needs --id COL --x COL --y COL/],
    [
      'a missing column',
      ['run', file('ab.csv', 'a,b\n1,2\n'), ...columns],
      /no column "id" \(--id\); its columns are a, b/,
    ],
  ];
  test.concurrent.each(cases)('%s', async (_name, args, line) => {
    const { code, out, err } = await athanor(...args);
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect([code, out]).toEqual([2, '']);
  });
});

test('help and version', async () => {
  const help = await athanor('run', '--help');
  expect(help.code).toBe(0);
  expect(help.out).not.toMatch(/default: (false|\[\])/);
  for (const group of ['Files of rows (csv, tsv, parquet):', 'Questions about every source:', 'Examples:'])
    expect(help.out).toContain(`\n${group}\n`);
  for (const option of ['--days', '--nodes', '--id', '--within', '--zone', '--check', '--json', '--strict'])
    expect(help.out).toContain(option);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await athanor('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test('every option of both commands stands in docs/command-line.md, and no other', async () => {
  const docs = readFileSync(join(ROOT, 'docs/command-line.md'), 'utf8');
  const named = (text: string): Set<string> => new Set([...text.matchAll(/--[a-z][a-z-]*/g)].map(([name]) => name));
  const helps = await Promise.all([athanor('run', '--help'), athanor('graph', '--help')]);
  const options = new Set(helps.flatMap(({ out }) => [...named(out)]));
  const inDocs = named(docs);
  expect([...options].filter((name) => !inDocs.has(name))).toEqual([]);
  expect([...inDocs].filter((name) => !options.has(name))).toEqual([]);
});

test('flights: one day, checked', async () => {
  const { code, out, err } = await athanor('run', 'flights', '--days', '1', '--json', '--check', '--quiet');
  expect(err).toBe('');
  const summary = JSON.parse(out);
  expect(summary.check).toMatchObject({ ok: true, mismatches: [] });
  expect(summary.check.compared).toBeGreaterThan(3000);
  expect(summary.answers).toMatchObject({ flights: 14_828, landed: 14_828, moves: 265_917 });
  expect(summary.answers.busiestAirports[0]).toEqual({
    iata: 'ORD',
    name: "Chicago O'Hare International",
    flights: 1742,
  });
  expect(summary.answers.rankedAirports.map(({ iata }: { iata: string }) => iata)).toEqual([
    'DFW',
    'ORD',
    'MSP',
    'ATL',
    'PIT',
  ]);
  expect(summary.notes.join(' ')).toMatch(/interpolated.*no zone/s);
  expect(Object.keys(summary)).toEqual(
    expect.arrayContaining(['events', 'eventsPerSecond', 'latencyMs', 'batchEvents']),
  );
  expect(code).toBe(0);
});

test('parquet: rows as those of a csv, text and times as they are typed', async () => {
  const path = join(ROOT, 'node_modules/vega-datasets/data/flights-3m.parquet');
  const columns = ['--id', 'origin', '--x', 'delay', '--y', 'distance', '--time', 'date'];
  const { code, out } = await athanor('run', path, ...columns, '--limit', '2000', '--json', '--quiet', '--check');
  const summary = JSON.parse(out);
  expect([code, summary.check.ok, summary.badRows.count]).toEqual([0, true, 0]);
  expect(summary.answers).toMatchObject({ rows: 2000, graphs: 1 });
  const wrong = await athanor('run', path, ...columns.with(1, 'orign'), '--quiet');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/no column "orign".*did you mean "origin"\?/)]);
});

test('swarm: the same seed gives the same answers, with any number of workers', async () => {
  const args = ['run', 'swarm', '--nodes', '5000', '--limit', '20000', '--seed', '9', '--json', '--check', '--quiet'];
  const one = JSON.parse((await athanor(...args)).out);
  const two = JSON.parse((await athanor(...args, '--workers', '2', '--shards', '4')).out);
  expect(one.check.ok && two.check.ok).toBe(true);
  expect(one.answers).toMatchObject({ nodes: 5000, moves: 20_000, seed: 9 });
  expect(two.answers.meanWithin).toBe(one.answers.meanWithin);
});

test('csv: good rows go in, bad ones are counted and shown', async () => {
  const rows = Array.from({ length: 1500 }, (_, i) => `ship-${i % 100},${i % 37},${i % 41},${1.6e9 + i}`);
  rows[10] = 'ship-10,east,1,1600000010';
  rows[700] = `${'s'.repeat(2000)},1,1,1600000700`;
  const path = file('ships.csv', `id,x,y,t\n${rows.join('\n')}\n`);
  const args = ['run', path, '--id', 'id', '--x', 'x', '--y', 'y', '--time', 't'];
  const { code, out } = await athanor(...args, '--json', '--check');
  const summary = JSON.parse(out);
  expect(summary.badRows.count).toBe(2);
  expect(summary.badRows.first.map((row: { line: number }) => row.line)).toEqual([12, 702]);
  expect(summary.answers).toMatchObject({ rows: 1500, graphs: 1, nodes: 100, edges: 0 });
  expect(summary.check.ok).toBe(true);
  expect(code).toBe(0);

  const text = await athanor(...args);
  expect(text.out).toMatch(/2 bad rows\n\s+line 12: x is "east", not a number/);
  const strict = await athanor(...args, '--strict');
  expect(strict).toMatchObject({ code: 1, out: '' });
  expect(strict.err).toMatch(/ships\.csv, line 12: x is "east", not a number\n$/);
});

test('the standard input: csv where a column is named, else events; packed or not', async () => {
  const csv = 'id;x;y\na;1;2\nb;3;4\n';
  const rows = await fed(csv, 'run', '-', '--id', 'id', '--x', 'x', '--y', 'y', '--json', '--quiet', '--check');
  expect(JSON.parse(rows.out)).toMatchObject({ source: '-', answers: { rows: 2, nodes: 2 }, check: { ok: true } });
  expect(JSON.parse(rows.out).notes[1]).toMatch(/separated by semicolons: that was guessed/);
  const event = gzipSync('{"type":"node.moved","graph":"g","node":"a","x":1,"y":2}\n');
  const events = await fed(event, 'run', '/dev/stdin', '--json', '--quiet');
  expect(JSON.parse(events.out).answers).toMatchObject({ rows: 1, nodes: 1 });
  const edges = await fed('1 2\n2 3\n', 'graph', '-', '--components', '--json', '--quiet');
  expect(JSON.parse(edges.out)).toMatchObject({ nodes: 3, edges: 2 });
});

test('ndjson: every kind of event, checked; what the engine refuses is a bad row', async () => {
  const events = [
    { type: 'graph.created', graph: 'g', options: { late: 'ignore' } },
    { type: 'node.upserted', graph: 'g', node: 'a', x: 0, y: 0, kind: 'hub', time: 100, data: { name: 'A' } },
    { type: 'node.moved', graph: 'g', node: 'a', x: 9, y: 9, time: 50 },
    { type: 'node.moved', graph: 'g', node: 1, x: 3, y: 4, time: 100 },
    { type: 'node.moved', graph: 'g', node: '1', x: 5, y: 5, time: 100 },
    { type: 'node.moved', graph: 'g', node: 'b', x: null, y: 5 },
    { type: 'edge.upserted', graph: 'g', source: 'a', target: 1, weight: 2 },
    { type: 'edge.upserted', graph: 'g', source: 1, target: 'c', kind: 'road' },
    { type: 'edge.upserted', graph: 'g', source: 'c', target: 'a' },
    { type: 'edge.removed', graph: 'g', source: 'a', target: 1 },
    { type: 'node.removed', graph: 'g', node: 'c' },
    { type: 'node.teleported', graph: 'g', node: 'a' },
    { type: 'edge.upserted', graph: 'h', source: 'p', target: 'q' },
    { type: 'graph.removed', graph: 'h' },
  ];
  const path = file('events.ndjson', events.map((event) => JSON.stringify(event)).join('\n'));
  const { code, out } = await athanor('run', path, '--json', '--check', '--quiet');
  const summary = JSON.parse(out);
  expect(summary.badRows.first.map((row: { line: number }) => row.line)).toEqual([6, 12]);
  expect(summary.check).toMatchObject({ ok: true, mismatches: [] });
  expect(summary.answers).toMatchObject({ rows: 14, nodes: 3, edges: 0 });
  expect(code).toBe(0);
});

test('ndjson: what no JSON reader refuses and no graph can hold is a row, bad or good, and never a stack trace', async () => {
  const node = '{"type":"node.upserted","graph":"g","node":';
  const lines = [
    `${node}1,"data":{"__proto__":{}}}`,
    `${node}2,"data":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    `${node}3,"data":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`,
    '{"__proto__":{"type":"node.moved"},"graph":"g","node":1,"x":1,"y":1}',
    '{"type":"node.moved","graph":"__proto__","node":"constructor","x":1,"y":1}',
    `${node}"\\ud800","x":1,"y":1}`,
    '{"type":["node.moved"],"graph":{},"node":{},"x":{},"y":[]}',
    '{"type":"graph.created","graph":"h","options":[]}',
    `${node}5,"x":1,"y":2,"time":1e300}`,
    `${node}6,"x":1e999,"y":2}`,
    '\u0000',
  ];
  const path = file('hostile.ndjson', lines.join('\n'));
  const { code, out, err } = await athanor('run', path, '--json', '--check', '--quiet', '--out', join(folder, 'h.csv'));
  expect([code, err]).toEqual([0, '']);
  const { answers, check, badRows } = JSON.parse(out);
  expect(check.ok).toBe(true);
  expect(answers.rows).toBe(lines.length);
  expect(badRows.count).toBeGreaterThan(5);
});

test('an interrupt ends with the summary so far and exit code 130', async () => {
  const child = start(['run', 'swarm', '--nodes', '1000', '--seconds', '60', '--json', '--check']);
  // The first line of progress says that it runs.
  child.stderr!.once('data', () => child.kill('SIGINT'));
  const { code, out } = await ended(child);
  expect(code).toBe(130);
  expect(JSON.parse(out)).toMatchObject({ source: 'swarm', interrupted: true, check: { ok: true } });
});

test('a reader that has read enough is no error', async () => {
  const child = start(['run', 'swarm', '--nodes', '100', '--limit', '100', '--quiet']);
  child.stdout!.destroy();
  child.stderr!.setEncoding('utf8');
  let err = '';
  child.stderr!.on('data', (text: string) => (err += text));
  const [code] = await once(child, 'close');
  expect([code, err]).toEqual([0, '']);
});

test('without the package of the flights: one line, exit code 2', async () => {
  const bare = join(folder, 'bare');
  mkdirSync(join(bare, 'node_modules/@msgpack'), { recursive: true });
  cpSync(join(ROOT, 'dist'), join(bare, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(bare, 'package.json'));
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(ROOT, 'node_modules', name), join(bare, 'node_modules', name));
  }
  const { code, out, err } = await ended(start(['run', 'flights'], bare));
  expect(err).toMatch(/^athanor: the npm package [\w-]+ is not installed: npm install vega-datasets .*\n$/);
  expect([code, out]).toEqual([2, '']);
});
