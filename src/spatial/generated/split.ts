// Derived from ../split.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.
import { FANOUT } from '../layout.js';
import type { NodePool } from './nodes.js';

const DIM = 2;
/** Words of a leaf's entry: its coordinates, and its row. */
const ENTRY = 3;
const ROW = 2;
/** Words of a box, and where its greatest coordinates stand. */
const BOX = 4;
const MAX_X = 2;
const MAX_Y = 3;

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

/** Splits a full inner node likewise, by the centres of its children's boxes. */
export function splitInner(pool: NodePool, inner: number, other: number): void {
  const { innerBox, innerChild, innerCount } = pool.views;
  const start = inner * FANOUT;
  let minX = Number.POSITIVE_INFINITY;
  let minY = Number.POSITIVE_INFINITY;
  let maxX = Number.NEGATIVE_INFINITY;
  let maxY = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < FANOUT; i++) {
    const at = (start + i) * BOX;
    const x = innerBox[at]! + innerBox[at + MAX_X]!;
    const y = innerBox[at + 1]! + innerBox[at + MAX_Y]!;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
    childScratch[i] = innerChild[start + i]!;
    for (let k = 0; k < BOX; k++) boxScratch[i * BOX + k] = innerBox[at + k]!;
  }
  const axis = longest(maxX - minX, maxY - minY);
  for (let i = 0; i < FANOUT; i++) keys[i] = boxScratch[i * BOX + axis]! + boxScratch[i * BOX + DIM + axis]!;
  sortByKey(FANOUT);
  const half = FANOUT / 2;
  for (let i = 0; i < FANOUT; i++) {
    const from = order[i]!;
    const to = i < half ? start + i : other * FANOUT + i - half;
    innerChild[to] = childScratch[from]!;
    pool.setParent(childScratch[from]!, to + 1);
    for (let k = 0; k < BOX; k++) innerBox[to * BOX + k] = boxScratch[from * BOX + k]!;
  }
  innerCount[inner] = half;
  innerCount[other] = half;
}
