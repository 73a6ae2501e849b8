import { AthanorError, show } from '../base/errors.js';
import type { PhasePlan } from '../base/kernel.js';
import { weigh } from '../memory/reserve.js';
import type { Job, JobOptions } from '../pool/jobs.js';
import type { GraphRef } from '../publish/graph-refs.js';
import type { EngineCore } from './core.js';
import type { CsrParts, GraphSnapshot } from './graph-snapshots.js';
import { NodeValues } from './node-values.js';

/** 'out': edges from source to target; 'both': the graph read as undirected, each neighbour once. */
export type JobDirection = 'out' | 'both';

/** Options of jobs over a whole graph. */
export interface GraphJobOptions extends JobOptions {
  /** Edges of that kind alone. */
  kind?: string;
  /**
   * Called when the snapshot that the algorithm works on is there, with the milliseconds that it took: next to none where
   * another job has built it. Again when a worker was lost and the job begins anew.
   */
  onBuilt?: (ms: number) => void;
}

/** A stage over a snapshot, and how many chunks it has in all, about. */
export interface AlgorithmStage {
  readonly kernel: string;
  readonly task: unknown;
  readonly first: PhasePlan;
  readonly mostChunks: number;
  readonly chunks: number;
}

export function checkDirectionOf(direction: unknown): asserts direction is JobDirection {
  if (direction === 'out' || direction === 'both') return;
  throw new AthanorError('ATHANOR_INVALID_QUERY', `direction: ${show(direction)} is none of 'out', 'both'`);
}

/** What an algorithm reads that goes along edges and against them. */
export function sidesOf(direction: JobDirection): CsrParts {
  return direction === 'both' ? { both: true } : { out: true, in: true };
}

export async function takeSnapshot(
  core: EngineCore,
  ref: GraphRef,
  job: Job,
  options: GraphJobOptions,
  parts: CsrParts,
): Promise<GraphSnapshot> {
  const startedMs = core.host.now();
  const graph = await core.snapshots.take(job, ref, options.kind, parts);
  options.onBuilt?.(core.host.now() - startedMs);
  return graph;
}

/** Takes the snapshot, runs one stage over it. */
export async function run<S extends AlgorithmStage, R>(
  core: EngineCore,
  ref: GraphRef,
  name: string,
  options: GraphJobOptions,
  parts: CsrParts,
  plan: (job: Job, graph: GraphSnapshot) => S | Promise<S>,
  result: (graph: GraphSnapshot, stage: S) => R,
): Promise<R> {
  return core.jobs.run(name, options, async (job) => {
    const graph = await takeSnapshot(core, ref, job, options, parts);
    const stage = await plan(job, graph);
    job.expect(stage.chunks);
    if (graph.nodes > 0) {
      const { kernel, task, first, mostChunks } = stage;
      await job.stage({ kernel, data: task, first, mostChunks });
    }
    return result(graph, stage);
  });
}

export function nodeValues(
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
