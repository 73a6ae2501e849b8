// The catalogue of graphs: loaded, asked for pages of 20, and asked while nodes and graphs come and go; against what people
// write today: a Map of summaries and an array sorted by each key. --graphs N: another number than a million.
import { pathToFileURL } from 'node:url';
import { CatalogRegions } from '../../dist/src/catalog/layout.js';
import { ShardCatalog } from '../../dist/src/catalog/shard-catalog.js';
import { createEngine } from '../../dist/src/index.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, xorshift32 } from '../support/workload.mjs';

const PAGE = 20;
const nameOf = (i) => `graph-${String((i * 7919) % 9_999_991).padStart(7, '0')}`;
const timeOf = (i) => 1_700_000_000_000 + (i >>> 3);

/** Place of the first that is not before the key. */
function bisect(array, key, of) {
  let low = 0;
  let high = array.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (of(array[middle]) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By number of nodes, and by name where that is the same: so that a graph is found among those of its number. */
const isBefore = (a, b) => a.nodes < b.nodes || (a.nodes === b.nodes && a.name < b.name);

function placeOf(array, graph) {
  let low = 0;
  let high = array.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(array[middle], graph)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A Map of summaries, and the summaries sorted by name, by time and by count. */
class Plain {
  graphs = new Map();

  load(count) {
    for (let i = 0; i < count; i++)
      this.graphs.set(nameOf(i), { name: nameOf(i), createdAt: timeOf(i), nodes: 0, edges: 0 });
    const all = [...this.graphs.values()];
    this.byName = all.slice().sort((a, b) => (a.name < b.name ? -1 : 1));
    this.byTime = all.slice().sort((a, b) => a.createdAt - b.createdAt);
    this.byCount = all.slice();
  }

  sortCounts() {
    this.byCount.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  addNode(name) {
    const graph = this.graphs.get(name);
    this.byCount.splice(placeOf(this.byCount, graph), 1);
    graph.nodes++;
    this.byCount.splice(placeOf(this.byCount, graph), 0, graph);
  }

  page(array, key, of) {
    const at = bisect(array, key, of);
    return array.slice(at, at + PAGE).map(({ name, createdAt, nodes, edges }) => ({ name, createdAt, nodes, edges }));
  }
}

async function publish(engine, event) {
  for (;;) {
    try {
      if (!engine.publish(event)) await engine.drained();
      return;
    } catch (error) {
      if (error.code !== 'ATHANOR_BACKPRESSURE') throw error;
      await engine.drained();
    }
  }
}

/** What an index costs its writer, by itself: one shard with all graphs. */
function writerAlone(count, tiny) {
  const interner = Interner.create(new Memory(), { capacity: count, heapBytes: count * 32 });
  const column = (type, bytes) => new type(new SharedArrayBuffer(count * bytes));
  const facts = {
    state: column(Uint8Array, 1),
    order: column(Uint32Array, 4),
    size: column(Uint32Array, 4),
    created: column(Float64Array, 8),
    born: column(Float64Array, 8),
  };
  const steps = tiny ? 2000 : 1_000_000;
  const catalog = new ShardCatalog(
    CatalogRegions.create(new Memory(), { graphs: count, rows: 3 * steps, shards: 1 }),
    0,
    interner,
    facts,
  );
  for (let i = 0; i < count; i++) {
    interner.bind(0, nameOf(i), i);
    facts.created[i] = timeOf(i);
    facts.born[i] = i;
  }
  const timed = (what, operations, run) => {
    const start = performance.now();
    run();
    console.log(`  ${what.padEnd(46)}${(((performance.now() - start) * 1e6) / operations).toFixed(0).padStart(8)} ns`);
  };
  timed('writer: a graph into all indexes', count, () => {
    for (let i = 0; i < count; i++) catalog.addGraph(i);
  });
  const next = xorshift32(POINT_SEED);
  const rows = Uint32Array.from({ length: steps }, () => next() * count);
  timed('writer: a node of any graph', steps, () => {
    for (let i = 0; i < steps; i++) catalog.addNode(rows[i]);
  });
  timed('writer: a node of one graph', steps, () => {
    for (let i = 0; i < steps; i++) catalog.addNode(7 % count);
  });
  timed('writer: a graph out of all indexes', count, () => {
    for (let i = 0; i < count; i++) catalog.dropGraph(i);
  });
  expectEqual('graphs left', catalog.graphs + catalog.names.size + catalog.times.size, 0);
}

export async function run({ tiny = false, graphs: count = tiny ? 2000 : 1_000_000 } = {}) {
  console.log(` catalogue, ${count} graphs, pages of ${PAGE}, seed ${POINT_SEED.toString(16)}`);
  const plain = new Plain();
  const load = await measure(count, () => plain.load(count), { runs: 1 });
  report('load: a Map, and sorted arrays at the end', load);
  const before = process.memoryUsage.rss();
  const engine = await createEngine({ workers: 1, capacity: { graphs: 2 * count + 1000 } });
  const { graphs } = engine;
  const create = await measure(
    count,
    async () => {
      for (let i = 0; i < count; i++) {
        await publish(engine, { type: 'graph.created', graph: nameOf(i), time: timeOf(i) });
      }
      await engine.flush();
    },
    { runs: 1 },
  );
  report('graphs created one by one, 1 worker', create, { 'Map, sorted': load });
  console.log(`  ${((process.memoryUsage.rss() - before) / count).toFixed(0)} bytes a graph, all told`);
  const next = xorshift32(POINT_SEED);
  // Counts from 0 to about 20: as many nodes as there are graphs.
  for (let i = 0; i < count; i++) {
    const name = nameOf((next() * next() * count) | 0);
    plain.graphs.get(name).nodes++;
    await publish(engine, { type: 'node.upserted', graph: name, node: i, time: 1 });
  }
  plain.sortCounts();
  await engine.flush();
  expectEqual('totals', JSON.stringify(graphs.totals), JSON.stringify({ graphs: count, nodes: count, edges: 0 }));

  const asks = {
    'by name': {
      ask: (i) => graphs.byName({ from: nameOf(i), limit: PAGE }),
      plain: (i) => plain.page(plain.byName, nameOf(i), (graph) => graph.name),
    },
    'by time of creation': {
      ask: (i) => graphs.createdBetween(timeOf(i), Number.POSITIVE_INFINITY, { limit: PAGE }),
      plain: (i) => plain.page(plain.byTime, timeOf(i), (graph) => graph.createdAt),
    },
    'by number of nodes': {
      ask: (i) => graphs.nodeCountBetween(i % 20, Number.POSITIVE_INFINITY, { limit: PAGE }),
      plain: (i) => plain.page(plain.byCount, i % 20, (graph) => graph.nodes),
    },
    'get by name': { ask: (i) => [graphs.get(nameOf(i))], plain: (i) => [{ ...plain.graphs.get(nameOf(i)) }] },
    totals: { ask: () => [graphs.totals], plain: () => [{ graphs: plain.graphs.size }] },
  };
  const rounds = tiny ? 20 : 20_000;
  const anywhere = Uint32Array.from({ length: rounds }, () => next() * count);
  for (const [what, { ask, plain: plainly }] of Object.entries(asks)) {
    for (let i = 0; i < 20; i++) {
      const [found, wanted] = [ask(anywhere[i]), plainly(anywhere[i])];
      expectEqual(`${what}: graphs`, found.length, wanted.length);
      const facts = what === 'by number of nodes' ? ({ nodes }) => nodes : (graph) => JSON.stringify(graph);
      if (what !== 'totals') expectEqual(what, found.map(facts).join(), wanted.map(facts).join());
    }
    const runs = { runs: tiny ? 1 : 5, warm: tiny ? 0 : 1 };
    const each = (one) => () => {
      for (let i = 0; i < rounds; i++) one(anywhere[i]);
    };
    const yardstick = await measure(rounds, each(plainly), runs);
    const still = await measure(rounds, each(ask), runs);
    report(`${what}: Map and sorted arrays`, yardstick);
    report(`${what}: the catalogue`, still, { 'Map, sorted': yardstick });
  }
  for (const [what, { ask }] of Object.entries(asks)) await whileStreaming(engine, what, ask, tiny ? 20 : 3000, count);
  const sample = tiny ? 20 : 500;
  const names = Array.from({ length: sample }, () => nameOf((next() * count) | 0));
  const plainNode = await measure(sample, () => names.forEach((name) => void plain.addNode(name)), { runs: 1 });
  report('a node more: sorted array', plainNode);
  const nodes = tiny ? 200 : 200_000;
  let id = 10 * count;
  const node = await measure(
    nodes,
    async () => {
      for (let i = 0; i < nodes; i++)
        await publish(engine, { type: 'node.upserted', graph: nameOf((next() * count) | 0), node: id++, time: 1 });
      await engine.flush();
    },
    { runs: tiny ? 1 : 3 },
  );
  report('a node more: published, applied and indexed', node, { 'sorted array': plainNode });
  expectEqual('problems', (await engine.verify()).problems.join(), '');
  await engine.close();
  writerAlone(count, tiny);
}

/** Pages between events that come without a pause: time of the query alone. Every tenth event is a graph that comes or goes. */
async function whileStreaming(engine, what, ask, rounds, count) {
  const next = xorshift32(POINT_SEED);
  const times = new Float64Array(rounds);
  let published = 0;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 64; i++, published++) {
      const dice = i % 20;
      if (dice === 7) await publish(engine, { type: 'graph.created', graph: `passing-${round}-${i}`, time: 1 });
      else if (dice === 17)
        await publish(engine, { type: 'graph.removed', graph: `passing-${round}-${i - 10}`, time: 1 });
      else {
        const graph = nameOf((next() * count) | 0);
        await publish(engine, { type: i % 2 ? 'node.removed' : 'node.upserted', graph, node: `n${i >> 1}`, time: 1 });
      }
    }
    const from = performance.now();
    ask((next() * count) | 0);
    times[round] = performance.now() - from;
  }
  const perSecond = published / ((performance.now() - start) / 1000);
  await engine.flush();
  times.sort();
  const us = (part) => (times[Math.floor(part * (rounds - 1))] * 1000).toFixed(0);
  console.log(
    `  ${what}, ${(perSecond / 1000).toFixed(0)},000 events/s`.padEnd(48) +
      `p50 ${us(0.5)} µs, p99 ${us(0.99)} µs, most ${us(1)} µs`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf('--graphs');
  await run({
    tiny: process.argv.includes('--tiny'),
    ...(at > 0 && { graphs: Number(process.argv[at + 1]) }),
  });
}
