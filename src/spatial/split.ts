import { FANOUT } from './layout.js';
import type { NodePool } from './nodes.js';

/** Keys of the entries of a node being split, and their order; one node at a time, so one scratch a thread is enough. */
const order = new Uint8Array(FANOUT);
const keys = new Float64Array(FANOUT);
const boxScratch = new Float64Array(FANOUT * 4);
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

/**
 * Splits a full leaf at the median of its longer side: the lower half stays, the upper half goes to `other`, a new leaf.
 * Sixteen points are too few for a cleverer distribution to matter much.
 */
export function splitLeaf(pool: NodePool, leaf: number, other: number, entries: Uint32Array): void {
  const { leafXY, leafRow, leafCount } = pool.views;
  const start = leaf * FANOUT;
  let minX = Number.POSITIVE_INFINITY;
  let minY = Number.POSITIVE_INFINITY;
  let maxX = Number.NEGATIVE_INFINITY;
  let maxY = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < FANOUT; i++) {
    const x = leafXY[(start + i) * 2]!;
    const y = leafXY[(start + i) * 2 + 1]!;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  const axis = maxX - minX >= maxY - minY ? 0 : 1;
  for (let i = 0; i < FANOUT; i++) {
    const key = leafXY[(start + i) * 2 + axis]!;
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
    const x = leafXY[from * 2]!;
    const y = leafXY[from * 2 + 1]!;
    const key = axis === 0 ? x : y;
    const stays = key < median || (key === median && equals-- > 0);
    const to = stays ? low++ : high++;
    if (to === from) continue;
    const row = leafRow[from]!;
    leafXY[to * 2] = x;
    leafXY[to * 2 + 1] = y;
    leafRow[to] = row;
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
    const at = (start + i) * 4;
    const x = innerBox[at]! + innerBox[at + 2]!;
    const y = innerBox[at + 1]! + innerBox[at + 3]!;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
    childScratch[i] = innerChild[start + i]!;
    for (let k = 0; k < 4; k++) boxScratch[i * 4 + k] = innerBox[at + k]!;
  }
  const axis = maxX - minX >= maxY - minY ? 0 : 1;
  for (let i = 0; i < FANOUT; i++) keys[i] = boxScratch[i * 4 + axis]! + boxScratch[i * 4 + 2 + axis]!;
  sortByKey(FANOUT);
  const half = FANOUT / 2;
  for (let i = 0; i < FANOUT; i++) {
    const from = order[i]!;
    const to = i < half ? start + i : other * FANOUT + i - half;
    innerChild[to] = childScratch[from]!;
    pool.setParent(childScratch[from]!, to + 1);
    for (let k = 0; k < 4; k++) innerBox[to * 4 + k] = boxScratch[from * 4 + k]!;
  }
  innerCount[inner] = half;
  innerCount[other] = half;
}
