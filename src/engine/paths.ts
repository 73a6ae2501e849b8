import { bfsTask } from '../algorithms/bfs-task.js';
import { shortestPathResult, shortestPathTask } from '../algorithms/shortest-path.js';
import { ssspTask } from '../algorithms/sssp-task.js';
import { badWeightOf } from '../algorithms/weights.js';
import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { placeOf } from '../base/search.js';
import type { NodeId, WithinPlace } from '../base/types.js';
import type { Csr } from '../csr/csr.js';
import { maskChunks } from '../pool/csr-mask.js';
import type { Job } from '../pool/jobs.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkId } from '../query/check.js';
import { readWithinFilter } from '../query/fields.js';
import {
  checkDirectionOf,
  type GraphJobOptions,
  type JobDirection,
  nodeValues,
  run,
  sidesOf,
  takeSnapshot,
} from './algorithm-job.js';
import type { EngineCore } from './core.js';
import type { GraphSnapshot } from './graph-snapshots.js';
import { readJobOptions } from './job-options.js';
import type { NodeValues } from './node-values.js';

/** Options of jobs that follow paths. */
export interface PathJobOptions extends GraphJobOptions {
  /** Which edges are followed: those that leave a node, reach it, or both. */
  direction?: JobDirection;
  /**
   * Paths lead through nodes at a distance of a place alone, both ends included; each where it is when it is looked at, after
   * the snapshot was taken.
   */
  within?: WithinPlace;
}

/** Steps of a search, for progress: nobody knows how many there are. */
const STEPS_FORESEEN = 40;

function readPathOptions(core: EngineCore, ref: GraphRef, given: PathJobOptions): PathJobOptions {
  const options = readJobOptions(given, ['direction', 'within']);
  checkDirectionOf(options.direction ?? 'out');
  if (options.within === undefined) return options;
  return { ...options, within: readWithinFilter(core.publisher.refs.spaceOfRef(ref), options.within) };
}

function rowOf(core: EngineCore, ref: GraphRef, id: NodeId): number {
  const graph = core.readRow(ref);
  return graph === NO_ROW ? NO_ROW : core.publisher.nodes.find(graph, id);
}

/**
 * Compact index of a node of the snapshot. `handle` was its row as the job began: it may be gone since, and is a node of the
 * snapshot all the same.
 */
function indexOf(
  core: EngineCore,
  ref: GraphRef,
  graph: GraphSnapshot,
  field: string,
  id: NodeId,
  handle: number,
): number {
  for (const row of [handle, rowOf(core, ref, id)]) {
    const index = placeOf(graph.handles, row);
    if (index >= 0) return index;
  }
  throw new AthanorError('ATHANOR_UNKNOWN_NODE', `${field}: there is no node ${show(id)} in graph '${ref.name}'`);
}

/** By compact index, whether a node may be entered; undefined where all may. */
async function allowedBy(
  core: EngineCore,
  ref: GraphRef,
  job: Job,
  graph: GraphSnapshot,
  within: WithinPlace | undefined,
): Promise<Uint8Array | undefined> {
  if (within === undefined) return undefined;
  const row = core.readRow(ref);
  const mask = job.memory.u8('paths.mask', graph.nodes);
  // The graph was removed since: its nodes are nowhere.
  if (row === NO_ROW) return mask;
  const { x, y, z = 0, radius } = within;
  const data = {
    graph: row,
    generation: core.memory.graphBook.generation[row]!,
    shard: core.shardOf(row),
    handles: graph.handles,
    shape: { x, y, z, radius },
    mask,
  };
  await job.stage({ kernel: 'csr.mask', data, first: { phase: 0, chunks: maskChunks(graph.nodes) } });
  return mask;
}

