import type { ApplierEnd } from '../src/pool/applier.js';
import type { InspectResult } from '../src/pool/inspect.js';
import type { MapEnd } from '../src/pool/map-task.js';
import type { ParticipantEnd } from '../src/pool/participant.js';
import type { PoolTask } from '../src/pool/pool-task.js';
import { join } from '../src/pool/thread.js';
import apply from './apply.js';
import inspect from './inspect.js';
import job from './job.js';
import map from './map.js';

// Its slot tells that a thread has started and may be terminated. Node still links this module: a moment later it does not.
queueMicrotask(join);

/** The entry of every worker: whatever a worker ever runs is linked while it starts. */
export default function run(
  task?: PoolTask,
): ApplierEnd | InspectResult | ParticipantEnd | Promise<MapEnd> | undefined {
  if (task === undefined) return apply();
  if (task.kind === 'look') return undefined;
  if (task.kind === 'map') return map(task.map);
  return task.kind === 'job' ? job(task.job) : inspect(task.inspect);
}
