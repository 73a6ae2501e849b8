import type { ZoneDetect, ZoneShape } from '../../index.js';
import { didYouMean } from '../did-you-mean.js';
import { Problem } from '../problem.js';
import type { RunOptions } from '../source.js';
import { numbersOf } from './numbers.js';

export interface ZoneAsked {
  /** `--zone harbour`, for errors. */
  readonly option: string;
  readonly name: string;
  readonly shape: ZoneShape;
  /** Of the graphs it can be set in; undefined: in either. */
  readonly dimensions: 2 | 3 | undefined;
}

const DETECTS: readonly string[] = ['enter', 'exit', 'inside', 'cross'];
/** What `--watch` tells of where `--detect` does not say. */
const USUAL: readonly ZoneDetect[] = ['enter', 'exit', 'cross'];

const CIRCLE = { 2: ['x', 'y', 'radius'], 3: ['x', 'y', 'z', 'radius'] } as const;
const BOX = { 2: ['minX', 'minY', 'maxX', 'maxY'], 3: ['minX', 'minY', 'minZ', 'maxX', 'maxY', 'maxZ'] } as const;

/** `dimensions`: of the source's graphs; undefined where they have either. @throws Problem */
export function zonesAsked(options: RunOptions, dimensions: 2 | 3 | undefined): ZoneAsked[] {
  const names = new Set<string>();
  return options.zone.map((text) => {
    const match = /^([^=]+)=(circle|box|polygon):(.*)$/s.exec(text);
    if (match === null) {
      throw new Problem(
        `--zone "${text}": it is not name=circle:x,y,radius, name=box:minX,minY,maxX,maxY or name=polygon:x1,y1,x2,y2,x3,y3…`,
      );
    }
    const [, name, form, list] = match as unknown as [string, string, 'circle' | 'box' | 'polygon', string];
    const option = `--zone ${name}`;
    if (names.has(name)) throw new Problem(`${option}: it is given twice`);
    names.add(name);
    const fields = list.split(',');
    if (form === 'polygon') return { option, name, shape: polygon(option, fields), dimensions: undefined };
    const fieldsOf = form === 'circle' ? CIRCLE : BOX;
    const given = dimensions ?? (fields.length === fieldsOf[3].length ? 3 : 2);
    const shape = { type: form, ...fieldsFrom(option, fields, fieldsOf[given]) } as unknown as ZoneShape;
    return { option, name, shape, dimensions: given };
  });
}

function fieldsFrom(option: string, fields: readonly string[], names: readonly string[]): Record<string, number> {
  const numbers = numbersOf(option, fields, names);
  return Object.fromEntries(names.map((name, i) => [name, numbers[i]!]));
}

function polygon(option: string, fields: readonly string[]): ZoneShape {
  if (fields.length % 2 === 1 || fields.length < 6) {
    throw new Problem(`${option}: ${fields.length} numbers where x and y of at least 3 points are needed`);
  }
  const names = fields.map((_, i) => `${i % 2 === 0 ? 'x' : 'y'}${(i >> 1) + 1}`);
  const numbers = numbersOf(option, fields, names);
  const points = Array.from({ length: fields.length / 2 }, (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!] as const);
  return { type: 'polygon', points };
}

/** What is to be told of the zones; undefined where they are not watched. @throws Problem */
export function detectAsked({ watch, detect, zone }: RunOptions): readonly ZoneDetect[] | undefined {
  if (watch && zone.length === 0) throw new Problem('--watch needs a --zone to watch');
  if (!watch && detect !== undefined) throw new Problem('--detect needs --watch');
  if (!watch) return undefined;
  if (detect === undefined) return USUAL;
  const kinds = detect.split(',').map((kind) => kind.trim());
  for (const kind of kinds) {
    if (!DETECTS.includes(kind))
      throw new Problem(`--detect: "${kind}" is none of ${DETECTS.join(', ')}${didYouMean(kind, DETECTS)}`);
  }
  return [...new Set(kinds)] as ZoneDetect[];
}
