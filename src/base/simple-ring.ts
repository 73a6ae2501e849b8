import { orientation, segmentsMeet } from './orientation.js';

/** No edge. */
const NONE = -1;

/**
 * Whether a closed ring crosses or touches itself, in n log n (Shamos and Hoey, "Geometric intersection problems", 1976): a
 * line sweeps over the corners, and two edges can only meet after they have stood next to each other on it. All decisions
 * are exact, so edges that merely share a corner never count.
 *
 * Edge i leads from point i to the next. The edges that the line crosses stand in a list from below to above, and in a
 * search tree over that list (a treap: random priorities keep it flat).
 */
export class RingSweep {
  /** Comparisons and steps in the tree so far: what the sweep costs. */
  looks = 0;
  readonly #count: number;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #below: Int32Array;
  readonly #above: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #parent: Int32Array;
  readonly #priority: Float64Array;
  #root = NONE;
  #lowest = NONE;

  /** At least three points, and no two in a row that are the same. */
  constructor(points: ReadonlyArray<readonly [number, number]>) {
    const count = points.length;
    this.#count = count;
    this.#x = Float64Array.from(points, ([x]) => x);
    this.#y = Float64Array.from(points, ([, y]) => y);
    this.#below = new Int32Array(count).fill(NONE);
    this.#above = new Int32Array(count).fill(NONE);
    this.#left = new Int32Array(count).fill(NONE);
    this.#right = new Int32Array(count).fill(NONE);
    this.#parent = new Int32Array(count).fill(NONE);
    // Of no consequence for the answer: what is random here is only how long it takes.
    this.#priority = Float64Array.from({ length: count }, () => Math.random());
  }

  /** Two edges with a point in common that is not the corner between them, or undefined. */
  crossing(): [number, number] | undefined {
    const count = this.#count;
    const corners = new Uint32Array(count);
    for (let i = 0; i < count; i++) corners[i] = i;
    corners.sort((a, b) => this.#order(a, b));
    for (let k = 0; k < count; k++) {
      const corner = corners[k]!;
      // Two corners at one place: their rings touch there.
      if (k > 0 && this.#order(corners[k - 1]!, corner) === 0) return [corners[k - 1]!, corner];
      const before = corner === 0 ? count - 1 : corner - 1;
      const next = corner === count - 1 ? 0 : corner + 1;
      const fromBefore = this.#order(before, corner) < 0;
      const fromNext = this.#order(next, corner) < 0;
      const found =
        fromBefore === fromNext
          ? fromBefore
            ? this.#ends(before, corner)
            : this.#begins(before, corner)
          : this.#goesOn(fromBefore ? before : corner, fromBefore ? corner : before);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The order of the sweep: by x, then by y. */
  #order(a: number, b: number): number {
    return this.#x[a]! - this.#x[b]! || this.#y[a]! - this.#y[b]!;
  }

  #end(edge: number): number {
    return edge === this.#count - 1 ? 0 : edge + 1;
  }

  /** On which side of the edge, seen along the sweep, a point lies: 1 above, -1 below. */
  #side(edge: number, point: number): number {
    this.looks++;
    const end = this.#end(edge);
    const [a, b] = this.#order(edge, end) < 0 ? [edge, end] : [end, edge];
    return orientation(this.#x[a]!, this.#y[a]!, this.#x[b]!, this.#y[b]!, this.#x[point]!, this.#y[point]!);
  }

  /** Which of two edges at a corner turns off to the left; 0 where they lie on each other. */
  #turn(corner: number, first: number, second: number): number {
    this.looks++;
    const a = first === corner ? this.#end(first) : first;
    const b = second === corner ? this.#end(second) : second;
    return orientation(this.#x[corner]!, this.#y[corner]!, this.#x[a]!, this.#y[a]!, this.#x[b]!, this.#y[b]!);
  }

  // ------------------------------------------------------------ the three kinds of corners

  /** Both edges begin: the one from the corner, and the one before it. */
  #begins(before: number, edge: number): [number, number] | undefined {
    const turn = this.#turn(edge, before, edge);
    if (turn === 0) return [before, edge];
    let under = NONE;
    for (let at = this.#root; at !== NONE; ) {
      const side = this.#side(at, edge);
      if (side === 0) return [at, edge];
      if (side > 0) under = at;
      at = side > 0 ? this.#right[at]! : this.#left[at]!;
    }
    const [lower, upper] = turn > 0 ? [before, edge] : [edge, before];
    this.#insert(lower, under);
    this.#insert(upper, lower);
    return this.#meeting(this.#below[lower]!, lower) ?? this.#meeting(upper, this.#above[upper]!);
  }

  #goesOn(old: number, edge: number): [number, number] | undefined {
    this.#replace(old, edge);
    return this.#meeting(this.#below[edge]!, edge) ?? this.#meeting(edge, this.#above[edge]!);
  }

