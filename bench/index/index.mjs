// The R-tree alone, on one thread, against rbush, kdbush and flatbush on the same work in the same process.
import { pathToFileURL } from 'node:url';
import Flatbush from 'flatbush';
import KDBush from 'kdbush';
import RBush from 'rbush';
import { specialize } from '../../dist/src/base/specialize.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { makeNearestQuery } from '../../dist/src/spatial/generated/nearest.js';
import { makeNearestGuess } from '../../dist/src/spatial/generated/nearest-guess.js';
import { makeTreeQueries } from '../../dist/src/spatial/generated/queries.js';
import { ShardTrees } from '../../dist/src/spatial/generated/shard-trees.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ANY_KIND } from '../../dist/src/spatial/queries.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { MOVE_SEED, POINT_SEED, places, QUERY_SEED, round, xorshift32 } from '../support/workload.mjs';

/** Hits and sum of ids of 100,000 queries by number of points: before the moves, and after one round. */
const KNOWN = {
  100000: { radius: 10, fresh: [3_112_238, 155_611_010_613], moved: [3_112_353, 155_618_663_195] },
  1000000: { radius: 5, fresh: [7_821_303, 3_912_225_127_549], movedHits: 7_820_716 },
};
const radiusOf = (count) => KNOWN[count]?.radius ?? 10;

class Tree {
  constructor(count) {
    this.regions = SpatialRegions.create(new Memory(), { rows: count, graphs: 1, shards: 1 });
    const { index, planes } = this.regions;
    this.trees = new ShardTrees(index, planes[0]);
    this.queries = specialize(makeTreeQueries)(index, planes[0], new Uint32Array(count));
    const kinds = new Uint32Array(count);
    const guess = specialize(makeNearestGuess)(planes[0], kinds);
    this.nearest = specialize(makeNearestQuery)(index, planes[0], kinds, guess);
    this.out = new Uint32Array(count);
    this.radius = radiusOf(count);
    this.rows = Uint32Array.from({ length: count }, (_, i) => i);
  }

  clear() {
    this.trees.dropTree(0);
    while (this.trees.reclaimStep(1 << 20));
    for (const row of this.rows) this.trees.forget(row);
  }

  load({ x, y }) {
    this.trees.bulkLoad(0, this.rows, x, y, x.length);
    while (this.trees.reclaimStep(1 << 20));
  }

  /** What an applier does between frames. */
  pack() {
    for (let state = this.trees.packStep(512); state !== 'idle'; state = this.trees.packStep(512)) {
      if (state === 'ready') this.trees.packSwap();
      while (this.trees.reclaimStep(1 << 20));
    }
  }

  within({ x, y }) {
    const { queries, out, radius } = this;
    let hits = 0;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const found = queries.within(0, x[i], y[i], radius, radius * radius, ANY_KIND, out, 0, out.length);
      hits += found;
      for (let k = 0; k < found; k++) sum += out[k];
    }
    return [hits, sum];
  }
}

