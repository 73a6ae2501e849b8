import type { ApplierEnd } from '../src/pool/applier.js';
import type { InspectResult } from '../src/pool/inspect.js';
import type { ParticipantEnd } from '../src/pool/participant.js';
import type { PoolTask } from '../src/pool/pool-task.js';
import { join } from '../src/pool/thread.js';
import apply from './apply.js';
import inspect from './inspect.js';
import job from './job.js';

// Its slot tells that a thread has started and may be terminated. Node still links this module: a moment later it does not.
queueMicrotask(join);

/** The entry of every worker: whatever a worker ever runs is linked while it starts. */
export default function run(task?: PoolTask): ApplierEnd | InspectResult | ParticipantEnd {
  if (task === undefined) return apply();
  return task.kind === 'job' ? job(task.job) : inspect(task.inspect);
}
