import { availableParallelism } from 'node:os';
import { createEngine, type Engine, type EngineOptions, type Graph } from '../../index.js';
import { Input } from '../file/input.js';
import { fitted, formatRate, formatThings } from '../format.js';
import { INTERRUPTED, Interrupts } from '../interrupts.js';
import { NODE_FORMATS, type NodeFormat, writeNodes } from '../out/node-rows.js';
import { isStandardOutput, type Target, targetOf } from '../out/target.js';
import { codeOf, firstLine, Problem } from '../problem.js';
import { Progress } from '../progress.js';
import { AirportsSource } from './airports.js';
import { answerOf } from './answers.js';
import { type Asked, askedOf } from './asked.js';
import { EdgeListSource } from './edge-list.js';
import { EventFileSource } from './event-file.js';
import type { GraphRunOptions, GraphSource } from './source.js';
import { type GraphOutcome, type Timed, toJson, toText } from './summary.js';

/** Worker threads of an engine, at most. */
const MOST_WORKERS = 32;

async function openSource(options: GraphRunOptions): Promise<GraphSource> {
  const { source, graph, nodesCapacity, edgesCapacity } = options;
  const events = options.format === undefined ? /\.(ndjson|jsonl)(\.gz)?$/i.test(source) : options.format === 'ndjson';
  if (graph !== undefined && !events) {
    throw new Problem(`--graph means nothing to the source ${source}: it is for files of events, .ndjson`);
  }
  if (source === 'airports') {
    if (nodesCapacity !== undefined || edgesCapacity !== undefined || options.strict) {
      throw new Problem('--nodes-capacity, --edges-capacity and --strict mean nothing to the source airports');
    }
    return AirportsSource.open();
  }
  if (options.kind !== undefined && !events) {
    throw new Problem(`--kind means nothing to the source ${source}: the lines of an edge list have no kinds`);
  }
  const input = await Input.open(source, options.encoding);
  return events ? new EventFileSource(input, options) : new EdgeListSource(input, options);
}

/** Of a run: the graph lives in one shard, and jobs run on all cores, since the main thread waits meanwhile. */
function engineOptionsOf(options: GraphRunOptions, source: GraphSource): EngineOptions {
  const { workers = Math.min(MOST_WORKERS, availableParallelism()), nodesCapacity, edgesCapacity } = options;
  const capacity = { ...source.capacity };
  if (nodesCapacity !== undefined) capacity.nodes = nodesCapacity;
  if (edgesCapacity !== undefined) capacity.edges = edgesCapacity;
  return { workers, shards: 1, capacity };
}

/** What the progress shows: loading is a step, and each algorithm. */
class Steps {
  label = 'loading';
  /** Of the step that is under way, 0 to 1. */
  share: () => number;
  readonly #steps: number;
  #before = 0;

  constructor(steps: number, share: () => number) {
    this.#steps = steps;
    this.share = share;
  }

  next(label: string): void {
    this.#before++;
    this.label = label;
    this.share = () => 0;
  }

