import { isUtf8 } from 'node:buffer';
import { decimalAt } from './decimal.js';
import { MAX_LINE_BYTES, NOT_UTF8, OVERLONG } from './lines.js';

const QUOTE = 34;
const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;
const TAB = 9;
const UNCLOSED = `a quote is not closed within ${MAX_LINE_BYTES} bytes, or not at all`;
/** What `#record` found instead of a row. */
const INCOMPLETE = -1;
const BAD = -2;
/** A row that is not whole is looked at again with every chunk until it is so long; then when it has doubled. */
const EAGER_BYTES = 1 << 16;

/** A row as its bytes: fields are made of them when they are asked for. Valid until the call that it is given to returns. */
export class CsvRow {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  /** Where each field begins and ends, without its quotes. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** 1 where two quotes stand for one. */
  escaped = new Uint8Array(64);

  text(field: number): string {
    const text = this.bytes.toString('utf8', this.starts[field]!, this.ends[field]!);
    return this.escaped[field] === 1 ? text.replaceAll('""', '"') : text;
  }

  length(field: number): number {
    return this.ends[field]! - this.starts[field]!;
  }

  /** A decimal number with blanks around it; NaN where it is none, infinite where it is too large. */
  decimal(field: number): number {
    const { bytes } = this;
    let from = this.starts[field]!;
    let to = this.ends[field]!;
    while (from < to && (bytes[from] === BLANK || bytes[from] === TAB)) from++;
    while (to > from && (bytes[to - 1] === BLANK || bytes[to - 1] === TAB)) to--;
    return decimalAt(bytes, from, to);
  }

  texts(): string[] {
    return Array.from({ length: this.count }, (_, field) => this.text(field));
  }

  add(from: number, to: number, escaped: number): void {
    const { count } = this;
    if (count === this.starts.length) this.#widen();
    this.starts[count] = from;
    this.ends[count] = to;
    this.escaped[count] = escaped;
    this.count = count + 1;
  }

  #widen(): void {
    const wider = <T extends Int32Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    const length = this.starts.length * 2;
    this.starts = wider(new Int32Array(length), this.starts);
    this.ends = wider(new Int32Array(length), this.ends);
    this.escaped = wider(new Uint8Array(length), this.escaped);
  }
}

/**
 * Rows of separated values (RFC 4180) from bytes: a row ends with \n, \r\n or \r, whatever the others end with; a field in quotes
 * may hold separators and line ends, and two quotes in it stand for one.
 *
 * What is no row costs one line: a quote out of place, or one that is not closed within `MAX_LINE_BYTES`, makes the line where the
 * row begins bad, and reading goes on with the line behind it. A row in quotes that is read again costs no more than a second
 * look in all: a line that leaves a quote open has an odd number of quotes, so the next such line would have closed it.
 *
 * It holds one chunk and the beginning of a row, at most twice `MAX_LINE_BYTES`.
 */
export class CsvParser {
  readonly #delimiter: number;
  readonly #take: (row: CsvRow, line: number) => void;
  readonly #bad: (line: number, reason: string) => void;
  readonly #row = new CsvRow();
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes that must be there before the row that is not whole is looked at again. */
  #wanted = 0;
  /** Of the next row's first byte, from 1 on. */
  #line = 1;
  /** Line ends within the row that was looked at last. */
  #lineEnds = 0;
  /** Within a line that is not read. */
  #skipping = false;
  #reason = '';
  #escaped = 0;

