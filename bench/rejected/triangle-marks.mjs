// How the lists of a node's neighbours are looked up among its marks: the rest of the count of triangles stays the same.
import { pathToFileURL } from 'node:url';
import { DegreeOrder, degreeOrderTask, OrderPhase } from '../../dist/src/algorithms/degree-order.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { benchGraph, GRAPH_SEED } from '../graph/workload.mjs';
import { expectEqual } from '../support/measure.mjs';

/** Oriented lists as the kernel has them; with `byIndex` they hold indexes in place of places. */
function listsOf(graph, byIndex) {
  const task = degreeOrderTask(new Memory(), graph.both);
  const order = new DegreeOrder(task, () => true);
  const chunks = task.bounds.length - 1;
  for (let phase = OrderPhase.tally; phase < OrderPhase.ready; phase++) {
    for (let chunk = 0; chunk < chunks; chunk++) order.chunk(phase, chunk);
    order.next(phase);
  }
  const { nodes, places, spans, arcs } = task;
  if (!byIndex) return { order, nodes, places, spans, arcs };
  const indexOf = new Uint32Array(nodes);
  for (let node = 0; node < nodes; node++) indexOf[places[node]] = node;
  const spansOfIndex = new Uint32Array(2 * nodes);
  const arcsByIndex = arcs.slice();
  for (let node = 0; node < nodes; node++) {
    const place = places[node];
    spansOfIndex[2 * node] = spans[2 * place];
    spansOfIndex[2 * node + 1] = spans[2 * place + 1];
    for (let i = spans[2 * place]; i < spans[2 * place + 1]; i++) arcsByIndex[i] = indexOf[arcs[i]];
  }
  return {
    order,
    nodes,
    places: Uint32Array.from({ length: nodes }, (_, i) => i),
    spans: spansOfIndex,
    arcs: arcsByIndex,
  };
}

function scanFour(arcs, marks, begin, end) {
  let count = 0;
  let i = begin;
  for (; i + 3 < end; i += 4) count += marks[arcs[i]] + marks[arcs[i + 1]] + marks[arcs[i + 2]] + marks[arcs[i + 3]];
  for (; i < end; i++) count += marks[arcs[i]];
  return count;
}

function scanOne(arcs, marks, begin, end) {
  let count = 0;
  for (let i = begin; i < end; i++) count += marks[arcs[i]];
  return count;
}

/** Each node's neighbours, one list after another. */
function listByList({ places, spans, arcs }, marks, scan, begin, end) {
  let count = 0;
  for (let node = begin; node < end; node++) {
    const first = spans[2 * places[node]];
    const last = spans[2 * places[node] + 1];
    for (let i = first; i < last; i++) marks[arcs[i]] = 1;
    for (let i = first; i < last; i++) count += scan(arcs, marks, spans[2 * arcs[i]], spans[2 * arcs[i] + 1]);
    for (let i = first; i < last; i++) marks[arcs[i]] = 0;
  }
  return count;
}

function asBuilt({ order, places, spans, arcs }, marks, _scan, begin, end) {
  let count = 0;
  for (let node = begin; node < end; node++) {
    const first = spans[2 * places[node]];
    const last = spans[2 * places[node] + 1];
    for (let i = first; i < last; i++) marks[arcs[i]] = 1;
    count += order.marked(arcs, first, last);
    for (let i = first; i < last; i++) marks[arcs[i]] = 0;
  }
  return count;
}

function inBits({ places, spans, arcs }, marks, _scan, begin, end) {
  let count = 0;
  for (let node = begin; node < end; node++) {
    const first = spans[2 * places[node]];
    const last = spans[2 * places[node] + 1];
    for (let i = first; i < last; i++) marks[arcs[i] >>> 5] |= 1 << arcs[i];
    for (let i = first; i < last; i++) count += scanBits(arcs, marks, spans[2 * arcs[i]], spans[2 * arcs[i] + 1]);
    for (let i = first; i < last; i++) marks[arcs[i] >>> 5] = 0;
  }
  return count;
}

function scanBits(arcs, marks, begin, end) {
  let count = 0;
  let i = begin;
  for (; i + 3 < end; i += 4) {
    const a = arcs[i];
    const b = arcs[i + 1];
    const c = arcs[i + 2];
    const d = arcs[i + 3];
    count +=
      ((marks[a >>> 5] >>> a) & 1) +
      ((marks[b >>> 5] >>> b) & 1) +
      ((marks[c >>> 5] >>> c) & 1) +
      ((marks[d >>> 5] >>> d) & 1);
  }
  for (; i < end; i++) count += (marks[arcs[i] >>> 5] >>> arcs[i]) & 1;
  return count;
}

export async function run({ tiny = false } = {}) {
  const scale = tiny ? 10 : 18;
  console.log(
    `seed ${GRAPH_SEED}, scale ${scale}; the least of some runs, one thread, without the making of the lists`,
  );
  for (const kind of ['uniform', 'kronecker']) {
    const graph = benchGraph(kind, scale);
    const lists = listsOf(graph, false);
    const byIndex = listsOf(graph, true);
    const bytes = new Uint8Array(graph.nodes);
    const variants = {
      'as built: lists fetched ahead': [asBuilt, lists, lists.order.marks],
      'list by list, four entries a round': [(...rest) => listByList(...rest), lists, bytes, scanFour],
      'list by list, one entry a round': [(...rest) => listByList(...rest), lists, bytes, scanOne],
      'list by list, marks in bits': [inBits, lists, new Int32Array((graph.nodes >>> 5) + 1)],
      'list by list, indexes, not places': [(...rest) => listByList(...rest), byIndex, bytes, scanFour],
    };
    const least = {};
    let found;
    for (let round = 0; round < (tiny ? 1 : 4); round++) {
      for (const [name, [walk, from, marks, scan]] of Object.entries(variants)) {
        const start = process.cpuUsage();
        let count = 0;
        for (let begin = 0; begin < graph.nodes; begin += 1024) count += walk(from, marks, scan, begin, begin + 1024);
        const { user, system } = process.cpuUsage(start);
        expectEqual(name, count, found ?? count);
        found = count;
        least[name] = Math.min(least[name] ?? Number.POSITIVE_INFINITY, (user + system) / 1000);
      }
    }
    console.log(`${kind}: ${found} triangles`);
    const base = least['as built: lists fetched ahead'];
    for (const [name, ms] of Object.entries(least)) {
      console.log(`  ${name.padEnd(40)}${ms.toFixed(0).padStart(7)} ms  ${(ms / base).toFixed(2)} x`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
