import { expect } from 'vitest';
import { AthanorError, type ErrorCode } from '../../dist/src/index.js';

/** The task throws an AthanorError of the code, whose message says so. */
export function refuses(task: () => unknown, code: ErrorCode, words: RegExp): void {
  let thrown: unknown;
  try {
    task();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AthanorError);
  expect((thrown as AthanorError).code).toBe(code);
  expect((thrown as AthanorError).message).toMatch(words);
}
