import { expect, it } from 'vitest';
import { Space } from '../../dist/src/base/space.js';
import { Pack, Phase } from '../../dist/src/spatial/packing-state.js';
import { random } from '../support/run-kernel.js';
import { Twin } from '../support/tree-twin.js';

// More than a small tree has, which is packed less often.
const POINTS = 2500;
const SIDE = 1000;
const SLICE = 400;
const seed = Number(process.env.ATHANOR_SEED ?? 20261121);

function finish({ trees }: Twin): void {
  while (trees.packStep(SLICE) !== 'ready');
  trees.packSwap();
  while (trees.reclaimStep(SLICE));
}

/** Half circumferences of the boxes of all leaves. */
function leafSides({ regions, space }: Twin): number {
  const dims = space === Space.plane ? 2 : 3;
  const { leafGraph, leafCount, leafParent, innerBox } = (space === Space.plane ? regions.planes : regions.spaces)[0]!;
  let sides = 0;
  for (let leaf = 0; leaf < leafGraph.length; leaf++) {
    if (leafGraph[leaf] === 0 || leafCount[leaf] === 0) continue;
    const at = (leafParent[leaf]! - 1) * 2 * dims;
    for (let axis = at; axis < at + dims; axis++) sides += innerBox[axis + dims]! - innerBox[axis]!;
  }
  return sides;
}

it.each([
  ['plane', Space.plane],
  ['solid', Space.solid],
])('points that jump while their tree is packed do not stretch its boxes: %s', (_, space) => {
  const next = random(seed);
  const anywhere = () => ({ x: next() * SIDE, y: next() * SIDE, z: space === Space.plane ? 0 : next() * SIDE });
  for (let slices = 0; ; slices += 2) {
    // Room for more rows, and so for more points that come late.
    const twin = new Twin(3 * POINTS, space);
    for (let row = 0; row < POINTS; row++) twin.put(0, row, anywhere());
    expect(twin.trees.packWanted()).toBe(true);
    finish(twin);
    const fresh = leafSides(twin);
    for (let row = 0; row < POINTS; row++) twin.put(0, row, anywhere());
    expect(twin.trees.packWanted()).toBe(true);
    let ready = false;
    for (let i = 0; i < slices && !ready; i++) ready = twin.trees.packStep(SLICE) === 'ready';
    for (let row = 0; row < POINTS; row++) twin.put(0, row, anywhere());
    expect(twin.trees.packWanted()).toBe(true);
    finish(twin);
    twin.check();
    expect(leafSides(twin), `jumps after ${slices} slices, seed ${seed}`).toBeLessThan(3 * fresh);
    if (ready) return;
  }
});

it('a node all of whose points jumped away takes a burst of new ones', () => {
  const next = random(seed);
  const twin = new Twin(40_000, Space.plane);
  const { trees, regions } = twin;
  const views = regions.planes[0]!;
  const { packWords, leafAt, leafCount, leafParent, innerChild, innerCount, innerBox } = views;
  let rows = 0;
  const put = (x: number, y: number): number => {
    twin.put(0, rows, { x, y, z: 0 });
    return rows++;
  };
  const settle = () => {
    while (packWords[Pack.lateAt]! < packWords[Pack.lateCount]!) trees.packStep(SLICE);
  };
  for (let i = 0; i < 9000; i++) put(next() * SIDE, next() * SIDE);
  while (trees.packWanted()) if (trees.packStep(SLICE) === 'ready') trees.packSwap();
  for (let i = 0; i < 20; i++) trees.calm();
  while (!trees.packWanted()) {
    const row = Math.floor(next() * 9000);
    twin.put(0, row, { x: next() * SIDE, y: next() * SIDE, z: 0 });
    trees.packIdle();
  }
  while (packWords[Pack.phase] !== Phase.late) trees.packStep(SLICE);
  settle();
  // A parent of leaves of the new tree, filled up to sixteen of them.
  const entries = () => (regions.index.column[0] === 0 ? regions.index.entry1 : regions.index.entry0);
  const row = put(500, 500);
  settle();
  const parent = (leafParent[(entries()[row]! - 1) >>> 4]! - 1) >>> 4;
  for (let i = 0; i < 2000 && innerCount[parent]! < 16; i++) {
    put(500 + next(), 500 + next());
    settle();
  }
  expect(innerCount[parent]).toBe(16);
  const leaves = Array.from(innerChild.subarray(parent * 16, parent * 16 + 16), (child) => child >>> 1);
  for (const leaf of leaves) {
    while (leafCount[leaf]! > 0) {
      twin.put(0, leafAt[leaf * 16 * 3 + 2]!, { x: 2000 + next() * 100, y: 2000 + next() * 100, z: 0 });
    }
  }
  for (let i = 0; i < 6000; i++) put(5000 + next() * SIDE, 5000 + next() * SIDE);
  for (let i = 0; i < 40; i++) {
    const at = (parent * 16 + (i % 16)) * 4;
    put((innerBox[at]! + innerBox[at + 2]!) / 2, (innerBox[at + 1]! + innerBox[at + 3]!) / 2);
  }
  finish(twin);
  twin.check();
});
