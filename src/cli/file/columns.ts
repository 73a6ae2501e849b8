import { didYouMean } from '../did-you-mean.js';
import { Problem } from '../problem.js';
import type { RunOptions } from '../source.js';

/** What the columns of a row are read as. */
export const ROLES = ['id', 'x', 'y', 'z', 'time', 'kind'] as const;
export type Role = (typeof ROLES)[number];

/** By role: the column's place, or ABSENT. */
export type Columns = Record<Role, number>;
export const ABSENT = -1;

/** The names that were asked for. @throws Problem where one that every row needs is missing */
export function columnNames(options: RunOptions): Record<Role, string | undefined> {
  const { id, x, y, z, time, kind } = options;
  if (id === undefined || x === undefined || y === undefined) {
    throw new Problem(`${options.source} needs --id COL --x COL --y COL, the columns to read`);
  }
  return { id, x, y, z, time, kind };
}

/** How many of the columns asked for are there. */
export function foundIn(header: readonly string[], names: Record<Role, string | undefined>): number {
  return ROLES.filter((role) => names[role] !== undefined && header.includes(names[role])).length;
}

/** @throws Problem for a column that is not there, or there twice */
export function columnsOf(path: string, header: readonly string[], names: Record<Role, string | undefined>): Columns {
  const find = (role: Role): number => {
    const name = names[role];
    if (name === undefined) return ABSENT;
    const index = header.indexOf(name);
    if (index === -1) {
      const near = didYouMean(name, header);
      throw new Problem(`${path} has no column "${name}" (--${role}); its columns are ${header.join(', ')}${near}`);
    }
    const again = header.indexOf(name, index + 1);
    if (again !== -1) {
      throw new Problem(`${path} has two columns "${name}" (--${role}): columns ${index + 1} and ${again + 1}`);
    }
    return index;
  };
  return { id: find('id'), x: find('x'), y: find('y'), z: find('z'), time: find('time'), kind: find('kind') };
}

/** Names that stand twice in a header and are not read. */
export function twiceNamed(header: readonly string[]): string[] {
  return [...new Set(header.filter((name, i) => name !== '' && header.indexOf(name) !== i))];
}
