// In front of the interner: what keeps the ids used last. A hot set of ids in turn, and now and then a cold one.
import { pathToFileURL } from 'node:url';
import { LRUMap } from 'mnemonist';
import { IdCache } from '../../dist/src/publish/id-cache.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { QUERY_SEED, xorshift32 } from '../support/workload.mjs';

const ENTRIES = 1 << 16;

export async function run({ tiny = false } = {}) {
  const hot = tiny ? 500 : 25_000;
  const cold = tiny ? 5000 : 1_000_000;
  const count = tiny ? 5000 : 1_000_000;
  const next = xorshift32(QUERY_SEED);
  const ids = Array.from({ length: hot + cold }, (_, i) => `node-${i}`);
  const asked = Uint32Array.from({ length: count }, () =>
    Math.floor(next() < 0.95 ? next() * hot : hot + next() * cold),
  );
  const cache = new IdCache(ENTRIES);
  const lru = new LRUMap(ENTRIES);
  const unbounded = new Map();
  const found = {};
  const ways = {
    // In use: two generations of Maps.
    twoGenerations: (id, row) => {
      const known = cache.get(0, id);
      if (known === 0xffffffff) cache.set(0, id, row);
      return known === 0xffffffff ? row : known;
    },
    // Rejected: a list to relink at each hit.
    leastRecentlyUsed: (id, row) => {
      const known = lru.get(id);
      if (known === undefined) lru.set(id, row);
      return known ?? row;
    },
    // Rejected: keeps every id for ever, and holds no more than 2^24 of them.
    unboundedMap: (id, row) => {
      const known = unbounded.get(id);
      if (known === undefined) unbounded.set(id, row);
      return known ?? row;
    },
  };
  const timed = {};
  for (const [name, find] of Object.entries(ways)) {
    timed[name] = await measure(
      count,
      () => {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += find(ids[asked[i]], asked[i]);
        found[name] = sum;
      },
      { runs: tiny ? 1 : 5 },
    );
  }
  expectEqual('sum of rows, least recently used', found.leastRecentlyUsed, found.twoGenerations);
  expectEqual('sum of rows, unbounded', found.unboundedMap, found.twoGenerations);
  console.log(` ${hot} hot ids, one look-up in twenty is of another`);
  for (const [name, result] of Object.entries(timed)) report(name, result, { 'two generations': timed.twoGenerations });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
