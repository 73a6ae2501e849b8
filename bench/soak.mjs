// What must stay flat: many ids, and ids that come and go. `npm run soak` takes some minutes and 3 GB; --tiny: seconds.
import { pathToFileURL } from 'node:url';
import { createEngine } from '../dist/src/index.js';
import { Interner } from '../dist/src/memory/interner.js';
import { NodeBook } from '../dist/src/memory/node-book.js';
import { Memory } from '../dist/src/memory/reserve.js';
import { NodeTable } from '../dist/src/publish/node-table.js';
import { expectEqual } from './support/measure.mjs';

const NO_ROW = 0xffffffff;
/** Looks at memory on the way. */
const LOOKS = 100;
/** Ids alive at one time. */
const ALIVE = 10_000;
/** Growth beyond both is an error: 2 MB of a small heap is code that was compiled late. */
const MOST_GROWTH = 1.03;
const MOST_GROWTH_BYTES = 2e6;

const resident = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};
const inUse = () => ({ resident: resident(), 'in the JavaScript heap': process.memoryUsage().heapUsed });
const nsEach = (startMs, count) => ((performance.now() - startMs) * 1e6) / count;

/**
 * The least of what was measured in each tenth of the way. What is lost for ever raises it; the turns of a cache, and the
 * 30 MB that the garbage collector keeps in hand for some million ids and then gives back, do not.
 */
class Gauge {
  #tenths = new Map();
  #start = performance.now();

  note(look, done, bytes) {
    const tenth = Math.floor((look * 10) / LOOKS);
    for (const [what, value] of Object.entries(bytes)) {
      const tenths = this.#tenths.get(what) ?? [];
      tenths[tenth] = Math.min(tenths[tenth] ?? value, value);
      this.#tenths.set(what, tenths);
    }
    if ((look + 1) % (LOOKS / 10) !== 0) return;
    const line = [...this.#tenths].map(([what, tenths]) => `${(tenths[tenth] / 1e6).toFixed(1)} MB ${what}`);
    const millions = (done / 1e6).toFixed(2).padStart(7);
    console.log(`  ${millions} million: ${line.join(', ')}; ${nsEach(this.#start, done).toFixed(0)} ns each`);
  }

  /** In a tiny run all of it is still start-up: growth is told and not judged. */
  judge(tiny) {
    for (const [what, tenths] of this.#tenths) {
      const before = Math.min(...tenths.slice(2, 6));
      const after = Math.min(...tenths.slice(6));
      console.log(`  ${what}: from 60 % on ${(after / before).toFixed(3)} x what it was from 20 to 60 %`);
      if (!tiny && after > before * MOST_GROWTH + MOST_GROWTH_BYTES)
        throw new Error(`${what}: memory grows with ids that are gone`);
    }
  }
}

/** Distinct ids of 12 characters: bound, and every one found again. */
function manyIds(count) {
  const before = resident();
  const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 24 });
  const idOf = (i) => `id${String(i).padStart(10, '0')}`;
  let start = performance.now();
  for (let i = 0; i < count; i++) if (!interner.bind(0, idOf(i), i)) throw new Error(`no room for id ${i}`);
  const bindNs = nsEach(start, count);
  const bytes = (resident() - before) / count;
  start = performance.now();
  for (let i = 0; i < count; i++) {
    // Each once, in an order that jumps about: 7 is no factor of the count.
    const at = (i * 7) % count;
    if (interner.find(0, idOf(at)) !== at) expectEqual(`row of ${idOf(at)}`, interner.find(0, idOf(at)), at);
  }
  const findNs = nsEach(start, count);
  for (let i = 0; i < count; i += 1009) expectEqual(`id of row ${i}`, interner.idOf(i), idOf(i));
  expectEqual('an id that is not there', interner.find(0, idOf(count)), NO_ROW);
  expectEqual('another scope', interner.find(1, idOf(0)), NO_ROW);
  console.log(
    `  ${count} distinct ids: ${bindNs.toFixed(0)} ns to bind, ${findNs.toFixed(0)} ns to find, ${bytes.toFixed(0)} bytes each`,
  );
}

