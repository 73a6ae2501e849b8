import { invariant } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { BUCKET, BUCKET_EDGES, BUCKET_LOAD, type EdgeViews, FIRST_BUCKETS, homesOf, Word } from './layout.js';

/** A bucket's words: HEAD, three words of TAGS, and the edge rows. */
const TAGS = 1;
const EDGES = 4;
/** HEAD: edges in the bucket in its low bits, above them the bucket that the chain goes on with; 0 = none. */
const COUNT_BITS = 4;
const COUNT_MASK = (1 << COUNT_BITS) - 1;

/** Of a bucket whose hashes share n low bits the tags begin at bit n rounded down to a multiple of this. */
const TAG_STEP = 4;
const TAG_MASK = 0xff;

/**
 * The hash table of one shard: (source, target, kind) → edge row. Derived: the keys are the edge columns. Writing methods
 * are for the shard's writer.
 *
 * Linear hashing (Litwin, "Linear hashing: a new tool for file and table addressing", 1980): for every nine edges one
 * bucket is split, in turn, so the table grows without a pause and touches only what it uses. A bucket is a cache line of
 * twelve edge rows, with eight bits of each edge's hash: of the edges that are not the one asked for, few are looked at.
 * What does not fit goes into buckets of a chain: all but the first of these are full, and so is the home.
 *
 *   word 0     HEAD   count, next bucket of the chain
 *        1..3  TAGS   a byte an edge
 *        4..15 EDGES  edge rows
 *
 * Tags hold the hash bits that decide the next splits too, so three splits in four need not look at the edges.
 */
export class EdgeTable {
  readonly #buckets: Uint32Array;
  readonly #words: Uint32Array;
  readonly #sources: Uint32Array;
  readonly #targets: Uint32Array;
  readonly #kinds: Uint16Array;
  /** Buckets that hashes may lead to; the ones behind are for chains. */
  readonly #homes: number;
  /** Set by `#locate`: the bucket of a hash, and how many of its low bits led there. */
  #level = 0;

  constructor(views: EdgeViews) {
    this.#buckets = views.buckets;
    this.#words = views.words;
    this.#sources = views.source;
    this.#targets = views.target;
    this.#kinds = views.kind;
    this.#homes = homesOf(views.source.length);
  }

