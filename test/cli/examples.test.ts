import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = resolve(import.meta.dirname, '../../examples');

/** What each example prints. */
const PRINTS: Record<string, string> = {
  'columns.mjs': '100000 drones, 81 within 5 of the middle\n',
  'ingest.mjs': '20000 published, 20000 applied, 0 rejected, 50 buoys\n',
  'live-graph.mjs': 'ann knows bob and cid by 3 edges\nwithout cid: 1 edge left, of weight 3\n',
  'radius.mjs': 'within 100 m: taxi-1 taxi-3\nnearest free: taxi-2 at 10 m\n',
};

test('every example is here', () => {
  expect(readdirSync(folder).sort()).toEqual(Object.keys(PRINTS).sort());
});

test.each(Object.entries(PRINTS))('%s', async (name, printed) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, name)]);
  expect(stderr).toBe('');
  expect(stdout).toBe(printed);
});
