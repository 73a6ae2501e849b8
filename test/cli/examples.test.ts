import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = resolve(import.meta.dirname, '../../examples');

/** What each example prints, where there is no data. */
const PRINTS: Record<string, string> = {
  'catalog.mjs': [
    '{ graphs: 5, nodes: 10, edges: 0 }',
    'of acme: acme/asia, acme/eu, acme/us',
    'newest: acme/asia 2026-01-05T00:00:00.000Z',
    'largest: birch with 4 nodes; undefined',
    '',
  ].join('\n'),
  'columns.mjs': '100000 drones, 81 within 5 of the middle\n',
  'graph.mjs': [
    "ranks: [ 'Piraeus 0.233', 'Heraklion 0.179', 'Kavala 0.167' ]",
    '2 seas; Thasos is in that of Kavala',
    'Naxos → Santorini → Heraklion: 215 km',
    'to Thasos: undefined',
    '',
  ].join('\n'),
  'harbours.mjs': 'skipped: the ships are not here; set ATHANOR_DATA to the folder of ais/ais.csv.gz\n',
  'ingest.mjs': '20000 published, 20000 applied, 0 rejected, 50 buoys\n',
  'live-graph.mjs': 'ann knows bob and cid by 3 edges\nwithout cid: 1 edge left, of weight 3\n',
  'map.mjs': 'longest bond: molecule-999 a0–tail 2.999\n5996 atoms, 5996 bonds, 167 triangles\n',
  'radius.mjs': 'within 100 m: taxi-1 taxi-3\nnearest free: taxi-2 at 10 m\n',
  'sphere.mjs': [
    "[ 'Suva', 'Apia' ] [ '290 km', '917 km' ]",
    "[ 'Suva', 'Apia', 'Auckland' ]",
    "nearest to 0,90: [ 'Honolulu', 'Apia' ] Float64Array(2) [ 7637990.061241375, 11545385.180647722 ]",
    "nearest to 180,0: [ 'Apia', 'Suva' ] Float64Array(2) [ 1784947.4351452484, 2024273.7883295612 ]",
    'cell 0,0: 1',
    'cell 3,0: 2',
    'cell 0,1: 1',
    '',
  ].join('\n'),
  'zones.mjs': [
    'Boreas enter harbour',
    'Aurora enter harbour',
    'Boreas exit harbour',
    'Aurora nearby Boreas 69 m',
    'Boreas faraway Aurora 10349 m',
    '',
  ].join('\n'),
};

test('every example is here', () => {
  const programs = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  expect(programs.sort()).toEqual(Object.keys(PRINTS).sort());
});

test.each(Object.entries(PRINTS))('%s', async (name, printed) => {
  const { ATHANOR_DATA: _, ...env } = process.env;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, name)], { env });
  expect(stderr).toBe('');
  expect(stdout).toBe(printed);
});

const ships = process.env.ATHANOR_DATA === undefined ? undefined : join(process.env.ATHANOR_DATA, 'ais/ais.csv.gz');

test.skipIf(ships === undefined || !existsSync(ships))(
  'harbours.mjs with the ships (skipped where ATHANOR_DATA has no ais/ais.csv.gz)',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'harbours.mjs')]);
    expect(stdout.split('\n')).toEqual([
      '10631 ships, the counts agree with plain JavaScript: true',
      'seattle: 411 ships, 412 entered, 1 left, 0 crossed',
      'los-angeles: 212 ships, 215 entered, 3 left, 0 crossed',
      'houston: 651 ships, 652 entered, 1 left, 0 crossed',
      'new-york: 121 ships, 122 entered, 1 left, 0 crossed',
      'miami: 141 ships, 143 entered, 2 left, 1 crossed',
      '',
    ]);
  },
);
