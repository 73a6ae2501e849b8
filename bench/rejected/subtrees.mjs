// Points that pour in, packed 4,096 at a time to subtrees that stand beside each other (a log-structured index, without its
// merges), against the way in use. A subtree stands for a graph here: what a query pays is to look into each.
import { pathToFileURL } from 'node:url';
import { specialize } from '../../dist/src/base/specialize.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { makeTreeQueries } from '../../dist/src/spatial/generated/queries.js';
import { ShardTrees } from '../../dist/src/spatial/generated/shard-trees.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ANY_KIND } from '../../dist/src/spatial/queries.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, places, QUERY_SEED, SIDE } from '../support/workload.mjs';

const FRAME = 512;
const SUBTREE = 4096;

function indexOf(rows, graphs) {
  const { index, planes } = SpatialRegions.create(new Memory(), { rows, graphs, shards: 1 });
  return {
    trees: new ShardTrees(index, planes[0]),
    queries: specialize(makeTreeQueries)(index, planes[0], new Uint32Array(rows)),
  };
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 20_000 : 1_000_000;
  const { x, y } = places(count, POINT_SEED);
  const asked = places(tiny ? 100 : 2000, QUERY_SEED);
  const radius = Math.sqrt((31.4 / count / Math.PI) * SIDE * SIDE);
  const out = new Uint32Array(count);
  const ask = ({ queries }, graphs) => {
    let hits = 0;
    for (let i = 0; i < asked.x.length; i++) {
      for (let graph = 0; graph < graphs; graph++)
        hits += queries.within(graph, asked.x[i], asked.y[i], radius, radius * radius, ANY_KIND, out, 0, count);
    }
    return hits;
  };
  const runs = tiny ? 1 : 3;

  let inUse;
  const pour = () => {
    inUse = indexOf(count, 1);
    const { trees } = inUse;
    for (let row = 0; row < count; row++) {
      trees.insert(0, row, x[row], y[row]);
      if (row % FRAME !== FRAME - 1) continue;
      for (let k = 0; k < 16 && trees.packWanted(); k++) {
        if (trees.packStep(512) === 'ready') trees.packSwap();
        if (trees.reclaimWanted()) trees.reclaimStep(256);
      }
    }
  };
  const subtrees = Math.ceil(count / SUBTREE);
  let beside;
  const pack = () => {
    beside = indexOf(count, subtrees);
    for (let graph = 0; graph < subtrees; graph++) {
      const from = graph * SUBTREE;
      const until = Math.min(count, from + SUBTREE);
      const rows = Uint32Array.from({ length: until - from }, (_, i) => from + i);
      beside.trees.bulkLoad(graph, rows, x.subarray(from, until), y.subarray(from, until), rows.length);
    }
  };
  const poured = report('poured into the tree', await measure(count, pour, { runs, warm: 1 }));
  report(`packed to ${subtrees} subtrees`, await measure(count, pack, { runs, warm: 1 }), { 'in use': poured });
  expectEqual('hits', ask(beside, subtrees), ask(inUse, 1));
  const one = report('a query then', await measure(asked.x.length, () => ask(inUse, 1), { runs, warm: 1 }));
  report('a query, of all subtrees', await measure(asked.x.length, () => ask(beside, subtrees), { runs, warm: 1 }), {
    'in use': one,
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
