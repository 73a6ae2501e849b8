import { show } from '../base/errors.js';
import type { MapFailure } from './map-task.js';
import { isTooDeep } from './nesting.js';

/** What can be said of an error on another thread. Never throws, whatever was thrown. */
export function failureOf(error: unknown, before = ''): MapFailure {
  let isError = false;
  let message = 'an error that cannot be read';
  let code: unknown;
  let name: unknown;
  let cause: unknown;
  try {
    isError = error instanceof Error;
    message = isError ? String((error as Error).message) : show(error);
    const given: unknown = isError ? (error as { code?: unknown }).code : undefined;
    if (typeof given === 'string' || typeof given === 'number') code = given;
    const called: unknown = isError ? (error as Error).name : undefined;
    if (typeof called === 'string') name = called;
    cause = structuredClone(error);
  } catch {
    // Such as an error with a function as its cause, or one whose message is a getter that throws.
    cause = undefined;
  }
  // An error of another kind (a DOMException) is an empty object then.
  if ((isError ? !(cause instanceof Error) : cause === undefined) || isTooDeep(cause)) {
    cause = errorLike(error, message, isError);
  }
  return { cause, code, name, message: before + message };
}

/** With the stack, where that is all that can be kept. */
function errorLike(error: unknown, message: string, isError: boolean): Error {
  const like = new Error(message);
  try {
    const stack: unknown = isError ? (error as Error).stack : undefined;
    if (typeof stack === 'string') like.stack = stack;
  } catch {
    // Its own stack then.
  }
  return like;
}
