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

export async function run({ tiny = false } = {}) {
  for (const count of tiny ? [1000] : [100_000, 3_000_000]) await size(count, tiny);
}

async function size(count, tiny) {
  const ids = Array.from({ length: count }, (_, i) => `node-${i}`);
  const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 32 });
  const map = new Map();
  const cache = new IdCache(1 << 17);
  ids.forEach((id, i) => {
    interner.bind(0, id, i);
    map.set(id, i);
    cache.set(0, id, i);
  });
  const next = xorshift32(QUERY_SEED);
  // The same ids for all, in an order that no cache of the machine foretells.
  const asked = Array.from({ length: tiny ? BATCH : 100 * BATCH }, () => ids[Math.floor(next() * count)]);
  for (const id of asked) expectEqual(`row of ${id}`, interner.find(0, id), map.get(id));
  let from = 0;
  const batch = (find) => () => {
    let sum = 0;
    for (let i = from; i < from + BATCH; i++) sum += find(asked[i]);
    from = (from + BATCH) % asked.length;
    return sum;
  };
  const options = tiny ? { maxTime: 0.01, minSamples: 1 } : { maxTime: 1 };
  const cases = {
    Map: batch((id) => map.get(id)),
    interner: batch((id) => interner.find(0, id)),
    'interner behind the cache': batch((id) => {
      const row = cache.get(0, id);
      return row === 0xffffffff ? interner.find(0, id) : row;
    }),
    'interner, back to the id': batch((id) => interner.idOf(map.get(id)).length),
  };
  const quiet = () => benny.complete(() => undefined);
  const { results } = await benny.suite(
    `${count} ids`,
    ...Object.entries(cases).map(([name, work]) => benny.add(name, work, options)),
    quiet(),
  );
  console.log(` ${count} ids, seed ${QUERY_SEED.toString(16)}`);
  const nsOf = (result) => 1e9 / result.ops / BATCH;
  for (const result of results) {
    const ratio = nsOf(results[0]) / nsOf(result);
    console.log(
      `  ${result.name.padEnd(46)}${nsOf(result).toFixed(0).padStart(8)} ns  (± ${result.margin} %)  ${ratio.toFixed(2)} x Map`,
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
