import { AthanorError, show } from '../base/errors.js';
import { checkOptionNames } from '../base/option-names.js';
import { checkKind, checkObject } from '../query/check.js';

const JOB_OPTIONS = ['signal', 'onProgress', 'kind', 'onBuilt'];

/** Options that every job has; `more` are names of a job's own. */
export function checkJobOptions(
  options: { signal?: unknown; onProgress?: unknown; kind?: unknown; onBuilt?: unknown },
  more: readonly string[] = [],
): void {
  checkObject('options', options);
  checkOptionNames('ATHANOR_INVALID_QUERY', options, [...JOB_OPTIONS, ...more]);
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new AthanorError('ATHANOR_INVALID_QUERY', `signal: ${show(signal)} is not an AbortSignal`);
  }
  for (const name of ['onProgress', 'onBuilt'] as const) {
    if (options[name] === undefined || typeof options[name] === 'function') continue;
    throw new AthanorError('ATHANOR_INVALID_QUERY', `${name}: ${show(options[name])} is not a function`);
  }
  if (options.kind !== undefined) checkKind(options.kind);
}
