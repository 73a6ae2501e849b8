// Moves by columns while zones are watched: events taken as they come, against the same moves without a zone.
import { pathToFileURL } from 'node:url';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { MOVE_SEED, POINT_SEED, places, QUERY_SEED, round, SIDE, xorshift32 } from '../support/workload.mjs';

async function moveByColumns(engine, graph, handles, { x, y }) {
  let done = 0;
  while (done < handles.length) {
    done += graph.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
    if (done < handles.length) await engine.drained();
  }
  await engine.flush();
}

/** Circles that cover a tenth of the square, whatever their number: towns and not grains of sand. */
function zonesOf(count) {
  const next = xorshift32(QUERY_SEED);
  const radius = Math.sqrt((0.1 * SIDE * SIDE) / (Math.PI * Math.max(1, count)));
  return Array.from({ length: count }, () => ({ type: 'circle', x: next() * SIDE, y: next() * SIDE, radius }));
}

/** Events of a round, from the positions before and after it: what a watcher must have been told. */
function countChanges(before, after, zones) {
  const cell = SIDE / 100;
  const grid = new Map();
  zones.forEach((zone, i) => {
    for (let x = Math.floor((zone.x - zone.radius) / cell); x <= (zone.x + zone.radius) / cell; x++) {
      for (let y = Math.floor((zone.y - zone.radius) / cell); y <= (zone.y + zone.radius) / cell; y++) {
        const key = x * 1000 + y;
        if (grid.has(key)) grid.get(key).push(i);
        else grid.set(key, [i]);
      }
    }
  });
  const at = (x, y) =>
    (grid.get(Math.floor(x / cell) * 1000 + Math.floor(y / cell)) ?? []).filter((i) => {
      const zone = zones[i];
      return (x - zone.x) ** 2 + (y - zone.y) ** 2 <= zone.radius ** 2;
    });
  let changes = 0;
  for (let i = 0; i < before.x.length; i++) {
    const from = new Set(at(before.x[i], before.y[i]));
    for (const zone of at(after.x[i], after.y[i])) if (!from.delete(zone)) changes++;
    changes += from.size;
  }
  return changes;
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 2000 : 100_000;
  const runs = tiny ? 1 : 7;
  console.log(
    ` zones, ${count} nodes, steps of half a unit, circles over a tenth of the square, seed ${POINT_SEED.toString(16)}`,
  );
  for (const workers of [1, 2]) {
    let yardstick;
    for (const zoneCount of tiny ? [0, 100] : [0, 1000, 10_000]) {
      const engine = await createEngine({ workers });
      const graph = engine.graph('swarm');
      const points = places(count, POINT_SEED);
      const next = xorshift32(MOVE_SEED);
      const handles = graph.handles(points.x.map((_, i) => i));
      const zones = zonesOf(zoneCount);
      for (let i = 0; i < zones.length; i++) if (!graph.setZone(`zone-${i}`, zones[i])) await engine.drained();
      await moveByColumns(engine, graph, handles, points);
      let told = 0;
      const watching = zoneCount === 0 ? undefined : graph.watch();
      const reading = (async () => {
        for await (const _ of watching ?? []) told++;
      })();
      let wanted = 0;
      const before = () => {
        const former = { x: points.x.slice(), y: points.y.slice() };
        round(points, next);
        if (zoneCount > 0) wanted += countChanges(former, points, zones);
      };
      const what = zoneCount === 0 ? 'no zone' : `${zoneCount} zones, watched`;
      const task = () => moveByColumns(engine, graph, handles, points);
      const result = await measure(count, task, { runs, warm: tiny ? 1 : 6, before });
      yardstick ??= result;
      report(`${what}, ${workers} worker(s)`, result, { 'no zone': yardstick });
      expectEqual('problems', (await engine.verify()).problems.join(), '');
      await engine.close();
      await reading;
      expectEqual('events told', told, wanted);
      if (zoneCount > 0) console.log(`    ${told} events told`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
