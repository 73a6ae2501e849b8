import { decimalOf } from '../file/decimal.js';
import { Problem } from '../problem.js';

/** The numbers of an option, by their names; their limits are the engine's to know. @throws Problem */
export function numbersOf(option: string, fields: readonly string[], names: readonly string[]): number[] {
  if (fields.length !== names.length) {
    throw new Problem(`${option}: ${fields.length} numbers where ${names.join(',')} are needed`);
  }
  return fields.map((field, i) => {
    const value = decimalOf(field);
    if (Number.isNaN(value)) throw new Problem(`${option}: ${names[i]} is "${field.trim()}", not a number`);
    return value;
  });
}