/** Ids and rows alone, strings and numbers, a million a second by a clock of their own: each lives for ALIVE others. */
function shortLivedIds(count) {
  const reserved = 1 << 22;
  const ids = Interner.create(new Memory(), { capacity: reserved, heapBytes: reserved * 128 });
  const nodes = new NodeTable({
    ids,
    book: NodeBook.create(new Memory(), { rows: reserved, graphs: 4 }),
    boundEpoch: new Uint32Array(reserved),
    removalStamps: new Uint32Array(reserved),
    attention: new Uint8Array(reserved),
    nodes: reserved / 2,
    reserved,
    shards: 2,
    shardOfGraph: (graph) => graph % 2,
  });
  const idOf = (i) => (i % 4 === 3 ? i : `mayfly-${i}`);
  const graphOf = (i) => (i >> 2) & 3;
  const gauge = new Gauge();
  for (let look = 0, i = 0; look < LOOKS; look++) {
    for (const until = (count * (look + 1)) / LOOKS; i < until; i++) {
      const nowMs = i / 1000;
      nodes.bind(graphOf(i), idOf(i), nowMs);
      if (i >= ALIVE) nodes.removed(nodes.find(graphOf(i - ALIVE), idOf(i - ALIVE)), i >>> 9);
      if (i % 512 === 511) {
        for (const shard of [0, 1]) nodes.collect(shard, i >>> 9, nowMs, 1024);
        nodes.rows.releaseExpired(nowMs, 1024);
      }
    }
    gauge.note(look, i, {
      ...inUse(),
      'touched by ids': ids.touchedHeapBytes,
      // Interner record and head, list, epoch, stamp and attention of a row.
      'of rows': nodes.rows.highWater * (16 + 4 + 12 + 4 + 4 + 1),
    });
  }
  for (const shard of [0, 1]) nodes.collect(shard, count >>> 9, count / 1000, ALIVE);
  expectEqual('ids alive', nodes.rows.live, ALIVE);
  for (let i = count - ALIVE; i < count; i++) {
    const row = nodes.find(graphOf(i), idOf(i));
    expectEqual(`id of the row of ${idOf(i)}`, ids.idOf(row), idOf(i));
  }
  for (let i = 0; i < count - ALIVE; i += 9973)
    expectEqual(`row of ${idOf(i)}`, nodes.find(graphOf(i), idOf(i)), NO_ROW);
  return gauge;
}

/** One worker; event times that do not differ from run to run, so that digests can be compared. */
const OPTIONS = { workers: 1, clock: () => 0 };

/** Nodes through a whole engine: each lives for ALIVE others. */
async function shortLivedNodes(count) {
  const engine = await createEngine(OPTIONS);
  const graph = engine.graph('mayflies');
  const gauge = new Gauge();
  for (let look = 0, i = 0; look < LOOKS; look++) {
    for (const until = (count * (look + 1)) / LOOKS; i < until; ) {
      try {
        graph.moveNode(`mayfly-${i}`, i % 1000, i % 997);
        if (i >= ALIVE) graph.removeNode(`mayfly-${i - ALIVE}`);
        i++;
      } catch (error) {
        // Full rings, or all free rows in quarantine: both pass. A move that was accepted is made once more.
        if (error.code !== 'ATHANOR_BACKPRESSURE') throw error;
        await engine.drained();
      }
      if (i % 512 === 0) await engine.drained();
    }
    await engine.flush();
    gauge.note(look, i, inUse());
  }
  expectEqual('nodes left', graph.order, ALIVE);
  expectEqual('problems', (await engine.verify()).problems.join('; '), '');
  const digest = await engine.digest();
  await engine.close();
  expectEqual('digest', digest, await digestOf(count));
  return gauge;
}

/** Of an engine that met the last nodes alone. */
async function digestOf(count) {
  const engine = await createEngine(OPTIONS);
  const graph = engine.graph('mayflies');
  for (let i = count - ALIVE; i < count; i++) {
    if (!graph.moveNode(`mayfly-${i}`, i % 1000, i % 997)) await engine.drained();
  }
  await engine.flush();
  const digest = await engine.digest();
  await engine.close();
  return digest;
}

export async function run({ tiny = false } = {}) {
  manyIds(tiny ? 100_000 : 20_000_000);
  const count = tiny ? 100_000 : 100_000_000;
  console.log(' ids that come and go');
  shortLivedIds(count).judge(tiny);
  console.log(' nodes that come and go, through an engine');
  (await shortLivedNodes(count)).judge(tiny);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
