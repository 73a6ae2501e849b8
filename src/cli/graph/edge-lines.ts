import type { NodeId } from '../../index.js';
import { decimalAt } from '../file/decimal.js';
import { LineCutter, NOT_UTF8, OVERLONG } from '../file/lines.js';

/** Longest id, in bytes of UTF-8: the engine's limit. */
const MAX_ID_BYTES = 1024;
/** So many digits are a number without loss. */
const SAFE_DIGITS = 15;

const BLANK = 32;
const TAB = 9;
const QUOTE = 34;
const COMMA = 44;
const HASH = 35;
const PERCENT = 37;
const MINUS = 45;
const ZERO = 48;
const UNCLOSED = -1;

/** Edges of some lines, in columns: the first `count` of each. The arrays are used again for the next. */
export interface EdgeColumns {
  count: number;
  readonly sources: NodeId[];
  readonly targets: NodeId[];
  /** 1 where a line has none. */
  weights: Float64Array;
}

/**
 * The lines of an edge list, from bytes: `source target [weight]`, separated by blanks, tabs or one comma. A # or % at the start
 * of a line, or of a column behind the target, begins a comment. It holds one chunk and the beginning of a line, whatever the
 * file's length.
 *
 * Ids that are whole numbers as JavaScript writes them are numbers, all others strings: '007' and '7' are two nodes. What
 * stands in quotes is a string, whatever is in it; two quotes within stand for one.
 */
export class EdgeLines {
  /** Edges so far. */
  edges = 0;
  /** Whether any line so far had a weight. */
  weighted = false;
  readonly columns: EdgeColumns = { count: 0, sources: [], targets: [], weights: new Float64Array(1024) };
  readonly times = new TimeWatch();
  readonly #cutter: LineCutter;
  readonly #bad: (line: number, reason: string) => void;
  /** Whether the third column is a weight; otherwise it is passed over. */
  readonly #weights: boolean;
  /** A file of the Matrix Market has a line of sizes below its comments. */
  #sizeLine = false;

  /** `bad` is told of lines that are no edges. */
  constructor(bad: (line: number, reason: string) => void, weights = true) {
    this.#bad = bad;
    this.#weights = weights;
    this.#cutter = new LineCutter(
      (bytes, from, to) => this.#take(bytes, from, to),
      () => this.#bad(this.lines, OVERLONG),
    );
  }

  /** Lines so far, comments included. */
  get lines(): number {
    return this.#cutter.number;
  }

  /** Parses the whole lines of what came so far; `columns` then holds their edges. */
  push(chunk: Buffer): void {
    this.columns.count = 0;
    this.#cutter.push(chunk);
  }

  /** The last line, which may lack its end. */
  end(): void {
    this.columns.count = 0;
    this.#cutter.end();
  }

  #take(bytes: Buffer, from: number, to: number): void {
    const reason = this.#line(bytes, from, to);
    if (reason !== undefined) this.#bad(this.lines, reason);
  }

  /** Takes the edge of a line; why it is none, where it is none and no comment. */
  #line(bytes: Buffer, from: number, to: number): string | undefined {
    let end = to;
    while (end > from && isBlank(bytes[end - 1]!)) end--;
    let at = skipBlanks(bytes, from, end);
    if (at === end) return undefined;
    if (isComment(bytes[at]!)) {
      if (this.lines === 1) this.#sizeLine = bytes.toString('latin1', at, end).startsWith('%%MatrixMarket');
      return undefined;
    }
    if (this.#sizeLine) {
      this.#sizeLine = false;
      return undefined;
    }
    if (!this.#cutter.isUtf8(bytes, from, to)) return NOT_UTF8;
    const sourceFrom = at;
    const sourceTo = (at = tokenEnd(bytes, at, end));
    if (sourceTo === UNCLOSED) return 'the quote of the source is not closed';
    const targetFrom = (at = skipSeparator(bytes, at, end));
    const targetTo = (at = tokenEnd(bytes, at, end));
    if (targetTo === UNCLOSED) return 'the quote of the target is not closed';
    const weightFrom = (at = skipSeparator(bytes, at, end));
    let weightTo = weightFrom;
    if (sourceTo === sourceFrom) return 'the source is empty';
    if (targetTo === targetFrom)
      return targetFrom === end ? 'no target: source target [weight]' : 'the target is empty';
    if (at === end || !isComment(bytes[at]!)) {
      weightTo = at = bareEnd(bytes, at, end);
      // What stands between the target and the end is a comma, and nothing after it.
      if (weightTo === weightFrom && targetTo < end) return 'the weight is empty';
      at = skipBlanks(bytes, at, end);
      if (at < end && !isComment(bytes[at]!)) return 'more than three columns: source target [weight]';
    }
    let weight = 1;
    if (weightTo > weightFrom && this.#weights) {
      const quoted = bytes[weightFrom] === QUOTE && bytes[weightTo - 1] === QUOTE ? 1 : 0;
      weight = weightAt(bytes, weightFrom + quoted, weightTo - quoted);
      if (Number.isNaN(weight)) return notWeight(bytes, weightFrom, weightTo);
      this.weighted = true;
      this.times.see(weight);
    }
    const source = idAt(bytes, sourceFrom, sourceTo);
    const target = idAt(bytes, targetFrom, targetTo);
    if (sourceTo - sourceFrom > MAX_ID_BYTES && isTooLong(source)) {
      return `the source is longer than ${MAX_ID_BYTES} bytes`;
    }
    if (targetTo - targetFrom > MAX_ID_BYTES && isTooLong(target)) {
      return `the target is longer than ${MAX_ID_BYTES} bytes`;
    }
    if (source === '') return 'the source is empty';
    if (target === '') return 'the target is empty';
    const { columns } = this;
    const index = columns.count++;
    if (index === columns.weights.length) columns.weights = wider(columns.weights);
    columns.sources[index] = source;
    columns.targets[index] = target;
    columns.weights[index] = weight;
    this.edges++;
    return undefined;
  }
}

