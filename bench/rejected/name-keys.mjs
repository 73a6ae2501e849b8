// The ordered index of names with the keys in use, which leave out what the names of a node share, and with keys of the first
// six bytes of each name. Families of names have those in common: then every comparison goes to the names themselves.
import { pathToFileURL } from 'node:url';
import { CatalogRegions } from '../../dist/src/catalog/layout.js';
import { OrderedIndex } from '../../dist/src/catalog/ordered-index.js';
import { NameOrder } from '../../dist/src/catalog/orders.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { expectEqual, report } from '../support/measure.mjs';
import { POINT_SEED, xorshift32 } from '../support/workload.mjs';

/** Never leaves anything out. */
class FirstBytes extends NameOrder {
  shared() {
    return 0;
  }
}

function inserted(order, interner, rows) {
  const regions = CatalogRegions.create(new Memory(), { graphs: rows.length, rows: 10, shards: 1 });
  const index = new OrderedIndex(regions.names[0], order);
  const start = performance.now();
  for (let i = 0; i < rows.length; i++) index.insert(rows[i]);
  const ns = ((performance.now() - start) * 1e6) / rows.length;
  const [from, to] = [new FirstBytes(interner), new FirstBytes(interner)];
  from.aimAt('');
  to.aimAt(undefined);
  const out = new Uint32Array(rows.length);
  expectEqual('names in the index', index.takeInto(from, to, rows.length, out), rows.length);
  return { ns, out };
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 2000 : 250_000;
  const next = xorshift32(POINT_SEED);
  for (const [family, prefix] of [
    ['names that begin with graph-', 'graph-'],
    ['names of nothing in common', ''],
  ]) {
    const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 40 });
    for (let row = 0; row < count; row++) interner.bind(0, `${prefix}${(next() * 1e9) | 0}-${row}`, row);
    const rows = Uint32Array.from({ length: count }, (_, row) => row);
    const times = { used: [], rejected: [] };
    let answers;
    for (let round = 0; round < (tiny ? 1 : 3); round++) {
      const used = inserted(new NameOrder(interner), interner, rows);
      const rejected = inserted(new FirstBytes(interner), interner, rows);
      times.used.push(used.ns);
      times.rejected.push(rejected.ns);
      answers = [used.out, rejected.out];
    }
    for (let i = 0; i < count; i++)
      if (answers[0][i] !== answers[1][i]) expectEqual('a row', answers[0][i], answers[1][i]);
    const of = (all) => {
      all.sort((a, b) => a - b);
      return { ns: all[all.length >> 1], least: all[0], most: all.at(-1) };
    };
    const yardstick = report(`${family}: first bytes`, of(times.rejected));
    report(`${family}: behind the shared`, of(times.used), { 'first bytes': yardstick });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
