// The first calls of a process: what publish, move and query cost before anything is warm, beside rbush and kdbush on the same
// work. Each way runs in processes of its own, one after the other in turn. Of each step the fastest process counts: what else
// the machine does only adds.
import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expectEqual } from '../support/measure.mjs';
import { MOVE_SEED, POINT_SEED, places, QUERY_SEED, round, xorshift32 } from '../support/workload.mjs';

const RADIUS = 10;

/** Times one step and tells how many hits or points it was about. */
async function timed(steps, what, run) {
  const start = performance.now();
  const sum = await run();
  steps[what] = { ms: performance.now() - start, sum };
}

/** The engine: ids, rings and workers; a step of publishing ends when all of it is applied. */
async function engine({ points, moved, asked }) {
  const { createEngine } = await import('../../dist/src/index.js');
  const engine = await createEngine();
  const graph = engine.graph('points');
  const count = points.x.length;
  const ids = Array.from({ length: count }, (_, i) => `node-${i}`);
  const publish = async ({ x, y }) => {
    for (let i = 0; i < count; i++) if (!graph.moveNode(ids[i], x[i], y[i])) await engine.drained();
    await engine.flush();
    return graph.order;
  };
  const found = new Uint32Array(count);
  const steps = {};
  await timed(steps, 'insert', () => publish(points));
  await timed(steps, 'move', () => publish(moved));
  await timed(steps, 'query', () => sumOver(asked, (x, y) => graph.withinInto(x, y, RADIUS, found)));
  await engine.close();
  return steps;
}

/** The tree alone, on this thread, its points one by one or `loaded` at once. */
async function tree({ points, moved, asked }, loaded = false) {
  const [{ specialize }, { Memory }, { makeTreeQueries }, { ShardTrees }, { SpatialRegions }, { ANY_KIND }] =
    await Promise.all([
      import('../../dist/src/base/specialize.js'),
      import('../../dist/src/memory/reserve.js'),
      import('../../dist/src/spatial/generated/queries.js'),
      import('../../dist/src/spatial/generated/shard-trees.js'),
      import('../../dist/src/spatial/layout.js'),
      import('../../dist/src/spatial/queries.js'),
    ]);
  const count = points.x.length;
  const { index, planes } = SpatialRegions.create(new Memory(), { rows: count, graphs: 1, shards: 1 });
  const trees = new ShardTrees(index, planes[0]);
  const queries = specialize(makeTreeQueries)(index, planes[0], new Uint32Array(count));
  const found = new Uint32Array(count);
  const rows = Uint32Array.from({ length: count }, (_, i) => i);
  const steps = {};
  await timed(steps, 'insert', () => {
    if (loaded) trees.bulkLoad(0, rows, points.x, points.y, count);
    else for (let i = 0; i < count; i++) trees.insert(0, i, points.x[i], points.y[i]);
    return trees.count(0);
  });
  // What an applier does when there is time.
  trees.calm();
  while (trees.packIdle()) if (trees.packStep(512) === 'ready') trees.packSwap();
  while (trees.reclaimStep(1 << 20));
  await timed(steps, 'move', () => {
    for (let i = 0; i < count; i++) trees.move(0, i, moved.x[i], moved.y[i]);
    return trees.count(0);
  });
  await timed(steps, 'query', () =>
    sumOver(asked, (x, y) => queries.within(0, x, y, RADIUS, RADIUS * RADIUS, ANY_KIND, found, 0, count)),
  );
  return steps;
}

async function rbush({ points, moved, asked }) {
  const { default: RBush } = await import('rbush');
  const rbush = new RBush();
  const count = points.x.length;
  const items = [];
  const steps = {};
  await timed(steps, 'insert', () => {
    for (let i = 0; i < count; i++) {
      const [x, y] = [points.x[i], points.y[i]];
      items.push({ minX: x, minY: y, maxX: x, maxY: y, id: i });
      rbush.insert(items[i]);
    }
    return count;
  });
  await timed(steps, 'move', () => {
    for (let i = 0; i < count; i++) {
      const item = items[i];
      rbush.remove(item);
      item.minX = item.maxX = moved.x[i];
      item.minY = item.maxY = moved.y[i];
      rbush.insert(item);
    }
    return count;
  });
  await timed(steps, 'query', () =>
    sumOver(asked, (x, y) => {
      let hits = 0;
      for (const item of rbush.search({ minX: x - RADIUS, minY: y - RADIUS, maxX: x + RADIUS, maxY: y + RADIUS })) {
        if ((item.minX - x) ** 2 + (item.minY - y) ** 2 <= RADIUS * RADIUS) hits++;
      }
      return hits;
    }),
  );
  return steps;
}

/** A tree that never changes: built anew for the moves. */
async function kdbush({ points, moved, asked }) {
  const { default: KDBush } = await import('kdbush');
  const count = points.x.length;
  let kd;
  const build = ({ x, y }) => {
    kd = new KDBush(count, 64, Float64Array);
    for (let i = 0; i < count; i++) kd.add(x[i], y[i]);
    kd.finish();
    return count;
  };
  const steps = {};
  await timed(steps, 'insert', () => build(points));
  await timed(steps, 'move', () => build(moved));
  await timed(steps, 'query', () => sumOver(asked, (x, y) => kd.within(x, y, RADIUS).length));
  return steps;
}

function sumOver({ x, y }, ask) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += ask(x[i], y[i]);
  return sum;
}

const WAYS = { engine, tree, 'loaded tree': (work) => tree(work, true), rbush, kdbush };

async function child(way, count, queries) {
  const points = places(count, POINT_SEED);
  const moved = { x: points.x.slice(), y: points.y.slice() };
  round(moved, xorshift32(MOVE_SEED));
  console.log(JSON.stringify(await WAYS[way]({ points, moved, asked: places(queries, QUERY_SEED) })));
}

export async function run({ tiny = false } = {}) {
  const script = fileURLToPath(import.meta.url);
  const processes = tiny ? 1 : 9;
  for (const count of tiny ? [500] : [10_000, 100_000]) {
    console.log(
      ` the first ${count} inserts, moves and queries of a process; radius ${RADIUS}; ${processes} processes each`,
    );
    const results = {};
    for (let k = 0; k < processes; k++) {
      for (const way of Object.keys(WAYS)) {
        const out = execFileSync(process.execPath, [script, '--child', way, count, count], { encoding: 'utf8' });
        (results[way] ??= []).push(JSON.parse(out));
      }
    }
    for (const step of ['insert', 'move', 'query']) {
      const ns = {};
      for (const way of Object.keys(WAYS)) {
        for (const result of results[way]) expectEqual(`${step}, ${way}`, result[step].sum, results.rbush[0][step].sum);
        ns[way] = (Math.min(...results[way].map((result) => result[step].ms)) * 1e6) / count;
      }
      const all = Object.entries(ns).map(([way, value]) => `${way} ${value.toFixed(0)}`);
      const ratio = (other, way) => `${(ns[other] / ns[way]).toFixed(2)} x ${other}`;
      const ratios = `engine ${ratio('rbush', 'engine')}, tree ${ratio('rbush', 'tree')}, loaded ${ratio('kdbush', 'loaded tree')}`;
      console.log(`  ${step.padEnd(8)}${`${all.join(', ')} ns`.padEnd(72)}${ratios}`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [flag, way, count, queries] = process.argv.slice(2);
  if (flag === '--child') await child(way, Number(count), Number(queries));
  else await run({ tiny: flag === '--tiny' });
}
