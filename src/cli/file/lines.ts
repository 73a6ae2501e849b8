import { isUtf8 } from 'node:buffer';

/** Longer ones are not lines of the formats read here, and would have to be held whole. */
export const MAX_LINE_BYTES = 1 << 20;
export const OVERLONG = `longer than ${MAX_LINE_BYTES} bytes`;
export const NOT_UTF8 = 'not UTF-8: --encoding says what it is, as --encoding latin1';

const NEWLINE = 10;
const RETURN = 13;

/** A whole line, without its end: bytes `from` to `to`. They are valid until the call returns. */
export type TakeLine = (bytes: Buffer, from: number, to: number) => void;

/**
 * Cuts bytes into lines: a line ends with \n, \r\n or \r, whatever the others end with. It holds the beginning of one line, at
 * most `MAX_LINE_BYTES` and a chunk; a longer line is told of, and not held.
 */
export class LineCutter {
  /** Number of the line that was cut last, from 1 on. */
  number = 0;
  readonly #line: TakeLine;
  readonly #overlong: () => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Within a line that is too long to be held. */
  #skipping = false;
  /** The last byte so far ended a line with \r: \n behind it belongs to that end. */
  #afterReturn = false;
  /** Whether all bytes that are being cut are UTF-8; where they are not, some line is not. */
  #valid = true;

  /** `overlong` is called in place of `line`. */
  constructor(line: TakeLine, overlong: () => void) {
    this.#line = line;
    this.#overlong = overlong;
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#afterReturn && bytes.length > 0) {
      this.#afterReturn = false;
      if (bytes[0] === NEWLINE) bytes = bytes.subarray(1);
    }
    this.#valid = true;
    let at = 0;
    // Each is looked for again only when it has been passed: otherwise bytes without one would be searched for every line.
    let newline = indexOf(bytes, NEWLINE, 0);
    let back = indexOf(bytes, RETURN, 0);
    if (newline < bytes.length || back < bytes.length) this.#valid = isUtf8(wholeLinesOf(bytes));
    while (newline < bytes.length || back < bytes.length) {
      const end = newline < back ? newline : back;
      this.#whole(bytes, at, end);
      at = end + 1;
      if (end === back) {
        if (at === bytes.length) this.#afterReturn = true;
        else if (bytes[at] === NEWLINE) at++;
        back = indexOf(bytes, RETURN, at);
      }
      if (newline < at) newline = indexOf(bytes, NEWLINE, at);
    }
    this.#skipping ||= bytes.length - at > MAX_LINE_BYTES;
    // A copy: the stream may use the chunk's memory again.
    this.#rest = this.#skipping ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  }

  /** The last line, which may lack its end. */
  end(): void {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    this.#valid = isUtf8(rest);
    if (rest.length > 0 || this.#skipping) this.#whole(rest, 0, rest.length);
  }

  /** Of the line that is being taken. */
  isUtf8(bytes: Buffer, from: number, to: number): boolean {
    return this.#valid || isUtf8(bytes.subarray(from, to));
  }

  #whole(bytes: Buffer, from: number, to: number): void {
    this.number++;
    if (this.#skipping || to - from > MAX_LINE_BYTES) {
      this.#skipping = false;
      this.#overlong();
    } else {
      this.#line(bytes, from, to);
    }
  }
}

function indexOf(bytes: Buffer, byte: number, from: number): number {
  const index = bytes.indexOf(byte, from);
  return index === -1 ? bytes.length : index;
}

/** Without the beginning of the last, which may be cut within a character. */
function wholeLinesOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.max(bytes.lastIndexOf(NEWLINE), bytes.lastIndexOf(RETURN)));
}
