import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';

export const DATA = process.env.ATHANOR_DATA;

/** A test on a file of ATHANOR_DATA, skipped with its reason where that is missing. */
export function onData(file: string, what: string, task: (path: string) => Promise<void>): void {
  const path = DATA === undefined ? undefined : join(DATA, file);
  if (path !== undefined && existsSync(path)) test(what, () => task(path));
  else test.skip(`${what} (${file} is not there: set ATHANOR_DATA)`, () => undefined);
}
