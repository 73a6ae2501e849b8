/** Points of a group, and children of a box above: a join looks at pairs of groups, 256 distances at a time. */
const FANOUT_SHIFT = 4;
const FANOUT = 1 << FANOUT_SHIFT;
/** Groups of a chunk: as many as a third-level box holds, so that chunks build their boxes alone. */
const BUILD_SHIFT = 2 * FANOUT_SHIFT;
const BUILD_GROUPS = 1 << BUILD_SHIFT;
/** Groups whose partners a chunk of the join looks for: 1,024 points, a tenth of a millisecond where there is no crowd. */
export const JOIN_GROUPS = 64;
/** Pairs of groups between two looks at the clock. */
const BREATH_PAIRS = 256;
/** Children on the stack of a descent: 15 siblings a level, 8 levels of 16 hold 2^32 points. */
const STACK = FANOUT * 8;

export const PairPhase = { build: 0, count: 1, write: 2 } as const;

/**
 * Every pair of points at distance <= radius, each once: a join of a snapshot with itself. All arrays are over shared
 * memory. The points come in an order in which neighbours are near each other, so that 16 in a row are a group with a small
 * box, 16 such boxes make one above, and so on: an index without a sort. Any order gives the same pairs.
 *
 * The join runs twice, first to count: then every chunk has its place in a result of the right size, in the same order for
 * any number of workers, and a result that cannot be held is known before anything is written.
 */
export interface PairJoin {
  readonly points: number;
  readonly dims: number;
  /** Node rows; `dims` coordinates of each. */
  readonly rows: Uint32Array;
  readonly positions: Float64Array;
  /** Square of the radius. */
  readonly square: number;
  /** Boxes of all levels, groups first: `dims` least coordinates, then `dims` greatest. */
  readonly boxes: Float64Array;
  /** Pairs by chunk of the join; then, where they are to be written. */
  readonly chunkPairs: Float64Array;
  readonly chunkStart: Float64Array;
  readonly sources: Uint32Array | undefined;
  readonly targets: Uint32Array | undefined;
  readonly distances: Float64Array | undefined;
}

/** First box of each level; one more for the end. */
export function boxLevels(points: number): number[] {
  const starts = [0];
  let at = 0;
  for (let count = Math.ceil(points / FANOUT); ; count = Math.ceil(count / FANOUT)) {
    at += count;
    starts.push(at);
    if (count <= 1) return starts;
  }
}

export function buildChunks(points: number): number {
  return Math.ceil(points / (FANOUT * BUILD_GROUPS));
}

export function joinChunks(points: number): number {
  return Math.ceil(points / (FANOUT * JOIN_GROUPS));
}

/** Worker thread. */
export class PairKernel {
  readonly #join: PairJoin;
  readonly #breathe: () => boolean;
  readonly #levels: number[];
  readonly #stack = new Float64Array(STACK);
  readonly #stackLevel = new Uint8Array(STACK);
  readonly #hits = new Uint32Array(FANOUT);
  readonly #squares = new Float64Array(FANOUT);
  /** Pairs of the chunk so far, or where the next is written. */
  #pairs = 0;

  constructor(join: PairJoin, breathe: () => boolean) {
    this.#join = join;
    this.#breathe = breathe;
    this.#levels = boxLevels(join.points);
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === PairPhase.build) {
      this.#build(chunk);
      return true;
    }
    const write = phase === PairPhase.write;
    const groups = this.#levels[1]!;
    const end = Math.min(groups, (chunk + 1) * JOIN_GROUPS);
    this.#pairs = write ? this.#join.chunkStart[chunk]! : 0;
    for (let group = chunk * JOIN_GROUPS; group < end; group++) if (!this.#partners(group, write)) return false;
    if (!write) this.#join.chunkPairs[chunk] = this.#pairs;
    return true;
  }

  next(phase: number): { phase: number; chunks: number } | undefined {
    if (phase !== PairPhase.build) return undefined;
    // A few hundred boxes for a million points: the levels that no chunk could finish alone.
    for (let level = 3; level < this.#levels.length - 1; level++) {
      for (let box = 0; box < this.#levels[level + 1]! - this.#levels[level]!; box++) this.#boxAbove(level, box);
    }
    return { phase: PairPhase.count, chunks: joinChunks(this.#join.points) };
  }

  // ------------------------------------------------------------ boxes

  #build(chunk: number): void {
    const levels = this.#levels;
    for (let level = 0; level < 3 && level < levels.length - 1; level++) {
      const count = levels[level + 1]! - levels[level]!;
      const each = BUILD_GROUPS >>> (level * FANOUT_SHIFT);
      const end = Math.min(count, (chunk + 1) * each);
      for (let box = chunk * each; box < end; box++) {
        if (level === 0) this.#boxOfGroup(box);
        else this.#boxAbove(level, box);
      }
    }
  }

  #boxOfGroup(group: number): void {
    const { points, dims, positions, boxes } = this.#join;
    const end = Math.min(points, (group + 1) * FANOUT) * dims;
    const at = group * dims * 2;
    for (let axis = 0; axis < dims; axis++) {
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = group * FANOUT * dims + axis; i < end; i += dims) {
        const value = positions[i]!;
        if (value < least) least = value;
        if (value > most) most = value;
      }
      boxes[at + axis] = least;
      boxes[at + dims + axis] = most;
    }
  }

