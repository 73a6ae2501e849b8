import { FANOUT, type SpatialRegions } from './layout.js';

/**
 * Walks the whole tree of a graph and names what does not agree: boxes that do not contain, links, counts, entries.
 * `xy` answers where a row should be, or undefined when it should not be in the tree. The shard stands still meanwhile.
 */
export function verifyTree(
  regions: SpatialRegions,
  shard: number,
  graph: number,
  xy: (row: number) => readonly [number, number] | undefined,
): string[] {
  const { index } = regions;
  const views = regions.pools[shard]!;
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (problems.length < 20) problems.push(`r-tree of graph row ${graph}: ${problem}`);
  };
  const entries = index.column[graph] === 0 ? index.entry0 : index.entry1;
  const root = index.root[graph]! - 1;
  let points = 0;
  const stack = root < 0 ? [] : [{ ref: root, up: 0, box: undefined as readonly number[] | undefined }];
  while (stack.length > 0) {
    const { ref, up, box } = stack.pop()!;
    const node = ref >>> 1;
    const parent = (ref & 1) === 0 ? views.leafParent[node]! : views.innerParent[node]!;
    if (parent !== up) note(`node ${ref} links to parent slot ${parent}, but stands in ${up}`);
    if ((ref & 1) === 1) {
      const children = views.innerCount[node]!;
      if (children < 2) note(`inner node ${node} has ${children} children`);
      for (let slot = node * FANOUT; slot < node * FANOUT + children; slot++) {
        const own = Array.from(views.innerBox.subarray(slot * 4, slot * 4 + 4));
        if (
          box !== undefined &&
          !(own[0]! >= box[0]! && own[1]! >= box[1]! && own[2]! <= box[2]! && own[3]! <= box[3]!)
        ) {
          note(`the box in slot ${slot} is not inside that of its node`);
        }
        stack.push({ ref: views.innerChild[slot]!, up: slot + 1, box: own });
      }
      continue;
    }
    for (let slot = node * FANOUT; slot < node * FANOUT + views.leafCount[node]!; slot++) {
      const row = views.leafRow[slot]!;
      const x = views.leafXY[slot * 2]!;
      const y = views.leafXY[slot * 2 + 1]!;
      points++;
      if (entries[row] !== slot + 1) note(`row ${row} stands in slot ${slot}, its entry says ${entries[row]! - 1}`);
      const expected = xy(row);
      if (expected === undefined) note(`row ${row} has no position, and is in the tree`);
      else if (expected[0] !== x || expected[1] !== y) note(`row ${row} is at ${expected}, in the tree at ${x},${y}`);
      if (box !== undefined && !(x >= box[0]! && y >= box[1]! && x <= box[2]! && y <= box[3]!)) {
        note(`row ${row} is outside its leaf's box`);
      }
    }
  }
  if (points !== index.count[graph]) note(`it holds ${points} points and counts ${index.count[graph]}`);
  return problems;
}
