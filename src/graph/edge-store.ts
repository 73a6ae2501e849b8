import type * as Layout from './layout.js';

/**
 * Lists and hash table of one shard's edges. To be made through `specialize`, so that every shard has code of its own with
 * the addresses of its memory in it: a new edge takes 53 ns where all of it is in the cache, and not 90.
 *
 * Lists are chains of pooled blocks; only the head block is partly filled. An entry is an edge row, named by its place: its
 * index in `blocks`. A list is named by where its two words stand: the first block + 1, and behind it the length.
 *
 * The hash table, (source, target, kind) → edge row: linear hashing (Litwin, "Linear hashing: a new tool for file and table
 * addressing", 1980). For every nine edges one bucket is split, in turn, so the table grows without a pause and touches only
 * what it uses. A bucket is a cache line of twelve edge rows, with eight bits of each edge's hash: of the edges that are not
 * the one asked for, few are looked at. What does not fit goes into buckets of a chain: all but the first of these are full,
 * and so is the home. Tags hold the hash bits that decide the next splits too, so three splits in four need not look at
 * the edges.
 */
export function makeEdgeStore(
  layout: typeof Layout,
  views: Layout.EdgeViews,
  rows: Layout.RowViews,
  life: Layout.NodeLife,
  homes: number,
  takeFree: () => number,
  giveFree: (edge: number) => void,
  broken: (what: string) => void,
) {
  const { BLOCK, BLOCK_ENTRIES, BUCKET, BUCKET_EDGES, BUCKET_LOAD, FIRST_BUCKETS, FREE, ROW_WORDS } = layout;
  const { edgeBump: END, blockBump: BLOCK_BUMP, blockFree: BLOCK_FREE, count: COUNT } = layout.Word;
  const { split: SPLIT, bucketBump: BUCKET_BUMP, bucketFree: BUCKET_FREE, hashKey: KEY } = layout.Word;
  // HEAD of a bucket: its edges in the low bits, above them the bucket that the chain goes on with; 0 = none.
  const { tags: TAGS, edges: EDGES, countBits: COUNT_BITS } = layout.Bucket;
  const COUNT_MASK = (1 << COUNT_BITS) - 1;
  const IN_LIST = layout.ListWord.inHead;
  const NO_ROW = 0xffffffff;
  // Of a bucket whose hashes share n low bits the tags begin at bit n rounded down to a multiple of TAG_STEP.
  const TAG_STEP = 4;
  const TAG_MASK = 0xff;
  const { source: sources, target: targets, kind: kinds, weight: weights, time: times, sequence: sequences } = views;
  const { outPlace, inPlace, blocks, buckets, words } = views;
  const { lists, loops } = rows;
  const { flags, born } = life;
  /** Set by `homeOf`: where the tags of that bucket begin in a hash. */
  let shift = 0;
  /** So that loading ahead is not for nothing in the compiler's eyes. */
  let loaded = 0;
  /** The highest bits of a word of tags' bytes that are filled, by the bucket's count, for each of the three words. */
  const filled0 = new Uint32Array(BUCKET_EDGES + 1);
  const filled1 = new Uint32Array(BUCKET_EDGES + 1);
  const filled2 = new Uint32Array(BUCKET_EDGES + 1);
  for (let count = 1; count <= BUCKET_EDGES; count++) {
    filled0[count] = 0x80808080 >>> (8 * Math.max(0, 4 - count));
    if (count > 4) filled1[count] = 0x80808080 >>> (8 * Math.max(0, 8 - count));
    if (count > 8) filled2[count] = 0x80808080 >>> (8 * Math.max(0, 12 - count));
  }

  /** Of the bucket that is split. */
  const anewTags = new Uint8Array(BUCKET_EDGES);
  // ------------------------------------------------------------ edges
  // Drawn for each region, so that nobody can prepare edges that meet in one bucket. Factors are odd: no bit is lost.
  const SALT = words[KEY]! | 0;
  const BY_SOURCE = words[KEY + 1]! | 1;
  const BY_TARGET = words[KEY + 2]! | 1;

  /** 32 bits of which every one hangs on every bit of the key. */
  function hashOf(source: number, target: number, kind: number): number {
    let hash = Math.imul(source ^ SALT, BY_SOURCE);
    hash = Math.imul(hash ^ (hash >>> 15) ^ target, BY_TARGET);
    hash = Math.imul(hash ^ (hash >>> 14) ^ kind, 0x27d4eb2f);
    return hash ^ (hash >>> 15);
  }

  function isLive(edge: number): boolean {
    const source = sources[edge]!;
    if (source === FREE) return false;
    const target = targets[edge]!;
    const sequence = sequences[edge]!;
    return (flags[source]! & flags[target]! & 1) !== 0 && sequence >= born[source]! && sequence >= born[target]!;
  }

  /** The edge row, or NO_ROW. With `ghosts`, a key may have some beside its edge. */
  function find(source: number, target: number, kind: number, ghosts: boolean): number {
    const hash = hashOf(source, target, kind);
    const home = homeOf(hash);
    return search(home, (hash >>> shift) & TAG_MASK, source, target, kind, ghosts);
  }

  /** True when the edge is new. A weight of NaN is "not given". An event that is not newer than the edge changes nothing. */
  function upsert(
    source: number,
    target: number,
    kind: number,
    weight: number,
    time: number,
    sequence: number,
    ghosts: boolean,
  ): boolean {
    const hash = hashOf(source, target, kind);
    const home = homeOf(hash);
    const tag = (hash >>> shift) & TAG_MASK;
    // Asked for now, needed after the search: so the search's wait for memory is theirs too (a fifth less for a new edge).
    loaded = lists[source * ROW_WORDS]! + lists[target * ROW_WORDS + IN_LIST]!;
    const known = search(home, tag, source, target, kind, ghosts);
    if (known !== NO_ROW) {
      if (sequence <= sequences[known]!) return false;
      if (!Number.isNaN(weight)) weights[known] = weight;
      times[known] = time;
      sequences[known] = sequence;
      return false;
    }
    const end = words[END]!;
    let edge = end;
    if (end !== words[COUNT]) {
      edge = takeFree();
    } else {
      if (end === sources.length) broken('edges beyond the capacity that the main thread keeps');
      // Before it counts: zeroed memory would be an edge of row 0.
      sources[end] = FREE;
      words[END] = end + 1;
    }
    targets[edge] = target;
    kinds[edge] = kind;
    weights[edge] = Number.isNaN(weight) ? 1 : weight;
    times[edge] = time;
    sequences[edge] = sequence;
    // The last of the columns: from here on it is an edge.
    sources[edge] = source;
    link(home, tag, edge, source, target);
    return true;
  }

  /** Puts an edge, whose columns are written, into the lists of its ends, the count and the hash table. */
  function link(home: number, tag: number, edge: number, source: number, target: number): void {
    outPlace[edge] = append(source * ROW_WORDS, edge);
    inPlace[edge] = append(target * ROW_WORDS + IN_LIST, edge);
    if (source === target) loops[source]!++;
    const count = words[COUNT]! + 1;
    words[COUNT] = count;
    put(home, edge, tag);
    if (count > BUCKET_LOAD * (FIRST_BUCKETS + words[SPLIT]!)) split();
  }

  /** Recovery: an edge whose columns are written, and nothing else. */
  function relink(edge: number): void {
    const { home, tag } = standing(edge);
    link(home, tag, edge, sources[edge]!, targets[edge]!);
  }

  /** Frees an edge, taking it off the lists of those ends that still hold it. */
  function free(edge: number, inOut: boolean, inIn: boolean): void {
    const source = sources[edge]!;
    const target = targets[edge]!;
    if (inOut) takeOut(source * ROW_WORDS, outPlace[edge]!, outPlace);
    if (inIn) takeOut(target * ROW_WORDS + IN_LIST, inPlace[edge]!, inPlace);
    if (source === target && (inOut || inIn)) loops[source]!--;
    unput(hashOf(source, target, kinds[edge]!), edge);
    // The first of the columns: it is no edge any more.
    sources[edge] = FREE;
    giveFree(edge);
    words[COUNT]!--;
  }

  // ------------------------------------------------------------ lists

  /** The place of the new entry. */
  function append(at: number, edge: number): number {
    const length = lists[at + 1]!;
    const slot = length % BLOCK_ENTRIES;
    let head = lists[at]!;
    if (slot === 0) {
      const block = takeBlock();
      blocks[block * BLOCK] = head;
      head = block + 1;
      lists[at] = head;
    }
    const place = head * BLOCK + (1 - BLOCK) + slot;
    blocks[place] = edge;
    lists[at + 1] = length + 1;
    return place;
  }

  /** Takes the entry at `place` out of a row's list: the last entry moves into the hole. */
  function takeOut(at: number, place: number, placeOf: Uint32Array): void {
    const last = pop(lists, at);
    if (last === place) return;
    const edge = blocks[last]!;
    blocks[place] = edge;
    placeOf[edge] = place;
  }

  /** Takes the last entry off a list that is not empty. Its place may be read until the next block is taken. */
  function pop(of: Uint32Array, at: number): number {
    const block = of[at]! - 1;
    const length = of[at + 1]! - 1;
    const slot = length % BLOCK_ENTRIES;
    of[at + 1] = length;
    if (slot === 0) {
      of[at] = blocks[block * BLOCK]!;
      giveBlock(block);
    }
    return block * BLOCK + 1 + slot;
  }

  function takeBlock(): number {
    const free = words[BLOCK_FREE]!;
    if (free !== 0) {
      words[BLOCK_FREE] = blocks[(free - 1) * BLOCK]!;
      return free - 1;
    }
    const block = words[BLOCK_BUMP]!;
    if ((block + 1) * BLOCK > blocks.length) broken('adjacency blocks beyond their derived bound');
    words[BLOCK_BUMP] = block + 1;
    return block;
  }

  function giveBlock(block: number): void {
    blocks[block * BLOCK] = words[BLOCK_FREE]!;
    words[BLOCK_FREE] = block + 1;
  }

  // ------------------------------------------------------------ hash table

  /** Where the bucket of a hash begins. */
  function homeOf(hash: number): number {
    // As many low bits as number the last bucket; one bit less for a bucket that is not split yet.
    const all = FIRST_BUCKETS + words[SPLIT]!;
    const level = 32 - Math.clz32(all - 1);
    const half = 1 << (level - 1);
    const low = hash & (half - 1);
    if (low < all - half) {
      shift = level & -TAG_STEP;
      return (hash & (2 * half - 1)) * BUCKET;
    }
    shift = (level - 1) & -TAG_STEP;
    return low * BUCKET;
  }

  function search(home: number, tag: number, source: number, target: number, kind: number, ghosts: boolean): number {
    const pattern = Math.imul(tag, 0x01010101);
    const head = buckets[home]!;
    const count = head & COUNT_MASK;
    // Bytes that are zero, and perhaps some above them; see Warren, "Hacker's Delight", 6-1.
    const tags0 = buckets[home + TAGS]! ^ pattern;
    const tags1 = buckets[home + TAGS + 1]! ^ pattern;
    const tags2 = buckets[home + TAGS + 2]! ^ pattern;
    const zeros0 = (tags0 - 0x01010101) & ~tags0 & filled0[count]!;
    const zeros1 = (tags1 - 0x01010101) & ~tags1 & filled1[count]!;
    const zeros2 = (tags2 - 0x01010101) & ~tags2 & filled2[count]!;
    // One question for all of it, since it waits for memory: that it is a new edge's can be foretold.
    if ((zeros0 | zeros1 | zeros2 | (head >>> COUNT_BITS)) === 0) return NO_ROW;
    return searchClosely(home, pattern, source, target, kind, ghosts);
  }

  function searchClosely(
    home: number,
    pattern: number,
    source: number,
    target: number,
    kind: number,
    ghosts: boolean,
  ): number {
    for (let at = home; ; ) {
      const count = buckets[at]! & COUNT_MASK;
      for (let first = 0; first < count; first += 4) {
        const tags = buckets[at + TAGS + (first >> 2)]! ^ pattern;
        let zeros = (tags - 0x01010101) & ~tags & 0x80808080;
        for (; zeros !== 0; zeros &= zeros - 1) {
          const slot = first + ((31 - Math.clz32(zeros & -zeros)) >> 3);
          if (slot >= count) break;
          const edge = buckets[at + EDGES + slot]!;
          if (sources[edge] !== source || targets[edge] !== target || kinds[edge] !== kind) continue;
          if (!ghosts || isLive(edge)) return edge;
        }
      }
      const next = buckets[at]! >>> COUNT_BITS;
      if (next === 0) return NO_ROW;
      at = next * BUCKET;
    }
  }

  function put(home: number, edge: number, tag: number): void {
    let at = home;
    let head = buckets[home]!;
    if ((head & COUNT_MASK) === BUCKET_EDGES) {
      const first = head >>> COUNT_BITS;
      at = first * BUCKET;
      if (first === 0 || (buckets[at]! & COUNT_MASK) === BUCKET_EDGES) {
        const bucket = takeBucket();
        at = bucket * BUCKET;
        buckets[at] = first << COUNT_BITS;
        buckets[home] = (bucket << COUNT_BITS) | BUCKET_EDGES;
      }
      head = buckets[at]!;
    }
    const slot = head & COUNT_MASK;
    buckets[at + EDGES + slot] = edge;
    setTag(at, slot, tag);
    buckets[at] = head + 1;
  }

  function setTag(at: number, slot: number, tag: number): void {
    const word = at + TAGS + (slot >> 2);
    const bit = (slot & 3) * 8;
    buckets[word] = (buckets[word]! & ~(TAG_MASK << bit)) | (tag << bit);
  }

  function tagAt(at: number, slot: number): number {
    return (buckets[at + TAGS + (slot >> 2)]! >>> ((slot & 3) * 8)) & TAG_MASK;
  }

  /** Takes out an edge that is there. */
  function unput(hash: number, edge: number): void {
    const home = homeOf(hash);
    let at = home;
    let slot = slotOf(at, edge);
    for (; slot < 0; slot = slotOf(at, edge)) {
      const next = buckets[at]! >>> COUNT_BITS;
      if (next === 0) broken('an edge is not in its bucket');
      at = next * BUCKET;
    }
    // The last edge of the only bucket that need not be full moves into the hole.
    const first = buckets[home]! >>> COUNT_BITS;
    const from = first === 0 ? home : first * BUCKET;
    const head = buckets[from]! - 1;
    const last = head & COUNT_MASK;
    buckets[at + EDGES + slot] = buckets[from + EDGES + last]!;
    setTag(at, slot, tagAt(from, last));
    buckets[from] = head;
    if (first !== 0 && last === 0) {
      buckets[home] = ((head >>> COUNT_BITS) << COUNT_BITS) | BUCKET_EDGES;
      giveBucket(first);
    }
  }

  function slotOf(at: number, edge: number): number {
    let slot = (buckets[at]! & COUNT_MASK) - 1;
    while (slot >= 0 && buckets[at + EDGES + slot] !== edge) slot--;
    return slot;
  }

  /** Moves the edges of one bucket whose next hash bit is set to a new bucket at the end of the table. */
  function split(): void {
    const added = FIRST_BUCKETS + words[SPLIT]!;
    if (added >= homes) return;
    const level = 31 - Math.clz32(added);
    const bit = 1 << (level & (TAG_STEP - 1));
    // The tags of one level more may begin at another bit of the hash.
    const anew = ((level + 1) & (TAG_STEP - 1)) === 0;
    const from = (added - (1 << level)) * BUCKET;
    const to = added * BUCKET;
    words[SPLIT] = added + 1 - FIRST_BUCKETS;
    let chain = buckets[from]! >>> COUNT_BITS;
    let count = buckets[from]! & COUNT_MASK;
    buckets[to] = 0;
    buckets[from] = 0;
    // What stays is written at or before where it is read; what is in the chain is put as if it were new.
    for (let at = from; ; ) {
      // All of them before the first is put, which is a guess at the processor's: so their loads do not wait for each other.
      for (let slot = 0; anew && slot < count; slot++) {
        const edge = buckets[at + EDGES + slot]!;
        anewTags[slot] = hashOf(sources[edge]!, targets[edge]!, kinds[edge]!) >>> (level + 1);
      }
      for (let slot = 0; slot < count; slot++) {
        const tag = tagAt(at, slot);
        put((tag & bit) === 0 ? from : to, buckets[at + EDGES + slot]!, anew ? anewTags[slot]! : tag);
      }
      if (at !== from) giveBucket(at / BUCKET);
      if (chain === 0) return;
      at = chain * BUCKET;
      count = buckets[at]! & COUNT_MASK;
      chain = buckets[at]! >>> COUNT_BITS;
    }
  }

  function takeBucket(): number {
    const free = words[BUCKET_FREE]!;
    if (free !== 0) {
      words[BUCKET_FREE] = buckets[free * BUCKET]!;
      return free;
    }
    const bucket = homes + words[BUCKET_BUMP]!;
    if ((bucket + 1) * BUCKET > buckets.length) broken('hash buckets beyond their derived bound');
    words[BUCKET_BUMP]!++;
    return bucket;
  }

  function giveBucket(bucket: number): void {
    buckets[bucket * BUCKET] = words[BUCKET_FREE]!;
    words[BUCKET_FREE] = bucket;
  }

  function standing(edge: number): { home: number; tag: number } {
    const hash = hashOf(sources[edge]!, targets[edge]!, kinds[edge]!);
    return { home: homeOf(hash), tag: (hash >>> shift) & TAG_MASK };
  }

  return { isLive, loadedBefore: () => loaded, find, upsert, relink, free, pop, takeBlock, giveBlock, standing };
}

export type EdgeStore = ReturnType<typeof makeEdgeStore>;
