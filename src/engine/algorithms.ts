import { clusteringTask } from '../algorithms/clustering.js';
import { communitiesTask } from '../algorithms/communities.js';
import { componentsTask } from '../algorithms/components.js';
import { pageRankResult, pageRankTask } from '../algorithms/pagerank.js';
import { strongComponentsTask } from '../algorithms/strong-components.js';
import { trianglesTask } from '../algorithms/triangles.js';
import { AthanorError, show } from '../base/errors.js';
import type { PhasePlan } from '../base/kernel.js';
import { weigh } from '../memory/reserve.js';
import type { Job, JobOptions } from '../pool/jobs.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkCount } from '../query/check.js';
import type { EngineCore } from './core.js';
import type { CsrParts, GraphSnapshot } from './graph-snapshots.js';
import { checkJobOptions } from './job-options.js';
import { NodeValues } from './node-values.js';

/** 'out': edges from source to target; 'both': the graph read as undirected, each neighbour once. */
export type JobDirection = 'out' | 'both';

export interface GraphJobOptions extends JobOptions {
  /** Edges of that kind alone. */
  kind?: string;
  /**
   * Called when the snapshot that the algorithm works on is there, with the milliseconds that it took: next to none where
   * another job has built it. Again when a worker was lost and the job begins anew.
   */
  onBuilt?: (ms: number) => void;
}

export interface PageRankJobOptions extends GraphJobOptions {
  /** Probability of following an edge, 0 to 1. Default 0.85. */
  damping?: number;
  /** The job ends when the L1 change of a round is below it; 0 runs exactly `maxIterations`. Default 1e-6. */
  tolerance?: number;
  /** Default 100. */
  maxIterations?: number;
  direction?: JobDirection;
}

export interface CommunitiesJobOptions extends GraphJobOptions {
  /** Rounds at most. Default 10. */
  iterations?: number;
  /** 'out': a neighbour that edges go to and come from counts twice; 'both': each neighbour once. */
  direction?: JobDirection;
}

export interface ClusteringJobOptions extends GraphJobOptions {
  direction?: JobDirection;
}

/** A stage over a snapshot, and how many chunks it has in all, about. */
interface AlgorithmStage {
  readonly kernel: string;
  readonly task: unknown;
  readonly first: PhasePlan;
  readonly mostChunks: number;
  readonly chunks: number;
}

function checkDirectionOf(direction: unknown): asserts direction is JobDirection {
  if (direction === 'out' || direction === 'both') return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `direction: ${show(direction)} is none of 'out', 'both'`);
}

