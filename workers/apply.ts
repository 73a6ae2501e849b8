import type { ApplierEnd } from '../src/pool/applier.js';
import { join } from '../src/pool/thread.js';
// All that a worker ever runs is linked while it starts: Node.js 20 does not survive a thread that ends while it links.
import './inspect.js';
import './job.js';

// Its slot tells that a thread has started and may be terminated. Node still links this module: a moment later it does not.
queueMicrotask(join);

/** Pool task: applies ready shards until there is nothing left to do. */
export default function apply(): ApplierEnd {
  return join().applier.run();
}
