import { distanceOf, LEAST_SQUARE } from '../base/distance.js';
import { invariant } from '../base/errors.js';
import { angleBetween } from '../base/sphere.js';
import { CHUNK_POINTS, keyChunks, PairOrder, type PairPoints } from './pair-order.js';

/** Points of a group, and children of a box above: a join looks at pairs of groups, 256 distances at a time. */
const FANOUT_SHIFT = 4;
const FANOUT = 1 << FANOUT_SHIFT;
/** Groups of a chunk: as many as a third-level box holds, so that chunks build their boxes alone. */
const BUILD_SHIFT = 2 * FANOUT_SHIFT;
const BUILD_GROUPS = 1 << BUILD_SHIFT;
/** Groups whose partners a chunk of the join looks for: 1,024 points, a tenth of a millisecond where there is no crowd. */
export const JOIN_GROUPS = 64;
invariant(CHUNK_POINTS === FANOUT * BUILD_GROUPS, 'a chunk of ordered points is a third-level box');
/** Pairs of groups between two looks at the clock. */
const BREATH_PAIRS = 256;
/** Children on the stack of a descent: 15 siblings a level, 8 levels of 16 hold 2^32 points. */
const STACK = FANOUT * 8;

export const PairPhase = { key: 0, scatter: 1, build: 2, count: 3, write: 4 } as const;

/**
 * Every pair of points at distance <= radius, each once: a join of a snapshot with itself. All arrays are over shared
 * memory. The points are put in the order of a Hilbert curve: into buckets of about a thousand by counting, and then each
 * chunk of 4,096 sorts its own. So 16 in a row are a group with a small box, 16 such boxes make one above, and so on. Any
 * order gives the same pairs: where one far point leaves all others in one bucket, they stand as the tree's leaves had them.
 *
 * The join runs twice, first to count: then every chunk has its place in a result of the right size, in the same order for
 * any number of workers, and a result that cannot be held is known before anything is written.
 */
export interface PairJoin extends PairPoints {
  /** Greatest square of a distance within the radius; of a chord where points are unit vectors. */
  readonly square: number;
  /** A square from which down every pair is within; what lies between the two is compared by its distance. */
  readonly certain: number;
  /** Points are unit vectors, and distances along a sphere of this radius; undefined: straight ones. */
  readonly sphereRadius: number | undefined;
  readonly radius: number;
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

const FAR = 0;
const NEAR = 1;
/** Every point of the one is near enough to every point of the other. */
const WITHIN = 2;

/** Worker thread. */
export class PairKernel {
  readonly #join: PairJoin;
  readonly #breathe: () => boolean;
  readonly #levels: number[];
  /** Groups below a box, by level. */
  readonly #groupsOf: number[];
  readonly #stack = new Float64Array(STACK);
  readonly #stackLevel = new Uint8Array(STACK);
  readonly #order: PairOrder;
  readonly #hits = new Uint32Array(FANOUT);
  readonly #squares = new Float64Array(FANOUT);
  /** Pairs of the chunk so far, or where the next is written. */
  #pairs = 0;

  constructor(join: PairJoin, breathe: () => boolean) {
    this.#join = join;
    this.#breathe = breathe;
    this.#order = new PairOrder(join);
    this.#levels = boxLevels(join.points);
    this.#groupsOf = this.#levels.map((_, level) => FANOUT ** level);
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === PairPhase.key) {
      this.#order.key(chunk);
      return true;
    }
    if (phase === PairPhase.scatter) {
      this.#order.scatter(chunk);
      return true;
    }
    if (phase === PairPhase.build) {
      this.#order.sort(chunk);
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
    const { points } = this.#join;
    if (phase === PairPhase.key) {
      this.#order.place();
      return { phase: PairPhase.scatter, chunks: keyChunks(points) };
    }
    if (phase === PairPhase.scatter) return { phase: PairPhase.build, chunks: buildChunks(points) };
    if (phase !== PairPhase.build) return undefined;
    // A few hundred boxes for a million points: the levels that no chunk could finish alone.
    for (let level = 3; level < this.#levels.length - 1; level++) {
      for (let box = 0; box < this.#levels[level + 1]! - this.#levels[level]!; box++) this.#boxAbove(level, box);
    }
    return { phase: PairPhase.count, chunks: joinChunks(points) };
  }

  bytes(): number {
    const { positions, rows, distances } = this.#join;
    return 2 * (positions.byteLength + rows.byteLength) + 2 * (distances?.byteLength ?? 0);
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
    const { dims } = this.#join;
    const stack = this.#stack;
    const stackLevel = this.#stackLevel;
    let depth = 0;
    let looked = 0;
    // The root's box tells nothing that its children's do not.
    stack[depth] = 0;
    stackLevel[depth++] = levels.length - 2;
    if (levels.length === 2) this.#pairGroups(group, 0, write);
    while (depth > 0) {
      const box = stack[--depth]!;
      const level = stackLevel[depth]! - 1;
      if (level < 0) break;
      // Children of which all groups come before this one have found their pairs with it.
      const first = Math.max(box * FANOUT, group >>> (level * FANOUT_SHIFT));
      const end = Math.min(levels[level + 1]! - levels[level]!, box * FANOUT + FANOUT);
      for (let child = first; child < end; child++) {
        const nearness =
          dims === 2 ? this.#nearness2(group, levels[level]! + child) : this.#nearness(group, levels[level]! + child);
        if (nearness === FAR) continue;
        // The box's first group comes after this one: so do all, and none is this one.
        const isLater = child * this.#groupsOf[level]! > group;
        if (nearness === WITHIN && !write && isLater) {
          this.#pairs += this.#pointsOf(group, 0) * this.#pointsOf(child, level);
        } else if (level > 0) {
          stack[depth] = child;
          stackLevel[depth++] = level;
        } else {
          this.#pairGroups(group, child, write);
          if (++looked % BREATH_PAIRS === 0 && !this.#breathe()) return false;
        }
      }
    }
    return true;
  }

  /**
   * How a group's box lies to another. The difference of two bounds, rounded, is never above that of the points within
   * them, nor is a sum of squares: the test of boxes never decides against the test of points.
   */
  #nearness(group: number, box: number): number {
    const { dims, boxes, square, certain } = this.#join;
    const a = group * dims * 2;
    const b = box * dims * 2;
    let gap = 0;
    let reach = 0;
    let length = 0;
    for (let axis = 0; axis < dims; axis++) {
      const above = boxes[b + axis]! - boxes[a + dims + axis]!;
      const below = boxes[a + axis]! - boxes[b + dims + axis]!;
      const apart = above > below ? above : below;
      if (apart > 0) gap += apart * apart;
      const across = above < below ? above : below;
      reach += across * across;
      length -= across;
    }
    if (gap > square) return FAR;
    // Points at one place are within any radius.
    return reach <= certain || length === 0 ? WITHIN : NEAR;
  }

  /** The same in two dimensions, without the loop. */
  #nearness2(group: number, box: number): number {
    const { boxes, square, certain } = this.#join;
    const a = group * 4;
    const b = box * 4;
    // The greater is the gap, if there is one; the lesser, turned round, is how far they reach from end to end.
    const right = boxes[b]! - boxes[a + 2]!;
    const left = boxes[a]! - boxes[b + 2]!;
    const above = boxes[b + 1]! - boxes[a + 3]!;
    const below = boxes[a + 1]! - boxes[b + 3]!;
    const dx = right > left ? (right > 0 ? right : 0) : left > 0 ? left : 0;
    const dy = above > below ? (above > 0 ? above : 0) : below > 0 ? below : 0;
    if (dx * dx + dy * dy > square) return FAR;
    const farX = right < left ? right : left;
    const farY = above < below ? above : below;
    return farX * farX + farY * farY <= certain || (farX === 0 && farY === 0) ? WITHIN : NEAR;
  }

