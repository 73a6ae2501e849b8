import { stripVTControlCharacters } from 'node:util';

/** What a terminal gives, and what is asked of it: a line that is drawn again and again, and lines above it. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
}

const COLUMNS = 80;
/** To the line's beginning, and away with what stands there. */
const CLEAR = '\r\u001b[K';

/**
 * The last line of a terminal, which is drawn again and again. It is cut to the terminal's width, so that wrapping need not be
 * turned off, and the cursor stays as it is: whatever ends the program, there is nothing to put back.
 */
export class StatusLine {
  readonly #terminal: Terminal;
  #text = '';
  #isDrawn = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns || COLUMNS;
  }

  show(text: string): void {
    this.#text = text;
    this.#isDrawn = true;
    // A line that fills the last column makes some terminals begin the next.
    this.#terminal.write(CLEAR + cut(text, this.columns - 1));
  }

  /** Whole lines above it. */
  above(lines: string): void {
    this.#terminal.write(this.#isDrawn ? CLEAR + lines : lines);
    if (this.#isDrawn) this.show(this.#text);
  }

  /** Leaves it as it stands, and the cursor below it. */
  end(): void {
    if (this.#isDrawn) this.#terminal.write('\n');
    this.#isDrawn = false;
  }
}

/** Columns that a text takes on a terminal: letters of East Asia and pictures take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of stripVTControlCharacters(text)) width += isWide(letter.codePointAt(0)!) ? 2 : 1;
  return width;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** At most so many columns of a text without colours, cut between words where one is cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [width, end, blank] = [0, 0, 0];
  for (const letter of text) {
    width += widthOf(letter);
    if (width > columns - 1) break;
    if (letter === ' ') blank = end;
    end += letter.length;
  }
  if (columns < 1) return '';
  // A first word that is longer than the line is cut within.
  return `${text.slice(0, blank > end / 2 ? blank : end).trimEnd()}…`;
}

/** A line as several of at most so many columns, broken between words; those below the first are moved in to `indent`. */
export function fold(line: string, columns: number, indent: number): string[] {
  if (widthOf(line) <= columns) return [line];
  const margin = ' '.repeat(Math.min(indent, Math.floor(columns / 2)));
  const lines: string[] = [];
  let current = '';
  // Words with the blanks before them, which stand only within a line.
  for (const part of line.match(/\s*\S+/g) ?? []) {
    const isFirst = current === '';
    if (isFirst || widthOf(current + part) <= columns) {
      current += isFirst && lines.length > 0 ? margin + part.trimStart() : part;
      continue;
    }
    lines.push(current);
    current = margin + part.trimStart();
  }
  return [...lines, current];
}