function checkShare(field: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a number from 0 to 1`);
}

function checkTolerance(value: unknown): asserts value is number {
  if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `tolerance: ${show(value)} is not a finite number from 0 up`);
}

/** What an algorithm reads that goes along edges and against them. */
function sidesOf(direction: JobDirection): CsrParts {
  return direction === 'both' ? { both: true } : { out: true, in: true };
}

/** Takes the snapshot, runs one stage over it. */
async function run<S extends AlgorithmStage, R>(
  core: EngineCore,
  ref: GraphRef,
  name: string,
  options: GraphJobOptions,
  parts: CsrParts,
  plan: (job: Job, graph: GraphSnapshot) => S,
  result: (graph: GraphSnapshot, stage: S) => R,
): Promise<R> {
  return core.jobs.run(name, options, async (job) => {
    const startedMs = core.host.now();
    const graph = await core.snapshots.take(job, ref, options.kind, parts);
    options.onBuilt?.(core.host.now() - startedMs);
    const stage = plan(job, graph);
    job.expect(stage.chunks);
    if (graph.nodes > 0) {
      const { kernel, task, first, mostChunks } = stage;
      await job.stage({ kernel, data: task, first, mostChunks });
    }
    return result(graph, stage);
  });
}

function nodeValues(
  core: EngineCore,
  ref: GraphRef,
  graph: GraphSnapshot,
  values: Float64Array,
  iterations?: number,
): NodeValues {
  weigh(values.buffer, values.byteLength);
  const { nodes } = core.publisher;
  const row = core.readRow(ref);
  const { handles, epoch } = graph;
  return new NodeValues(core.idSource, (id) => nodes.find(row, id), { handles, values, epoch, iterations });
}

export async function runPageRank(core: EngineCore, ref: GraphRef, options: PageRankJobOptions): Promise<NodeValues> {
  checkJobOptions(options, ['damping', 'tolerance', 'maxIterations', 'direction']);
  const { damping = 0.85, tolerance = 1e-6, maxIterations = 100, direction = 'out' } = options;
  checkShare('damping', damping);
  checkTolerance(tolerance);
  checkCount('maxIterations', maxIterations);
  checkDirectionOf(direction);
  return run(
    core,
    ref,
    'pageRank',
    options,
    sidesOf(direction),
    ({ memory }, graph) => {
      const inward = (direction === 'both' ? graph.both : graph.in)!;
      const outward = (direction === 'both' ? graph.both : graph.out)!;
      const plan = pageRankTask(memory, inward, outward, { damping, tolerance, maxIterations });
      return { kernel: 'pageRank', ...plan, chunks: plan.mostChunks * (maxIterations + 1) };
    },
    (graph, { task }) => {
      const { values, iterations } = pageRankResult(task);
      return nodeValues(core, ref, graph, values, iterations);
    },
  );
}

export async function runComponents(core: EngineCore, ref: GraphRef, options: GraphJobOptions): Promise<NodeValues> {
  checkJobOptions(options);
  return run(
    core,
    ref,
    'weaklyConnectedComponents',
    options,
    { both: true, rank: true },
    ({ memory }, graph) => {
      const plan = componentsTask(memory, graph);
      return { kernel: 'components', ...plan, chunks: plan.mostChunks * 6 };
    },
    (graph, { task }) => nodeValues(core, ref, graph, task.values),
  );
}

export async function runTriangles(core: EngineCore, ref: GraphRef, options: GraphJobOptions): Promise<number> {
  checkJobOptions(options);
  return run(
    core,
    ref,
    'triangles',
    options,
    { both: true },
    ({ memory }, graph) => {
      const plan = trianglesTask(memory, graph);
      return { kernel: 'triangles', ...plan, chunks: plan.mostChunks * 4 };
    },
    (_graph, { task }) => task.total[0]!,
  );
}

export async function runClustering(
  core: EngineCore,
  ref: GraphRef,
  options: ClusteringJobOptions,
): Promise<NodeValues> {
  checkJobOptions(options, ['direction']);
  const { direction = 'out' } = options;
  checkDirectionOf(direction);
  return run(
    core,
    ref,
    'localClustering',
    options,
    sidesOf(direction),
    ({ memory }, graph) => {
      const plan = clusteringTask(memory, graph, { direction });
      return { kernel: 'clustering', ...plan, chunks: plan.mostChunks * 4 };
    },
    (graph, { task }) => nodeValues(core, ref, graph, task.values),
  );
}

export async function runCommunities(
  core: EngineCore,
  ref: GraphRef,
  options: CommunitiesJobOptions,
): Promise<NodeValues> {
  checkJobOptions(options, ['iterations', 'direction']);
  const { iterations = 10, direction = 'out' } = options;
  checkCount('iterations', iterations);
  checkDirectionOf(direction);
  return run(
    core,
    ref,
    'communities',
    options,
    { ...sidesOf(direction), rank: true },
    ({ memory }, graph) => {
      const plan = communitiesTask(memory, graph, { iterations, direction });
      return { kernel: 'communities', ...plan, chunks: plan.mostChunks * (iterations + 2) };
    },
    (graph, { task }) => nodeValues(core, ref, graph, task.values),
  );
}

export async function runStrongComponents(
  core: EngineCore,
  ref: GraphRef,
  options: GraphJobOptions,
): Promise<NodeValues> {
  checkJobOptions(options);
  return run(
    core,
    ref,
    'stronglyConnectedComponents',
    options,
    { out: true, in: true, rank: true },
    ({ memory }, graph) => {
      const plan = strongComponentsTask(memory, graph);
      return { kernel: 'strongComponents', ...plan, chunks: plan.mostChunks * 8 };
    },
    (graph, { task }) => nodeValues(core, ref, graph, task.values),
  );
}
