import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { AthanorError, show } from '../base/errors.js';
import { isSignal, readOptions, unreadable } from '../base/option-names.js';
import { failureOf } from '../pool/map-failure.js';
import { isTooDeep, MOST_LEVELS } from '../pool/nesting.js';

/** Options of `graphs.map`. */
export interface MapOptions<Data = unknown> {
  /** Names; default all graphs there are when the first result is asked for. A graph that is named twice is mapped twice. */
  graphs?: readonly string[];
  /** For the function; cloned once at the call, and once for each worker thread. Shared memory in it stays shared. */
  data?: Data;
  /** Readers show edges of that kind alone. */
  kind?: string;
  /** Ends it: the result that is waited for rejects with ATHANOR_ABORTED at once. */
  signal?: AbortSignal;
  /** Called with the number of graphs that are done, at most every 50 ms, and at the end. An error in it ends the map. */
  onProgress?: (done: number, total: number) => void;
  /**
   * What becomes of graphs whose function threw, or whose result cannot be cloned. 'throw' (default): `next()` rejects with
   * the graph's `MapError` when its turn comes, and may be called again for the other graphs; a `for await` loop ends there.
   * 'collect': the results of the other graphs come first; then `next()` rejects once with a `MapError` that holds them all
   * in `errors`.
   */
  onError?: 'throw' | 'collect';
  /** Graphs that may be mapped, or be at it, before the results are taken: what bounds the memory. Default 16,384. */
  ahead?: number;
}

const KNOWN = ['graphs', 'data', 'kind', 'signal', 'onProgress', 'onError', 'ahead'] as const;
const DEFAULT_AHEAD = 16_384;

function refuse(name: string, value: unknown, limit: string): never {
  throw new AthanorError('ATHANOR_INVALID_OPTION', `${name}: ${show(value)} is not ${limit}`);
}

/** Options with their defaults, checked. */
export interface ResolvedMapOptions {
  readonly module: string;
  readonly graphs: readonly string[] | undefined;
  readonly data: unknown;
  readonly kind: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
  readonly collects: boolean;
  readonly ahead: number;
}

/** @throws AthanorError ATHANOR_INVALID_OPTION */
export function resolveMapOptions(module: URL | string, options: MapOptions): ResolvedMapOptions {
  const read = readOptions('ATHANOR_INVALID_OPTION', options, KNOWN);
  const { kind, signal, onProgress, onError = 'throw', ahead = DEFAULT_AHEAD } = read;
  const graphs = read.graphs === undefined ? undefined : namesOf(read.graphs);
  if (graphs !== undefined) {
    for (let i = 0; i < graphs.length; i++) {
      if (typeof graphs[i] !== 'string') refuse(`graphs[${i}]`, graphs[i], 'a name');
    }
  }
  if (kind !== undefined && typeof kind !== 'string') refuse('kind', kind, 'a string');
  if (signal !== undefined && !isSignal(signal)) refuse('signal', signal, 'an AbortSignal');
  if (onProgress !== undefined && typeof onProgress !== 'function') refuse('onProgress', onProgress, 'a function');
  if (onError !== 'throw' && onError !== 'collect') refuse('onError', onError, "'throw' or 'collect'");
  if (!Number.isSafeInteger(ahead) || ahead < 1) refuse('ahead', ahead, 'a whole number from 1 up');
  return {
    module: urlOf(module),
    graphs,
    data: cloned(read.data),
    kind,
    signal,
    onProgress,
    collects: onError === 'collect',
    ahead,
  };
}

/** A copy of the caller's array. */
function namesOf(given: readonly string[]): string[] {
  try {
    if (Array.isArray(given)) return Array.from({ length: given.length }, (_, i) => given[i] as string);
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_OPTION', 'graphs', error);
  }
  return refuse('graphs', given, 'an array of names');
}

function urlOf(module: unknown): string {
  if (!types.isProxy(module) && module instanceof URL) {
    if (module.protocol === 'file:') return module.href;
    refuse('module', module.href, 'a file: URL');
  }
  if (typeof module === 'string') {
    if (isAbsolute(module)) return pathToFileURL(module).href;
    if (module.startsWith('file:') && URL.canParse(module)) return new URL(module).href;
  }
  refuse('module', module, 'an absolute path or a file: URL');
}

function cloned(data: unknown): unknown {
  let clone: unknown;
  try {
    clone = structuredClone(data);
  } catch (error) {
    // A getter may throw anything.
    const why = failureOf(error).message;
    throw new AthanorError('ATHANOR_INVALID_OPTION', `data: it cannot be cloned: ${why}`, { cause: error });
  }
  if (!isTooDeep(clone)) return clone;
  throw new AthanorError('ATHANOR_INVALID_OPTION', `data: it is nested deeper than ${MOST_LEVELS} levels`);
}
