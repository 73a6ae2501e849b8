import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { athanor, ended, ROOT, start } from '../support/athanor.js';

const folder = mkdtempSync(join(tmpdir(), 'athanor-graph-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Two triangles that share a corner, a pair beside them, and a way that costs. */
const EDGES = ['# made up', '1 2', '2 3 1', '3 1', '3\t4\t2', '4,5', '5 3 0.5', 'a b 7', ''].join('\n');

async function json(...args: string[]) {
  const { code, out, err } = await athanor('graph', ...args, '--json', '--quiet');
  expect([code, err]).toEqual([0, '']);
  expect(out.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(out);
}

describe('what was asked wrongly gives one line and exit code 2', () => {
  const path = file('wrong.txt', EDGES);
  const events = file('wrong.ndjson', '');
  const cases: Array<[string, string[], RegExp]> = [
    ['no source', [], /missing required argument 'source'/],
    ['a file that is not there', ['/nowhere/edges.txt'], /cannot read \/nowhere\/edges.txt: no such file/],
    ['a folder', [folder], /it is a folder/],
    ['damaged gzip', [file('damaged.gz', 'not packed')], /it is not gzip, or damaged/],
    ['both natures', [path, '--directed', '--undirected'], /--directed and --undirected/],
    ['directions that are taken away', [path, '--strong', '--undirected'], /--strong asks for directions/],
    ['rounds that are none', [path, '--communities', '0'], /--communities \[rounds\].*'0'/],
    ['a path of one end', [path, '--path', '1'], /--path 1: it is not FROM,TO/],
    ['a node that is not there', [path, '--bfs', '99'], /--bfs 99: the graph has no such node/],
    ['the other end that is not there', [path, '--path', '1,c'], /--path c: the graph has no such node/],
    ['nothing to write', [path, '--out', join(folder, 'no.csv')], /--out writes values of nodes/],
    [
      'no folder to write in',
      [path, '--pagerank', '--out', '/nowhere/a.csv'],
      /cannot write \/nowhere\/a.csv: its folder/,
    ],
    ['a folder to write over', [path, '--pagerank', '--out', folder], /cannot write .*: it is a folder/],
    ['a graph of what has one', [path, '--graph', 'g'], /--graph means nothing to the source .*wrong.txt/],
    ['kinds of what has none', [path, '--kind', 'road'], /--kind means nothing to the source .*wrong.txt/],
    ['an edge list asked as a run', [path, '--check'], /unknown option '--check'/],
    ['too many workers', [events, '--workers', '1000'], /workers: 1000/],
  ];
  test.concurrent.each(cases)('%s', async (_name, args, line) => {
    const { code, out, err } = await athanor('graph', ...args, '--quiet');
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect([code, out]).toEqual([2, '']);
  });
});

test('help names every option', async () => {
  const { code, out } = await athanor('graph', '--help');
  expect(code).toBe(0);
  const options = ['--pagerank', '--components', '--strong', '--communities', '--clustering', '--triangles', '--bfs'];
  options.push('--shortest-paths', '--path', '--directed', '--undirected', '--kind', '--graph', '--top', '--out');
  options.push('--nodes-capacity', '--edges-capacity', '--workers', '--strict', '--json', '--quiet');
  for (const option of options) expect(out).toContain(`  ${option}`);
});

test('all algorithms over a small graph, in JSON', async () => {
  const path = file('all.txt', EDGES);
  const asked = ['--pagerank', '--components', '--strong', '--communities', '3', '--clustering', '--triangles'];
  asked.push('--bfs', '1', '--shortest-paths', '1', '--path', '1,5');
  const summary = await json(path, ...asked, '--top', '2');
  expect(summary).toMatchObject({ source: path, directed: true, nodes: 7, edges: 7, interrupted: false });
  expect(summary.load).toMatchObject({ rows: 8, edges: 7 });
  expect(summary.load.edgesPerSecond).toBeGreaterThan(0);
  expect(summary.badRows).toEqual({ count: 0, first: [] });
  const { answers } = summary;
  expect(Object.keys(answers)).toEqual([
    'pageRank',
    'components',
    'strongComponents',
    'communities',
    'clustering',
    'triangles',
    'bfs',
    'shortestPaths',
    'path',
  ]);
  for (const { buildMs, kernelMs } of Object.values(answers) as Array<{ buildMs: number; kernelMs: number }>) {
    expect(buildMs).toBeGreaterThanOrEqual(0);
    expect(kernelMs).toBeGreaterThan(0);
  }
  expect(answers.pageRank.top.map(({ id }: { id: unknown }) => id)[0]).toBe(3);
  const groups = {
    count: 2,
    largest: 5,
    sizes: [
      [5, 1],
      [2, 1],
    ],
  };
  expect(answers.components).toMatchObject({
    ...groups,
    top: [
      { id: 1, nodes: 5 },
      { id: 'a', nodes: 2 },
    ],
  });
  expect(answers.strongComponents).toMatchObject({
    count: 3,
    largest: 5,
    sizes: [
      [5, 1],
      [1, 2],
    ],
  });
  expect(answers.triangles.count).toBe(2);
  expect(answers.bfs).toMatchObject({ source: 1, reached: 5, unreached: 2, deepest: 4, byHops: [1, 1, 1, 1, 1] });
  expect(answers.shortestPaths).toMatchObject({ reached: 5, unreached: 2, farthest: { id: 5, distance: 5 } });
  expect(answers.path).toMatchObject({ from: 1, to: 5, found: true, nodes: [1, 2, 3, 4, 5], length: 5 });

  const undirected = await json(path, '--undirected', '--bfs', '1', '--path', '1,b', '--clustering');
  expect(undirected.directed).toBe(false);
  expect(undirected.answers.bfs).toMatchObject({ deepest: 2, byHops: [1, 2, 2] });
  expect(undirected.answers.path).toMatchObject({ found: false, nodes: [], length: null });
  expect(undirected.answers.clustering.mean).toBeCloseTo((4 + 1 / 3) / 7, 12);
});

test('for people: what was asked, each with its times, and what was bad', async () => {
  const path = file('text.txt.gz', gzipSync(`${EDGES}6 7 heavy\nalone\n`));
  const { code, out, err } = await athanor('graph', path, '--components', '--bfs', '1', '--quiet');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/7 nodes, 7 edges; directed/);
  expect(out).toMatch(/Weakly connected components {3}snapshot .* algorithm /);
  expect(out).toMatch(/of nodes +5, 2\n/);
  expect(out).toMatch(/Hops from 1 .*\n +reached +5 nodes, 2 not\n +deepest +4 hops/);
  expect(out).toMatch(/2 bad rows\n +line 9: weight is "heavy", not a number\n +line 10: no target/);
  const strict = await athanor('graph', path, '--strict', '--quiet');
  expect(strict).toMatchObject({ code: 1, out: '' });
  expect(strict.err).toBe(`athanor: ${path}, line 9: weight is "heavy", not a number\n`);
});

test('--out: a row a node, a column an algorithm; put in place when whole', async () => {
  const path = file('out.txt', `${EDGES}"""q""x",b\n`);
  const out = join(folder, 'out.csv');
  const args = ['--components', '--pagerank', '--shortest-paths', '1', '--triangles', '--path', '1,3'];
  const summary = await json(path, ...args, '--out', out);
  expect(summary.out).toEqual({ path: out, rows: 8 });
  const [header, ...lines] = readFileSync(out, 'utf8').trimEnd().split('\n');
  expect(header).toBe('id,pagerank,component,distance,path');
  const cells = new Map(
    lines.map((line) => {
      const [id, rank, ...rest] = line.split(',');
      expect(Number(rank), line).toBeGreaterThan(0);
      return [id, rest.join(',')];
    }),
  );
  expect([...cells.keys()].sort()).toEqual(['"""q""x"', '1', '2', '3', '4', '5', 'a', 'b']);
  expect(cells.get('1')).toBe('1,0,0');
  expect(cells.get('3')).toBe('1,2,2');
  expect(cells.get('5')).toBe('1,5,');
  expect(cells.get('b')).toBe('"""q""x",,');

  await json(path, '--path', '1,3', '--out', join(folder, 'path.csv.gz'));
  const packed = gunzipSync(readFileSync(join(folder, 'path.csv.gz'))).toString();
  expect(packed.trimEnd().split('\n').sort()).toEqual([
    '"""q""x",',
    '1,0',
    '2,1',
    '3,2',
    '4,',
    '5,',
    'a,',
    'b,',
    'id,path',
  ]);

  // What fails leaves what was there before, and nothing beside it.
  const failed = await athanor('graph', path, '--pagerank', '--bfs', '99', '--out', out, '--quiet');
  expect(failed.code).toBe(2);
  expect(readFileSync(out, 'utf8').split('\n')[0]).toBe(header);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('events: kinds, removals and nodes of several graphs', async () => {
  const events = [
    { type: 'edge.upserted', graph: 'g', source: 'a', target: 'b', kind: 'road' },
    { type: 'edge.upserted', graph: 'g', source: 'b', target: '7', kind: 'rail' },
    { type: 'edge.upserted', graph: 'g', source: 'x', target: 'b' },
    { type: 'node.removed', graph: 'g', node: 'x' },
    { type: 'node.upserted', graph: 'g', node: 'lonely' },
    { type: 'node.teleported', graph: 'g', node: 'a' },
  ];
  const lines = events.map((event) => JSON.stringify(event)).join('\n');
  const one = file('one.ndjson', lines);
  const summary = await json(one, '--components', '--bfs', '7', '--undirected');
  expect(summary).toMatchObject({ nodes: 4, edges: 2, badRows: { count: 1, first: [{ line: 6 }] } });
  expect(summary.answers.components.sizes).toEqual([
    [3, 1],
    [1, 1],
  ]);
  // '7' is a string in the file, and there is no number 7.
  expect(summary.answers.bfs).toMatchObject({ source: '7', reached: 3 });
  const rail = await json(one, '--components', '--kind', 'rail');
  expect(rail).toMatchObject({ kind: 'rail', nodes: 4 });
  expect(rail.answers.components.sizes).toEqual([
    [2, 1],
    [1, 2],
  ]);

  const two = file('two.ndjson', `${lines}\n{"type":"edge.upserted","graph":"h","source":1,"target":2}\n`);
  expect((await json(two, '--graph', 'h', '--components')).nodes).toBe(2);
  const unnamed = await athanor('graph', two, '--components', '--quiet');
  expect(unnamed).toMatchObject({ code: 2, out: '' });
  expect(unnamed.err).toMatch(/has 2 graphs: name one, --graph of g, h\n$/);
  const wrong = await athanor('graph', two, '--graph', 'i', '--quiet');
  expect(wrong.err).toMatch(/has no graph "i" \(--graph\); its graphs are g, h\n$/);
});

test('an edge list that is empty, and weights that change on the way', async () => {
  const empty = await json(file('empty.txt', '# nothing\n'), '--pagerank', '--components', '--triangles');
  expect(empty).toMatchObject({ nodes: 0, edges: 0 });
  expect(empty.answers.components).toMatchObject({ count: 0, largest: 0, sizes: [], top: [] });
  // The last line of an edge says its weight, and none is 1: far apart in the file as well.
  const between = Array.from({ length: 30_000 }, (_, i) => `x${i} y${i}`).join('\n');
  const path = file('again.txt', `1 2\n2 3\n${between}\n1 2 5\n2 3 5\n${between}\n2 3\n`);
  expect((await json(path, '--path', '1,3')).answers.path.length).toBe(6);
});

test('more than there is room for: the option that was exceeded', async () => {
  const path = file('many.txt', Array.from({ length: 5000 }, (_, i) => `${i} ${i + 1}`).join('\n'));
  const edges = await athanor('graph', path, '--edges-capacity', '1000', '--quiet');
  expect(edges).toMatchObject({ code: 1, out: '' });
  expect(edges.err).toMatch(/capacity\.edges allows 1000.*: raise --edges-capacity\n$/);
  const nodes = await athanor('graph', path, '--nodes-capacity', '1000', '--quiet');
  expect(nodes.err).toMatch(/capacity\.nodes.*1000.*: raise --nodes-capacity\n$/);
  expect((await json(path, '--nodes-capacity', '5001', '--edges-capacity', '5000')).edges).toBe(5000);
});

test('a negative weight: shortest paths name it, the rest is as ever', async () => {
  const path = file('negative.txt', '1 2 3\n2 3 -1\n');
  const { code, out, err } = await athanor('graph', path, '--shortest-paths', '1', '--quiet');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^athanor: .*2.*3.*-1.*\n$/);
  expect((await json(path, '--bfs', '1')).answers.bfs.deepest).toBe(2);
});

test('an interrupt while it waits for more ends with the summary so far and exit code 130', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const child = start(['graph', path, '--pagerank', '--json', '--out', join(folder, 'never.csv')]);
  const pipe = createWriteStream(path);
  pipe.write('1 2\n2 3\n3 ');
  // The first line of progress says that it runs; the summary, that it waits no more.
  child.stderr!.once('data', () => child.kill('SIGINT'));
  child.stdout!.once('data', () => pipe.end());
  const { code, out } = await ended(child);
  const summary = JSON.parse(out);
  expect(summary).toMatchObject({ interrupted: true, nodes: 3, edges: 2, answers: {} });
  expect([code, existsSync(join(folder, 'never.csv'))]).toEqual([130, false]);
});

describe('airports', () => {
  test('without the data: one line, exit code 2', async () => {
    const { ATHANOR_DATA: _, ...env } = process.env;
    const { code, out, err } = await ended(start(['graph', 'airports'], ROOT, env));
    expect(err).toBe('athanor: airports are not here: set ATHANOR_DATA to the folder of openflights/routes.dat.gz\n');
    expect([code, out]).toEqual([2, '']);
  });

  const data = join(process.env.ATHANOR_DATA ?? '', 'openflights/routes.dat.gz');
  test.skipIf(process.env.ATHANOR_DATA === undefined || !existsSync(data))(
    'routes of airlines (skipped where ATHANOR_DATA has no openflights/routes.dat.gz)',
    async () => {
      const summary = await json('airports', '--components', '--path', 'AKL,LHR', '--kind', 'BA');
      expect(summary).toMatchObject({ nodes: 3214, edges: 66_771 });
      expect(summary.answers.path).toMatchObject({ found: false });
      const all = await json('airports', '--components', '--path', 'AKL,LHR');
      expect(all.answers.components.sizes).toEqual([
        [3188, 1],
        [10, 1],
        [4, 3],
        [2, 2],
      ]);
      // No way is shorter than the great circle: 18,352 km; the shortest of these routes is near to it.
      expect(all.answers.path.length).toBeGreaterThan(18_300);
      expect(all.answers.path.length).toBeLessThan(18_900);
    },
  );
});
