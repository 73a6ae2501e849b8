// Ids to rows: the interner and the bounded Map in front of it, against a Map, on one thread.
import { pathToFileURL } from 'node:url';
import benny from 'benny';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { IdCache } from '../../dist/src/publish/id-cache.js';
import { expectEqual } from '../support/measure.mjs';
import { QUERY_SEED, xorshift32 } from '../support/workload.mjs';

/** Look-ups in one call of a case: what a call costs by itself does not count. */
const BATCH = 1000;
const NO_ROW = 0xffffffff;

const KINDS = {
  strings: (i) => `node-${i}`,
  // Far apart, so that neither side gains by their order.
  numbers: (i) => i * 7919,
};

export async function run({ tiny = false } = {}) {
  for (const count of tiny ? [1000] : [100_000, 3_000_000]) {
    for (const kind of Object.keys(KINDS)) await size(kind, count, tiny);
  }
}

async function size(kind, count, tiny) {
  const idOf = KINDS[kind];
  const ids = Array.from({ length: count }, (_, i) => idOf(i));
  // As many again wait to come and go.
  const interner = Interner.create(new Memory(), { capacity: count + BATCH, heapBytes: (count + BATCH) * 32 });
  const map = new Map();
  const cache = new IdCache(1 << 17);
  ids.forEach((id, i) => {
    interner.bind(0, id, i);
    map.set(id, i);
    cache.set(0, id, i);
  });
  const behindCache = (id) => {
    const row = cache.get(0, id);
    return row === NO_ROW ? interner.find(0, id) : row;
  };
  const next = xorshift32(QUERY_SEED);
  // The same ids for all, in an order that no cache of the machine foretells.
  const asked = Array.from({ length: tiny ? BATCH : 100 * BATCH }, () => ids[Math.floor(next() * count)]);
  let digest = 0;
  for (const id of asked) {
    const row = map.get(id);
    expectEqual(`row of ${id}`, interner.find(0, id), row);
    expectEqual(`row of ${id} behind the cache`, behindCache(id), row);
    expectEqual(`id of row ${row}`, interner.idOf(row), id);
    digest = (Math.imul(digest, 31) + row) >>> 0;
  }
  expectEqual('an id that is not there', interner.find(0, idOf(-1)), NO_ROW);
  const fresh = Array.from({ length: BATCH }, (_, i) => idOf(count + i));

  let from = 0;
  const batch = (find) => () => {
    let sum = 0;
    for (let i = from; i < from + BATCH; i++) sum += find(asked[i]);
    from = (from + BATCH) % asked.length;
    return sum;
  };
  const found = {
    Map: batch((id) => map.get(id)),
    interner: batch((id) => interner.find(0, id)),
    'interner behind the cache': batch(behindCache),
  };
  const back = {
    'array, back to the id': batch((id) => ids[map.get(id)].length ?? 1),
    'interner, back to the id': batch((id) => interner.idOf(map.get(id)).length ?? 1),
  };
  const changed = {
    'Map, an id comes and goes': () => {
      for (let i = 0; i < BATCH; i++) map.set(fresh[i], count + i);
      for (let i = 0; i < BATCH; i++) map.delete(fresh[i]);
    },
    'interner, an id comes and goes': () => {
      for (let i = 0; i < BATCH; i++) interner.bind(0, fresh[i], count + i);
      for (let i = 0; i < BATCH; i++) {
        interner.unbind(count + i);
        interner.release(count + i);
      }
    },
  };
  console.log(` ${count} ${kind}, seed ${QUERY_SEED.toString(16)}, digest of the rows ${digest.toString(16)}`);
  for (const cases of [found, back, changed]) await compare(cases, tiny);
  expectEqual('ids left', interner.size, map.size);
}

/** Each case against the first, its yardstick. */
async function compare(cases, tiny) {
  const options = tiny ? { maxTime: 0.01, minSamples: 1 } : { maxTime: 1 };
  const { results } = await quietly(() =>
    benny.suite(
      'ids',
      ...Object.entries(cases).map(([name, work]) => benny.add(name, work, options)),
      benny.complete(() => undefined),
    ),
  );
  const nsOf = (result) => 1e9 / result.ops / BATCH;
  for (const result of results) {
    const ratio = nsOf(results[0]) / nsOf(result);
    console.log(
      `  ${result.name.padEnd(46)}${nsOf(result).toFixed(0).padStart(8)} ns  (± ${result.margin} %)  ${ratio.toFixed(2)} x ${results[0].name}`,
    );
  }
}

/** A suite says that it runs before it can be asked not to. */
async function quietly(work) {
  const { log } = console;
  console.log = () => undefined;
  try {
    return await work();
  } finally {
    console.log = log;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
