import { LEAST_RADIUS, MOST_RADIUS, squareLimit } from '../base/distance.js';
import { NO_ROW } from '../base/limits.js';
import { GraphOption } from '../base/space.js';
import { chordLimit, NEAR_ANTIPODE } from '../base/sphere.js';
import { resultBytesLimit, weigh } from '../memory/reserve.js';
import type { Job, JobOptions } from '../pool/jobs.js';
import type { SnapshotTask } from '../pool/snapshot.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkDistance } from '../query/check.js';
import { checkResults } from '../query/many.js';
import { bucketsOf, keyChunks } from '../query/pair-order.js';
import { boxLevels, buildChunks, joinChunks, type PairJoin, PairPhase } from '../query/pairs.js';
import type { EngineCore } from './core.js';
import { readJobOptions } from './job-options.js';

/** Pair i is `sources[i]` and `targets[i]`, source < target, `distances[i]` apart. Over shared memory. */
export interface NodePairs {
  /** Handle of one node of each pair. */
  sources: Uint32Array;
  /** Handle of the other. */
  targets: Uint32Array;
  /** Distance between them. */
  distances: Float64Array;
}

/** A source, a target and a distance. */
const PAIR_BYTES = 16;

/** Every pair of the graph's nodes at distance <= radius, at one moment of the graph. */
export async function runPairs(core: EngineCore, ref: GraphRef, radius: number, given: JobOptions): Promise<NodePairs> {
  checkDistance('radius', radius);
  const options = readJobOptions(given);
  return core.jobs.run('pairsWithin', options, async (job) => {
    const { memory } = job;
    const { found, rows, positions, bounds, dims, sphereRadius } = await snapshot(core, job, ref);
    const chunks = joinChunks(found);
    let join: PairJoin = {
      points: found,
      dims,
      givenRows: rows,
      givenPositions: positions,
      bounds,
      buckets: memory.u32('pairs.buckets', found),
      counts: memory.u32('pairs.counts', bucketsOf(found) * keyChunks(found)),
      places: memory.u32('pairs.places', bucketsOf(found) * keyChunks(found)),
      looseRows: memory.u32('pairs.looseRows', found),
      loosePositions: memory.f64('pairs.loosePositions', found * dims),
      rows: memory.u32('pairs.order', found),
      positions: memory.f64('pairs.ordered', found * dims),
      ...boundsOf(radius, sphereRadius),
      sphereRadius,
      radius,
      boxes: memory.f64('pairs.boxes', boxLevels(found).at(-1)! * dims * 2),
      chunkPairs: memory.f64('pairs.chunkPairs', chunks),
      chunkStart: memory.f64('pairs.chunkStart', chunks),
      sources: undefined,
      targets: undefined,
      distances: undefined,
    };
    job.total = 1 + 2 * keyChunks(found) + buildChunks(found) + 2 * chunks;
    if (found > 1) {
      const first = { phase: PairPhase.key, chunks: keyChunks(found) };
      await job.stage({ kernel: 'pairs', data: join, first, mostChunks: chunks });
    }
    let pairs = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      join.chunkStart[chunk] = pairs;
      pairs += join.chunkPairs[chunk]!;
    }
    checkResults('pairsWithin', pairs, PAIR_BYTES, resultBytesLimit());
    const result = {
      sources: memory.u32('pairs.sources', pairs),
      targets: memory.u32('pairs.targets', pairs),
      distances: memory.f64('pairs.distances', pairs),
    };
    join = { ...join, ...result };
    if (pairs > 0) await job.stage({ kernel: 'pairs', data: join, first: { phase: PairPhase.write, chunks } });
    weigh(result.distances.buffer, pairs * PAIR_BYTES);
    return result;
  });
}

/** Squares of distances, or of chords: above `square` none is within the radius, up to `certain` all are. */
function boundsOf(radius: number, sphereRadius: number | undefined): { square: number; certain: number } {
  const limit = sphereRadius === undefined ? squareLimit(radius) : chordLimit(radius, sphereRadius);
  if (!Number.isNaN(limit)) return { square: limit, certain: limit };
  if (radius / (sphereRadius ?? 1) < LEAST_RADIUS) return { square: 4 * LEAST_RADIUS * LEAST_RADIUS, certain: -1 };
  const certain = sphereRadius === undefined ? MOST_RADIUS * MOST_RADIUS * 0.99 : NEAR_ANTIPODE;
  return { square: Number.POSITIVE_INFINITY, certain };
}

interface Points {
  readonly found: number;
  readonly rows: Uint32Array;
  readonly positions: Float64Array;
  readonly bounds: Float64Array;
  readonly dims: number;
  readonly sphereRadius: number | undefined;
}

/** The graph's points, copied while no event is applied to it. */
async function snapshot(core: EngineCore, job: Job, ref: GraphRef): Promise<Points> {
  const graph = core.readRow(ref);
  if (graph === NO_ROW) {
    const none = job.memory.f64('pairs.positions', 0);
    return {
      found: 0,
      rows: job.memory.u32('pairs.rows', 0),
      positions: none,
      bounds: none,
      dims: 2,
      sphereRadius: undefined,
    };
  }
  const { options, radius } = core.memory.graphs;
  const dims = (options[graph]! & GraphOption.anySpace) === 0 ? 2 : 3;
  const sphereRadius = (options[graph]! & GraphOption.sphere) === 0 ? undefined : radius[graph]!;
  // Once: while the copy is tried again the row may become another graph's.
  const generation = core.memory.graphBook.generation[graph]!;
  for (let room = core.memory.spatial.index.count[graph]!; ; ) {
    // More may come before the moment: if they do not fit, with more room again.
    room = Math.ceil(room * 1.25) + 1024;
    const task: SnapshotTask = {
      graph,
      generation,
      shard: core.shardOf(graph),
      rows: job.memory.u32('pairs.rows', room),
      positions: job.memory.f64('pairs.positions', room * dims),
      dims,
      found: job.memory.f64('pairs.found', 1),
      bounds: job.memory.f64('pairs.bounds', 4),
    };
    await job.stage({ kernel: 'snapshot', data: task, first: { phase: 0, chunks: 1 }, standStill: true });
    const found = task.found[0]!;
    if (found <= room) {
      return { found, rows: task.rows, positions: task.positions, bounds: task.bounds, dims, sphereRadius };
    }
    room = found;
  }
}
