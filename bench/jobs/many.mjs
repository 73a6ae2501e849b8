// Batches of queries, pairs and clusters through the engine, against the same work done on the main thread alone.
import { pathToFileURL } from 'node:url';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, places, QUERY_SEED } from '../support/workload.mjs';

const RADIUS = 10;
const CELL = 50;

async function fill(engine, points) {
  const graph = engine.graph('points');
  const count = points.x.length;
  const handles = graph.handles(Array.from({ length: count }, (_, id) => id));
  for (let done = 0; done < count; await engine.drained()) {
    done += graph.moveNodes(handles.subarray(done), points.x.subarray(done), points.y.subarray(done));
  }
  await engine.flush();
  // verify stands after the packing that the filling has called for.
  const { problems } = await engine.verify();
  if (problems.length > 0) throw new Error(problems.join('; '));
  return { graph, handles };
}

function sumOf(array) {
  let sum = 0;
  for (let i = 0; i < array.length; i++) sum += array[i];
  return sum;
}

async function batches(graph, queries, workers, runs) {
  const count = queries.x.length;
  const found = new Uint32Array(65_536);
  let wanted;
  const single = await measure(
    count,
    () => {
      let hits = 0;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const hit = graph.withinInto(queries.x[i], queries.y[i], RADIUS, found);
        hits += hit;
        for (let k = 0; k < hit; k++) sum += found[k];
      }
      wanted = [hits, sum];
    },
    { runs },
  );
  report(`withinInto in a loop, ${count} queries`, single);
  let sets;
  const many = await measure(count, async () => (sets = await graph.withinMany({ ...queries, radius: RADIUS })), {
    runs,
    warm: 1,
  });
  report(`withinMany, ${workers} worker(s)`, many, { 'the loop': single });
  expectEqual('hits', sets.handles.length, wanted[0]);
  expectEqual('sum of handles', sumOf(sets.handles), wanted[1]);
  for (let i = 0; i < count; i += 997) {
    const hits = graph.withinInto(queries.x[i], queries.y[i], RADIUS, found);
    const one = sets.handles.subarray(sets.offsets[i], sets.offsets[i + 1]);
    expectEqual(`handles of query ${i}`, String(one.slice().sort()), String(found.slice(0, hits).sort()));
  }
  const rows = new Uint32Array(10);
  const distances = new Float64Array(10);
  let total = 0;
  const nearest = await measure(
    count,
    () => {
      total = 0;
      for (let i = 0; i < count; i++) {
        const hits = graph.nearestInto(queries.x[i], queries.y[i], 10, rows, distances);
        for (let k = 0; k < hits; k++) total += distances[k];
      }
    },
    { runs },
  );
  report('nearestInto in a loop, 10 nearest', nearest);
  const nearestMany = await measure(count, async () => (sets = await graph.nearestMany({ ...queries, k: 10 })), {
    runs,
    warm: 1,
  });
  report(`nearestMany, ${workers} worker(s)`, nearestMany, { 'the loop': nearest });
  expectEqual('sum of distances', sumOf(sets.distances), total);
}

async function pairs(graph, handles, points, workers, runs) {
  const count = handles.length;
  const found = new Uint32Array(65_536);
  let wanted = 0;
  const single = await measure(
    count,
    () => {
      wanted = 0;
      for (let i = 0; i < count; i++) {
        const hits = graph.withinInto(points.x[i], points.y[i], RADIUS, found);
        for (let k = 0; k < hits; k++) wanted += +(found[k] > handles[i]);
      }
    },
    { runs },
  );
  report(`pairs by withinInto in a loop, ${count} points`, single);
  let answer;
  const joined = await measure(count, async () => (answer = await graph.pairsWithin(RADIUS)), { runs, warm: 1 });
  report(`pairsWithin, ${workers} worker(s)`, joined, { 'the loop': single });
  expectEqual('pairs', answer.sources.length, wanted);
}

async function clusters(engine, graph, points, runs) {
  const count = points.x.length;
  const side = 1000;
  const grid = { minX: 0, minY: 0, maxX: side, maxY: side, cellSize: CELL };
  const columns = side / CELL;
  const cells = new Float64Array(columns * columns * 3);
  const recount = await measure(
    count,
    () => {
      cells.fill(0);
      for (let i = 0; i < count; i++) {
        const column = Math.min(columns - 1, Math.floor(points.x[i] / CELL));
        const at = 3 * (column + columns * Math.min(columns - 1, Math.floor(points.y[i] / CELL)));
        cells[at]++;
        cells[at + 1] += points.x[i];
        cells[at + 2] += points.y[i];
      }
    },
    { runs, warm: 3 },
  );
  report(`recount of two columns, ${count} points`, recount);
  // A move that changes nothing but the version.
  const change = async () => {
    graph.moveNode(0, points.x[0], points.y[0]);
    await engine.flush();
  };
  let answer;
  const ask = (cellSize) => () => {
    answer = graph.clusters({ ...grid, cellSize });
  };
  report('clusters, after a change', await measure(count, ask(CELL), { runs, warm: 3, before: change }), { recount });
  expectEqual('points in clusters', sumOf(answer.counts), count);
  for (const { column, row, count: nodes, x } of answer) {
    const at = 3 * (column + columns * row);
    expectEqual(`cell ${column}, ${row}`, nodes, cells[at]);
    expectEqual(`centroid of ${column}, ${row}`, x.toFixed(6), (cells[at + 1] / nodes).toFixed(6));
  }
  await change();
  ask(CELL)();
  let next = 0;
  report(
    'clusters, other cells of the same version',
    await measure(count, () => ask(CELL + ++next)(), { runs, warm: 3 }),
    { recount },
  );
  report('clusters, asked again', await measure(count, ask(CELL), { runs }), { recount });
}

export async function run({ tiny = false } = {}) {
  const runs = tiny ? 1 : 5;
  const workers = 2;
  const count = tiny ? 2000 : 100_000;
  const points = places(count, POINT_SEED);
  console.log(` ${count} points, radius ${RADIUS}, seed ${POINT_SEED.toString(16)}`);
  const engine = await createEngine({ workers });
  const { graph, handles } = await fill(engine, points);
  await batches(graph, places(tiny ? 5000 : 1_000_000, QUERY_SEED), workers, runs);
  await pairs(graph, handles, points, workers, runs);
  await clusters(engine, graph, points, runs);
  await engine.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
