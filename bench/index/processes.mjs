// `withinInto` in processes of its own: whether each is as fast as the others, whatever was done before, and what a call costs
// beside the query itself (checks, look-up of the graph, the shard's lock): that is asked where there are no points. A slow
// process among them is a fault.
import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { specialize } from '../../dist/src/base/specialize.js';
import { createEngine } from '../../dist/src/index.js';
import { makeTreeQueries } from '../../dist/src/spatial/generated/queries.js';
import { ANY_KIND } from '../../dist/src/spatial/queries.js';
import { expectEqual } from '../support/measure.mjs';
import { POINT_SEED, places, QUERY_SEED, SIDE } from '../support/workload.mjs';

const RADIUS = 10;
const ASKED = 20_000;
/** Calls that are timed together: about half a millisecond, so that most are not interrupted on a busy machine. */
const WINDOW = 1000;

async function fill(engine, name, points, options) {
  const graph = engine.graph(name, options);
  const count = points.x.length;
  const handles = graph.handles(Array.from({ length: count }, (_, id) => id));
  for (let done = 0; done < count; await engine.drained()) {
    done += graph.moveNodes(
      handles.subarray(done),
      points.x.subarray(done),
      points.y.subarray(done),
      points.z?.subarray(done),
    );
  }
  await engine.flush();
  return graph;
}

/** What a program may have done before, in the same process. */
const BEFORE = {
  nothing: () => undefined,
  verify: ({ engine }) => engine.verify(),
  'withinMany and digest': async ({ engine, graph, asked }) => {
    await graph.withinMany({ ...asked, radius: RADIUS });
    await engine.digest();
  },
  'other queries': ({ graph, asked, count }) => {
    for (let i = 0; i < count; i++) {
      const [x, y] = [asked.x[i], asked.y[i]];
      graph.nearest({ x, y, k: 10 });
      graph.within({ x, y, radius: RADIUS, kind: 'car', limit: 5 });
      graph.withinBox({ minX: x, minY: y, maxX: x + 10, maxY: y + 10 });
      graph.nearestInto(x, y, 3, new Uint32Array(3), new Float64Array(3));
      graph.withinInto(x, y, RADIUS, new Uint32Array(4));
    }
  },
  'other graphs, of all spaces': async ({ engine, graph, asked, count, found }) => {
    const half = places(count >> 1, 1);
    const solid = await fill(engine, 'solid', { ...half, z: half.x }, { dimensions: 3 });
    const sphere = await fill(
      engine,
      'sphere',
      { x: half.x.map((x) => x / 5 - 100), y: half.y.map((y) => y / 10 - 50) },
      { metric: 'haversine' },
    );
    for (let i = 0; i < count; i++) {
      const [x, y] = [asked.x[i], asked.y[i]];
      solid.withinInto(x, y, 20, found, x);
      sphere.withinInto(x / 5 - 100, y / 10 - 50, 50_000, found);
      graph.withinInto(x, y, RADIUS, found);
    }
  },
  'other engines': async ({ asked, count, found }) => {
    for (let k = 0; k < 3; k++) {
      const engine = await createEngine({ workers: 1 });
      const graph = await fill(engine, 'points', places(count >> 1, k + 1));
      for (let i = 0; i < count; i++) graph.withinInto(asked.x[i], asked.y[i], RADIUS, found);
      await engine.close();
    }
  },
  garbage: ({ count }) => {
    for (let k = 0; k < 20; k++) Array.from({ length: count }, (_, i) => ({ i }));
  },
};

/** In a process of its own: the least nanoseconds a call, of the engine's and of a kernel over the same tree. */
async function child(before, count, rounds) {
  const engine = await createEngine({ workers: 2 });
  const graph = await fill(engine, 'points', places(count, POINT_SEED));
  const asked = places(ASKED, QUERY_SEED);
  const found = new Uint32Array(65_536);
  await BEFORE[before]({ engine, graph, asked, count: Math.min(count, ASKED), found });
  // What is under way when a program begins to ask ends soon: a packing of the tree, say.
  await engine.flush();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { memory } = graph.core;
  const row = graph.core.readRow(graph.ref);
  const { index, planes } = memory.spatial;
  const kernel = specialize(makeTreeQueries)(index, planes[row % memory.shards], memory.nodes.kind);
  const ways = {
    engine: (from, away) => {
      let sum = 0;
      for (let i = from; i < from + WINDOW; i++) sum += graph.withinInto(asked.x[i] + away, asked.y[i], RADIUS, found);
      return sum;
    },
    kernel: (from, away) => {
      let sum = 0;
      for (let i = from; i < from + WINDOW; i++) {
        const [x, y] = [asked.x[i] + away, asked.y[i]];
        sum += kernel.within(row, x, y, RADIUS, RADIUS * RADIUS, ANY_KIND, found, 0, found.length);
      }
      return sum;
    },
  };
  // Of each window the least time: the same queries for both ways, whatever else the machine does.
  const windows = ASKED / WINDOW;
  const least = (away) => {
    const times = { engine: new Array(windows).fill(Infinity), kernel: new Array(windows).fill(Infinity) };
    for (let round = 0; round < rounds; round++) {
      for (let k = 0; k < windows; k++) {
        const hits = {};
        for (const way of ['engine', 'kernel']) {
          const start = performance.now();
          hits[way] = ways[way](k * WINDOW, away);
          times[way][k] = Math.min(times[way][k], performance.now() - start);
        }
        expectEqual('hits', hits.engine, hits.kernel);
      }
    }
    const perCall = (values) => (values.reduce((sum, ms) => sum + ms, 0) * 1e6) / ASKED;
    return { engine: perCall(times.engine), kernel: perCall(times.kernel) };
  };
  const answered = least(0);
  const empty = least(10 * SIDE);
  await engine.close();
  console.log(JSON.stringify({ engine: answered.engine, share: empty.engine - empty.kernel }));
}

export async function run({ tiny = false, processes = tiny ? 1 : 20 } = {}) {
  const [count, rounds] = tiny ? [2000, 2] : [100_000, 60];
  console.log(
    ` ${processes} processes each, ${count} points, radius ${RADIUS}: the fastest, median and slowest process`,
  );
  const script = fileURLToPath(import.meta.url);
  for (const before of tiny ? ['verify', 'other graphs, of all spaces'] : Object.keys(BEFORE)) {
    const results = Array.from({ length: processes }, () =>
      JSON.parse(execFileSync(process.execPath, [script, '--child', before, count, rounds], { encoding: 'utf8' })),
    );
    const spread = (values) => {
      values.sort((a, b) => a - b);
      return [values[0], values[values.length >> 1], values.at(-1)].map((ns) => ns.toFixed(0).padStart(5)).join(' ');
    };
    const all = spread(results.map((result) => result.engine));
    const share = spread(results.map((result) => result.share));
    console.log(`  after ${before.padEnd(30)}${all} ns   of it beside the query ${share} ns`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [flag, before, count, rounds] = process.argv.slice(2);
  if (flag === '--child') await child(before, Number(count), Number(rounds));
  else await run({ tiny: flag === '--tiny', processes: flag === '--processes' ? Number(before) : undefined });
}