  #pairGroups(group: number, other: number, write: boolean): void {
    if (this.#join.dims === 2) this.#pairGroups2(group, other, write);
    else this.#pairGroups3(group, other, write);
  }

  #pointsOf(box: number, level: number): number {
    const each = this.#groupsOf[level]! * FANOUT;
    return Math.min(this.#join.points, (box + 1) * each) - box * each;
  }

  #pairGroups2(group: number, other: number, write: boolean): void {
    const { points, positions, square, certain } = this.#join;
    const hits = this.#hits;
    const squares = this.#squares;
    const aEnd = Math.min(points, (group + 1) * FANOUT);
    const bEnd = Math.min(points, (other + 1) * FANOUT);
    const { boxes } = this.#join;
    const minX = boxes[other * 4]!;
    const minY = boxes[other * 4 + 1]!;
    const maxX = boxes[other * 4 + 2]!;
    const maxY = boxes[other * 4 + 3]!;
    for (let a = group * FANOUT; a < aEnd; a++) {
      const x = positions[2 * a]!;
      const y = positions[2 * a + 1]!;
      // A third of the points are too far from the whole of the other group.
      const gapX = x < minX ? minX - x : x > maxX ? x - maxX : 0;
      const gapY = y < minY ? minY - y : y > maxY ? y - maxY : 0;
      if (gapX * gapX + gapY * gapY > square) continue;
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
      if (certain < square) found = this.#nearByDistance(a, found);
      if (write) this.#write(a, found);
      else this.#pairs += found;
    }
  }

  #pairGroups3(group: number, other: number, write: boolean): void {
    const { points, positions, square, certain } = this.#join;
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
      if (certain < square) found = this.#nearByDistance(a, found);
      if (write) this.#write(a, found);
      else this.#pairs += found;
    }
  }

  /** Of the hits those within the radius by their distance; how many. */
  #nearByDistance(a: number, found: number): number {
    const hits = this.#hits;
    let kept = 0;
    for (let i = 0; i < found; i++) {
      if (this.#distance(a, hits[i]!) > this.#join.radius) continue;
      this.#squares[kept] = this.#squares[i]!;
      hits[kept++] = hits[i]!;
    }
    return kept;
  }

  #write(a: number, found: number): void {
    const { rows, sources, targets, distances, sphereRadius } = this.#join;
    const hits = this.#hits;
    const squares = this.#squares;
    const row = rows[a]!;
    let at = this.#pairs;
    for (let i = 0; i < found; i++, at++) {
      const other = rows[hits[i]!]!;
      sources![at] = row < other ? row : other;
      targets![at] = row < other ? other : row;
      const isPlain =
        sphereRadius === undefined && squares[i]! >= LEAST_SQUARE && squares[i]! < Number.POSITIVE_INFINITY;
      distances![at] = isPlain ? Math.sqrt(squares[i]!) : this.#distance(a, hits[i]!);
    }
    this.#pairs = at;
  }

  #distance(a: number, b: number): number {
    const { dims, positions: p, sphereRadius } = this.#join;
    if (dims === 2) return distanceOf(p[2 * a]! - p[2 * b]!, p[2 * a + 1]! - p[2 * b + 1]!, 0);
    const [ax, ay, az] = [p[3 * a]!, p[3 * a + 1]!, p[3 * a + 2]!];
    const [bx, by, bz] = [p[3 * b]!, p[3 * b + 1]!, p[3 * b + 2]!];
    if (sphereRadius === undefined) return distanceOf(ax - bx, ay - by, az - bz);
    return sphereRadius * angleBetween(ax, ay, az, bx, by, bz);
  }
}
