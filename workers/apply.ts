import type { ApplierEnd } from '../src/pool/applier.js';
import { join } from '../src/pool/thread.js';

/** Pool task: applies ready shards until there is nothing left to do. */
export default function apply(): ApplierEnd {
  return join().applier.run();
}