async function size(count, { tiny, runs }) {
  const queryCount = tiny ? 1000 : 100_000;
  const points = places(count, POINT_SEED);
  const asked = places(queryCount, QUERY_SEED);
  const known = queryCount === 100_000 ? KNOWN[count] : undefined;
  const radius = radiusOf(count);
  console.log(` ${count} points, radius ${radius}, seed ${POINT_SEED.toString(16)}`);
  const tree = new Tree(count);

  // A program loads once and cold, or often and warm: the compiler's work is left out, for all of them alike.
  const loads = { runs, warm: tiny ? 0 : Math.ceil(300_000 / count) };
  const kdLoad = await measure(count, () => kdbushOf(points), loads);
  const flatLoad = await measure(count, () => flatbushOf(points), loads);
  const items = Array.from(points.x, (x, i) => ({ minX: x, minY: points.y[i], maxX: x, maxY: points.y[i], id: i }));
  const rbush = new RBush();
  const rLoad = await measure(count, () => rbush.clear().load(items), { ...loads, runs: Math.min(runs, 3) });
  report('bulk load', await measure(count, () => tree.load(points), { ...loads, before: () => tree.clear() }), {
    kdbush: kdLoad,
    flatbush: flatLoad,
    rbush: rLoad,
  });

  const kd = kdbushOf(points);
  const flat = flatbushOf(points);
  let answer;
  const fresh = await measure(queryCount, () => (answer = tree.within(asked)), { runs });
  if (known !== undefined) expectEqual('hits and sum of ids', String(answer), String(known.fresh));
  let kdHits;
  const kdRadius = await measure(queryCount, () => (kdHits = hitsAndSum(asked, (x, y) => kd.within(x, y, radius))), {
    runs,
  });
  expectEqual('hits and sum of kdbush', String(kdHits), String(answer));
  let rHits = 0;
  const rRadius = await measure(
    queryCount,
    () => (rHits = sumOver(asked, (x, y) => rbushWithin(rbush, x, y, radius))),
    {
      runs,
    },
  );
  expectEqual('hits of rbush', rHits, answer[0]);
  report('radius, bulk-loaded', fresh, { kdbush: kdRadius, rbush: rRadius });

  const rows = new Uint32Array(10);
  const distances = new Float64Array(10);
  const nearest = await measure(
    queryCount,
    () =>
      sumOver(asked, (x, y) => tree.nearest.run(0, x, y, 10, Number.POSITIVE_INFINITY, ANY_KIND, rows, distances, 0)),
    { runs },
  );
  const flatNearest = await measure(queryCount, () => sumOver(asked, (x, y) => flat.neighbors(x, y, 10).length), {
    runs,
  });
  report('10 nearest', nearest, { flatbush: flatNearest });
  const found = tree.nearest.run(0, 500, 500, 10, Number.POSITIVE_INFINITY, ANY_KIND, rows, distances, 0);
  const flatIds = flat.neighbors(500, 500, 10);
  const distanceOf = (id) => Math.hypot(points.x[id] - 500, points.y[id] - 500);
  for (let i = 0; i < found; i++)
    expectEqual(`distance of nearest ${i}`, Math.sqrt(distances[i]).toFixed(9), distanceOf(flatIds[i]).toFixed(9));

  const next = xorshift32(MOVE_SEED);
  const start = { x: points.x.slice(), y: points.y.slice() };
  const moveAll = () => {
    for (let i = 0; i < count; i++) tree.trees.move(0, i, points.x[i], points.y[i]);
  };
  const first = await measure(count, moveAll, { runs: 1, before: () => round(points, next) });
  const moved = await measure(queryCount, () => (answer = tree.within(asked)), { runs });
  if (known?.moved !== undefined) expectEqual('after a round of moves', String(answer), String(known.moved));
  if (known?.movedHits !== undefined) expectEqual('hits after a round of moves', answer[0], known.movedHits);
  const repackAndRound = () => {
    tree.pack();
    round(points, next);
  };
  const moves = await measure(count, moveAll, { runs, before: repackAndRound });
  const rMoves = Math.min(count, 20_000);
  const rMove = await measure(rMoves, () => rbushMoves(rbush, items, start, rMoves), { runs: 1 });
  report('move, first round', first, { rbush: rMove });
  report('move, later rounds', moves, { rbush: rMove });
  report('radius after a round of moves', moved, { 'bulk-loaded': fresh, 'a fresh kdbush': kdRadius });
  for (let k = 0; k < (tiny ? 5 : 100); k++) {
    round(points, next);
    moveAll();
    tree.pack();
  }
  const shaken = await measure(queryCount, () => (answer = tree.within(asked)), { runs });
  const kdMoved = kdbushOf(points);
  expectEqual(
    'hits after many rounds',
    answer[0],
    sumOver(asked, (x, y) => kdMoved.within(x, y, radius).length),
  );
  report('radius after 100 rounds of moves', shaken, { 'bulk-loaded': fresh });

  const insert = await measure(
    count,
    () => {
      for (let i = 0; i < count; i++) tree.trees.insert(0, i, points.x[i], points.y[i]);
    },
    { runs: Math.min(runs, 3), warm: tiny ? 0 : 1, before: () => tree.clear() },
  );
  const rInsert = await measure(count, () => rbushInserts(items), { runs: Math.min(runs, 3), warm: tiny ? 0 : 1 });
  report('insert one by one', insert, { rbush: rInsert });
}