  /** `delimiter`: one byte. `bad` is told of what is no row. */
  constructor(
    delimiter: string,
    take: (row: CsvRow, line: number) => void,
    bad: (line: number, reason: string) => void,
  ) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#take = take;
    this.#bad = bad;
  }

  /** Gives all rows that are whole by now. */
  push(chunk: Buffer): void {
    this.#heldBytes += chunk.length;
    const isEnough = this.#heldBytes >= this.#wanted;
    // A copy of what is held: the stream may use the chunk's memory again.
    this.#held.push(isEnough ? chunk : Buffer.from(chunk));
    if (isEnough) this.#parse(this.#held.length === 1 ? chunk : Buffer.concat(this.#held), false);
  }

  /** The last row, which may lack its end. */
  end(): void {
    this.#parse(Buffer.concat(this.#held), true);
  }

  #parse(bytes: Buffer, final: boolean): void {
    const row = this.#row;
    row.bytes = bytes;
    // Behind the last line end a character may be cut.
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    const valid = isUtf8(bytes.subarray(0, whole));
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipping) {
        const next = this.#lineEnd(bytes, at, final);
        if (next === INCOMPLETE) {
          // A \r at the very end may be half of a line end.
          at = bytes.length - (bytes.at(-1) === RETURN ? 1 : 0);
          break;
        }
        this.#skipping = false;
        this.#line++;
        at = next;
        continue;
      }
      let next = this.#record(bytes, at, final);
      if (next === INCOMPLETE && bytes.length - at <= MAX_LINE_BYTES) break;
      if (next === INCOMPLETE || next - at > MAX_LINE_BYTES) {
        this.#reason = this.#lineEnds > 1 ? UNCLOSED : OVERLONG;
        next = BAD;
      }
      if (next === BAD) {
        this.#bad(this.#line, this.#reason);
        this.#skipping = true;
        continue;
      }
      const line = this.#line;
      this.#line += this.#lineEnds;
      // An empty line is no row.
      if (row.count > 1 || row.length(0) > 0 || bytes[at] === QUOTE) {
        if ((valid && next <= whole) || isUtf8(bytes.subarray(at, next))) this.#take(row, line);
        else this.#bad(line, NOT_UTF8);
      }
      at = next;
    }
    // A copy, as above.
    const rest = Buffer.from(bytes.subarray(final ? bytes.length : at));
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    this.#wanted = rest.length < EAGER_BYTES ? 0 : rest.length * 2;
  }

  /** Behind the end of the line that `at` is in. */
  #lineEnd(bytes: Buffer, at: number, final: boolean): number {
    for (; at < bytes.length; at++) {
      if (bytes[at] === NEWLINE) return at + 1;
      if (bytes[at] !== RETURN) continue;
      if (at + 1 < bytes.length) return at + (bytes[at + 1] === NEWLINE ? 2 : 1);
      return final ? at + 1 : INCOMPLETE;
    }
    return final ? at : INCOMPLETE;
  }

  /** Reads the fields of the row at `at`; where the next begins, INCOMPLETE or BAD. */
  #record(bytes: Buffer, at: number, final: boolean): number {
    const row = this.#row;
    const delimiter = this.#delimiter;
    const end = bytes.length;
    row.count = 0;
    this.#lineEnds = 0;
    for (;;) {
      if (bytes[at] === QUOTE) {
        const from = at + 1;
        const to = this.#closing(bytes, from, final);
        if (to < 0) return to;
        row.add(from, to, this.#escaped);
        at = to + 1;
      } else {
        const from = at;
        while (at < end) {
          const byte = bytes[at]!;
          if (byte === delimiter || byte === NEWLINE || byte === RETURN) break;
          if (byte === QUOTE) return this.#fault('a quote within a field that does not begin with one');
          at++;
        }
        row.add(from, at, 0);
      }
      if (at >= end) {
        if (!final) return INCOMPLETE;
        this.#lineEnds++;
        return end;
      }
      const byte = bytes[at]!;
      if (byte === delimiter) {
        at++;
      } else if (byte === NEWLINE) {
        this.#lineEnds++;
        return at + 1;
      } else if (byte === RETURN) {
        if (at + 1 >= end && !final) return INCOMPLETE;
        this.#lineEnds++;
        return at + (bytes[at + 1] === NEWLINE ? 2 : 1);
      } else {
        return this.#fault('text behind a closing quote');
      }
    }
  }

  /** Where the quote closes that was opened before `at`. */
  #closing(bytes: Buffer, at: number, final: boolean): number {
    const end = bytes.length;
    this.#escaped = 0;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        if (at + 1 === end && !final) return INCOMPLETE;
        if (bytes[at + 1] !== QUOTE) return at;
        this.#escaped = 1;
        at++;
      } else if (byte === NEWLINE || (byte === RETURN && bytes[at + 1] !== NEWLINE)) {
        this.#lineEnds++;
      }
    }
    return final ? this.#fault(UNCLOSED) : INCOMPLETE;
  }

  #fault(reason: string): number {
    this.#reason = reason;
    return BAD;
  }
}