export async function runBfs(
  core: EngineCore,
  ref: GraphRef,
  source: NodeId,
  given: PathJobOptions,
): Promise<NodeValues> {
  checkId('source', source);
  const options = readPathOptions(core, ref, given);
  const { direction = 'out', within } = options;
  const sourceRow = rowOf(core, ref, source);
  return run(
    core,
    ref,
    'bfs',
    options,
    sidesOf(direction),
    async (job, graph) => {
      const from = indexOf(core, ref, graph, 'source', source, sourceRow);
      const allowed = await allowedBy(core, ref, job, graph, within);
      const forward = (direction === 'both' ? graph.both : graph.out)!;
      const backward = (direction === 'both' ? graph.both : graph.in)!;
      const plan = bfsTask(job.memory, forward, backward, { source: from, allowed });
      return { kernel: 'bfs', ...plan, chunks: plan.mostChunks * 8 };
    },
    (graph, { task }) => nodeValues(core, ref, graph, task.values),
  );
}

/** Rows of snapshots whose weights are known to be numbers from 0 up. */
const checked = new WeakSet<Csr>();

/** After a stage that looked at the weights: one that is negative or not a number ends the job. */
function checkWeights(core: EngineCore, graph: GraphSnapshot, task: { forward: Csr; badArcs: Uint32Array }): void {
  const bad = badWeightOf(task);
  if (bad === undefined) {
    checked.add(task.forward);
    return;
  }
  const idOf = (index: number): string => show(core.memory.ids.idOf(graph.handles[index]!));
  throw new AthanorError(
    'ATHANOR_INVALID_QUERY',
    `edge from ${idOf(bad.source)} to ${idOf(bad.target)}: weight ${bad.weight} is not a number from 0 up`,
  );
}

export async function runShortestPaths(
  core: EngineCore,
  ref: GraphRef,
  source: NodeId,
  given: PathJobOptions,
): Promise<NodeValues> {
  checkId('source', source);
  const options = readPathOptions(core, ref, given);
  const { direction = 'out', within } = options;
  const sourceRow = rowOf(core, ref, source);
  return run(
    core,
    ref,
    'shortestPaths',
    options,
    { [direction]: true, weights: true },
    async (job, graph) => {
      const from = indexOf(core, ref, graph, 'source', source, sourceRow);
      const allowed = await allowedBy(core, ref, job, graph, within);
      const forward = graph[direction]!;
      const isUnchecked = !checked.has(forward);
      const plan = ssspTask(job.memory, forward, { source: from, allowed, isUnchecked });
      return { kernel: 'sssp', ...plan, chunks: plan.mostChunks * STEPS_FORESEEN };
    },
    (graph, { task }) => {
      checkWeights(core, graph, task);
      return nodeValues(core, ref, graph, task.values);
    },
  );
}

export async function runShortestPath(
  core: EngineCore,
  ref: GraphRef,
  source: NodeId,
  target: NodeId,
  given: PathJobOptions,
): Promise<{ nodes: NodeId[]; length: number } | undefined> {
  checkId('source', source);
  checkId('target', target);
  const options = readPathOptions(core, ref, given);
  const { direction = 'out', within } = options;
  const sourceRow = rowOf(core, ref, source);
  const targetRow = rowOf(core, ref, target);
  const parts = { ...sidesOf(direction), weights: true, rank: true };
  return core.jobs.run('shortestPath', options, async (job) => {
    const graph = await takeSnapshot(core, ref, job, options, parts);
    const from = indexOf(core, ref, graph, 'source', source, sourceRow);
    const to = indexOf(core, ref, graph, 'target', target, targetRow);
    const allowed = await allowedBy(core, ref, job, graph, within);
    const forward = graph[direction]!;
    const backward = (direction === 'both' ? graph.both : graph.in)!;
    const isUnchecked = !checked.has(forward);
    const sides = { forward, backward, rank: graph.rank! };
    const ends = { source: from, target: to, allowed, isUnchecked };
    const { task, first, mostChunks } = shortestPathTask(job.memory, sides, ends);
    job.expect(first.chunks + 1);
    await job.stage({ kernel: 'shortestPath', data: task, first, mostChunks });
    checkWeights(core, graph, task);
    const found = shortestPathResult(task);
    if (found === undefined) return undefined;
    const { ids } = core.memory;
    return { nodes: Array.from(found.nodes, (index) => ids.idOf(graph.handles[index]!)!), length: found.length };
  });
}
