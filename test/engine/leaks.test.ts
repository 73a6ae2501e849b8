import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const entry = resolve(import.meta.dirname, '../../dist/src/index.js');

/** Runs a program of its own, in which `gc()` collects, and answers what it printed as JSON. */
async function program(source: string): Promise<unknown> {
  const code = `import { createEngine } from ${JSON.stringify(entry)};\n${source}`;
  const flags = ['--expose-gc', '--input-type=module', '--eval', code];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, { timeout: 50_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

test('whatever is awaited again and again leaves nothing behind', async () => {
  // Bytes a call: a reaction of a promise that lives as long as the engine takes 100 and more.
  const grown = (await program(`
    const capacity = { graphs: 10, nodes: 1000, edges: 1000 };
    const engine = await createEngine({ workers: 1, capacity });
    const graph = engine.graph('g');
    const { signal } = new AbortController();
    const move = { type: 'node.moved', graph: 'g', node: 1, x: 1, y: 1 };
    const calls = {
      flush: () => engine.flush(),
      'flush with a signal': () => engine.flush({ signal }),
      drained: () => engine.drained(),
      ingest: () => engine.ingest([move], { signal }),
      watch: async () => {
        const watcher = graph.watch({ signal });
        await watcher.return();
      },
    };
    const heap = () => {
      gc();
      gc();
      return process.memoryUsage().heapUsed;
    };
    const grown = {};
    for (const [name, call] of Object.entries(calls)) {
      for (let i = 0; i < 1000; i++) await call();
      // The least of some rounds: a leak shows in each, what else happens in a heap does not.
      const round = async () => {
        const before = heap();
        for (let i = 0; i < 1000; i++) await call();
        return (heap() - before) / 1000;
      };
      grown[name] = Infinity;
      for (let i = 0; i < 8 && grown[name] > 50; i++) grown[name] = Math.min(grown[name], await round());
    }
    await engine.close();
    console.log(JSON.stringify(grown));
  `)) as Record<string, number>;
  expect(Object.keys(grown).length).toBe(5);
  for (const [name, bytes] of Object.entries(grown)) expect(bytes, name).toBeLessThan(60);
});

test('a closed engine is freed, whatever it did; more than ten watchers on one signal do not warn', async () => {
  const kept = await program(`
    const capacity = { graphs: 10, nodes: 1000, edges: 1000 };
    const { signal } = new AbortController();
    const columns = [];
    const uses = {
      nothing: () => undefined,
      watched: (engine) => engine.graph('g').watch().return(),
      'watched to the end': (engine) => void engine.graph('g').watch(),
      'with a signal': async (engine) => {
        for (let i = 0; i < 20; i++) engine.graph('g').watch({ signal });
        await engine.flush({ signal });
      },
      'took a part of a column': (engine) => {
        const [handle] = engine.graph('g').handles(['a']);
        const column = new Uint32Array(1e6).fill(handle);
        columns.push(column);
        const x = new Float64Array(1e6);
        if (engine.graph('g').moveNodes(column, x, x) === 1e6) throw new Error('it took all');
      },
      'did a job': (engine) => engine.graph('g').triangles({ signal }),
      'ingested from a silent source': (engine) => {
        async function* silent() { await new Promise(() => undefined); }
        engine.ingest(silent(), { signal }).catch(() => undefined);
      },
    };
    const engines = [];
    const run = async (name, use) => {
      const engine = await createEngine({ workers: 1, capacity });
      engine.graph('g').moveNode('a', 1, 1);
      await engine.flush();
      await use(engine);
      await engine.close();
      engines.push([name, new WeakRef(engine)]);
    };
    for (const [name, use] of Object.entries(uses)) await run(name, use);
    let kept = engines;
    for (let i = 0; i < 100 && kept.length > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      gc();
      kept = kept.filter(([, engine]) => engine.deref() !== undefined);
    }
    if (columns.length !== 1) kept.push(['columns']);
    console.log(JSON.stringify(kept.map(([name]) => name)));
  `);
  expect(kept).toEqual([]);
});
