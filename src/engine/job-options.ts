import { AthanorError, show } from '../base/errors.js';
import { isSignal } from '../base/option-names.js';
import { checkKind } from '../query/check.js';
import { readQuery } from '../query/fields.js';

/** Options that every job has. */
interface JobOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  kind?: string | undefined;
  onBuilt?: ((ms: number) => void) | undefined;
}

const JOB_OPTIONS = ['signal', 'onProgress', 'kind', 'onBuilt'] as const;

/**
 * The options as a plain object, those that every job has checked; `more` are names of a job's own.
 * @throws AthanorError ATHANOR_INVALID_QUERY
 */
export function readJobOptions<T extends JobOptions>(
  options: T,
  more: ReadonlyArray<Exclude<keyof T, keyof JobOptions> & string> = [],
): T {
  const read = readQuery(options, [...JOB_OPTIONS, ...more] as ReadonlyArray<keyof T & string>, 'options');
  const { signal, kind } = read;
  if (signal !== undefined && !isSignal(signal)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `signal: ${show(signal)} is not an AbortSignal`);
  }
  for (const name of ['onProgress', 'onBuilt'] as const) {
    if (read[name] === undefined || typeof read[name] === 'function') continue;
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${name}: ${show(read[name])} is not a function`);
  }
  if (kind !== undefined) checkKind(kind);
  return read;
}
