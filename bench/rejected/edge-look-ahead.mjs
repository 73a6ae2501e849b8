// Loading what new edges will look at before they are put: buckets of the hash table, list words, head blocks; of a quantum of
// them all at once, or of each some edges ahead. Against putting them one after another.
import { pathToFileURL } from 'node:url';
import { GraphRegions, HASH_KEYS, listAt, Word } from '../../dist/src/graph/layout.js';
import { In, Out, ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { rmatEdges, uniformEdges } from '../edges/generate.mjs';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED } from '../support/workload.mjs';

const QUANTUM = 64;
const LINE = 16;
const FIRST_BUCKETS = 16;

/** As graph/edge-store.ts: the word where the bucket of an edge begins. */
function homeOf(keys, source, target, buckets) {
  let hash = Math.imul(source ^ keys[0], keys[1] | 1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ target, keys[2] | 1);
  hash = Math.imul(hash ^ (hash >>> 14), 0x27d4eb2f);
  hash ^= hash >>> 15;
  const half = 1 << (31 - Math.clz32(buckets - 1));
  const low = hash & (half - 1);
  return (low < buckets - half ? hash & (2 * half - 1) : low) * LINE;
}

export async function run({ tiny = false } = {}) {
  const nodes = tiny ? 1 << 9 : 1 << 17;
  const count = tiny ? 1 << 12 : 1 << 20;
  const life = { flags: new Uint8Array(nodes).fill(1), born: new Float64Array(nodes).fill(1) };
  for (const [name, { sources, targets }] of [
    ['uniform', uniformEdges(nodes, count, POINT_SEED)],
    ['R-MAT', rmatEdges(nodes, count, POINT_SEED)],
  ]) {
    console.log(` ${count} new edges, ${name}, ${nodes} nodes`);
    const regions = GraphRegions.create(new Memory(), { rows: nodes, edges: count, shards: 1 });
    const edges = new ShardEdges(regions, 0, life);
    const { words, blocks, buckets, free } = edges.views;
    const { lists } = regions.rows;
    const keys = Int32Array.from(words.subarray(Word.hashKey, Word.hashKey + HASH_KEYS));
    let loaded = 0;
    const ahead = (from, until) => {
      const homes = FIRST_BUCKETS + words[Word.split];
      for (let i = from; i < until; i++) {
        loaded ^= buckets[homeOf(keys, sources[i], targets[i], homes)];
        loaded ^= lists[listAt(sources[i], Out)] ^ lists[listAt(targets[i], In)];
      }
    };
    const blocksAhead = (from, until) => {
      for (let i = from; i < until; i++) {
        loaded ^= blocks[Math.max(0, lists[listAt(sources[i], Out)] - 1) * LINE];
        loaded ^= blocks[Math.max(0, lists[listAt(targets[i], In)] - 1) * LINE];
      }
    };
    let sequence = 1;
    const put = (look) => () => {
      for (let i = 0; i < count; i++) {
        if (look === 'quantum' && i % QUANTUM === 0) {
          ahead(i, i + QUANTUM);
          blocksAhead(i, i + QUANTUM);
        } else if (look === 'each') {
          if (i + 8 < count) ahead(i + 8, i + 9);
          if (i + 4 < count) blocksAhead(i + 4, i + 5);
        }
        edges.upsert(sources[i], targets[i], 0, 1, 1, ++sequence);
      }
    };
    // As at the beginning, but for pages that were touched.
    const before = () => {
      words.fill(0);
      lists.fill(0);
      regions.rows.loops.fill(0);
      free.fill(0);
      buckets.fill(0, 0, FIRST_BUCKETS * LINE);
    };
    const options = { runs: tiny ? 1 : 7, warm: tiny ? 0 : 2, before };
    const plain = await measure(count, put('never'), options);
    const made = edges.count;
    const quantum = await measure(count, put('quantum'), options);
    expectEqual('edges', edges.count, made);
    const each = await measure(count, put('each'), options);
    expectEqual('something was loaded', loaded !== 0, true);
    expectEqual('problems', edges.verify().join(), '');
    report('one after another', plain);
    report('64 at once before the first', quantum, { 'one after another': plain });
    report('each 8 and 4 edges ahead', each, { 'one after another': plain });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
