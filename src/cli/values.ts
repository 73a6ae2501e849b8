import { InvalidArgumentError } from 'commander';
import { didYouMean } from './did-you-mean.js';
import { decimalOf } from './file/decimal.js';

/* Values of options, from what was written. */

export function whole(text: string): number {
  const value = decimalOf(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It is not a whole number from 1 up.');
  return value;
}

export function positive(text: string): number {
  const value = decimalOf(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number above 0.');
  return value;
}

/** xorshift32 stands still at 0 and knows 32 bits. */
export function seed(text: string): number {
  const value = whole(text);
  if (value > 0xffffffff) throw new InvalidArgumentError('It is above 4294967295.');
  return value;
}

/** For options that may be given more than once. */
export function gather(text: string, before: string[] = []): string[] {
  return [...before, text];
}

export function oneOf(names: readonly string[]): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    throw new InvalidArgumentError(`It is none of ${names.join(', ')}${didYouMean(text, names)}`);
  };
}