function sumOver({ x, y }, ask) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += ask(x[i], y[i]);
  return sum;
}

/** As the tree's own count of its answers. */
function hitsAndSum({ x, y }, ask) {
  let hits = 0;
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const ids = ask(x[i], y[i]);
    hits += ids.length;
    for (let k = 0; k < ids.length; k++) sum += ids[k];
  }
  return [hits, sum];
}

function kdbushOf({ x, y }) {
  const index = new KDBush(x.length, 64, Float64Array);
  for (let i = 0; i < x.length; i++) index.add(x[i], y[i]);
  return index.finish();
}

function flatbushOf({ x, y }) {
  const index = new Flatbush(x.length, 16, Float64Array);
  for (let i = 0; i < x.length; i++) index.add(x[i], y[i], x[i], y[i]);
  index.finish();
  return index;
}

function rbushWithin(rbush, x, y, radius) {
  let hits = 0;
  for (const item of rbush.search({ minX: x - radius, minY: y - radius, maxX: x + radius, maxY: y + radius })) {
    if ((item.minX - x) ** 2 + (item.minY - y) ** 2 <= radius * radius) hits++;
  }
  return hits;
}

/** rbush has no move: an item is removed and inserted again, found by itself. */
function rbushMoves(rbush, items, { x, y }, count) {
  for (let i = 0; i < count; i++) {
    const item = items[i];
    rbush.remove(item);
    item.minX = item.maxX = x[i] + 0.25;
    item.minY = item.maxY = y[i] - 0.25;
    rbush.insert(item);
  }
}

function rbushInserts(items) {
  const rbush = new RBush();
  for (const item of items) rbush.insert(item);
}

/** Shapes that hurt trees: the cost of a move and a radius query, as multiples of those on uniform points. */
async function skew({ tiny }) {
  const count = tiny ? 2000 : 100_000;
  const shapes = {
    uniform: (u, v) => [u * 1000, v * 1000],
    'one coordinate': () => [500, 500],
    'one line': (u) => [u * 1000, 500],
    'coordinates of 1e9': (u, v) => [1e9 + u * 1000, -1e9 + v * 1000],
  };
  let yardstick;
  for (const [name, shape] of Object.entries(shapes)) {
    const next = xorshift32(POINT_SEED);
    const tree = new Tree(count);
    const place = () => shape(next(), next());
    const insertAll = () => {
      for (const row of tree.rows) tree.trees.insert(0, row, ...place());
    };
    const jumpAll = () => {
      for (const row of tree.rows) tree.trees.move(0, row, ...place());
    };
    const insert = await measure(count, insertAll, { runs: 1 });
    tree.pack();
    const jump = await measure(count, jumpAll, { runs: 3 });
    yardstick ??= { insert, jump };
    report(`insert, ${name}`, insert, { uniform: yardstick.insert });
    report(`jump across the space, ${name}`, jump, { 'insert, uniform': yardstick.insert });
    if (name !== 'uniform') continue;
    const asked = places(tiny ? 1000 : 100_000, QUERY_SEED);
    const after = await measure(asked.x.length, () => tree.within(asked), { runs: 3 });
    tree.clear();
    const again = xorshift32(POINT_SEED);
    tree.load({
      x: Float64Array.from({ length: count }, () => again() * 1000),
      y: Float64Array.from({ length: count }, () => again() * 1000),
    });
    report('radius after everything jumped three times', after, {
      'bulk-loaded': await measure(asked.x.length, () => tree.within(asked), { runs: 3 }),
    });
  }
}

export async function run({ tiny = false, full = false, only = undefined } = {}) {
  const sizes = only !== undefined ? [only] : tiny ? [2000] : full ? [10_000, 100_000, 1_000_000] : [10_000, 100_000];
  for (const count of sizes) await size(count, { tiny, runs: tiny ? 1 : 5 });
  await skew({ tiny });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const size = process.argv.indexOf('--size');
  await run({
    tiny: process.argv.includes('--tiny'),
    full: process.argv.includes('--full'),
    only: size < 0 ? undefined : Number(process.argv[size + 1]),
  });
}
