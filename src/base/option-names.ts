import { AthanorError, type ErrorCode } from './errors.js';

/** @throws AthanorError `code`, naming the first option that is not among `names`. */
export function checkOptionNames(code: ErrorCode, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw new AthanorError(code, `options.${name}: there is no such option`);
  }
}
