import { expect, it } from 'vitest';
import { Space } from '../../dist/src/base/space.js';
import { Twin } from '../support/tree-twin.js';

const POINTS = 2000;
const SIDE = 1000;
const SLICE = 400;
const seed = Number(process.env.ATHANOR_SEED ?? 20261121);

function finish({ trees }: Twin): void {
  while (trees.packStep(SLICE) !== 'ready');
  trees.packSwap();
  while (trees.reclaimStep(SLICE));
}

/** Half circumferences of the boxes of all leaves. */
function leafSides({ regions }: Twin): number {
  const { leafGraph, leafCount, leafParent, innerBox } = regions.planes[0]!;
  let sides = 0;
  for (let leaf = 0; leaf < leafGraph.length; leaf++) {
    if (leafGraph[leaf] === 0 || leafCount[leaf] === 0) continue;
    const at = (leafParent[leaf]! - 1) * 4;
    sides += innerBox[at + 2]! - innerBox[at]! + (innerBox[at + 3]! - innerBox[at + 1]!);
  }
  return sides;
}

it('points that jump while their tree is packed do not stretch its boxes', () => {
  let state = seed | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const anywhere = () => ({ x: next() * SIDE, y: next() * SIDE, z: 0 });
  for (let slices = 0; ; slices++) {
    const twin = new Twin(POINTS, Space.plane);
    for (let row = 0; row < POINTS; row++) twin.put(0, row, anywhere());
    if (!twin.trees.packWanted()) throw new Error('so many inserts make a packing wanted');
    finish(twin);
    const fresh = leafSides(twin);
    for (let row = 0; row < POINTS; row++) twin.put(0, row, anywhere());
    expect(twin.trees.packWanted()).toBe(true);
    let ready = false;
    for (let i = 0; i < slices && !ready; i++) ready = twin.trees.packStep(SLICE) === 'ready';
    for (let row = 0; row < POINTS; row++) twin.put(0, row, anywhere());
    // So many that came late may have made it begin anew.
    if (twin.trees.packWanted()) finish(twin);
    expect(leafSides(twin), `jumps after ${slices} slices, seed ${seed}`).toBeLessThan(3 * fresh);
    if (ready) return;
  }
});
