import type { Command } from 'commander';
import { run } from './run.js';
import type { RunOptions } from './source.js';
import { FILE_FORMATS } from './source-name.js';
import { gather, oneOf, positive, seed, whole } from './values.js';

/** What is off where it is not asked for. */
const OFF = {
  json: false,
  check: false,
  quiet: false,
  watch: false,
  strict: false,
  within: [],
  nearest: [],
  zone: [],
};

const EXAMPLES = `
Examples:
  athanor run ships.csv.gz --id MMSI --x LON --y LAT --time BaseDateTime --metric haversine
  athanor run ships.csv --id MMSI --x LON --y LAT --within -118.2,33.7,5000 --out last.geojson
  athanor run ships.csv --id MMSI --x LON --y LAT --zone port=box:-119,33,-118,34 --watch
  zcat events.gz | athanor run - --check
  athanor run swarm --nodes 100000 --seconds 5
  athanor run flights --days 7
`;

/** `athanor run`. `done` is given the exit code. */
export function addRunCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('run')
    .description('Publishes a source of events, answers questions about it, and says what came out.')
    .argument(
      '<source>',
      'a file (.csv, .tsv, .ndjson, .gz of these, .parquet), - for the standard input, swarm or flights',
    )
    .optionsGroup('Files of rows (csv, tsv, parquet):')
    .option('--id <column>', 'column of the node')
    .option('--x <column>', 'column of x')
    .option('--y <column>', 'column of y')
    .option('--z <column>', 'column of z; the graph then has three dimensions')
    .option('--time <column>', 'column of the time (ISO 8601, or seconds or milliseconds since 1970)')
    .option('--kind <column>', 'column of the kind')
    .option('--graph <name>', 'name of the graph, also of swarm (default: the name of the file)')
    .option('--delimiter <char>', 'what separates the columns; tab, comma, semicolon or space (default: is guessed)')
    .optionsGroup('Files:')
    .option(
      '--format <name>',
      `${FILE_FORMATS.join(', ')}: where the name of the source does not say it`,
      oneOf(FILE_FORMATS),
    )
    .option('--encoding <name>', 'of text that is not UTF-8, as latin1 or utf-16le')
    .option(
      '--metric <name>',
      'haversine for x = longitude, y = latitude in degrees, or euclidean',
      oneOf(['euclidean', 'haversine']),
    )
    .option('--strict', 'stop at the first bad row')
    .optionsGroup('The swarm (random walkers):')
    .option('--nodes <n>', 'number of walkers', whole)
    .option('--seconds <n>', 'how long they walk', positive)
    .option('--seed <n>', 'seed of the walk', seed)
    .optionsGroup('The flights (US flights of 2001):')
    .option('--days <n>', 'the first so many days of the six months', positive)
    .optionsGroup('Questions about every source:')
    .option('--within <x,y,radius>', 'nodes within a radius of a place; may be repeated', gather)
    .option('--nearest <x,y,k>', 'the k nodes nearest to a place; may be repeated', gather)
    .option(
      '--zone <name=shape>',
      'circle:x,y,radius, box:minX,minY,maxX,maxY or polygon:x1,y1,…; may be repeated',
      gather,
    )
    .option('--watch', 'tell and count who enters, leaves and crosses the zones')
    .option('--detect <kinds>', 'of enter, exit, inside, cross, what --watch is to tell (all but inside)')
    .option('--check', 'recompute the answers in plain JavaScript and compare')
    .optionsGroup('The run and what it prints:')
    .option('--out <file>', 'write where the nodes are in the end: .csv, .ndjson, .geojson, .gz of these, or -')
    .option('--out-format <name>', 'csv, ndjson or geojson: where the name of the file does not say it')
    .option('--json', 'print the summary for programs')
    .option('--quiet', 'show nothing while it runs')
    .option('--limit <n>', 'rows or moves to publish at most', whole)
    .option('--workers <n>', 'worker threads', whole)
    .option('--shards <n>', 'partitions', whole)
    .addHelpText('after', EXAMPLES)
    .action(async (source: string, options: Omit<RunOptions, 'source'>) => {
      done(await run({ source, ...OFF, ...options }));
    });
}
