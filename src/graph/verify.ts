import type { EdgeStore } from './edge-store.js';
import type { FreeRows } from './free-rows.js';
import {
  BLOCK,
  BLOCK_ENTRIES,
  BUCKET,
  BUCKET_EDGES,
  Bucket,
  type EdgeViews,
  FIRST_BUCKETS,
  FREE,
  homesOf,
  ListWord,
  ROW_WORDS,
  type RowViews,
  Word,
} from './layout.js';

/** Names what does not agree between the edge columns and lists, hash table, counters and free lists. At most 20 problems. */
export function verifyEdges(views: EdgeViews, rows: RowViews, store: EdgeStore, freeRows: FreeRows): string[] {
  const { isLive } = store;
  const { source, target, outPlace, inPlace, blocks, words } = views;
  const end = words[Word.edgeBump]!;
  const isThere = (edge: number): boolean => edge < end && source[edge] !== FREE;
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (problems.length < 20) problems.push(`edges: ${problem}`);
  };
  const blockSeen = new Uint8Array(words[Word.blockBump]!);
  const takeBlock = (ref: number, where: string): boolean => {
    if (ref === 0 || ref > blockSeen.length || blockSeen[ref - 1] !== 0) {
      note(`${where}: block ${ref - 1} is out of range, or stands elsewhere too`);
      return false;
    }
    blockSeen[ref - 1] = 1;
    return true;
  };
  const walk = (head: number, length: number, where: string, visit: (place: number) => void): void => {
    let block = head;
    for (let left = length; left > 0; ) {
      if (!takeBlock(block, where)) return;
      const filled = ((left - 1) % BLOCK_ENTRIES) + 1;
      for (let slot = 1; slot <= filled; slot++) visit((block - 1) * BLOCK + slot);
      left -= filled;
      block = blocks[(block - 1) * BLOCK]!;
    }
    if (block !== 0) note(`${where}: its chain goes on behind its ${length} entries`);
  };

  let used = 0;
  const loops = new Map<number, number>();
  const ends = [new Set<number>(), new Set<number>()] as const;
  const ghosts = words[Word.cascades] !== 0;
  for (let edge = 0; edge < end; edge++) {
    if (!isThere(edge)) continue;
    used++;
    if (!isLive(edge)) {
      if (!ghosts) note(`row ${edge} has lost an end, and no cascade is under way`);
      continue;
    }
    ends[0].add(source[edge]!);
    ends[1].add(target[edge]!);
    if (source[edge] === target[edge]) loops.set(source[edge]!, (loops.get(source[edge]!) ?? 0) + 1);
  }
  if (used !== words[Word.count]) note(`${words[Word.count]} counted, ${used} there`);

  // Each live edge is met at its own place; as many as there are, so none is missing.
  for (const direction of [0, 1] as const) {
    const list = direction === 0 ? ListWord.outHead : ListWord.inHead;
    const own = direction === 0 ? source : target;
    const placeOf = direction === 0 ? outPlace : inPlace;
    const name = direction === 0 ? 'out' : 'in';
    let met = 0;
    let live = 0;
    for (const row of ends[direction]) {
      const at = row * ROW_WORDS + list;
      walk(rows.lists[at]!, rows.lists[at + 1]!, `${name} list of row ${row}`, (place) => {
        const edge = blocks[place]!;
        if (!isThere(edge) || own[edge] !== row || placeOf[edge] !== place)
          note(`${name} list of row ${row} lists row ${edge}, which is not there`);
        else if (isLive(edge)) met++;
      });
    }
    for (let edge = 0; edge < end; edge++) if (isLive(edge)) live++;
    if (met !== live) note(`${met} in ${name} lists, ${live} there`);
  }
  for (const row of ends[0]) {
    if (rows.loops[row] !== (loops.get(row) ?? 0))
      note(`row ${row}: ${rows.loops[row]} loops counted, ${loops.get(row) ?? 0} there`);
  }

  let cascades = 0;
  for (let record = words[Word.cascade]!; record !== 0; record = blocks[(record - 1) * BLOCK]!) {
    if (!takeBlock(record, 'cascades')) break;
    cascades++;
    const at = (record - 1) * BLOCK + 1;
    for (const list of [ListWord.outHead, ListWord.inHead]) {
      walk(blocks[at + list]!, blocks[at + list + 1]!, 'list of a removed node', () => {});
    }
  }
  if (cascades !== words[Word.cascades]) note(`${words[Word.cascades]} cascades counted, ${cascades} there`);

  for (let block = words[Word.blockFree]!; block !== 0; block = blocks[(block - 1) * BLOCK]!) {
    if (!takeBlock(block, 'free blocks')) break;
  }
  // Rows without live edges may hold ghosts, and their blocks are met only from their own rows, so the sum is exact without them alone.
  if (!ghosts && blockSeen.includes(0)) note('a block is neither in a list nor free');
  freeRows.verify((row) => !isThere(row), end, note);
  verifyTable(views, store, isThere, used, note);
  return problems;
}

function verifyTable(
  views: EdgeViews,
  store: EdgeStore,
  isThere: (edge: number) => boolean,
  edges: number,
  note: (problem: string) => void,
): void {
  const { buckets, words } = views;
  const homes = FIRST_BUCKETS + words[Word.split]!;
  const firstChained = homesOf(views.source.length);
  const chained = words[Word.bucketBump]!;
  let met = 0;
  let inChains = 0;
  for (let home = 0; home < homes; home++) {
    for (let at = home * BUCKET, step = 0; ; step++) {
      const head = buckets[at]!;
      const count = head & ((1 << Bucket.countBits) - 1);
      const next = head >>> Bucket.countBits;
      if (count > BUCKET_EDGES || (count < BUCKET_EDGES && (step === 0 ? next !== 0 : step > 1)))
        note(`bucket ${home} of the hash table holds ${count} in the middle of its chain`);
      if (step > 0 && count === 0) note(`bucket ${home} of the hash table ends with an empty one`);
      for (let slot = 0; slot < Math.min(count, BUCKET_EDGES); slot++) {
        const edge = buckets[at + Bucket.edges + slot]!;
        met++;
        if (!isThere(edge)) {
          note(`row ${edge} is in the hash table, and no edge`);
          continue;
        }
        const standing = store.standing(edge);
        const tag = (buckets[at + Bucket.tags + (slot >> 2)]! >>> ((slot & 3) * 8)) & 0xff;
        if (standing.home !== home * BUCKET || standing.tag !== tag)
          note(`row ${edge} is not where its hash leads in the hash table`);
      }
      if (next === 0) break;
      if (next < firstChained || next >= firstChained + chained || ++inChains > chained) {
        note(`bucket ${home} of the hash table: its chain leads astray`);
        return;
      }
      at = next * BUCKET;
    }
  }
  if (met !== edges) note(`${met} in the hash table, ${edges} there`);
  let free = 0;
  for (let bucket = words[Word.bucketFree]!; bucket !== 0 && free <= chained; bucket = buckets[bucket * BUCKET]!)
    free++;
  if (free + inChains !== chained) note(`${free} buckets free and ${inChains} in chains, of ${chained}`);
}
