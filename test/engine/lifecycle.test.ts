import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { AthanorError, createEngine } from '../../dist/src/index.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const capacity = { graphs: 100, nodes: 10_000, edges: 10_000 };
const entry = resolve(import.meta.dirname, '../../dist/src/index.js');

/** Runs a program of its own, as a user's, and answers what it printed. */
async function program(source: string): Promise<string> {
  const code = `import { createEngine } from ${JSON.stringify(entry)};\n${source}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    timeout: 30_000,
  });
  return stdout;
}

test('a program that forgets close() ends when all is applied', async () => {
  const printed = await program(`
    const engine = await createEngine({ workers: 2 });
    const graph = engine.graph('g');
    for (let i = 0; i < 5000; i++) graph.moveNode(i, i, i);
    process.on('exit', () => console.log(graph.order));
  `);
  expect(printed).toBe('5000\n');
});

test('a promise of the engine keeps the program alive until it is kept', async () => {
  const printed = await program(`
    const engine = await createEngine({ workers: 1 });
    engine.graph('g').moveNode('a', 1, 2);
    await engine.flush();
    console.log(engine.graph('g').node('a').x, (await engine.verify()).ok);
    await engine.close();
    console.log('closed');
  `);
  expect(printed).toBe('1 true\nclosed\n');
});

test('close applies what was accepted, and ends the threads', async () => {
  const printed = await program(`
    import { readdirSync } from 'node:fs';
    const threads = () => readdirSync('/proc/self/task').length;
    const before = threads();
    for (let i = 0; i < 3; i++) {
      const engine = await createEngine({ workers: 3 });
      for (let n = 0; n < 1000; n++) engine.graph('g').moveNode(n, n, n);
      await engine.close();
      console.log(engine.stats().applied, threads() - before);
    }
  `);
  expect(printed).toBe('1000 0\n1000 0\n1000 0\n');
});

test('await using closes', async () => {
  let seen: { applied: number } | undefined;
  {
    await using engine = await createEngine({ workers: 1, capacity });
    engine.graph('g').moveNode('a', 1, 1);
    seen = new Proxy(engine.stats(), { get: (_, name) => Reflect.get(engine.stats(), name) });
  }
  expect(seen.applied).toBe(1);
});

test('many engines, one after the other and side by side', async () => {
  for (let round = 0; round < 3; round++) {
    const engines = await Promise.all(Array.from({ length: 4 }, () => createEngine({ workers: 1, capacity })));
    for (const [i, engine] of engines.entries()) engine.graph('g').moveNode(`of ${i}`, i, i);
    await Promise.all(engines.map((engine) => engine.flush()));
    for (const [i, engine] of engines.entries())
      expect([...engine.graph('g').nodes()].map((n) => n.id)).toEqual([`of ${i}`]);
    await Promise.all(engines.map((engine) => engine.close()));
  }
});

test('reads show applied state: a removed id stays readable until its removal is applied', async () => {
  // Not adaptive: nothing is sealed before the timeout or a flush.
  await using engine = await createEngine({ workers: 1, capacity, batch: { adaptive: false, timeoutMs: 60_000 } });
  const graph = engine.graph('g');
  graph.moveNode('a', 1, 2);
  expect(graph.has('a')).toBe(false);
  await engine.flush();
  const handle = graph.handle('a')!;
  graph.removeNode('a');
  expect(graph.has('a')).toBe(true);
  expect(graph.node('a')).toMatchObject({ x: 1, y: 2, handle });
  expect(graph.within({ x: 1, y: 2, radius: 0 }).ids()).toEqual(['a']);
  await engine.flush();
  expect(graph.has('a')).toBe(false);
  expect(graph.order).toBe(0);
  expect(graph.within({ x: 1, y: 2, radius: 0 }).ids()).toEqual([]);
});

test('an id added again before its removal is applied keeps its row, and nothing of its former life', async () => {
  await using engine = await createEngine({ workers: 1, capacity, batch: { adaptive: false, timeoutMs: 60_000 } });
  const graph = engine.graph('g');
  graph.upsertNode('a', { x: 1, y: 2, kind: 'old', data: { old: true } });
  graph.upsertEdge('a', 'b');
  await engine.flush();
  const handle = graph.handle('a');
  graph.removeNode('a');
  graph.moveNode('a', 3, 4);
  await engine.flush();
  expect(graph.handle('a')).toBe(handle);
  expect(graph.node('a')).toMatchObject({ x: 3, y: 4, kind: '', data: undefined, outDegree: 0 });
  expect(graph.size).toBe(0);
});

test('a result read after one of its rows was given to another node says so', async () => {
  await using engine = await createEngine({ workers: 1, capacity: { ...capacity, nodes: 1 } });
  const graph = engine.graph('g');
  graph.moveNode('before', 1, 1);
  await engine.flush();
  const found = graph.within({ x: 1, y: 1, radius: 1 });
  expect(found.ids()).toEqual(['before']);
  graph.removeNode('before');
  await engine.flush();
  expect(found.length).toBe(1);
  // Rows are used again oldest first, after quarantine: go on until this one comes.
  const taken = found.handles[0];
  for (let n = 0; ; ) {
    try {
      if (graph.handle(`after ${n}`, { create: true }) === taken) break;
      graph.removeNode(`after ${n}`);
      n++;
    } catch (error) {
      if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
      await engine.drained();
    }
  }
  expect(() => found.ids()).toThrow(expect.objectContaining({ code: 'ATHANOR_STALE_HANDLE' }));
  expect(() => [...found]).toThrow(expect.objectContaining({ code: 'ATHANOR_STALE_HANDLE' }));
});

test.each(['apply', 'ignore'] as const)('late: %s', async (late) => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g', { late });
  graph.moveNode('a', 1, 1, undefined, 100);
  graph.moveNode('a', 2, 2, undefined, 99);
  graph.moveNode('a', 3, 3, undefined, 100);
  graph.moveNode('b', 5, 5, undefined, 7);
  graph.moveNode('a', 4, 4, undefined, 50);
  await engine.flush();
  expect(graph.node('a')).toMatchObject(late === 'apply' ? { x: 4, y: 4, time: 50 } : { x: 3, y: 3, time: 100 });
  expect(graph.node('b')).toMatchObject({ x: 5, time: 7 });
  expect(engine.stats().late).toBe(late === 'apply' ? 0 : 2);
  expect(engine.stats().applied).toBe(5);
});

test.each(['apply', 'ignore'] as const)('an older upsert, late: %s', async (late) => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g', { late });
  const ignores = late === 'ignore';
  graph.upsertNode('a', { x: 1, y: 1, kind: 'new', data: 1, time: 100 });
  graph.upsertNode('a', { x: 2, y: 2, kind: 'old', data: 2, time: 50 });
  await engine.flush();
  // Kind and data have no time of their own; the position has the node's.
  const place = ignores ? { x: 1, y: 1, time: 100 } : { x: 2, y: 2, time: 50 };
  expect(graph.node('a')).toMatchObject({ ...place, kind: 'old', data: 2 });
  expect(graph.within({ x: place.x, y: place.y, radius: 0 }).ids()).toEqual(['a']);
  // The time did not go back: a move between the two is late.
  graph.moveNode('a', 3, 3, undefined, 70);
  graph.upsertNode('a', { kind: 'older', time: 10 });
  await engine.flush();
  expect(graph.node('a')).toMatchObject({ kind: 'older', ...(ignores ? { x: 1, time: 100 } : { x: 3, time: 10 }) });
  // Counted are positions: of one upsert, and of one move.
  expect(engine.stats().late).toBe(ignores ? 2 : 0);
  // One without a position yet is placed by what is not older; and one that is removed begins anew.
  graph.upsertNode('b', { time: 100 });
  graph.upsertNode('b', { x: 1, y: 1, time: 99 });
  graph.upsertNode('c', { x: 1, y: 1, time: 100 });
  graph.removeNode('c');
  graph.upsertNode('c', { x: 9, y: 9, time: 1 });
  graph.upsertNode('c', { x: 8, y: 8, time: 1 });
  await engine.flush();
  expect(graph.node('b')).toMatchObject(ignores ? { x: Number.NaN, time: 100 } : { x: 1, time: 99 });
  expect(graph.node('c')).toMatchObject({ x: 8, y: 8, time: 1 });
  expect((await engine.verify()).problems).toEqual([]);
});

test('flush and ingest can be given up; what was accepted stays accepted', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  const gone = AbortSignal.abort(new Error('enough'));
  graph.moveNode('a', 1, 1);
  await expect(engine.flush({ signal: gone })).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
  const later = new AbortController();
  function* endless() {
    for (let n = 0; ; n++) {
      if (n === 3000) later.abort();
      yield { type: 'node.moved' as const, graph: 'g', node: n % 100, x: n, y: n };
    }
  }
  await expect(engine.ingest(endless(), { signal: later.signal })).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
  await engine.flush();
  expect(graph.has('a')).toBe(true);
  expect(engine.stats().applied).toBe(engine.stats().published);
  expect((await engine.verify()).problems).toEqual([]);
});

test('drained() resolves at once where there is room, and flush() where nothing is in flight', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  await engine.drained();
  await engine.flush();
  engine.graph('g').moveNode('a', 1, 1);
  await Promise.all([engine.flush(), engine.flush(), engine.drained()]);
  expect(engine.stats().queuedEvents).toBe(0);
});

test('a graph removed and written again is another graph', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g', { late: 'ignore' });
  for (let n = 0; n < 1000; n++) graph.moveNode(n, n, n, undefined, 100);
  graph.upsertEdge(1, 2);
  await engine.flush();
  graph.remove();
  graph.moveNode('new', 1, 1, undefined, 50);
  await engine.flush();
  expect([...graph.nodes()].map((node) => node.id)).toEqual(['new']);
  expect([graph.order, graph.size]).toEqual([1, 0]);
  expect(graph.within({ x: 500, y: 500, radius: 1000 }).ids()).toEqual(['new']);
  // The options given here still hold.
  graph.moveNode('new', 9, 9, undefined, 49);
  await engine.flush();
  expect(graph.node('new')?.x).toBe(1);
  expect((await engine.verify()).problems).toEqual([]);
});

test('the clock is an option', async () => {
  let time = 42;
  await using engine = await createEngine({ workers: 1, capacity, clock: () => time });
  const graph = engine.graph('g');
  graph.moveNode('a', 1, 1);
  await engine.flush();
  // It is read once a tick.
  await new Promise((resolve) => setImmediate(resolve));
  time = 43;
  graph.moveNode('b', 1, 1);
  await engine.flush();
  expect([graph.node('a')?.time, graph.node('b')?.time]).toEqual([42, 43]);
});

test('verify finds what was written behind a field of any region', async () => {
  const regions: Uint32Array[] = [];
  const { place } = Memory.prototype;
  Memory.prototype.place = function (name: string, bytes: number) {
    const placed = place.call(this, name, bytes);
    const isOne = !this.measures && (name.startsWith('node-columns') || name.startsWith('control'));
    if (isOne) regions.push(new Uint32Array(placed.buffer, placed.start, bytes >>> 2));
    return placed;
  };
  try {
    await using engine = await createEngine({ workers: 1, capacity });
    engine.graph('g').moveNode('a', 1, 1);
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
    expect(regions.length).toBeGreaterThan(1);
    for (const words of regions) {
      // The canary is the last thing written near the end: two words, the second the complement of the first.
      const at = words.findLastIndex((word, i) => word !== 0 && words[i - 1] === ~word >>> 0);
      words[at]! ^= 1;
      const { ok, problems } = await engine.verify();
      expect(ok).toBe(false);
      expect(problems.join()).toMatch(/overwritten behind field/);
      words[at]! ^= 1;
    }
    expect((await engine.verify()).ok).toBe(true);
  } finally {
    Memory.prototype.place = place;
  }
});
