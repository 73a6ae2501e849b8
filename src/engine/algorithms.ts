import { clusteringTask } from '../algorithms/clustering.js';
import { communitiesTask } from '../algorithms/communities.js';
import { componentsTask } from '../algorithms/components.js';
import { pageRankResult, pageRankTask } from '../algorithms/pagerank.js';
import { strongComponentsTask } from '../algorithms/strong-components.js';
import { trianglesTask } from '../algorithms/triangles.js';
import { AthanorError, show } from '../base/errors.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkCount } from '../query/check.js';
import {
  checkDirectionOf,
  type GraphJobOptions,
  type JobDirection,
  nodeValues,
  run,
  sidesOf,
} from './algorithm-job.js';
import type { EngineCore } from './core.js';
import { readJobOptions } from './job-options.js';
import type { NodeValues } from './node-values.js';

/** Options of `pageRank`. */
export interface PageRankJobOptions extends GraphJobOptions {
  /** Probability of following an edge, 0 to 1. Default 0.85. */
  damping?: number;
  /** The job ends when the L1 change of a round is below it; 0 runs exactly `maxIterations`. Default 1e-6. */
  tolerance?: number;
  /** 1 to 1,000,000, default 100. */
  maxIterations?: number;
  /** Which edges are followed: those that leave a node, reach it, or both. */
  direction?: JobDirection;
}

/** Options of `communities`. */
export interface CommunitiesJobOptions extends GraphJobOptions {
  /** Rounds at most; fewer when a round changes nothing. 1 to 1,000,000, default 10. */
  iterations?: number;
  /** 'out': a neighbour that edges go to and come from counts twice; 'both': each neighbour once. */
  direction?: JobDirection;
}

/** Options of `clustering`. */
export interface ClusteringJobOptions extends GraphJobOptions {
  /** Which edges are followed: those that leave a node, reach it, or both. */
  direction?: JobDirection;
}

/** Rounds of a job: each is a turn of its board or two. */
const MOST_ROUNDS = 1_000_000;

function checkRounds(field: string, value: unknown): asserts value is number {
  checkCount(field, value);
  if (value <= MOST_ROUNDS) return;
  throw new AthanorError(
    'ATHANOR_INVALID_QUERY',
    `${field}: ${value} is more than ${MOST_ROUNDS}, the most rounds of a job`,
  );
}

function checkShare(field: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `${field}: ${show(value)} is not a number from 0 to 1`);
}

function checkTolerance(value: unknown): asserts value is number {
  if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `tolerance: ${show(value)} is not a finite number from 0 up`);
}

export async function runPageRank(core: EngineCore, ref: GraphRef, given: PageRankJobOptions): Promise<NodeValues> {
  const options = readJobOptions(given, ['damping', 'tolerance', 'maxIterations', 'direction']);
  const { damping = 0.85, tolerance = 1e-6, maxIterations = 100, direction = 'out' } = options;
  checkShare('damping', damping);
  checkTolerance(tolerance);
  checkRounds('maxIterations', maxIterations);
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

export async function runComponents(core: EngineCore, ref: GraphRef, given: GraphJobOptions): Promise<NodeValues> {
  const options = readJobOptions(given);
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

export async function runTriangles(core: EngineCore, ref: GraphRef, given: GraphJobOptions): Promise<number> {
  const options = readJobOptions(given);
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

export async function runClustering(core: EngineCore, ref: GraphRef, given: ClusteringJobOptions): Promise<NodeValues> {
  const options = readJobOptions(given, ['direction']);
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
  given: CommunitiesJobOptions,
): Promise<NodeValues> {
  const options = readJobOptions(given, ['iterations', 'direction']);
  const { iterations = 10, direction = 'out' } = options;
  checkRounds('iterations', iterations);
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
    (graph, { task }) => nodeValues(core, ref, graph, task.values, task.rounds[0]),
  );
}

export async function runStrongComponents(
  core: EngineCore,
  ref: GraphRef,
  given: GraphJobOptions,
): Promise<NodeValues> {
  const options = readJobOptions(given);
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
