import { execFile } from 'node:child_process';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const entry = resolve(import.meta.dirname, '../../dist/src/index.js');

test('a program may start child processes, however much address space its engine has reserved', async () => {
  // In a process of its own: what else this one has reserved must not matter.
  const program = `
    import { execFile, spawnSync } from 'node:child_process';
    import { promisify } from 'node:util';
    import { createEngine } from ${JSON.stringify(entry)};
    const engine = await createEngine({ workers: 1, shards: 32 });
    engine.graph('g').upsertNode(1, { x: 1, y: 1 });
    await engine.flush();
    const { error, status } = spawnSync(process.execPath, ['--version']);
    const { stdout } = await promisify(execFile)(process.execPath, ['-p', '6 * 7']);
    console.log(JSON.stringify([engine.stats().memoryBytes.reserved, error?.code ?? status, stdout.trim()]));
    await engine.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  const [reserved, started, printed] = JSON.parse(stdout) as [number, unknown, string];
  // More than the machine has, or the test shows nothing: beyond 300 GB of memory it does not.
  expect(reserved).toBeGreaterThan(Math.min(totalmem(), 300e9));
  expect([started, printed]).toEqual([0, '42']);
});
