import { bfsTask } from '../algorithms/bfs.js';
import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { NodeId } from '../base/types.js';
import { maskChunks } from '../pool/csr-mask.js';
import type { Job } from '../pool/jobs.js';
import { checkId } from '../publish/check.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkWithinFilter, type WithinFilter } from '../query/check.js';
import {
  checkDirectionOf,
  type GraphJobOptions,
  type JobDirection,
  nodeValues,
  run,
  sidesOf,
} from './algorithm-job.js';
import type { EngineCore } from './core.js';
import type { GraphSnapshot } from './graph-snapshots.js';
import { checkJobOptions } from './job-options.js';
import type { NodeValues } from './node-values.js';

export interface PathJobOptions extends GraphJobOptions {
  direction?: JobDirection;
  /** Paths lead through nodes at a distance of a place alone, both ends included; each where it is as the job begins. */
  within?: WithinFilter;
}

function checkPathOptions(core: EngineCore, ref: GraphRef, options: PathJobOptions): void {
  checkJobOptions(options, ['direction', 'within']);
  checkDirectionOf(options.direction ?? 'out');
  if (options.within !== undefined) checkWithinFilter(core.publisher.refs.spaceOfRef(ref), options.within);
}

/** Compact index of a node of the snapshot. */
function indexOf(core: EngineCore, ref: GraphRef, graph: GraphSnapshot, field: string, id: NodeId): number {
  const row = core.readRow(ref);
  const handle = row === NO_ROW ? NO_ROW : core.publisher.nodes.find(row, id);
  const { handles } = graph;
  let low = 0;
  let high = handles.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (handles[middle]! < handle) low = middle + 1;
    else high = middle;
  }
  if (handles[low] === handle) return low;
  throw new AthanorError('ATHANOR_UNKNOWN_NODE', `${field}: there is no node ${show(id)} in graph '${ref.name}'`);
}

/** By compact index, whether a node may be entered; undefined where all may. */
async function allowedBy(
  core: EngineCore,
  ref: GraphRef,
  job: Job,
  graph: GraphSnapshot,
  within: WithinFilter | undefined,
): Promise<Uint8Array | undefined> {
  if (within === undefined) return undefined;
  const row = core.readRow(ref);
  const mask = job.memory.u8('paths.mask', graph.nodes);
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
  options: PathJobOptions,
): Promise<NodeValues> {
  checkId('source', source);
  checkPathOptions(core, ref, options);
  const { direction = 'out', within } = options;
  return run(
    core,
    ref,
    'bfs',
    options,
    sidesOf(direction),
    async (job, graph) => {
      const from = indexOf(core, ref, graph, 'source', source);
      const allowed = await allowedBy(core, ref, job, graph, within);
      const forward = (direction === 'both' ? graph.both : graph.out)!;
      const backward = (direction === 'both' ? graph.both : graph.in)!;
      const plan = bfsTask(job.memory, forward, backward, { source: from, allowed });
      return { kernel: 'bfs', ...plan, chunks: plan.mostChunks * 8 };
    },
    (graph, { task }) => nodeValues(core, ref, graph, task.values),
  );
}
