// Loading an edge list as `athanor graph` does, until all is readable: lines a second, and what it costs per line.
// Yardstick: the file read as a whole, split by lines and blanks, put into a Map of Maps on one thread.
// node bench/graph/edge-list.mjs [--tiny]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Input } from '../../dist/src/cli/file/input.js';
import { EdgeListSource } from '../../dist/src/cli/graph/edge-list.js';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { edgeList } from './workload.mjs';

/** Distinct edges, into Maps. */
function plain(path) {
  const graph = new Map();
  let edges = 0;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [source, target] = line.split('\t');
    let targets = graph.get(source);
    if (targets === undefined) graph.set(source, (targets = new Map()));
    if (!targets.has(target)) edges++;
    targets.set(target, 1);
  }
  return edges;
}

async function load(path) {
  const source = new EdgeListSource(await Input.open(path), { source: path, strict: true });
  const engine = await createEngine({ workers: 1, shards: 1, capacity: source.capacity });
  const start = performance.now();
  await source.load(engine, new AbortController().signal);
  await engine.flush();
  const ms = performance.now() - start;
  const { size } = engine.graph(source.graph);
  await engine.close();
  return { ms, size };
}

export async function run({ tiny = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'athanor-bench-'));
  try {
    for (const [ids, name] of [
      ['numbers', (id) => id],
      ['strings', (id) => `user-${id}`],
    ]) {
      const { sources, targets } = edgeList('kronecker', tiny ? 10 : 16);
      const path = join(folder, `${ids}.txt`);
      const lines = Array.from(sources, (source, i) => `${name(source)}\t${name(targets[i])}\n`);
      writeFileSync(path, `# made\n${lines.join('')}`);
      console.log(`  ${sources.length} lines, ids are ${ids}`);
      const wanted = plain(path);
      const yardstick = await measure(lines.length, () => expectEqual('edges', plain(path), wanted), { runs: 3 });
      report('split into Maps', yardstick);
      // Without the engine's start, which is no part of it.
      const times = [];
      for (let k = 0; k < 4; k++) {
        const { ms, size } = await load(path);
        expectEqual('edges', size, wanted);
        if (k > 0) times.push((ms * 1e6) / lines.length);
      }
      times.sort((a, b) => a - b);
      const result = { ns: times[1], least: times[0], most: times[2] };
      report('athanor graph', result, { Maps: yardstick });
      console.log(`    ${(1000 / result.ns).toFixed(2)} million lines/s`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
