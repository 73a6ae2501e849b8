// Derived from ../split.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import { FANOUT } from '../layout.js';
import type { NodePool } from './nodes.js';

const DIM = 2;
/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 3;
const ROW = 2;
/** Words of a box. */
const BOX = 4;

/** Keys of the entries of a node being split, and their order; one node at a time, so one scratch a thread is enough. */
const order = new Uint8Array(FANOUT);
const keys = new Float64Array(FANOUT);
const boxScratch = new Float64Array(FANOUT * BOX);
const childScratch = new Uint32Array(FANOUT);

function sortByKey(count: number): void {
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = 1; i < count; i++) {
    const moving = order[i]!;
    const key = keys[moving]!;
    let at = i - 1;
    for (; at >= 0 && keys[order[at]!]! > key; at--) order[at + 1] = order[at]!;
    order[at + 1] = moving;
  }
}

/** The axis along which a box is longest. */
function longest(lengthX: number, lengthY: number): number {
  return lengthX >= lengthY ? 0 : 1;
}

/**
 * Splits a full leaf at the median of its longest side: the lower half stays, the upper half goes to `other`, a new leaf.
 * Sixteen points are too few for a cleverer distribution to matter much.
 */
export function splitLeaf(pool: NodePool, leaf: number, other: number, entries: Uint32Array): void {
  const { leafAt, leafCount } = pool.views;
  const start = leaf * FANOUT;
  let minX = Number.POSITIVE_INFINITY;
  let minY = Number.POSITIVE_INFINITY;
  let maxX = Number.NEGATIVE_INFINITY;
  let maxY = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < FANOUT; i++) {
    const at = (start + i) * ENTRY;
    const x = leafAt[at]!;
    const y = leafAt[at + 1]!;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  const axis = longest(maxX - minX, maxY - minY);
  for (let i = 0; i < FANOUT; i++) {
    const key = leafAt[(start + i) * ENTRY + axis]!;
    let at = i - 1;
    for (; at >= 0 && keys[at]! > key; at--) keys[at + 1] = keys[at]!;
    keys[at + 1] = key;
  }
  const half = FANOUT / 2;
  const median = keys[half]!;
  // Of the points on the median line as many stay as there is room for.
  let equals = half;
  while (equals > 0 && keys[equals - 1] === median) equals--;
  equals = half - equals;
  let low = start;
  let high = other * FANOUT;
  for (let from = start; from < start + FANOUT; from++) {
    const key = leafAt[from * ENTRY + axis]!;
    const stays = key < median || (key === median && equals-- > 0);
    const to = stays ? low++ : high++;
    if (to === from) continue;
    const row = leafAt[from * ENTRY + ROW]!;
    leafAt[to * ENTRY] = leafAt[from * ENTRY]!;
    leafAt[to * ENTRY + 1] = leafAt[from * ENTRY + 1]!;
    leafAt[to * ENTRY + ROW] = row;
    entries[row] = to + 1;
  }
  leafCount[leaf] = half;
  leafCount[other] = half;
}

/** Children of a half of an inner node, at least. */
const LEAST = 6;
/** Boxes of the first children of the order up to each, and of the last ones from each. */
const firstBoxes = new Float64Array(FANOUT * BOX);
const lastBoxes = new Float64Array(FANOUT * BOX);
const chosenOrder = new Uint8Array(FANOUT);

/**
 * Splits a full inner node as the R*-tree does (Beckmann et al., "The R*-tree", 1990): along the axis whose splits have the
 * least sides in all, where the halves overlap least. Queries then look at a third fewer boxes than after a split at the
 * median of the longest side (bench/rejected/rstar-choices.mjs), and few inserts split an inner node.
 */
export function splitInner(pool: NodePool, inner: number, other: number): void {
  const { innerBox, innerChild, innerCount } = pool.views;
  const start = inner * FANOUT;
  for (let i = 0; i < FANOUT; i++) childScratch[i] = innerChild[start + i]!;
  for (let k = 0; k < FANOUT * BOX; k++) boxScratch[k] = innerBox[start * BOX + k]!;
  let leastSides = 0;
  let cut = 0;
  for (let axis = 0; axis < DIM; axis++) {
    for (let i = 0; i < FANOUT; i++)
      keys[i] = boxScratch[i * BOX + axis]! * 0.5 + boxScratch[i * BOX + DIM + axis]! * 0.5;
    sortByKey(FANOUT);
    gather(firstBoxes, 0, 1);
    gather(lastBoxes, FANOUT - 1, -1);
    let sides = 0;
    let least = Number.POSITIVE_INFINITY;
    let shortest = Number.POSITIVE_INFINITY;
    let best = FANOUT / 2;
    for (let at = LEAST; at <= FANOUT - LEAST; at++) {
      const own = sidesOf(firstBoxes, (at - 1) * BOX) + sidesOf(lastBoxes, at * BOX);
      sides += own;
      const overlap = overlapOf((at - 1) * BOX, at * BOX);
      if (overlap > least || (overlap === least && own >= shortest)) continue;
      least = overlap;
      shortest = own;
      best = at;
    }
    if (axis > 0 && !(sides < leastSides)) continue;
    leastSides = sides;
    cut = best;
    chosenOrder.set(order);
  }
  for (let i = 0; i < FANOUT; i++) {
    const from = chosenOrder[i]!;
    const to = i < cut ? start + i : other * FANOUT + i - cut;
    innerChild[to] = childScratch[from]!;
    pool.setParent(childScratch[from]!, to + 1);
    for (let k = 0; k < BOX; k++) innerBox[to * BOX + k] = boxScratch[from * BOX + k]!;
  }
  innerCount[inner] = cut;
  innerCount[other] = FANOUT - cut;
}

/** From `first` on, step by step, the box of all children so far. */
function gather(boxes: Float64Array, first: number, step: number): void {
  for (let i = first, n = 0; n < FANOUT; i += step, n++) {
    const from = order[i]! * BOX;
    for (let axis = 0; axis < DIM; axis++) {
      const min = boxScratch[from + axis]!;
      const max = boxScratch[from + DIM + axis]!;
      const before = (i - step) * BOX;
      boxes[i * BOX + axis] = n > 0 && boxes[before + axis]! < min ? boxes[before + axis]! : min;
      boxes[i * BOX + DIM + axis] = n > 0 && boxes[before + DIM + axis]! > max ? boxes[before + DIM + axis]! : max;
    }
  }
}

function sidesOf(boxes: Float64Array, at: number): number {
  let sides = 0;
  for (let axis = 0; axis < DIM; axis++) sides += boxes[at + DIM + axis]! - boxes[at + axis]!;
  return sides;
}

/** Of the box of the first children with that of the last ones. */
function overlapOf(first: number, last: number): number {
  let overlap = 1;
  for (let axis = 0; axis < DIM; axis++) {
    const from = Math.max(firstBoxes[first + axis]!, lastBoxes[last + axis]!);
    overlap *= Math.max(0, Math.min(firstBoxes[first + DIM + axis]!, lastBoxes[last + DIM + axis]!) - from);
  }
  return overlap;
}
