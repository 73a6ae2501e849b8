import type { InspectTask } from './inspect.js';
import type { MapTask } from './map-task.js';
import type { JobTask } from './participant.js';

/**
 * What both sides of the pool know of a task; none is an applier's. One entry for all kinds, since a thread links what it
 * has not run before: Node.js 20 ends the whole process when a thread is terminated meanwhile.
 */
export type PoolTask =
  | { readonly kind: 'inspect'; readonly inspect: InspectTask }
  | { readonly kind: 'job'; readonly job: JobTask }
  | { readonly kind: 'map'; readonly map: MapTask }
  /** Nothing: its end makes the pool look at the tasks that wait. */
  | { readonly kind: 'look' };
