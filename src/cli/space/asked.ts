import type { ZoneDetect } from '../../index.js';
import type { RunOptions } from '../source.js';
import { detectAsked, type ZoneAsked, zonesAsked } from './asked-zones.js';
import { numbersOf } from './numbers.js';
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
  readonly zones: readonly ZoneAsked[];
  /** What is told of the zones; undefined where they are not watched. */
  readonly detect: readonly ZoneDetect[] | undefined;
}

/** `dimensions`: of the source's graphs; undefined where they have either. @throws Problem */
export function askedOf(options: RunOptions, dimensions: 2 | 3 | undefined): SpaceAsked {
  return {
    within: withinAsked(options, dimensions),
    nearest: nearestAsked(options, dimensions),
    zones: zonesAsked(options, dimensions),
    detect: detectAsked(options),
  };
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
  const numbers = numbersOf(option, fields, names);
  return {
    at: { x: numbers[0]!, y: numbers[1]!, z: given === 3 ? numbers[2]! : 0 },
    last: numbers.at(-1)!,
    dimensions: given,
  };
}
