import type { EdgeViews } from './layout.js';

/**
 * Which rows of edges are free, as bits, 32 rows a word; each level above says which words below are not 0. The lowest free
 * row is taken first: after a large removal rows come in order, not in that of the removal, and the columns are written as
 * they lie in memory. For the shard's writer; derived.
 */
export class FreeRows {
  readonly #bits: Uint32Array;
  /** Where each level begins in `bits`, the rows' own first; the last is one word. */
  readonly #levels: number[];

  constructor(views: EdgeViews) {
    this.#bits = views.free;
    this.#levels = levelsOf(views.source.length).starts;
  }

  /** The lowest free row, which is free no more; -1 when there is none. */
  take(): number {
    const bits = this.#bits;
    const levels = this.#levels;
    let at = 0;
    for (let level = levels.length - 1; level >= 0; level--) {
      const word = bits[levels[level]! + at]!;
      if (word === 0) return -1;
      at = at * 32 + 31 - Math.clz32(word & -word);
    }
    const row = at;
    for (let level = 0; level < levels.length; level++) {
      const word = levels[level]! + (at >>> 5);
      bits[word] = bits[word]! & ~(1 << (at & 31));
      if (bits[word] !== 0) break;
      at >>>= 5;
    }
    return row;
  }

  give(row: number): void {
    const bits = this.#bits;
    const levels = this.#levels;
    for (let level = 0, at = row; level < levels.length; level++, at >>>= 5) {
      const word = levels[level]! + (at >>> 5);
      const before = bits[word]!;
      bits[word] = before | (1 << (at & 31));
      if (before !== 0) return;
    }
  }

  /** Recovery: none is free. */
  clear(): void {
    const bits = this.#bits;
    // Read first: what was never free must not touch its pages.
    for (let word = 0; word < bits.length; word++) if (bits[word] !== 0) bits[word] = 0;
  }

  /** Names what does not agree with the rows below `end` that are free. */
  verify(isFree: (row: number) => boolean, end: number, note: (problem: string) => void): void {
    const bits = this.#bits;
    const levels = this.#levels;
    const has = (level: number, at: number): boolean => ((bits[levels[level]! + (at >>> 5)]! >>> (at & 31)) & 1) !== 0;
    for (let row = 0; row < end; row++) {
      if (has(0, row) !== isFree(row))
        note(`row ${row} is ${has(0, row) ? 'marked free, and in use' : 'not marked free'}`);
    }
    let words = Math.ceil(end / 32);
    for (let level = 1; level < levels.length; level++) {
      for (let at = 0; at < words; at++) {
        if (has(level, at) !== (bits[levels[level - 1]! + at] !== 0))
          note(`free rows: level ${level} is wrong at ${at}`);
      }
      words = Math.ceil(words / 32);
    }
  }
}

/** Where levels begin, and the words of all of them. */
export function levelsOf(rows: number): { starts: number[]; words: number } {
  const starts: number[] = [];
  let words = 0;
  for (let below = rows; starts.length === 0 || below > 1; ) {
    starts.push(words);
    below = Math.ceil(below / 32);
    words += below;
  }
  return { starts, words };
}
