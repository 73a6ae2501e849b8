import { bitLevels, type CountViews, CountWord } from './layout.js';

/**
 * A shard's graphs by number of nodes: lists by count, and a hierarchy of bits that tells the next count in use. Every change
 * is O(1) and touches the graph, its neighbours in two lists and a word or two of bits: it is made for each node that comes
 * or goes. Graphs are local rows here: row / shards. Writing is for the shard's writer under its lock.
 */
export class CountIndex {
  readonly views: CountViews;
  readonly #words: Uint32Array;
  readonly #link: Uint32Array;
  readonly #head: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #starts: number[];
  readonly #lengths: number[];

  constructor(views: CountViews) {
    this.views = views;
    this.#words = views.words;
    this.#link = views.link;
    this.#head = views.head;
    this.#bits = views.bits;
    const { starts, lengths } = bitLevels(views.head.length);
    this.#starts = starts;
    this.#lengths = lengths;
  }

  // ------------------------------------------------------------ writing

  /** First in the list of its count. */
  add(local: number, count: number): void {
    const link = this.#link;
    const next = this.#head[count]!;
    if (count > this.#words[CountWord.most]!) this.#words[CountWord.most] = count;
    link[2 * local] = next;
    link[2 * local + 1] = 0;
    if (next === 0) this.#setBit(count);
    else link[2 * next - 1] = local + 1;
    this.#head[count] = local + 1;
  }

  /** The graph is in the list of that count. */
  remove(local: number, count: number): void {
    this.#unlink(local, count);
    if (this.#head[count] === 0) this.#clearBit(count);
  }

  /** From the list of one count to that of another. */
  move(local: number, from: number, to: number): void {
    this.#unlink(local, from);
    this.add(local, to);
    // Last: of a graph alone with its count the two bits mostly stand in one word, which so is never 0.
    if (this.#head[from] === 0) this.#clearBit(from);
  }

  #unlink(local: number, count: number): void {
    const link = this.#link;
    const next = link[2 * local]!;
    const before = link[2 * local + 1]!;
    if (next !== 0) link[2 * next - 1] = before;
    if (before !== 0) link[2 * before - 2] = next;
    else this.#head[count] = next;
  }

  /** Recovery: no graph is in any list. What was ever used is what is cleared. */
  clear(): void {
    const end = this.#words[CountWord.most]! + 1;
    this.#head.fill(0, 0, end);
    let words = end;
    for (const start of this.#starts) {
      words = Math.ceil(words / 32);
      this.#bits.fill(0, start, start + words);
    }
  }

  // A count of nodes is below 2^31: it and its bit operations are signed 32-bit numbers.

  #setBit(count: number): void {
    const bits = this.#bits;
    const starts = this.#starts;
    for (let level = 0, bit = count; level < starts.length; level++, bit >>>= 5) {
      const at = starts[level]! + (bit >>> 5);
      const word = bits[at]!;
      bits[at] = word | (1 << (bit & 31));
      if (word !== 0) return;
    }
  }

  #clearBit(count: number): void {
    const bits = this.#bits;
    const starts = this.#starts;
    for (let level = 0, bit = count; level < starts.length; level++, bit >>>= 5) {
      const at = starts[level]! + (bit >>> 5);
      const word = bits[at]! & ~(1 << (bit & 31));
      bits[at] = word;
      if (word !== 0) return;
    }
  }

  // ------------------------------------------------------------ reading

  /** The greatest count that a graph ever had, or greater. */
  get most(): number {
    return this.#words[CountWord.most]!;
  }

  /** First local row of the list + 1; 0 = none. */
  first(count: number): number {
    return this.#head[count]!;
  }

  /** The next in the list of this one + 1; 0 = none. */
  after(local: number): number {
    return this.#link[2 * local]!;
  }

  /** Least count from `from` on that graphs have, or -1. */
  countFrom(from: number): number {
    const bits = this.#bits;
    const starts = this.#starts;
    let bit = from;
    for (let level = 0; level < starts.length; level++) {
      if (bit >>> 5 >= this.#lengths[level]!) return -1;
      const word = bits[starts[level]! + (bit >>> 5)]! & (-1 << (bit & 31));
      if (word !== 0) {
        bit = (bit & ~31) + lowestBit(word);
        while (level > 0) bit = bit * 32 + lowestBit(bits[starts[--level]! + bit]!);
        return bit;
      }
      bit = (bit >>> 5) + 1;
    }
    return -1;
  }

  /** Greatest count up to `to` that graphs have, or -1. */
  countTo(to: number): number {
    const bits = this.#bits;
    const starts = this.#starts;
    let bit = to;
    for (let level = 0; level < starts.length && bit >= 0; level++) {
      const word = bits[starts[level]! + (bit >>> 5)]! & (-1 >>> (31 - (bit & 31)));
      if (word !== 0) {
        bit = (bit & ~31) + 31 - Math.clz32(word);
        while (level > 0) bit = bit * 32 + 31 - Math.clz32(bits[starts[--level]! + bit]!);
        return bit;
      }
      bit = (bit >>> 5) - 1;
    }
    return -1;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
