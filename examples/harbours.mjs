// The command line on a file of positions: an hour of ships, and how many enter and leave a few harbours (a ship that is
// first seen inside enters). It needs no code:
//
//   athanor run ais.csv.gz --id MMSI --x LON --y LAT --time BaseDateTime --metric haversine \
//     --zone houston=box:-95.3,29.2,-94.5,29.8 … --watch
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const file = join(process.env.ATHANOR_DATA ?? '', 'ais/ais.csv.gz');
if (process.env.ATHANOR_DATA === undefined || !existsSync(file)) {
  console.log('skipped: the ships are not here; set ATHANOR_DATA to the folder of ais/ais.csv.gz');
  process.exit();
}

const ZONES = [
  'seattle=circle:-122.36,47.61,10000',
  'los-angeles=circle:-118.22,33.74,12000',
  'houston=box:-95.3,29.2,-94.5,29.8',
  'new-york=polygon:-74.2,40.55,-73.95,40.55,-73.9,40.85,-74.1,40.75',
  'miami=circle:-80.16,25.77,6000',
];
const athanor = fileURLToPath(new URL('./cli/main.js', import.meta.resolve('athanor')));
const columns = ['--id', 'MMSI', '--x', 'LON', '--y', 'LAT', '--time', 'BaseDateTime', '--metric', 'haversine'];
const zones = ZONES.flatMap((zone) => ['--zone', zone]);
const args = [athanor, 'run', file, ...columns, ...zones, '--watch', '--check', '--json', '--quiet'];
const { stdout } = await promisify(execFile)(process.execPath, args);

const { answers, check } = JSON.parse(stdout);
console.log(answers.nodes, 'ships, the counts agree with plain JavaScript:', check.ok);
for (const { zone, nodes, events } of answers.zones) {
  console.log(`${zone}: ${nodes} ships, ${events.enter} entered, ${events.exit} left, ${events.cross} crossed`);
}
