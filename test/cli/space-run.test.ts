import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { athanor } from '../support/athanor.js';

const folder = mkdtempSync(join(tmpdir(), 'athanor-space-'));
afterAll(() => rmSync(folder, { recursive: true }));
const seed = Number(process.env.ATHANOR_SEED ?? 7);

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** In [0, 1), the same for the same seed. */
function randomOf(start: number): () => number {
  let state = start | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

/** Walks of some nodes, row by row: `at` turns three numbers in [0, 1) into a row's coordinates. */
function walks(rows: number, at: (a: number, b: number, c: number) => number[]): string[] {
  const random = randomOf(seed);
  return Array.from({ length: rows }, (_, i) =>
    [`n${Math.floor(random() * 40)}`, ...at(random(), random(), random()), 1.6e9 + i].join(','),
  );
}

const COLUMNS = ['--id', 'id', '--x', 'x', '--y', 'y'];
const ALL = ['--watch', '--detect', 'enter,exit,inside,cross'];
const QUIET = ['--json', '--check', '--quiet'];

async function answersOf(...args: string[]): Promise<{ answers: Record<string, never>; compared: number }> {
  const { code, out, err } = await athanor('run', ...args, ...QUIET);
  expect(err).toBe('');
  const summary = JSON.parse(out);
  expect(summary.check).toMatchObject({ ok: true, mismatches: [] });
  expect(code).toBe(0);
  return { answers: summary.answers, compared: summary.check.compared };
}

describe('what was asked wrongly gives one line and exit code 2', () => {
  const ships = file('wrong.csv', ['id,x,y,z', 'a,1,2,3']);
  const cases: Array<[string, string[], RegExp]> = [
    ['too few numbers', ['--within', '1,2'], /--within "1,2": 2 numbers where x,y,radius are needed/],
    ['too many numbers', ['--within', '1,2,3,4'], /4 numbers where x,y,radius are needed/],
    ['a third coordinate left out', ['--z', 'z', '--within', '1,2,3'], /3 numbers where x,y,z,radius are needed/],
    ['a negative radius', ['--within', '1,2,-3'], /--within "1,2,-3": radius: -3 is not a number from 0 up/],
    ['a radius that is none', ['--within', '1,2,NaN'], /radius is "NaN", not a number/],
    ['no neighbour', ['--nearest', '1,2,0'], /--nearest "1,2,0": k: 0 is not a whole number from 1 up/],
    ['half a neighbour', ['--nearest', '1,2,1.5'], /k: 1.5 is not a whole number/],
    ['a word', ['--nearest', 'here,2,1'], /x is "here", not a number/],
    ['latitude 91', ['--metric', 'haversine', '--within', '1,91,3'], /y: 91 is not a latitude/],
    ['an unknown metric', ['--metric', 'taxi'], /--metric <name>' argument 'taxi' is invalid/],
    ['three dimensions on the sphere', ['--metric', 'haversine', '--z', 'z'], /haversine/],
    ['a zone without a shape', ['--zone', 'a'], /--zone "a": it is not name=circle:/],
    ['a zone without a name', ['--zone', '=circle:1,2,3'], /it is not name=circle:/],
    ['a circle without radius', ['--zone', 'a=circle:1,2'], /--zone a: 2 numbers where x,y,radius are needed/],
    ['a circle of negative radius', ['--zone', 'a=circle:1,2,-3'], /--zone a: shape.radius: -3 is not/],
    ['a box upside down', ['--zone', 'a=box:1,5,3,2'], /--zone a: shape.minY: 5 is not at most maxY \(2\)/],
    ['a box with z in a plane', ['--zone', 'a=box:1,2,3,4,5,6'], /6 numbers where minX,minY,maxX,maxY are needed/],
    ['a polygon of two points', ['--zone', 'a=polygon:0,0,1,1'], /4 numbers where x and y of at least 3 points/],
    ['a polygon with half a point', ['--zone', 'a=polygon:0,0,1,1,2,0,3'], /7 numbers where x and y/],
    ['a polygon that crosses itself', ['--zone', 'a=polygon:0,0,2,2,2,0,0,2'], /without self-crossing/],
    ['a name twice', ['--zone', 'a=circle:1,2,3', '--zone', 'a=circle:1,2,4'], /--zone a: it is given twice/],
    ['nothing to watch', ['--watch'], /--watch needs a --zone/],
    ['detecting without watching', ['--detect', 'enter'], /--detect needs --watch/],
    [
      'detecting what is not',
      ['--zone', 'a=circle:1,2,3', '--watch', '--detect', 'out'],
      /"out" is none of enter, exit/,
    ],
  ];
  test.concurrent.each(cases)('%s', async (_name, args, line) => {
    const { code, out, err } = await athanor('run', ships, ...COLUMNS, ...args, '--quiet');
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect([code, out]).toEqual([2, '']);
  });

  test('z and metric are for files', async () => {
    const { code, err } = await athanor('run', 'swarm', '--metric', 'haversine');
    expect([code, err]).toEqual([2, expect.stringMatching(/--metric means nothing to the source swarm/)]);
  });
});

test('a hand-made file: distances, and each kind of zone event', async () => {
  const rows = ['a,0,0', 'b,3,4', 'a,10,0', 'a,11,0', 'a,20,0', 'c,9,5', 'c,9,-5', 'b,30,40'];
  const path = file('hand.csv', ['id,x,y', ...rows]);
  const zones = ['--zone', 'ring=circle:10,0,2', '--zone', 'room=box:2,3,4,5', '--zone', 'roof=polygon:8,2,12,2,10,4'];
  const questions = ['--within', '20,0,15', '--within', '0,0,1', '--nearest', '30,40,2'];
  const { answers } = await answersOf(path, ...COLUMNS, ...zones, ...ALL, ...questions);
  expect(answers.within).toEqual([
    {
      graph: 'hand',
      x: 20,
      y: 0,
      radius: 15,
      count: 2,
      nearest: [
        { id: 'a', distance: 0 },
        { id: 'c', distance: Math.sqrt(146) },
      ],
    },
    { graph: 'hand', x: 0, y: 0, radius: 1, count: 0, nearest: [] },
  ]);
  expect(answers.nearest).toMatchObject([{ graph: 'hand', k: 2, nearest: [{ id: 'b', distance: 0 }, { id: 'a' }] }]);
  const none = { enter: 0, exit: 0, inside: 0, cross: 0 };
  expect(answers.zones).toEqual([
    { graph: 'hand', zone: 'ring', nodes: 0, inside: [], events: { enter: 1, exit: 1, inside: 1, cross: 1 } },
    { graph: 'hand', zone: 'room', nodes: 0, inside: [], events: { ...none, enter: 1, exit: 1 } },
    { graph: 'hand', zone: 'roof', nodes: 0, inside: [], events: { ...none, cross: 1 } },
  ]);
});

test('walks in a plane', async () => {
  const path = file('plane.csv', ['id,x,y,t', ...walks(3000, (a, b) => [a * 100, b * 100])]);
  const zones = ['circle:50,50,20', 'box:10,10,30,90', 'polygon:60,10,90,10,90,40,75,20'];
  const given = zones.flatMap((zone, i) => ['--zone', `z${i}=${zone}`]);
  const args = [path, ...COLUMNS, '--time', 't', ...given, ...ALL, '--within', '50,50,30', '--nearest', '0,0,9'];
  const one = await answersOf(...args);
  const two = await answersOf(...args, '--workers', '2', '--shards', '8');
  const zonesOf = ({ answers }: typeof one): unknown => [answers.within, answers.nearest, answers.zones];
  expect(zonesOf(two)).toEqual(zonesOf(one));
  for (const { events } of one.answers.zones as unknown as Array<{ events: Record<string, number> }>) {
    for (const count of Object.values(events)) expect(count).toBeGreaterThan(0);
  }
});

test('walks in space', async () => {
  const path = file('space.csv', ['id,x,y,z,t', ...walks(3000, (a, b, c) => [a * 100, b * 100, c * 100])]);
  const zones = ['ball=circle:50,50,50,30', 'room=box:10,10,10,60,90,60', 'well=polygon:20,20,80,20,50,80'];
  const given = zones.flatMap((zone) => ['--zone', zone]);
  const questions = ['--within', '50,50,50,40', '--nearest', '1,2,3,4'];
  const { answers } = await answersOf(path, ...COLUMNS, '--z', 'z', ...given, ...ALL, ...questions);
  expect(answers.nearest).toMatchObject([{ x: 1, y: 2, z: 3, k: 4 }]);
  expect((answers.zones as unknown as unknown[]).length).toBe(3);
});

test('walks on the sphere, across the antimeridian and round the pole', async () => {
  const path = file('sphere.csv', ['id,x,y,t', ...walks(3000, (a, b) => [a * 360 - 180, b * 60 + 30])]);
  const zones = ['date-line=circle:180,60,1500000', 'arctic=circle:0,90,1000000', 'bering=box:150,40,-150,80'];
  const given = [...zones, 'europe=polygon:-10,35,40,35,30,70,5,60'].flatMap((zone) => ['--zone', zone]);
  const questions = ['--within', '180,60,2e6', '--within', '0,90,1e6', '--nearest', '-180,50,7', '--within', '0,0,2e7'];
  const { answers } = await answersOf(path, ...COLUMNS, '--metric', 'haversine', ...given, ...ALL, ...questions);
  const counts = (answers.zones as unknown as Array<{ events: { enter: number } }>).map(({ events }) => events.enter);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});

test('ndjson: each graph has its space; a graph that is removed takes its zones with it', async () => {
  const moved = (graph: string, node: string, x: number, y: number, more: object = {}): string =>
    JSON.stringify({ type: 'node.moved', graph, node, x, y, ...more });
  const path = file('spaces.ndjson', [
    moved('earth', 'a', 10, 50),
    JSON.stringify({ type: 'graph.created', graph: 'flat', options: { metric: 'euclidean', late: 'ignore' } }),
    moved('flat', 'a', 10, 50, { time: 5 }),
    moved('flat', 'a', 500, 500, { time: 4 }),
    JSON.stringify({ type: 'graph.created', graph: 'solid', options: { dimensions: 3, metric: 'euclidean' } }),
    moved('solid', 'a', 10, 50, { z: 1 }),
    moved('earth', 'b', 10, 91),
    moved('earth', 'b', 10.001, 50),
    JSON.stringify({ type: 'node.removed', graph: 'earth', node: 'b' }),
    JSON.stringify({ type: 'graph.removed', graph: 'flat' }),
    moved('flat', 'c', 10, 50, { time: 6 }),
  ]);
  const zone = ['--zone', 'here=circle:10,50,100', '--zone', 'there=circle:10,50,0,3', '--watch'];
  const { answers } = await answersOf(path, '--metric', 'haversine', ...zone, '--nearest', '10,50,3');
  expect(answers.zones).toEqual([
    { graph: 'earth', zone: 'here', nodes: 1, inside: ['a'], events: { enter: 2, exit: 1, cross: 0 } },
    { graph: 'flat', zone: 'here', nodes: 0, inside: [], events: { enter: 1, exit: 1, cross: 0 } },
    { graph: 'solid', zone: 'there', nodes: 1, inside: ['a'], events: { enter: 1, exit: 0, cross: 0 } },
  ]);
  expect(answers.nearest).toMatchObject([{ graph: 'earth' }, { graph: 'flat', nearest: [{ id: 'c' }] }]);
  expect(answers.badRows).toBe(1);
});

test('swarm and flights answer too', async () => {
  const zones = ['--zone', 'a=circle:50,50,20', '--zone', 'b=box:0,0,90,20', ...ALL];
  const swarm = ['run', 'swarm', '--nodes', '500', '--limit', '20000', '--seed', String(seed), '--nearest', '1,1,2'];
  const walked = JSON.parse((await athanor(...swarm, ...zones, ...QUIET)).out);
  expect(walked.check).toMatchObject({ ok: true });
  expect(walked.answers.zones[0].events.inside).toBeGreaterThan(100);

  const ohare = ['--zone', 'ord=circle:-87.9,41.98,100000', '--zone', 'west=box:-125,30,-110,50', '--watch'];
  const { answers } = await answersOf(
    'flights',
    '--limit',
    '3000',
    ...ohare,
    '--within',
    '-87.9,41.98,20000',
    '--within',
    '-87.90446417,41.979595,100000',
  );
  const [ord] = answers.zones as unknown as Array<{ nodes: number; events: { enter: number; exit: number } }>;
  // All have landed.
  expect(ord!.nodes).toBe(0);
  expect(ord!.events.enter).toBeGreaterThan(100);
  expect(ord!.events.exit).toBe(ord!.events.enter);
  const { time, flights } = (answers.nearOHare as unknown as { most: { time: string; flights: number } }).most;
  expect(answers.within).toMatchObject([
    { graph: 'flights', count: 0 },
    { graph: 'flights', count: 0, most: { time, count: flights } },
    { graph: 'airports', count: 4, nearest: [{ id: 'ORD' }, {}, {}, {}] },
    { graph: 'airports' },
  ]);
});

test('events are told as they come, in the summary as counts, and not at all where quiet', async () => {
  const path = file('told.csv', ['id,x,y,t', 'a,0,0,1600000000', 'a,9,9,1600000060']);
  const args = ['run', path, ...COLUMNS, '--time', 't', '--zone', 'home=circle:0,0,1', '--watch'];
  const { err, out } = await athanor(...args);
  expect(err).toContain('2020-09-13 12:26:40  enter   home  a of told at (0,0)\n');
  expect(err).toContain('2020-09-13 12:27:40  exit    home  a of told at (9,9)\n');
  expect(out).toMatch(/told: home {2}0 nodes inside, 1 enter, 1 exit, 0 cross/);
  expect(out).toMatch(
    /Every zone event was read \(2 of them\): where they come faster than they are read, the run waits/,
  );
  expect((await athanor(...args, '--quiet')).err).toBe('');
});

test('a question that fits no graph of a file of events is named', async () => {
  const path = file('flat.ndjson', ['{"type":"node.moved","graph":"g","node":"a","x":1,"y":2}']);
  const { code, out } = await athanor('run', path, '--within', '1,2,3,4', '--nearest', '1,2,1', '--quiet', '--json');
  expect(code).toBe(0);
  const { notes, answers } = JSON.parse(out);
  expect(notes).toContain('--within "1,2,3,4": no graph has 3 dimensions, so it was not asked.');
  expect(notes.join('\n')).not.toContain('--nearest');
  expect(answers.nearest).toHaveLength(1);
});

test('slanted edges: as many are inside as entered, and as many as there are in whole numbers', async () => {
  // Thirds are no doubles: most of these lie an ulp beside an edge.
  const points = Array.from({ length: 90 }, (_, i) => (i + 1) / 31).flatMap((y) => [
    [y / 3, y],
    [-y / 3, y],
    [(y / 3) * (1 + Number.EPSILON), y],
  ]) as Array<[number, number]>;
  const exact = (value: number): bigint => BigInt(Math.abs(value) * 2 ** 60);
  const inside = points.filter(([x, y]) => 3n * exact(x) <= exact(y)).length;
  expect(inside).toBeGreaterThan(50);
  const path = file('slanted.csv', ['id,x,y', ...points.map(([x, y], i) => `n${i},${x},${y}`)]);
  const { answers } = await answersOf(path, ...COLUMNS, '--zone', 'a=polygon:0,0,1,3,-1,3', '--watch');
  expect(answers.zones).toMatchObject([{ nodes: inside, events: { enter: inside, cross: 0 } }]);
});

test('who is inside in the end is named; a zone that went with its graph holds nobody', async () => {
  const moved = (node: unknown, x: number) =>
    JSON.stringify({ type: 'node.moved', graph: 'g', node, x, y: 0, time: 1 });
  const zone = ['--zone', 'a=circle:0,0,5', '--watch'];
  const there = file('there.ndjson', [moved('b', 1), moved(7, 2), moved('far', 9), moved('a', 5), moved(10, -5)]);
  const { answers } = await answersOf(there, ...zone);
  expect(answers.zones).toMatchObject([{ nodes: 4, inside: [7, 10, 'a', 'b'] }]);
  const text = await athanor('run', there, ...zone, '--quiet');
  expect(text.out).toContain('g: a  4 nodes inside, 4 enter, 0 exit, 0 cross: 7, 10, a, b');
  const gone = file('gone.ndjson', [moved('b', 1), '{"type":"graph.removed","graph":"g"}', moved('b', 2)]);
  const after = await answersOf(gone, ...zone);
  expect(after.answers.zones).toMatchObject([{ nodes: 0, inside: [], events: { enter: 1, exit: 1 } }]);
  expect((await athanor('run', gone, ...zone, '--quiet')).out).toContain('g: a  is gone, 1 enter, 1 exit');
});

test('zones that events set are listed too, and counted where zones are watched', async () => {
  const set = (zone: string, radius: number) =>
    JSON.stringify({ type: 'zone.set', graph: 'g', zone, shape: { type: 'circle', x: 0, y: 0, radius } });
  const moved = (x: number) => JSON.stringify({ type: 'node.moved', graph: 'g', node: 'n', x, y: 0, time: 1 });
  const removed = '{"type":"zone.removed","graph":"g","zone":"brief"}';
  const path = file('set.ndjson', [
    moved(50),
    set('own', 5),
    set('brief', 5),
    moved(1),
    removed,
    moved(2),
    set('a', 1),
  ]);
  const listed = await answersOf(path);
  expect(listed.answers.zones).toMatchObject([
    { zone: 'own', nodes: 1, inside: ['n'] },
    { zone: 'a', nodes: 0 },
  ]);
  // The one that was asked for is replaced by the file's.
  const { answers } = await answersOf(path, '--zone', 'a=circle:50,0,5', '--watch');
  expect(answers.zones).toMatchObject([
    { zone: 'a', nodes: 0, events: { enter: 1, exit: 1 } },
    { zone: 'own', nodes: 1, events: { enter: 1, exit: 0 } },
    { zone: 'brief', nodes: 0, events: { enter: 1, exit: 1 } },
  ]);
});
