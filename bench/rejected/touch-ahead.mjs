// Moves among a million points wait for the cache: what a run of 64 moves will look at, loaded before the first of them in
// loops of their own, against moves one after another. In the order of rows, and in no order.
import { pathToFileURL } from 'node:url';
import { specialize } from '../../dist/src/base/specialize.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { ShardTrees } from '../../dist/src/spatial/generated/shard-trees.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { measure, report } from '../support/measure.mjs';
import { MOVE_SEED, POINT_SEED, places, round, xorshift32 } from '../support/workload.mjs';

const RUN = 64;
const SHUFFLE_SEED = 77;

function makeTouch(index, pool) {
  const { entry0, entry1, column } = index;
  const { leafAt, leafParent, innerBox } = pool;
  const slots = new Uint32Array(64);
  const ups = new Uint32Array(64);
  return (rows, from, until) => {
    const entries = column[0] === 0 ? entry0 : entry1;
    let sum = 0;
    for (let i = from; i < until; i++) slots[i - from] = entries[rows[i]] - 1;
    for (let i = 0; i < until - from; i++) {
      ups[i] = leafParent[slots[i] >>> 4];
      sum += leafAt[slots[i] * 3];
    }
    for (let i = 0; i < until - from; i++) sum += innerBox[ups[i] === 0 ? 0 : (ups[i] - 1) * 4];
    return sum;
  };
}

function shuffled(count) {
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  const next = xorshift32(SHUFFLE_SEED);
  for (let i = count - 1; i > 0; i--) {
    const other = (next() * (i + 1)) | 0;
    [rows[i], rows[other]] = [rows[other], rows[i]];
  }
  return rows;
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 2000 : 1_000_000;
  const inOrder = Uint32Array.from({ length: count }, (_, row) => row);
  for (const [name, rows] of Object.entries({ 'in order': inOrder, shuffled: shuffled(count) })) {
    const points = places(count, POINT_SEED);
    const next = xorshift32(MOVE_SEED);
    const { index, planes } = SpatialRegions.create(new Memory(), { rows: count, graphs: 1, shards: 1 });
    const trees = new ShardTrees(index, planes[0]);
    const touch = specialize(makeTouch)(index, planes[0]);
    let sum = 0;
    const moveAll = (ahead) => () => {
      for (let from = 0; from < count; from += RUN) {
        const until = Math.min(count, from + RUN);
        if (ahead) sum += touch(rows, from, until);
        for (let i = from; i < until; i++) trees.move(0, rows[i], points.x[rows[i]], points.y[rows[i]]);
      }
    };
    const before = () => {
      trees.dropTree(0);
      while (trees.reclaimStep(1 << 20));
      for (const row of inOrder) trees.forget(row);
      trees.bulkLoad(0, inOrder, points.x, points.y, count);
      round(points, next);
    };
    const runs = tiny ? 1 : 5;
    const inUse = report(`a move, ${name}`, await measure(count, moveAll(false), { runs, before }));
    report(`a move, ${name}, touched ahead`, await measure(count, moveAll(true), { runs, before }), {
      'in use': inUse,
    });
    if (Number.isNaN(sum)) throw new Error('a coordinate is no number');
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
