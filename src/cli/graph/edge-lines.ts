import type { NodeId } from '../../index.js';
import { MAX_LINE_BYTES } from '../file/lines.js';

/** Longest id, in bytes of UTF-8: the engine's limit. */
const MAX_ID_BYTES = 1024;
/** So many digits are a number without loss. */
const SAFE_DIGITS = 15;

const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;
const TAB = 9;
const COMMA = 44;
const HASH = 35;
const PERCENT = 37;
const MINUS = 45;
const ZERO = 48;

/** Edges of some lines, in columns: the first `count` of each. The arrays are used again for the next. */
export interface EdgeColumns {
  count: number;
  readonly sources: NodeId[];
  readonly targets: NodeId[];
  /** 1 where a line has none. */
  weights: Float64Array;
}

/**
 * The lines of an edge list, from bytes: `source target [weight]`, separated by blanks, tabs or one comma; empty lines and
 * those that begin with # or % are comments. It holds one chunk and the beginning of a line, whatever the file's length.
 *
 * Ids that are whole numbers as JavaScript writes them are numbers, all others strings: '007' and '7' are two nodes.
 */
export class EdgeLines {
  /** Lines so far, comments included. */
  lines = 0;
  /** Edges so far. */
  edges = 0;
  /** Whether any line so far had a weight. */
  weighted = false;
  readonly columns: EdgeColumns = { count: 0, sources: [], targets: [], weights: new Float64Array(1024) };
  readonly #bad: (line: number, reason: string) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Within a line that is too long to be held. */
  #overlong = false;
  /** A file of the Matrix Market has a line of sizes below its comments. */
  #sizeLine = false;

  /** `bad` is told of lines that are no edges. */
  constructor(bad: (line: number, reason: string) => void) {
    this.#bad = bad;
  }

  /** Parses the whole lines of what came so far; `columns` then holds their edges. */
  push(chunk: Buffer): void {
    this.columns.count = 0;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE, at); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
      this.#wholeLine(bytes, at, end);
      at = end + 1;
    }
    // A copy: the stream may use the chunk's memory again.
    this.#rest = Buffer.from(bytes.subarray(at));
    if (this.#rest.length > MAX_LINE_BYTES) {
      this.#overlong = true;
      this.#rest = Buffer.alloc(0);
    }
  }

  /** The last line, which may lack its end. */
  end(): void {
    this.columns.count = 0;
    if (this.#rest.length > 0 || this.#overlong) this.#wholeLine(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
  }

  #wholeLine(bytes: Buffer, from: number, to: number): void {
    this.lines++;
    if (this.#overlong || to - from > MAX_LINE_BYTES) {
      this.#overlong = false;
      this.#bad(this.lines, `longer than ${MAX_LINE_BYTES} bytes`);
      return;
    }
    const reason = this.#line(bytes, from, to);
    if (reason !== undefined) this.#bad(this.lines, reason);
  }

  /** Takes the edge of a line; why it is none, where it is none and no comment. */
  #line(bytes: Buffer, from: number, to: number): string | undefined {
    let end = to;
    while (end > from && isBlank(bytes[end - 1]!)) end--;
    let at = skipBlanks(bytes, this.lines === 1 ? afterMark(bytes, from) : from, end);
    if (at === end) return undefined;
    if (bytes[at] === HASH || bytes[at] === PERCENT) {
      if (this.lines === 1) this.#sizeLine = bytes.toString('latin1', at, end).startsWith('%%MatrixMarket');
      return undefined;
    }
    if (this.#sizeLine) {
      this.#sizeLine = false;
      return undefined;
    }
    const sourceFrom = at;
    const sourceTo = (at = tokenEnd(bytes, at, end));
    const targetFrom = (at = skipSeparator(bytes, at, end));
    const targetTo = (at = tokenEnd(bytes, at, end));
    const weightFrom = (at = skipSeparator(bytes, at, end));
    const weightTo = (at = tokenEnd(bytes, at, end));
    if (sourceTo === sourceFrom) return 'the source is empty';
    if (targetTo === targetFrom)
      return targetFrom === end ? 'no target: source target [weight]' : 'the target is empty';
    if (at < end) return 'more than three columns: source target [weight]';
    // What stands between the target and the end is a comma, and nothing after it.
    if (weightTo === weightFrom && targetTo < end) return 'the weight is empty';
    let weight = 1;
    if (weightTo > weightFrom) {
      weight = numberAt(bytes, weightFrom, weightTo);
      if (Number.isNaN(weight)) return `weight is "${short(bytes, weightFrom, weightTo)}", not a number`;
      this.weighted = true;
    }
    if (sourceTo - sourceFrom > MAX_ID_BYTES) return `the source is longer than ${MAX_ID_BYTES} bytes`;
    if (targetTo - targetFrom > MAX_ID_BYTES) return `the target is longer than ${MAX_ID_BYTES} bytes`;
    const { columns } = this;
    const index = columns.count++;
    if (index === columns.weights.length) columns.weights = wider(columns.weights);
    columns.sources[index] = idAt(bytes, sourceFrom, sourceTo);
    columns.targets[index] = idAt(bytes, targetFrom, targetTo);
    columns.weights[index] = weight;
    this.edges++;
    return undefined;
  }
}

/** An id as it is written on a command line or in a file. */
export function idOf(text: string): NodeId {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : text;
}

function idAt(bytes: Buffer, from: number, to: number): NodeId {
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

function numberAt(bytes: Buffer, from: number, to: number): number {
  if (to - from <= SAFE_DIGITS) {
    let value = 0;
    let at = from;
    for (; at < to; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === to) return value;
  }
  const text = bytes.toString('latin1', from, to);
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === TAB || byte === RETURN;
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

function tokenEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === COMMA || isBlank(byte)) break;
    at++;
  }
  return at;
}

/** Past the mark of UTF-8 that some programs begin a file with. */
function afterMark(bytes: Buffer, from: number): number {
  return bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf ? from + 3 : from;
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
