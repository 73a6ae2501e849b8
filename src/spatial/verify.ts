import { GraphOption } from '../base/space.js';
import { toUnitVector } from '../base/sphere.js';
import { FANOUT, type SpatialRegions } from './layout.js';
import { poolOf } from './walk.js';

/**
 * Walks the whole tree of a graph and names what does not agree: boxes that do not contain, links, counts, entries.
 * `positionOf` answers x, y and z of a row by the columns, or undefined when it should not be in the tree. The shard stands
 * still meanwhile.
 */
export function verifyTree(
  regions: SpatialRegions,
  shard: number,
  graph: number,
  options: number,
  positionOf: (row: number) => readonly number[] | undefined,
): string[] {
  const { index } = regions;
  const dims = (options & GraphOption.anySpace) === 0 ? 2 : 3;
  const views = poolOf(regions, shard, options);
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (problems.length < 20) problems.push(`r-tree of graph row ${graph}: ${problem}`);
  };
  const isInside = (point: ArrayLike<number>, box: ArrayLike<number>): boolean => {
    for (let axis = 0; axis < dims; axis++) {
      if (!(point[axis]! >= box[axis]! && point[axis]! <= box[dims + axis]!)) return false;
    }
    return true;
  };
  const vector = new Float64Array(3);
  const inTree = (position: readonly number[]): ArrayLike<number> => {
    if ((options & GraphOption.sphere) === 0) return position;
    toUnitVector(position[0]!, position[1]!, vector, 0);
    return vector;
  };
  const entries = index.column[graph] === 0 ? index.entry0 : index.entry1;
  const root = index.root[graph]! - 1;
  let points = 0;
  const stack = root < 0 ? [] : [{ ref: root, up: 0, box: undefined as Float64Array | undefined }];
  while (stack.length > 0) {
    const { ref, up, box } = stack.pop()!;
    const node = ref >>> 1;
    const parent = (ref & 1) === 0 ? views.leafParent[node]! : views.innerParent[node]!;
    if (parent !== up) note(`node ${ref} links to parent slot ${parent}, but stands in ${up}`);
    if ((ref & 1) === 1) {
      const children = views.innerCount[node]!;
      if (children < 2) note(`inner node ${node} has ${children} children`);
      for (let slot = node * FANOUT; slot < node * FANOUT + children; slot++) {
        const own = views.innerBox.slice(slot * 2 * dims, (slot + 1) * 2 * dims);
        if (box !== undefined && !(isInside(own, box) && isInside(own.subarray(dims), box))) {
          note(`the box in slot ${slot} is not inside that of its node`);
        }
        stack.push({ ref: views.innerChild[slot]!, up: slot + 1, box: own });
      }
      continue;
    }
    for (let slot = node * FANOUT; slot < node * FANOUT + views.leafCount[node]!; slot++) {
      const entry = slot * (dims + 1);
      const row = views.leafAt[entry + dims]!;
      const point = views.leafAt.slice(entry, entry + dims);
      points++;
      if (entries[row] !== slot + 1) note(`row ${row} stands in slot ${slot}, its entry says ${entries[row]! - 1}`);
      const position = positionOf(row);
      if (position === undefined) {
        note(`row ${row} has no position, and is in the tree`);
      } else {
        const expected = inTree(position);
        if (point.some((value, axis) => value !== expected[axis])) {
          note(`row ${row} is at ${position}, in the tree at ${point}`);
        }
      }
      if (box !== undefined && !isInside(point, box)) note(`row ${row} is outside its leaf's box`);
    }
  }
  if (points !== index.count[graph]) note(`it holds ${points} points and counts ${index.count[graph]}`);
  return problems;
}
