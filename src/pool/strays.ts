import { AsyncLocalStorage } from 'node:async_hooks';
import { failureOf } from './map-failure.js';

/*
 * A user's function may leave something behind that throws when nobody is there to catch it: a timer, a promise that nobody
 * awaits. Node ends the thread for that, and the reason with it. Here it is told to whoever has the thread. Whose it is Node
 * tracks for each callback and promise, while somebody wants to know it: promises take several times as long meanwhile.
 */

/** Whoever calls a user's code, and hears of what that throws later. */
export interface Origin {
  stray(error: unknown): void;
}

const origins = new AsyncLocalStorage<Origin>();
const nobody: Origin = { stray: () => undefined };
let tracers = 0;
/** Those whose code may run in this thread. */
const live = new Set<Origin>();
let installed = false;

/** Node tracks calls until `endTracing`. */
export function beginTracing(): void {
  // It begins with a call.
  if (tracers++ === 0) origins.run(nobody, () => undefined);
}

export function endTracing(): void {
  if (--tracers === 0) origins.disable();
}

/** Between `beginTracing` and `endTracing`: calls a user's function for `origin`. */
export function callFor<A extends unknown[], R>(origin: Origin, task: (...args: A) => R, ...args: A): R {
  return origins.run(origin, task, ...args);
}

/** From now on nothing that a user's code throws ends this thread. */
export function watchStrays(): void {
  if (installed) return;
  installed = true;
  const caught = (error: unknown): void => {
    const origin = origins.getStore();
    if (origin !== undefined) origin.stray(error);
    else if (live.size === 0) warnOf('a function', error);
    // Nobody traced it, or it is thrown by a microtask, of which Node does not know the call: any of these may be it.
    else for (const one of live) one.stray(error);
  };
  process.on('uncaughtException', caught);
  process.on('unhandledRejection', caught);
}

/** Nobody is there to be told. */
export function warnOf(whose: string, error: unknown): void {
  const { message, cause } = failureOf(error);
  process.emitWarning(`graphs.map: what ${whose} left behind threw when its turn was over: ${message}`, {
    type: 'AthanorWarning',
    detail: String((cause as { stack?: unknown } | undefined)?.stack ?? ''),
  });
}

export function enter(origin: Origin): void {
  live.add(origin);
}

export function leave(origin: Origin): void {
  live.delete(origin);
}
