import type { Command } from 'commander';
import { oneOf, whole } from '../values.js';
import { runGraph } from './run.js';
import type { GraphRunOptions } from './source.js';

/** What is off where it is not asked for. */
const OFF = {
  pagerank: false,
  components: false,
  strong: false,
  triangles: false,
  clustering: false,
  directed: false,
  undirected: false,
  strict: false,
  json: false,
  quiet: false,
};

const EXAMPLES = `
Examples:
  athanor graph wiki-Vote.txt.gz --pagerank --components
  athanor graph roads.csv --undirected --path 17,4711 --shortest-paths 17 --out distances.csv
  zcat edges.gz | athanor graph - --pagerank --out - --quiet | sort -t, -k2 -g
  athanor graph calls.txt --no-weights --communities 20

Ids that are whole numbers are numbers; in quotes they are text: --bfs '"17"', --path '"a,b",c'.
`;

/** `athanor graph`. `done` is given the exit code. */
export function addGraphCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('graph')
    .description('Loads a graph, runs algorithms over it, and says what came out.')
    .argument(
      '<source>',
      "a file of edges (source target [weight] a line), .ndjson of events, .gz of these, - for the standard input, or 'airports'",
    )
    .optionsGroup('Algorithms:')
    .option('--pagerank', 'rank of each node')
    .option('--components', 'weakly connected components')
    .option('--strong', 'strongly connected components')
    .option('--communities [rounds]', 'communities by label propagation, 10 rounds by default', whole)
    .option('--clustering', 'local clustering coefficient of each node')
    .option('--triangles', 'number of triangles')
    .option('--bfs <id>', 'hops from a node to each')
    .option('--shortest-paths <id>', 'distance from a node to each, by weights')
    .option('--path <from,to>', 'the nodes along a shortest path')
    .optionsGroup('The graph:')
    .option('--directed', 'edges lead from source to target; they do by default')
    .option('--undirected', 'edges lead both ways')
    .option('--no-weights', 'files of edges: pass over the third column')
    .option('--kind <kind>', 'events: edges of that kind only')
    .option('--graph <name>', 'events: which of the graphs')
    .option(
      '--format <name>',
      'edges or ndjson, where the name of the source does not say it',
      oneOf(['edges', 'ndjson']),
    )
    .option('--encoding <name>', 'of text that is not UTF-8, as latin1 or utf-16le')
    .option('--strict', 'stop at the first bad line')
    .option('--nodes-capacity <n>', 'nodes that there is room for, where the guess from the file is too low', whole)
    .option('--edges-capacity <n>', 'edges likewise', whole)
    .optionsGroup('The run and what it prints:')
    .option('--top <n>', 'how many nodes and groups are shown', whole, 10)
    .option('--out <file>', 'write a row for each node: .csv, .json, .ndjson, .gz of these, or -')
    .option('--out-format <name>', 'csv, json or ndjson: where the name of the file does not say it')
    .option('--json', 'print the summary for programs')
    .option('--quiet', 'show nothing while it runs')
    .option('--workers <n>', 'worker threads (default: the number of cores)', whole)
    .addHelpText('after', EXAMPLES)
    .action(async (source: string, options: Omit<GraphRunOptions, 'source'>) => {
      done(await runGraph({ source, ...OFF, ...options }));
    });
}