  #ends(before: number, edge: number): [number, number] | undefined {
    if (this.#turn(edge, before, edge) === 0) return [before, edge];
    const [lower, upper] = this.#above[before] === edge ? [before, edge] : [edge, before];
    const under = this.#below[lower]!;
    const over = this.#above[upper]!;
    this.#remove(lower);
    this.#remove(upper);
    return this.#meeting(under, over);
  }

  /** Two edges that have become neighbours on the line, if they meet. */
  #meeting(a: number, b: number): [number, number] | undefined {
    if (a === NONE || b === NONE || this.#end(a) === b || this.#end(b) === a) return undefined;
    this.looks++;
    const [x, y] = [this.#x, this.#y];
    const [endA, endB] = [this.#end(a), this.#end(b)];
    const meet = segmentsMeet(x[a]!, y[a]!, x[endA]!, y[endA]!, x[b]!, y[b]!, x[endB]!, y[endB]!);
    return meet ? [a, b] : undefined;
  }

  // ------------------------------------------------------------ the list and the tree over it

  /** Puts an edge above another, or lowest. */
  #insert(edge: number, under: number): void {
    const over = under === NONE ? this.#lowest : this.#above[under]!;
    this.#below[edge] = under;
    this.#above[edge] = over;
    if (under === NONE) this.#lowest = edge;
    else this.#above[under] = edge;
    if (over !== NONE) this.#below[over] = edge;
    this.#left[edge] = NONE;
    this.#right[edge] = NONE;
    // Of two neighbours in the list one has no child towards the other.
    if (under !== NONE && this.#right[under] === NONE) {
      this.#right[under] = edge;
      this.#parent[edge] = under;
    } else if (over !== NONE) {
      this.#left[over] = edge;
      this.#parent[edge] = over;
    } else {
      this.#root = edge;
      this.#parent[edge] = NONE;
    }
    while (this.#parent[edge] !== NONE && this.#priority[edge]! > this.#priority[this.#parent[edge]!]!)
      this.#lift(edge);
  }

  #remove(edge: number): void {
    const under = this.#below[edge]!;
    const over = this.#above[edge]!;
    if (under === NONE) this.#lowest = over;
    else this.#above[under] = over;
    if (over !== NONE) this.#below[over] = under;
    for (;;) {
      const left = this.#left[edge]!;
      const right = this.#right[edge]!;
      if (left === NONE && right === NONE) break;
      const better = left === NONE || (right !== NONE && this.#priority[right]! > this.#priority[left]!);
      this.#lift(better ? right : left);
    }
    this.#hang(this.#parent[edge]!, edge, NONE);
  }

  /** An edge takes the place of another. */
  #replace(old: number, edge: number): void {
    const under = this.#below[old]!;
    const over = this.#above[old]!;
    this.#below[edge] = under;
    this.#above[edge] = over;
    if (under === NONE) this.#lowest = edge;
    else this.#above[under] = edge;
    if (over !== NONE) this.#below[over] = edge;
    const left = this.#left[old]!;
    const right = this.#right[old]!;
    this.#left[edge] = left;
    this.#right[edge] = right;
    if (left !== NONE) this.#parent[left] = edge;
    if (right !== NONE) this.#parent[right] = edge;
    this.#priority[edge] = this.#priority[old]!;
    this.#hang(this.#parent[old]!, old, edge);
  }

  /** The edge goes above its parent, with the order as it is. */
  #lift(edge: number): void {
    this.looks++;
    const parent = this.#parent[edge]!;
    const [near, far] = this.#left[parent] === edge ? [this.#left, this.#right] : [this.#right, this.#left];
    const child = far[edge]!;
    near[parent] = child;
    if (child !== NONE) this.#parent[child] = parent;
    this.#hang(this.#parent[parent]!, parent, edge);
    far[edge] = parent;
    this.#parent[parent] = edge;
  }

  /** What hung on a parent (or was the root) is replaced there. */
  #hang(parent: number, old: number, edge: number): void {
    if (parent === NONE) this.#root = edge;
    else if (this.#left[parent] === old) this.#left[parent] = edge;
    else this.#right[parent] = edge;
    if (edge !== NONE) this.#parent[edge] = parent;
  }
}
