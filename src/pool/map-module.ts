import { once } from 'node:events';
import type { GraphReader } from '../query/graph-reader.js';
import { failureOf } from './map-failure.js';
import type { MapData, MapEnd, MapMessage, MapTask } from './map-task.js';
import { beginTracing, callFor, endTracing, type Origin } from './strays.js';

/** What a module is waited for when its job is over: Node.js 20 does not survive a thread's end while it links. */
const LINK_MS = 2_000;

export interface MapModule {
  readonly map: (graph: GraphReader, data: unknown) => unknown;
  readonly data: unknown;
}

/** What this thread keeps of jobs between its tasks: weakly, since it can be asked for again. */
const modules = new Map<number, WeakRef<MapModule>>();

/**
 * Worker thread. The task's module with its data. `settled` waits for a promise: false when the job was over before, and for
 * so many milliseconds more. `origin` hears of what the module throws beside its loading.
 */
export async function loadModule(
  task: MapTask,
  origin: Origin,
  settled: (promise: Promise<unknown>, graceMs: number) => Promise<boolean>,
): Promise<MapModule | MapEnd> {
  const { id, module: url, port } = task;
  const known = modules.get(id)?.deref();
  if (known !== undefined) return known;
  for (const [other, reference] of modules) if (reference.deref() === undefined) modules.delete(other);
  let map: unknown;
  beginTracing();
  try {
    const importing = callFor(origin, () => import(url) as Promise<{ default?: unknown }>);
    if (!(await settled(importing, LINK_MS))) return { why: 'over' };
    map = (await importing).default;
  } catch (error) {
    return { why: 'module', failure: failureOf(error) };
  } finally {
    endTracing();
  }
  if (typeof map !== 'function') {
    return { why: 'module', failure: failureOf(new TypeError('its default export is not a function')) };
  }
  const answer = once(port, 'message') as Promise<[MapData]>;
  const unreadable = once(port, 'messageerror') as Promise<[Error]>;
  port.postMessage('data' satisfies MapMessage);
  const first = Promise.race([answer, unreadable]);
  if (!(await settled(first, 0))) return { why: 'over' };
  const [got] = await first;
  // A thread with less stack than the main one, say.
  if (got instanceof Error) return { why: 'module', failure: failureOf(got, 'its data cannot be read: ') };
  const module: MapModule = { map: map as MapModule['map'], data: got.data };
  modules.set(id, new WeakRef(module));
  return module;
}
