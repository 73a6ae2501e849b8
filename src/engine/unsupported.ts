import { AthanorError } from '../base/errors.js';

/*
 * The part of the public surface that is not built yet. A program that asks for it is told so by name, with
 * ATHANOR_UNSUPPORTED; the types leave it out, so that nobody builds on it unknowingly. Each capability takes its names out
 * of here when it is built.
 */

/** Called at once: they return a value, or something to iterate. */
const GRAPH_VALUES = ['publishColumns'];
const ENGINE_VALUES = ['projected', 'projectedColumns', 'subscribe', 'share'];
/** Called for a promise: they reject. */
const ENGINE_PROMISES = ['cached', 'snapshot'];

export function unsupported(name: string): AthanorError {
  return new AthanorError('ATHANOR_UNSUPPORTED', `${name} is not built yet`);
}

function define(prototype: object, owner: string, values: string[], promises: string[]): void {
  for (const name of values) {
    const value = (): never => {
      throw unsupported(`${owner}.${name}`);
    };
    Object.defineProperty(prototype, name, { value, configurable: true });
  }
  for (const name of promises) {
    const value = (): Promise<never> => Promise.reject(unsupported(`${owner}.${name}`));
    Object.defineProperty(prototype, name, { value, configurable: true });
  }
}

/** Once, when the classes are there. */
export function refuseUnbuilt(engine: { prototype: object }, graph: { prototype: object }): void {
  define(graph.prototype, 'Graph', GRAPH_VALUES, []);
  define(engine.prototype, 'Engine', ENGINE_VALUES, ENGINE_PROMISES);
}