  #boxAbove(level: number, box: number): void {
    const { dims, boxes } = this.#join;
    const below = this.#levels[level - 1]!;
    const first = below + box * FANOUT;
    const end = Math.min(this.#levels[level]!, first + FANOUT);
    const at = (this.#levels[level]! + box) * dims * 2;
    for (let axis = 0; axis < dims; axis++) {
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (let child = first; child < end; child++) {
        least = Math.min(least, boxes[child * dims * 2 + axis]!);
        most = Math.max(most, boxes[child * dims * 2 + dims + axis]!);
      }
      boxes[at + axis] = least;
      boxes[at + dims + axis] = most;
    }
  }

  // ------------------------------------------------------------ join

  /** Pairs of the group's points with each other and with those of later groups. False when the job is over. */
  #partners(group: number, write: boolean): boolean {
    const levels = this.#levels;
    const { dims, boxes, square } = this.#join;
    const stack = this.#stack;
    const stackLevel = this.#stackLevel;
    const mine = group * dims * 2;
    let depth = 0;
    let looked = 0;
    stack[depth] = 0;
    stackLevel[depth++] = levels.length - 2;
    while (depth > 0) {
      const box = stack[--depth]!;
      const level = stackLevel[depth]!;
      // All of its groups come before this one: they have found their pairs with it.
      if (Math.min((box + 1) * FANOUT ** level, levels[1]!) <= group) continue;
      const theirs = (levels[level]! + box) * dims * 2;
      // The difference of two bounds, rounded, is never above that of the points within them, nor is a sum of squares:
      // the test of the boxes lets pass whatever the test of the points would.
      let gap = 0;
      let reach = 0;
      for (let axis = 0; axis < dims; axis++) {
        const above = boxes[theirs + axis]! - boxes[mine + dims + axis]!;
        const below = boxes[mine + axis]! - boxes[theirs + dims + axis]!;
        const apart = above > below ? above : below;
        if (apart > 0) gap += apart * apart;
        const right = boxes[theirs + dims + axis]! - boxes[mine + axis]!;
        const left = boxes[mine + dims + axis]! - boxes[theirs + axis]!;
        const across = right > left ? right : left;
        reach += across * across;
      }
      if (gap > square) continue;
      if (!write && reach <= square && box * FANOUT ** level > group) {
        this.#pairs += this.#pointsOf(group, 0) * this.#pointsOf(box, level);
        continue;
      }
      if (level > 0) {
        const first = box * FANOUT;
        const end = Math.min(levels[level]! - levels[level - 1]!, first + FANOUT);
        for (let child = end - 1; child >= first; child--) {
          stack[depth] = child;
          stackLevel[depth++] = level - 1;
        }
        continue;
      }
      if (dims === 2) this.#pairGroups2(group, box, write);
      else this.#pairGroups3(group, box, write);
      if (++looked % BREATH_PAIRS === 0 && !this.#breathe()) return false;
    }
    return true;
  }

  #pointsOf(box: number, level: number): number {
    const each = FANOUT ** (level + 1);
    return Math.min(this.#join.points, (box + 1) * each) - box * each;
  }

  #pairGroups2(group: number, other: number, write: boolean): void {
    const { points, positions, square } = this.#join;
    const hits = this.#hits;
    const squares = this.#squares;
    const aEnd = Math.min(points, (group + 1) * FANOUT);
    const bEnd = Math.min(points, (other + 1) * FANOUT);
    for (let a = group * FANOUT; a < aEnd; a++) {
      const x = positions[2 * a]!;
      const y = positions[2 * a + 1]!;
      let found = 0;
      for (let b = group === other ? a + 1 : other * FANOUT; b < bEnd; b++) {
        const dx = positions[2 * b]! - x;
        const dy = positions[2 * b + 1]! - y;
        const apart = dx * dx + dy * dy;
        // As in the tree's leaves: which are inside cannot be foretold, so each is written, and stays if it is.
        hits[found] = b;
        squares[found] = apart;
        found += +(apart <= square);
      }
      if (write) this.#write(a, found);
      else this.#pairs += found;
    }
  }

  #pairGroups3(group: number, other: number, write: boolean): void {
    const { points, positions, square } = this.#join;
    const hits = this.#hits;
    const squares = this.#squares;
    const aEnd = Math.min(points, (group + 1) * FANOUT);
    const bEnd = Math.min(points, (other + 1) * FANOUT);
    for (let a = group * FANOUT; a < aEnd; a++) {
      const x = positions[3 * a]!;
      const y = positions[3 * a + 1]!;
      const z = positions[3 * a + 2]!;
      let found = 0;
      for (let b = group === other ? a + 1 : other * FANOUT; b < bEnd; b++) {
        const dx = positions[3 * b]! - x;
        const dy = positions[3 * b + 1]! - y;
        const dz = positions[3 * b + 2]! - z;
        const apart = dx * dx + dy * dy + dz * dz;
        hits[found] = b;
        squares[found] = apart;
        found += +(apart <= square);
      }
      if (write) this.#write(a, found);
      else this.#pairs += found;
    }
  }

  #write(a: number, found: number): void {
    const { rows, sources, targets, distances } = this.#join;
    const row = rows[a]!;
    let at = this.#pairs;
    for (let i = 0; i < found; i++, at++) {
      const other = rows[this.#hits[i]!]!;
      sources![at] = row < other ? row : other;
      targets![at] = row < other ? other : row;
      distances![at] = Math.sqrt(this.#squares[i]!);
    }
    this.#pairs = at;
  }
}
