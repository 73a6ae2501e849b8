#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AthanorError } from '../index.js';
import { runGraph } from './graph/run.js';
import type { GraphRunOptions } from './graph/source.js';
import { firstLine, Problem } from './problem.js';
import { run } from './run.js';
import type { RunOptions } from './source.js';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || text.trim() === '')
    throw new InvalidArgumentError('It is not a whole number from 1 up.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number above 0.');
  return value;
}

/** xorshift32 stands still at 0 and knows 32 bits. */
function seed(text: string): number {
  const value = whole(text);
  if (value > 0xffffffff) throw new InvalidArgumentError('It is above 4294967295.');
  return value;
}

/** For options that may be given more than once. */
function gather(text: string, before: string[]): string[] {
  return [...before, text];
}

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('athanor')
  .description('Live nodes, radius queries and graphs from streams of events.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

program
  .command('run')
  .description('publish a source and say what came out')
  .argument('<source>', "'flights', 'swarm', or a file: .csv, .ndjson, .gz of these")
  .option('--days <n>', 'flights: the first so many days of the six months', positive)
  .option('--nodes <n>', 'swarm: number of walkers', whole)
  .option('--seconds <n>', 'swarm: how long they walk', positive)
  .option('--seed <n>', 'swarm: seed of the walk', seed)
  .option('--id <column>', 'csv: column of the node')
  .option('--x <column>', 'csv: column of x')
  .option('--y <column>', 'csv: column of y')
  .option('--z <column>', 'csv: column of z; the graph then has three dimensions')
  .option('--time <column>', 'csv: column of the time (ISO 8601, or seconds or milliseconds since 1970)')
  .option('--kind <column>', 'csv: column of the kind')
  .option('--graph <name>', 'csv, swarm: name of the graph')
  .addOption(
    new Option('--metric <name>', 'csv, ndjson: haversine for x = longitude, y = latitude in degrees').choices([
      'euclidean',
      'haversine',
    ]),
  )
  .option('--within <x,y,radius>', 'nodes within a radius of a place; may be repeated', gather, [])
  .option('--nearest <x,y,k>', 'the k nodes nearest to a place; may be repeated', gather, [])
  .option(
    '--zone <name=shape>',
    'circle:x,y,radius, box:minX,minY,maxX,maxY or polygon:x1,y1,…; may be repeated',
    gather,
    [],
  )
  .option('--watch', 'tell and count who enters, leaves and crosses the zones', false)
  .option('--detect <kinds>', 'of enter, exit, inside, cross, what --watch is to tell (all but inside)')
  .option('--format <name>', 'csv, ndjson or parquet, where the name of the file does not say it')
  .option('--delimiter <char>', 'csv: what separates the columns')
  .option('--encoding <name>', 'csv, ndjson: of a file that is not UTF-8')
  .option('--strict', 'stop at the first bad row', false)
  .option('--limit <n>', 'rows or moves to publish at most', whole)
  .option('--workers <n>', 'worker threads', whole)
  .option('--shards <n>', 'partitions', whole)
  .option('--check', 'recompute the answers in plain JavaScript and compare', false)
  .option('--json', 'print the summary for programs', false)
  .option('--quiet', 'show nothing while it runs', false)
  .action(async (source: string, options: Omit<RunOptions, 'source'>) => {
    process.exitCode = await run({ source, ...options });
  });

program
  .command('graph')
  .description('load a graph, run algorithms over it and say what came out')
  .argument(
    '<source>',
    "a file of edges (source target [weight] a line), .ndjson of events, .gz of these, or 'airports'",
  )
  .option('--pagerank', 'rank of each node', false)
  .option('--components', 'weakly connected components', false)
  .option('--strong', 'strongly connected components', false)
  .option('--communities [rounds]', 'communities by label propagation, 10 rounds by default', whole)
  .option('--clustering', 'local clustering coefficient of each node', false)
  .option('--triangles', 'number of triangles', false)
  .option('--bfs <id>', 'hops from a node to each')
  .option('--shortest-paths <id>', 'distance from a node to each, by weights')
  .option('--path <from,to>', 'the nodes along a shortest path')
  .option('--directed', 'edges lead from source to target (default)', false)
  .option('--undirected', 'edges lead both ways', false)
  .option('--kind <kind>', 'edges of that kind alone')
  .option('--graph <name>', 'ndjson: which of its graphs')
  .option('--format <name>', 'edges or ndjson, where the name of the file does not say it')
  .option('--encoding <name>', 'of a file that is not UTF-8')
  .option('--no-weights', 'edges: pass over the third column')
  .option('--top <n>', 'how many nodes and groups are shown', whole, 10)
  .option('--out <file>', 'write a row for each node: .csv, .csv.gz')
  .option('--nodes-capacity <n>', 'nodes that there is room for, where the guess from the file is too low', whole)
  .option('--edges-capacity <n>', 'edges likewise', whole)
  .option('--workers <n>', 'worker threads (default: the number of cores)', whole)
  .option('--strict', 'stop at the first bad line', false)
  .option('--json', 'print the summary for programs', false)
  .option('--quiet', 'show nothing while it runs', false)
  .action(async (source: string, options: Omit<GraphRunOptions, 'source'>) => {
    process.exitCode = await runGraph({ source, ...options });
  });

// Whoever reads the summary may have read enough: `athanor run … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One line on the standard error, and the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    process.stderr.write(`athanor: ${firstLine(error).replace(/^error: /, '')}\n`);
    return 2;
  }
  if (!(error instanceof Problem || error instanceof AthanorError)) {
    // Not foreseen, so a fault of ours: the whole of it helps whoever reports it.
    process.stderr.write(`athanor: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
  process.stderr.write(`athanor: ${firstLine(error)}\n`);
  if (error instanceof Problem) return error.exitCode;
  return error.code === 'ATHANOR_INVALID_OPTION' ? 2 : 1;
}
