// The index in three dimensions and on the sphere, on one thread. For the solid there is no peer in JavaScript: the Rust
// crate rstar was measured on this kind of machine beside kdbush, and kdbush is measured here.
import { pathToFileURL } from 'node:url';
import { around } from 'geokdbush';
import KDBush from 'kdbush';
import { GraphOption } from '../../dist/src/base/space.js';
import { EARTH_RADIUS_M } from '../../dist/src/base/sphere.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ANY_KIND } from '../../dist/src/spatial/queries.js';
import { ShardIndex } from '../../dist/src/spatial/shard-index.js';
import { ShardQueries } from '../../dist/src/spatial/shard-queries.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { MOVE_SEED, POINT_SEED, places, QUERY_SEED, SIDE, xorshift32 } from '../support/workload.mjs';

/** Nanoseconds measured side by side: kdbush in the plane (100,000 points, radius 10) and rstar in three dimensions. */
const RSTAR = { kdbush: 1475, radius: 5495, moved: 8430, move: 2970, nearest: 5300 };
/** Hits of 100,000 queries with radius 50 at 100,000 points, before and after a round of moves. */
const KNOWN = { fresh: 4_949_087, moved: 4_948_895 };

class Index {
  constructor(count, option, columns) {
    this.columns = columns;
    this.rows = Uint32Array.from({ length: count }, (_, i) => i);
    const regions = SpatialRegions.create(new Memory(), { rows: count, graphs: 1, shards: 1 });
    const options = Uint8Array.of(option);
    this.trees = new ShardIndex(regions, 0, options);
    const radius = Float64Array.of(EARTH_RADIUS_M);
    this.queries = new ShardQueries(regions, 0, { ...columns, kind: new Uint32Array(count), options, radius });
    this.out = new Uint32Array(count);
  }

  load() {
    this.trees.bulkLoad(0, this.rows, this.columns);
    while (this.trees.reclaimStep(1 << 20));
  }

  clear() {
    this.trees.dropTree(0);
    while (this.trees.reclaimStep(1 << 20));
    for (const row of this.rows) this.trees.forget(row);
  }

  within({ x, y, z }, radius) {
    const { queries, out } = this;
    let hits = 0;
    for (let i = 0; i < x.length; i++) {
      hits += queries.within(0, x[i], y[i], z[i], radius, ANY_KIND, out, 0, out.length);
    }
    return hits;
  }

  nearest({ x, y, z }, k) {
    const { queries, out } = this;
    const distances = new Float64Array(k);
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      queries.nearest(0, x[i], y[i], z[i], k, Number.POSITIVE_INFINITY, ANY_KIND, out, distances, 0);
      sum += distances[k - 1];
    }
    return sum;
  }

  moveAll() {
    const { trees, columns } = this;
    const { x, y, z } = columns;
    for (let i = 0; i < x.length; i++) trees.move(0, i, x[i], y[i], z[i]);
  }

  pack() {
    for (let state = this.trees.packStep(512); state !== 'idle'; state = this.trees.packStep(512)) {
      if (state === 'ready') this.trees.packSwap();
      while (this.trees.reclaimStep(1 << 20));
    }
  }
}

function columnsOf(count, seed, make) {
  const next = xorshift32(seed);
  const columns = { x: new Float64Array(count), y: new Float64Array(count), z: new Float64Array(count) };
  for (let i = 0; i < count; i++) [columns.x[i], columns.y[i], columns.z[i]] = make(next);
  return columns;
}

async function kdbushRadius(count, queries, runs) {
  const points = places(count, POINT_SEED);
  const asked = places(queries, QUERY_SEED);
  const kd = new KDBush(count, 64, Float64Array);
  for (let i = 0; i < count; i++) kd.add(points.x[i], points.y[i]);
  kd.finish();
  return measure(
    queries,
    () => {
      let hits = 0;
      for (let i = 0; i < queries; i++) hits += kd.within(asked.x[i], asked.y[i], 10).length;
      return hits;
    },
    { runs },
  );
}

