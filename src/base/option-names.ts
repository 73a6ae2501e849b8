import { types } from 'node:util';
import { AthanorError, type ErrorCode, shortened, show } from './errors.js';

/** What people write for a name of ours. */
const ALSO_CALLED: Record<string, readonly string[]> = {
  x: ['lon', 'lng', 'long', 'longitude'],
  y: ['lat', 'latitude'],
  z: ['alt', 'altitude', 'height', 'elevation'],
  node: ['id', 'nodeid', 'key', 'name'],
  source: ['from', 'src', 'start'],
  target: ['to', 'dst', 'dest', 'destination', 'end'],
  kind: ['type', 'label', 'category'],
  time: ['timestamp', 'at', 'ts', 'date'],
  data: ['properties', 'props', 'payload', 'attributes', 'value'],
  weight: ['cost', 'length', 'distance'],
  radius: ['r', 'range', 'distance', 'within'],
  k: ['n', 'count', 'limit'],
};

/** Insertions, deletions, exchanges and swaps of neighbours that make one word of the other. */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** The one of `names` that `name` was probably meant to be. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const low = name.slice(0, 64).toLowerCase();
  if (low === '') return undefined;
  const alike = names.find((known) => known.toLowerCase() === low);
  if (alike !== undefined) return alike;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const known of names) {
    const other = known.toLowerCase();
    const edits = editsBetween(low, other);
    const most = Math.min(Math.floor(other.length / 2), 1 + Math.floor(Math.max(low.length, other.length) / 4));
    if (edits <= most && edits < least) {
      best = known;
      least = edits;
    }
  }
  if (best !== undefined) return best;
  const synonym = names.find((known) => ALSO_CALLED[known]?.includes(low));
  if (synonym !== undefined) return synonym;
  // 'dir' for 'direction', 'maxDist' for 'maxDistance'.
  return low.length < 3 ? undefined : names.find((known) => known.toLowerCase().startsWith(low));
}

/** "did you mean 'kind'?", or the names that there are. */
export function suggestion(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  if (nearest !== undefined) return `did you mean '${nearest}'?`;
  return names.length === 0 ? 'there are none' : `known are ${names.join(', ')}`;
}

/** @throws AthanorError `code`, naming the first own field that is not among `names`; `of` stands before its name. */
export function checkNames(code: ErrorCode, of: string, what: string, given: object, names: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const shown = /^[\w$]{1,60}$/.test(name) ? name : show(name);
    throw new AthanorError(code, `${of}${shown}: there is no such ${what}; ${suggestion(name, names)}`);
  }
}

/** @throws AthanorError `code`, naming the first option that is not among `names`. */
export function checkOptionNames(code: ErrorCode, options: object, names: readonly string[]): void {
  checkNames(code, 'options.', 'option', options, names);
}

/** The caller's object could not be read: its own code threw, or it is a revoked proxy. */
export function unreadable(code: ErrorCode, field: string, error: unknown): AthanorError {
  if (error instanceof AthanorError) return error;
  let message = 'what it threw is no Error';
  try {
    if (error instanceof Error) message = shortened(String(error.message), 200);
  } catch {
    // Nor can that be read.
  }
  return new AthanorError(code, `${field}: it cannot be read: ${message}`, { cause: error });
}

/**
 * The options as a plain object: each is read once, whatever code of the caller's that calls, before anything is done.
 * @throws AthanorError `code` where it is no object, cannot be read, or has an option that is not among `names`.
 */
export function readOptions<T extends object>(
  code: ErrorCode,
  options: T,
  names: ReadonlyArray<keyof T & string>,
  field = 'options',
): T {
  if (typeof options !== 'object' || options === null) {
    throw new AthanorError(code, `${field}: ${show(options)} is not an object`);
  }
  const read: Partial<T> = {};
  try {
    checkNames(code, `${field}.`, 'option', options, names);
    for (const name of names) {
      const value = options[name];
      if (value !== undefined) read[name] = value;
    }
  } catch (error) {
    throw unreadable(code, field, error);
  }
  return read as T;
}

/** Of the class itself: a proxy of one is an instance of it too, and has none of its methods. */
export function isSignal(value: unknown): value is AbortSignal {
  return !types.isProxy(value) && value instanceof AbortSignal;
}