/** Seconds or milliseconds since 1970, between 1990 and 2100: what a third column of whole numbers in there looks like. */
const TIMES = [
  [631_152_000, 4_102_444_800],
  [631_152_000_000, 4_102_444_800_000],
] as const;

/** Watches whether all weights look like times. */
export class TimeWatch {
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  #whole = true;

  see(weight: number): void {
    if (weight < this.least) this.least = weight;
    if (weight > this.most) this.most = weight;
    if (this.#whole && !Number.isInteger(weight)) this.#whole = false;
  }

  get look(): boolean {
    return this.least <= this.most && this.#whole && TIMES.some(([from, to]) => this.least >= from && this.most <= to);
  }
}

/** An id as it is written on a command line or in a file. */
export function idOf(text: string): NodeId {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : text;
}

function idAt(bytes: Buffer, from: number, to: number): NodeId {
  if (bytes[from] === QUOTE) return bytes.toString('utf8', from + 1, to - 1).replaceAll('""', '"');
  const negative = bytes[from] === MINUS;
  const first = negative ? from + 1 : from;
  const digits = to - first;
  // Neither '007' nor '-0' is how a number is written.
  if (digits === 0 || digits > SAFE_DIGITS || (bytes[first] === ZERO && (digits > 1 || negative))) {
    return idOf(bytes.toString('utf8', from, to));
  }
  let value = 0;
  for (let at = first; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return bytes.toString('utf8', from, to);
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function isTooLong(id: NodeId): boolean {
  return typeof id === 'string' && Buffer.byteLength(id) > MAX_ID_BYTES;
}

/** A number, or infinity where it is called so: what is too large to be a number is none. */
function weightAt(bytes: Buffer, from: number, to: number): number {
  const value = decimalAt(bytes, from, to);
  if (Number.isFinite(value)) return value;
  const infinite = to - from > 9 ? null : /^([+-]?)inf(inity)?$/i.exec(bytes.toString('latin1', from, to));
  if (infinite === null) return Number.NaN;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function notWeight(bytes: Buffer, from: number, to: number): string {
  const text = short(bytes, from, to);
  if (!Number.isNaN(decimalAt(bytes, from, to))) return `weight is "${text}", beyond the largest number`;
  const time = /^\d{4}-\d\d/.test(text) ? ', but looks like a time: --no-weights passes over that column' : '';
  return `weight is "${text}", not a number${time}`;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === TAB;
}

function isComment(byte: number): boolean {
  return byte === HASH || byte === PERCENT;
}

function skipBlanks(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at;
}

/** Past blanks with at most one comma among them. */
function skipSeparator(bytes: Buffer, from: number, end: number): number {
  const at = skipBlanks(bytes, from, end);
  return at < end && bytes[at] === COMMA ? skipBlanks(bytes, at + 1, end) : at;
}

/** The end of an id, behind its closing quote where it has quotes. */
function tokenEnd(bytes: Buffer, from: number, end: number): number {
  if (from === end || bytes[from] !== QUOTE) return bareEnd(bytes, from, end);
  for (let at = from + 1; at < end; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (at + 1 === end || isSeparator(bytes[at + 1]!)) return at + 1;
    if (bytes[at + 1] !== QUOTE) return UNCLOSED;
    at++;
  }
  return UNCLOSED;
}

function bareEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && !isSeparator(bytes[at]!)) at++;
  return at;
}

function isSeparator(byte: number): boolean {
  return byte === COMMA || isBlank(byte);
}

function short(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, Math.min(to, from + 60));
  return to - from > 60 ? `${text}…` : text;
}

function wider(column: Float64Array): Float64Array {
  const twice = new Float64Array(column.length * 2);
  twice.set(column);
  return twice;
}