async function solid(count, queryCount, runs) {
  const cube = (next) => [next() * SIDE, next() * SIDE, next() * SIDE];
  const columns = columnsOf(count, POINT_SEED, cube);
  const asked = columnsOf(queryCount, QUERY_SEED, cube);
  const kd = await kdbushRadius(count, queryCount, runs);
  const rstar = (what) => ({ ns: (RSTAR[what] / RSTAR.kdbush) * kd.ns });
  const exact = count === 100_000 && queryCount === 100_000;
  const index = new Index(count, GraphOption.solid, columns);
  console.log(` three dimensions, ${count} points, radius 50`);
  report('bulk load', await measure(count, () => index.load(), { runs, before: () => index.clear() }));
  let hits = 0;
  const fresh = await measure(queryCount, () => (hits = index.within(asked, 50)), { runs });
  if (exact) expectEqual('hits', hits, KNOWN.fresh);
  report('radius, bulk-loaded', fresh, { 'rstar, as to kdbush': rstar('radius') });
  report('10 nearest', await measure(queryCount, () => index.nearest(asked, 10), { runs }), {
    'rstar, as to kdbush': rstar('nearest'),
  });
  const next = xorshift32(MOVE_SEED);
  const reflected = (value) => (value < 0 ? -value : value > SIDE ? 2 * SIDE - value : value);
  const round = () => {
    const { x, y, z } = columns;
    for (let i = 0; i < count; i++) {
      x[i] = reflected(x[i] + next() - 0.5);
      y[i] = reflected(y[i] + next() - 0.5);
      z[i] = reflected(z[i] + next() - 0.5);
    }
  };
  const first = await measure(count, () => index.moveAll(), { runs: 1, before: round });
  report('move, first round', first, { 'rstar, as to kdbush': rstar('move') });
  const moved = await measure(queryCount, () => (hits = index.within(asked, 50)), { runs });
  if (exact) expectEqual('hits after a round of moves', hits, KNOWN.moved);
  report('radius after a round of moves', moved, { 'bulk-loaded': fresh, 'rstar, as to kdbush': rstar('moved') });
  const later = () => {
    index.pack();
    round();
  };
  report('move, later rounds', await measure(count, () => index.moveAll(), { runs, before: later }), {
    'rstar, as to kdbush': rstar('move'),
  });
}

async function sphere(count, queryCount, runs) {
  const place = (next) => [next() * 360 - 180, (Math.asin(2 * next() - 1) * 180) / Math.PI, 0];
  const columns = columnsOf(count, POINT_SEED, place);
  const asked = columnsOf(queryCount, QUERY_SEED, place);
  // As many hits as radius 10 has in the plane.
  const radius = 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.PI * 1e-4));
  console.log(` the sphere, ${count} points, radius ${(radius / 1000).toFixed(1)} km`);
  const index = new Index(count, GraphOption.sphere, columns);
  report('bulk load', await measure(count, () => index.load(), { runs, before: () => index.clear() }));
  const kd = new KDBush(count, 64, Float64Array);
  for (let i = 0; i < count; i++) kd.add(columns.x[i], columns.y[i]);
  kd.finish();
  let hits = 0;
  const fresh = await measure(queryCount, () => (hits = index.within(asked, radius)), { runs });
  const peers = Math.min(queryCount, 2000);
  // Its sphere has another radius: the same angle.
  const kilometres = (radius / EARTH_RADIUS_M) * 6371;
  let peerHits = 0;
  const peer = await measure(
    peers,
    () => {
      peerHits = 0;
      for (let i = 0; i < peers; i++) {
        peerHits += around(kd, asked.x[i], asked.y[i], Number.POSITIVE_INFINITY, kilometres).length;
      }
    },
    { runs: 1 },
  );
  const few = { x: asked.x.subarray(0, peers), y: asked.y.subarray(0, peers), z: asked.z.subarray(0, peers) };
  expectEqual('hits of geokdbush', peerHits, index.within(few, radius));
  report(`radius, bulk-loaded, ${(hits / queryCount).toFixed(0)} hits`, fresh, { geokdbush: peer });
  const peerNearest = await measure(
    peers,
    () => {
      for (let i = 0; i < peers; i++) around(kd, asked.x[i], asked.y[i], 10);
    },
    { runs: 1 },
  );
  report('10 nearest', await measure(queryCount, () => index.nearest(asked, 10), { runs }), { geokdbush: peerNearest });
  const next = xorshift32(MOVE_SEED);
  const step = () => {
    index.pack();
    const { x, y } = columns;
    for (let i = 0; i < count; i++) {
      x[i] = Math.max(-180, Math.min(180, x[i] + (next() - 0.5) * 0.2));
      y[i] = Math.max(-90, Math.min(90, y[i] + (next() - 0.5) * 0.2));
    }
  };
  report('move', await measure(count, () => index.moveAll(), { runs, before: step }));
  report('radius after moves', await measure(queryCount, () => index.within(asked, radius), { runs }), {
    'bulk-loaded': fresh,
  });
}

export async function run({ tiny = false } = {}) {
  const [count, queries, runs] = tiny ? [2000, 500, 1] : [100_000, 100_000, 5];
  await solid(count, queries, runs);
  await sphere(count, queries, runs);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
