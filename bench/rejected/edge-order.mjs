// Cache lines that a new edge needs, counted, and what it would help to put the edges of a frame in the order of their sources
// (stable, so that events of one edge keep their order). Lines are counted by a model of a cache: the last that were touched.
import { pathToFileURL } from 'node:url';
import { GraphRegions, listAt, Word } from '../../dist/src/graph/layout.js';
import { In, Out, ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { rmatEdges, uniformEdges } from '../edges/generate.mjs';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED } from '../support/workload.mjs';

const LINE = 16;
const FIRST_BUCKETS = 16;
/** Lines of a second-level cache of a megabyte. */
const CACHE_LINES = 16_384;

/** As graph/edge-store.ts: the bucket of an edge. */
function homeOf(source, target, buckets) {
  let hash = Math.imul(source ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ target, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 14), 0x27d4eb2f);
  hash ^= hash >>> 15;
  const half = 1 << (31 - Math.clz32(buckets - 1));
  const low = hash & (half - 1);
  return low < buckets - half ? hash & (2 * half - 1) : low;
}

/** Edges in the order in which they are put: as they come, or each so many of them by source. */
function inOrder({ sources, targets }, frame) {
  if (frame === 0) return { sources, targets };
  const order = Uint32Array.from(sources, (_, i) => i);
  for (let from = 0; from < order.length; from += frame) {
    order.subarray(from, from + frame).sort((a, b) => sources[a] - sources[b] || a - b);
  }
  return { sources: order.map((i) => sources[i]), targets: order.map((i) => targets[i]) };
}

class Cache {
  #lines = new Set();
  misses = 0;

  touch(line) {
    const lines = this.#lines;
    if (!lines.delete(line)) {
      this.misses++;
      if (lines.size === CACHE_LINES) lines.delete(lines.values().next().value);
    }
    lines.add(line);
  }
}

/** Misses of each structure for an edge, of those that are put from the middle on. */
function count(regions, edges, { sources, targets }) {
  const { words } = edges.views;
  const { lists } = regions.rows;
  const cache = new Cache();
  const by = { 'hash bucket': 0, 'list words': 0, 'head blocks': 0, split: 0 };
  const touch = (what, line) => {
    const before = cache.misses;
    cache.touch(line);
    by[what] += cache.misses - before;
  };
  const middle = sources.length >> 1;
  let counted = 0;
  for (let i = 0; i < sources.length; i++) {
    const [source, target] = [sources[i], targets[i]];
    const homes = FIRST_BUCKETS + words[Word.split];
    if (i === middle) for (const what of Object.keys(by)) by[what] = 0;
    if (i >= middle) counted++;
    touch('hash bucket', `b${homeOf(source, target, homes)}`);
    touch('list words', `l${listAt(source, Out) >> 4}`);
    touch('list words', `l${listAt(target, In) >> 4}`);
    edges.upsert(source, target, 0, 1, 1, i + 1);
    touch('head blocks', `h${lists[listAt(source, Out)]}`);
    touch('head blocks', `h${lists[listAt(target, In)]}`);
    const now = FIRST_BUCKETS + words[Word.split];
    if (now === homes) continue;
    const half = 1 << (31 - Math.clz32(now - 1));
    touch('split', `b${now - 1 - half}`);
    touch('split', `b${now - 1}`);
  }
  for (const what of Object.keys(by)) by[what] /= counted;
  return by;
}

export async function run({ tiny = false } = {}) {
  const nodes = tiny ? 1 << 9 : 1 << 17;
  const size = tiny ? 1 << 12 : 1 << 20;
  const life = { flags: new Uint8Array(nodes).fill(1), born: new Float64Array(nodes).fill(1) };
  const frames = tiny ? [0, 64] : [0, 1024, 65_536];
  for (const [name, list] of [
    ['uniform', uniformEdges(nodes, size, POINT_SEED)],
    ['R-MAT', rmatEdges(nodes, size, POINT_SEED)],
  ]) {
    console.log(` ${size} events of edges, ${name}, ${nodes} nodes`);
    const regions = GraphRegions.create(new Memory(), { rows: nodes, edges: size, shards: 1 });
    const edges = new ShardEdges(regions, 0, life);
    const { words, buckets, free } = edges.views;
    const before = () => {
      words.fill(0);
      regions.rows.lists.fill(0);
      regions.rows.loops.fill(0);
      free.fill(0);
      buckets.fill(0, 0, FIRST_BUCKETS * LINE);
    };
    let made;
    let plain;
    for (const frame of frames) {
      const order = inOrder(list, frame);
      before();
      const misses = count(regions, edges, order);
      const what = frame === 0 ? 'as they come' : `each ${frame} by source`;
      const parts = Object.entries(misses).map(([part, value]) => `${part} ${value.toFixed(2)}`);
      const sum = Object.values(misses).reduce((total, value) => total + value, 0);
      console.log(`  ${what}: ${sum.toFixed(2)} lines an event that the cache does not hold (${parts.join(', ')})`);
      expectEqual('edges', edges.count, (made ??= edges.count));
      const { sources, targets } = order;
      const put = () => {
        for (let i = 0; i < size; i++) edges.upsert(sources[i], targets[i], 0, 1, 1, i + 1);
      };
      const result = await measure(size, put, { runs: tiny ? 1 : 7, warm: tiny ? 0 : 1, before });
      report(`put ${what}, the sort left out`, result, plain && { 'as they come': plain });
      plain ??= result;
      expectEqual('problems', edges.verify().join(), '');
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