  done(): number {
    return Math.min(1, (this.#before + this.share()) / this.#steps);
  }
}

/** `athanor graph`: loads a graph, runs what was asked, and says what came out. Resolves with the exit code. */
export async function runGraph(options: GraphRunOptions): Promise<number> {
  if (options.out === undefined && options.outFormat !== undefined) throw new Problem('--out-format needs --out');
  const asked = askedOf(options);
  const target = options.out === undefined ? undefined : await targetOf(options.out, NODE_FORMATS, options.outFormat);
  const source = await openSource(options);
  const engine = await createEngine(engineOptionsOf(options, source));
  const steps = new Steps(1 + asked.length, () => source.done());
  const progress = options.quiet ? undefined : new Progress(() => steps.done(), liveOf(source, steps));
  const interrupts = new Interrupts(
    () => progress?.write(INTERRUPTED),
    () => progress?.abandon(),
  );
  try {
    const outcome = await outcomeOf(engine, source, { asked, target, options, steps, progress }, interrupts.signal);
    // The rows have the standard output to themselves.
    const stream = target !== undefined && isStandardOutput(target.path) ? process.stderr : process.stdout;
    stream.write(`${options.json ? toJson(outcome) : fitted(toText(outcome, stream), stream)}\n`);
    if (outcome.interrupted) return interrupts.exitCode;
    return outcome.badRows.isAll ? 1 : 0;
  } catch (error) {
    progress?.abandon();
    throw explained(error);
  } finally {
    interrupts.end();
    await engine.close();
  }
}

interface Work {
  readonly asked: readonly Asked[];
  readonly target: Target<NodeFormat> | undefined;
  readonly options: GraphRunOptions;
  readonly steps: Steps;
  readonly progress: Progress | undefined;
}

async function outcomeOf(
  engine: Engine,
  source: GraphSource,
  { asked, target, options, steps, progress }: Work,
  signal: AbortSignal,
): Promise<GraphOutcome> {
  const answers: Timed[] = [];
  let out: GraphOutcome['out'];
  if (source.graphOptions !== undefined) engine.graph(source.graph, source.graphOptions);
  const startedMs = performance.now();
  await source.load(engine, signal);
  await engine.flush();
  const seconds = (performance.now() - startedMs) / 1000;
  const graph = engine.graph(source.graph);
  try {
    for (const one of asked) {
      if (signal.aborted) break;
      steps.next(one.algorithm);
      answers.push(await timed(graph, one, { options, signal, steps }));
    }
  } catch (error) {
    if (codeOf(error) !== 'ATHANOR_ABORTED') throw error;
  }
  progress?.stop();
  if (target !== undefined && !signal.aborted) {
    const columns = answers.flatMap(({ answer }) => answer.column ?? []);
    out = { path: target.path, rows: await writeNodes(target, graph, columns) };
  }
  return {
    source: source.name,
    directed: !options.undirected,
    kind: options.kind,
    nodes: graph.order,
    edges: graph.size,
    load: { rows: source.rows, edges: source.edges, seconds },
    answers,
    workers: engine.stats().workers.length,
    memoryBytes: engine.stats().memoryBytes,
    out,
    badRows: source.badRows,
    notes: source.notes,
    interrupted: signal.aborted,
  };
}

async function timed(
  graph: Graph,
  asked: Asked,
  run: { options: GraphRunOptions; signal: AbortSignal; steps: Steps },
): Promise<Timed> {
  const { options, signal, steps } = run;
  let buildMs = 0;
  const job = {
    signal,
    onBuilt: (ms: number) => {
      buildMs = ms;
    },
    onProgress: (done: number, total: number) => {
      steps.share = () => (total === 0 ? 0 : done / total);
    },
    ...(options.kind !== undefined && { kind: options.kind }),
  };
  const startedMs = performance.now();
  const answer = await answerOf(graph, asked, {
    direction: options.undirected ? 'both' : 'out',
    job,
    top: options.top,
  });
  return { answer, buildMs, kernelMs: Math.max(0, performance.now() - startedMs - buildMs) };
}

/** What is told while it goes on. */
function liveOf(source: GraphSource, steps: Steps): () => string {
  let lastEdges = 0;
  let lastMs = performance.now();
  return () => {
    if (steps.label !== 'loading') return `${formatThings(source.edges, 'edge')}  ${steps.label}`;
    const now = performance.now();
    const rate = formatRate(((source.edges - lastEdges) * 1000) / (now - lastMs));
    lastEdges = source.edges;
    lastMs = now;
    return `${formatThings(source.edges, 'edge')}  ${rate}`;
  };
}

/** Names the option of the command line where the engine's is exceeded. */
function explained(error: unknown): unknown {
  if (codeOf(error) !== 'ATHANOR_CAPACITY') return error;
  const line = firstLine(error);
  const option = /capacity\.(nodes|edges)/.exec(line)?.[1];
  return option === undefined ? error : new Problem(`${line}: raise --${option}-capacity`, 1);
}
