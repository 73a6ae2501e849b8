import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a program with an idle watcher ends by itself, having been told everything', async () => {
  const code = `
    import { createEngine } from ${JSON.stringify(resolve(import.meta.dirname, '../../dist/src/index.js'))};
    const engine = await createEngine({ workers: 1 });
    const graph = engine.graph('g');
    graph.setZone('z', { type: 'circle', x: 0, y: 0, radius: 1 });
    const watcher = graph.watch();
    for (let i = 0; i < 1000; i++) graph.moveNode('n', i % 2, i % 2);
    let told = 0;
    process.on('exit', () => console.log(told));
    for await (const event of watcher) told++;
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], { timeout: 20_000 });
  // 13: what is awaited at the top of a module never came.
  const { stdout } = await run.catch((error: { code: number; stdout: string }) => {
    expect(error.code).toBe(13);
    return error;
  });
  expect(stdout.trim()).toBe('1000');
});
