import { Problem } from '../problem.js';
import type { RunOptions } from '../source.js';
import type { Point } from './space.js';

/** What an option asked, and how it was written, for errors. */
interface Asked {
  /** `--within "1,2,3"`. */
  readonly option: string;
  /** Of the graphs it can be asked of. */
  readonly dimensions: 2 | 3;
}

export interface WithinAsked extends Asked {
  readonly at: Point;
  readonly radius: number;
}

export interface NearestAsked extends Asked {
  readonly at: Point;
  readonly k: number;
}

/** All that is asked in space. */
export interface SpaceAsked {
  readonly within: readonly WithinAsked[];
  readonly nearest: readonly NearestAsked[];
}

/** `dimensions`: of the source's graphs; undefined where they have either. @throws Problem */
export function askedOf(options: RunOptions, dimensions: 2 | 3 | undefined): SpaceAsked {
  return { within: withinAsked(options, dimensions), nearest: nearestAsked(options, dimensions) };
}

function withinAsked(options: RunOptions, dimensions: 2 | 3 | undefined): WithinAsked[] {
  return options.within.map((text) => {
    const option = `--within "${text}"`;
    const { at, last, dimensions: given } = pointAsked(option, text, 'radius', dimensions);
    return { option, dimensions: given, at, radius: last };
  });
}

function nearestAsked(options: RunOptions, dimensions: 2 | 3 | undefined): NearestAsked[] {
  return options.nearest.map((text) => {
    const option = `--nearest "${text}"`;
    const { at, last, dimensions: given } = pointAsked(option, text, 'k', dimensions);
    return { option, dimensions: given, at, k: last };
  });
}

function pointAsked(
  option: string,
  text: string,
  last: string,
  dimensions: 2 | 3 | undefined,
): { at: Point; last: number; dimensions: 2 | 3 } {
  const fields = text.split(',');
  const given = dimensions ?? (fields.length === 4 ? 3 : 2);
  const names = given === 3 ? ['x', 'y', 'z', last] : ['x', 'y', last];
  if (fields.length !== names.length) {
    const needed = dimensions === undefined ? `x,y,${last} or x,y,z,${last}` : names.join(',');
    throw new Problem(`${option}: ${fields.length} numbers where ${needed} are needed`);
  }
  const numbers = numbersOf(option, fields, names);
  return {
    at: { x: numbers[0]!, y: numbers[1]!, z: given === 3 ? numbers[2]! : 0 },
    last: numbers.at(-1)!,
    dimensions: given,
  };
}

/** Limits of the values are the engine's to know. */
export function numbersOf(option: string, fields: readonly string[], names: readonly string[]): number[] {
  return fields.map((field, i) => {
    const value = field.trim() === '' ? Number.NaN : Number(field);
    if (Number.isNaN(value)) throw new Problem(`${option}: ${names[i]} is "${field.trim()}", not a number`);
    return value;
  });
}