  /** Where the bucket of a hash begins. */
  #locate(hash: number): number {
    const homes = FIRST_BUCKETS + this.#words[Word.split]!;
    // As many low bits as number the last bucket; one bit less for a bucket that is not split yet.
    const level = 32 - Math.clz32(homes - 1);
    const half = 1 << (level - 1);
    const low = hash & (half - 1);
    if (low < homes - half) {
      this.#level = level;
      return (hash & (2 * half - 1)) * BUCKET;
    }
    this.#level = level - 1;
    return low * BUCKET;
  }

  /** Loads the bucket that a hash leads to. */
  touch(hash: number): number {
    return this.#buckets[this.#locate(hash)]!;
  }

  /** Loads the bucket of the n-th next split, or with `chain` the one that it goes on with. */
  touchSplit(ahead: number, chain: boolean): number {
    const added = FIRST_BUCKETS + this.#words[Word.split]! + ahead;
    const head = this.#buckets[(added - (1 << (31 - Math.clz32(added)))) * BUCKET]!;
    return chain ? this.#buckets[(head >>> COUNT_BITS) * BUCKET]! : head;
  }

  /** An edge that may be the one of the key whose hash it is, or NO_ROW when its bucket has none: no other memory is read. */
  guess(hash: number): number {
    const buckets = this.#buckets;
    const at = this.#locate(hash);
    const pattern = Math.imul((hash >>> (this.#level & -TAG_STEP)) & TAG_MASK, 0x01010101);
    const count = buckets[at]! & COUNT_MASK;
    for (let first = 0; first < count; first += 4) {
      const different = buckets[at + TAGS + (first >> 2)]! ^ pattern;
      const zeros = (different - 0x01010101) & ~different & 0x80808080;
      if (zeros === 0) continue;
      const slot = first + ((31 - Math.clz32(zeros & -zeros)) >> 3);
      return slot < count ? buckets[at + EDGES + slot]! : NO_ROW;
    }
    return NO_ROW;
  }

  /**
   * The edge row of the key whose hash it is, or NO_ROW. `isLive` is undefined when there are no ghosts: a key may have
   * some beside its edge.
   */
  find(
    hash: number,
    source: number,
    target: number,
    kind: number,
    isLive: ((edge: number) => boolean) | undefined,
  ): number {
    const buckets = this.#buckets;
    let at = this.#locate(hash);
    const pattern = Math.imul((hash >>> (this.#level & -TAG_STEP)) & TAG_MASK, 0x01010101);
    for (;;) {
      const head = buckets[at]!;
      const count = head & COUNT_MASK;
      for (let first = 0; first < count; first += 4) {
        // Bytes that are zero, and perhaps some above them; see Warren, "Hacker's Delight", 6-1.
        const different = buckets[at + TAGS + (first >> 2)]! ^ pattern;
        let zeros = (different - 0x01010101) & ~different & 0x80808080;
        for (; zeros !== 0; zeros &= zeros - 1) {
          const slot = first + ((31 - Math.clz32(zeros & -zeros)) >> 3);
          if (slot >= count) break;
          const edge = buckets[at + EDGES + slot]!;
          if (
            this.#sources[edge] === source &&
            this.#targets[edge] === target &&
            this.#kinds[edge] === kind &&
            (isLive === undefined || isLive(edge))
          ) {
            return edge;
          }
        }
      }
      const next = head >>> COUNT_BITS;
      if (next === 0) return NO_ROW;
      at = next * BUCKET;
    }
  }

  /** Adds an edge; `edges` is how many there are with it. Its columns are written. */
  insert(hash: number, edge: number, edges: number): void {
    const home = this.#locate(hash);
    this.#put(home, edge, (hash >>> (this.#level & -TAG_STEP)) & TAG_MASK);
    if (edges > BUCKET_LOAD * (FIRST_BUCKETS + this.#words[Word.split]!)) this.#split();
  }

  #put(home: number, edge: number, tag: number): void {
    const buckets = this.#buckets;
    let at = home;
    let head = buckets[home]!;
    if ((head & COUNT_MASK) === BUCKET_EDGES) {
      const first = head >>> COUNT_BITS;
      at = first * BUCKET;
      if (first === 0 || (buckets[at]! & COUNT_MASK) === BUCKET_EDGES) {
        const bucket = this.#takeBucket();
        at = bucket * BUCKET;
        buckets[at] = first << COUNT_BITS;
        buckets[home] = (bucket << COUNT_BITS) | BUCKET_EDGES;
      }
      head = buckets[at]!;
    }
    const slot = head & COUNT_MASK;
    buckets[at + EDGES + slot] = edge;
    this.#tag(at, slot, tag);
    buckets[at] = head + 1;
  }

  #tag(at: number, slot: number, tag: number): void {
    const word = at + TAGS + (slot >> 2);
    const shift = (slot & 3) * 8;
    this.#buckets[word] = (this.#buckets[word]! & ~(TAG_MASK << shift)) | (tag << shift);
  }

  #tagAt(at: number, slot: number): number {
    return (this.#buckets[at + TAGS + (slot >> 2)]! >>> ((slot & 3) * 8)) & TAG_MASK;
  }

  /** Takes out an edge that is there. */
  remove(hash: number, edge: number): void {
    const buckets = this.#buckets;
    const home = this.#locate(hash);
    let at = home;
    let slot = this.#slotOf(at, edge);
    while (slot < 0) {
      const next = buckets[at]! >>> COUNT_BITS;
      invariant(next !== 0, 'an edge is not in its bucket');
      at = next * BUCKET;
      slot = this.#slotOf(at, edge);
    }
    // The last edge of the only bucket that need not be full moves into the hole.
    const first = buckets[home]! >>> COUNT_BITS;
    const from = first === 0 ? home : first * BUCKET;
    const head = buckets[from]! - 1;
    const last = head & COUNT_MASK;
    buckets[at + EDGES + slot] = buckets[from + EDGES + last]!;
    this.#tag(at, slot, this.#tagAt(from, last));
    buckets[from] = head;
    if (first !== 0 && last === 0) {
      buckets[home] = ((head >>> COUNT_BITS) << COUNT_BITS) | BUCKET_EDGES;
      this.#giveBucket(first);
    }
  }

  #slotOf(at: number, edge: number): number {
    const buckets = this.#buckets;
    for (let slot = (buckets[at]! & COUNT_MASK) - 1; slot >= 0; slot--) {
      if (buckets[at + EDGES + slot] === edge) return slot;
    }
    return -1;
  }

  /** Moves the edges of one bucket whose next hash bit is set to a new bucket at the end of the table. */
  #split(): void {
    const buckets = this.#buckets;
    const words = this.#words;
    const added = FIRST_BUCKETS + words[Word.split]!;
    if (added >= this.#homes) return;
    const level = 31 - Math.clz32(added);
    const bit = 1 << (level & (TAG_STEP - 1));
    // The tags of one level more may begin at another bit of the hash.
    const anew = ((level + 1) & (TAG_STEP - 1)) === 0;
    const from = (added - (1 << level)) * BUCKET;
    const to = added * BUCKET;
    words[Word.split]!++;
    let chain = buckets[from]! >>> COUNT_BITS;
    let count = buckets[from]! & COUNT_MASK;
    buckets[to] = 0;
    buckets[from] = 0;
    // What stays is written at or before where it is read; what is in the chain is put as if it were new.
    for (let at = from; ; ) {
      for (let slot = 0; slot < count; slot++) {
        const edge = buckets[at + EDGES + slot]!;
        const tag = this.#tagAt(at, slot);
        const next = anew ? (this.hashOf(edge) >>> (level + 1)) & TAG_MASK : tag;
        this.#put((tag & bit) === 0 ? from : to, edge, next);
      }
      if (at !== from) this.#giveBucket(at / BUCKET);
      if (chain === 0) return;
      at = chain * BUCKET;
      count = buckets[at]! & COUNT_MASK;
      chain = buckets[at]! >>> COUNT_BITS;
    }
  }

  hashOf(edge: number): number {
    return hashOf(this.#sources[edge]!, this.#targets[edge]!, this.#kinds[edge]!);
  }

  #takeBucket(): number {
    const words = this.#words;
    const free = words[Word.bucketFree]!;
    if (free !== 0) {
      words[Word.bucketFree] = this.#buckets[free * BUCKET]!;
      return free;
    }
    const bucket = this.#homes + words[Word.bucketBump]!;
    invariant((bucket + 1) * BUCKET <= this.#buckets.length, 'hash buckets beyond their derived bound');
    words[Word.bucketBump]!++;
    return bucket;
  }

  #giveBucket(bucket: number): void {
    this.#buckets[bucket * BUCKET] = this.#words[Word.bucketFree]!;
    this.#words[Word.bucketFree] = bucket;
  }

  /** Recovery: as in zeroed memory. */
  clear(): void {
    const words = this.#words;
    words[Word.split] = 0;
    words[Word.bucketBump] = 0;
    words[Word.bucketFree] = 0;
    for (let bucket = 0; bucket < FIRST_BUCKETS; bucket++) this.#buckets[bucket * BUCKET] = 0;
  }

  /** Names what does not agree with the edges that are there; `edges` is how many. */
  verify(isThere: (edge: number) => boolean, edges: number, note: (problem: string) => void): void {
    const buckets = this.#buckets;
    const homes = FIRST_BUCKETS + this.#words[Word.split]!;
    const chained = this.#words[Word.bucketBump]!;
    let met = 0;
    let inChains = 0;
    for (let home = 0; home < homes; home++) {
      let at = home * BUCKET;
      for (let step = 0; ; step++) {
        const head = buckets[at]!;
        const count = head & COUNT_MASK;
        const next = head >>> COUNT_BITS;
        if (count > BUCKET_EDGES || (count < BUCKET_EDGES && (step === 0 ? next !== 0 : step > 1)))
          note(`bucket ${home} of the hash table holds ${count} in the middle of its chain`);
        if (step > 0 && count === 0) note(`bucket ${home} of the hash table ends with an empty one`);
        for (let slot = 0; slot < Math.min(count, BUCKET_EDGES); slot++) {
          const edge = buckets[at + EDGES + slot]!;
          met++;
          if (!isThere(edge)) {
            note(`row ${edge} is in the hash table, and no edge`);
            continue;
          }
          const hash = this.hashOf(edge);
          const where = this.#locate(hash);
          const tag = (hash >>> (this.#level & -TAG_STEP)) & TAG_MASK;
          if (where !== home * BUCKET || tag !== this.#tagAt(at, slot))
            note(`row ${edge} is not where its hash leads in the hash table`);
        }
        if (next === 0) break;
        if (next < this.#homes || next >= this.#homes + chained || ++inChains > chained) {
          note(`bucket ${home} of the hash table: its chain leads astray`);
          return;
        }
        at = next * BUCKET;
      }
    }
    if (met !== edges) note(`${met} in the hash table, ${edges} there`);
    let free = 0;
    for (
      let bucket = this.#words[Word.bucketFree]!;
      bucket !== 0 && free <= chained;
      bucket = buckets[bucket * BUCKET]!
    )
      free++;
    if (free + inChains !== chained) note(`${free} buckets free and ${inChains} in chains, of ${chained}`);
  }
}

/** 32 bits of which every one hangs on every bit of the key. */
export function hashOf(source: number, target: number, kind: number): number {
  let hash = Math.imul(source ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ target, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 14) ^ kind, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}
