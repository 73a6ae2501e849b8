// What must stay flat: many ids, and ids that come and go. `npm run soak` takes some minutes and 5 GB; --tiny: seconds.
import { pathToFileURL } from 'node:url';
import { createEngine } from '../dist/src/index.js';
import { Interner } from '../dist/src/memory/interner.js';
import { Memory } from '../dist/src/memory/reserve.js';
import { expectEqual } from './support/measure.mjs';

const GB = 1e9;
const resident = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};

/** Distinct ids of 12 characters: bound, and found again. */
function manyIds(count) {
  const before = resident();
  const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 24 });
  const idOf = (i) => `id${String(i).padStart(10, '0')}`;
  let start = performance.now();
  for (let i = 0; i < count; i++) if (!interner.bind(0, idOf(i), i)) throw new Error(`no room for id ${i}`);
  const bindNs = ((performance.now() - start) * 1e6) / count;
  const bytes = (resident() - before) / count;
  start = performance.now();
  let asked = 0;
  for (let i = 0; i < count; i += 7, asked++) expectEqual(`row of ${idOf(i)}`, interner.find(0, idOf(i)), i);
  const findNs = ((performance.now() - start) * 1e6) / asked;
  expectEqual('the id of the last', interner.idOf(count - 1), idOf(count - 1));
  expectEqual('an id that is not there', interner.find(0, idOf(count)), 0xffffffff);
  console.log(
    `  ${count} distinct ids: ${bindNs.toFixed(0)} ns to bind, ${findNs.toFixed(0)} ns to find, ${bytes.toFixed(0)} bytes each`,
  );
}

/**
 * Nodes that live for some thousand events each, one after the other, through a whole engine.
 * Memory may grow while the rows in quarantine become as many as ever, and no more after that.
 */
async function shortLived(count) {
  const engine = await createEngine({ workers: 1 });
  const graph = engine.graph('mayflies');
  const alive = 10_000;
  const steps = 10;
  const start = performance.now();
  const seen = [];
  for (let step = 1, i = 0; step <= steps; step++) {
    for (const until = (count * step) / steps; i < until; i++) {
      for (;;) {
        try {
          graph.moveNode(`mayfly-${i}`, i % 1000, i % 997);
          if (i >= alive) graph.removeNode(`mayfly-${i - alive}`);
          break;
        } catch (error) {
          // Full rings, or all free rows in quarantine: both pass.
          if (error.code !== 'ATHANOR_BACKPRESSURE') throw error;
          await engine.drained();
        }
      }
      if (i % 512 === 0) await engine.drained();
    }
    await engine.flush();
    seen.push(resident());
    console.log(
      `  ${((count * step) / steps / 1e6).toFixed(1)} million short-lived ids: ${(seen.at(-1) / GB).toFixed(3)} GB resident, ${(((performance.now() - start) * 1e6) / i).toFixed(0)} ns each`,
    );
  }
  expectEqual('nodes left', graph.order, Math.min(alive, count));
  expectEqual('problems', (await engine.verify()).problems.join('; '), '');
  await engine.close();
  return seen;
}

export async function run({ tiny = false } = {}) {
  manyIds(tiny ? 100_000 : 20_000_000);
  const seen = await shortLived(tiny ? 100_000 : 100_000_000);
  // From a third of the way on, when every queue and pool has met its most.
  const growth = seen.at(-1) / seen[3];
  console.log(`  memory at the end: ${growth.toFixed(3)} x that at 40 %`);
  if (!tiny && growth > 1.05) throw new Error('memory grows with ids that are gone');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
