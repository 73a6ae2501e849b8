// Points that pour in, as an applier takes them: frames of new points, a slice of packing behind each, queries at the end. CPU
// time, since that is what a worker has; one by one against what a burst does.
import { pathToFileURL } from 'node:url';
import { specialize } from '../../dist/src/base/specialize.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { makeTreeQueries } from '../../dist/src/spatial/generated/queries.js';
import { ShardTrees } from '../../dist/src/spatial/generated/shard-trees.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ANY_KIND } from '../../dist/src/spatial/queries.js';
import { expectEqual } from '../support/measure.mjs';
import { POINT_SEED, places, QUERY_SEED, SIDE } from '../support/workload.mjs';

const FRAME = 512;

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

class Load {
  constructor(count) {
    const { index, planes } = SpatialRegions.create(new Memory(), { rows: count, graphs: 1, shards: 1 });
    this.trees = new ShardTrees(index, planes[0]);
    this.queries = specialize(makeTreeQueries)(index, planes[0], new Uint32Array(count));
    this.count = count;
    this.out = new Uint32Array(count);
  }

  slice() {
    if (this.trees.packStep(512) === 'ready') this.trees.packSwap();
    if (this.trees.reclaimWanted()) this.trees.reclaimStep(256);
  }

  /** Milliseconds. A calm before each point: no burst. */
  pour({ x, y }, calm) {
    const { trees, count } = this;
    const start = cpuMs();
    for (let from = 0; from < count; from += FRAME) {
      for (let row = from; row < Math.min(count, from + FRAME); row++) {
        if (calm) trees.calm();
        trees.insert(0, row, x[row], y[row]);
      }
      // As much time as the frame took, as an applier gives.
      for (let k = 0; k < 16 && this.trees.packWanted(); k++) this.slice();
    }
    return cpuMs() - start;
  }

  pack() {
    const start = cpuMs();
    while (this.trees.packIdle()) {
      this.slice();
    }
    return cpuMs() - start;
  }

  /** Nanoseconds a query that finds 31, and how many were found. */
  ask({ x, y }, queries) {
    const { out } = this;
    const radius = Math.sqrt((31.4 / this.count / Math.PI) * SIDE * SIDE);
    const start = cpuMs();
    let hits = 0;
    for (let i = 0; i < queries; i++)
      hits += this.queries.within(0, x[i], y[i], radius, radius * radius, ANY_KIND, out, 0, out.length);
    return { ns: ((cpuMs() - start) * 1e6) / queries, hits };
  }
}

function once(count, points, asked, calm) {
  const load = new Load(count);
  const ns = (load.pour(points, calm) * 1e6) / count;
  load.ask(asked, asked.x.length >>> 2);
  const after = load.ask(asked, asked.x.length);
  const packNs = (load.pack() * 1e6) / count;
  const packed = load.ask(asked, asked.x.length);
  expectEqual('hits before and after the packing', after.hits, packed.hits);
  return { ns, after: after.ns, packNs, packed: packed.ns, hits: packed.hits };
}

export async function run({ tiny = false, counts = tiny ? [20_000] : [1_000_000] } = {}) {
  for (const count of counts) {
    const points = places(count, POINT_SEED);
    const asked = places(tiny ? 500 : 20_000, QUERY_SEED);
    console.log(
      ` ${count} new points, in frames of ${FRAME}: ns a point, a query right after it, packing, a query then`,
    );
    for (let turn = 0; turn < (tiny ? 1 : 3); turn++) {
      const single = once(count, points, asked, true);
      const burst = once(count, points, asked, false);
      expectEqual('hits', burst.hits, single.hits);
      for (const [name, { ns, after, packNs, packed }] of Object.entries({ 'one by one': single, 'as a burst': burst }))
        console.log(
          `  ${name.padEnd(12)}${[ns, after, packNs, packed].map((v) => v.toFixed(0).padStart(9)).join('')}  (${(single.ns / ns).toFixed(2)} x one by one)`,
        );
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const size = process.argv.indexOf('--size');
  await run({
    tiny: process.argv.includes('--tiny'),
    ...(size < 0 ? {} : { counts: [Number(process.argv[size + 1])] }),
  });
}
