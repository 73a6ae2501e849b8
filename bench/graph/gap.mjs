// What the GAP Benchmark Suite (C++, OpenMP; https://github.com/sbeamer/gapbs) takes for the same kernels. Figures of two
// processors make no ratio. So: with GAPBS=<folder of the built suite> it is run here and now, with as many threads. Without,
// the figures below are used on the processor that they were measured on; on another none are given, and that is said.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** Milliseconds at scale 18, on one thread and on two. */
const MEASURED = {
  on: 'AMD EPYC',
  uniform: { pageRank: [233, 145], components: [16, 8], bfs: [8, 5], shortestPaths: [134, 87], triangles: [1087, 488] },
  kronecker: {
    pageRank: [240, 139],
    components: [18, 9],
    bfs: [10, 5],
    shortestPaths: [79, 42],
    triangles: [3019, 1502],
  },
};
const BUILDS = { uniform: [340, 200], kronecker: [300, 150] };
const SCALE = 18;

/** Programs of the suite. As many rounds of PageRank as the benches ask for, whatever the tolerance. */
const PROGRAMS = {
  pageRank: ['pr', '-i', '20', '-t', '0'],
  components: ['cc'],
  bfs: ['bfs'],
  shortestPaths: ['sssp'],
  triangles: ['tc'],
};
const GRAPHS = { uniform: '-u', kronecker: '-g' };
const TRIALS = '7';

const here = cpus()[0]?.model.trim() ?? 'an unknown processor';

/** To stand at the head of a bench's output. */
export function gapSource(scale) {
  if (process.env.GAPBS !== undefined) return `GAP's figures: run from ${process.env.GAPBS}, on this machine (${here})`;
  if (scale !== SCALE) return `no figures of GAP at scale ${scale} (set GAPBS to a built suite); this machine: ${here}`;
  if (here !== MEASURED.on) {
    return `no ratios to GAP: its figures are of another processor (${MEASURED.on}), this is ${here}; set GAPBS to a built suite`;
  }
  return `GAP's figures: measured on ${MEASURED.on}, as this machine`;
}

/** Milliseconds of GAP's kernel, or undefined where there are none to compare with. `build`: of the graph, from its edges. */
export function gapMs(kernel, graph, scale, threads) {
  const { GAPBS } = process.env;
  if (GAPBS !== undefined) return runSuite(GAPBS, kernel, graph, scale, threads);
  if (scale !== SCALE || here !== MEASURED.on) return undefined;
  return (kernel === 'build' ? BUILDS[graph] : MEASURED[graph][kernel])?.[threads - 1];
}

function runSuite(folder, kernel, graph, scale, threads) {
  const [program, ...options] = PROGRAMS[kernel === 'build' ? 'bfs' : kernel] ?? [];
  if (program === undefined) return undefined;
  const command = [GRAPHS[graph], String(scale), '-n', kernel === 'build' ? '1' : TRIALS, ...options];
  const out = execFileSync(join(folder, program), command, {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  if (kernel === 'build') return 1000 * secondsOf(out, /^Build Time:\s+(\S+)/gm)[0];
  const times = secondsOf(out, /^Trial Time:\s+(\S+)/gm).sort((a, b) => a - b);
  return 1000 * times[times.length >> 1];
}

function secondsOf(out, line) {
  const seconds = Array.from(out.matchAll(line), (match) => Number(match[1]));
  if (seconds.length === 0 || seconds.some(Number.isNaN)) throw new Error(`no times in the suite's output: ${out}`);
  return seconds;
}

/** "1.40 x GAP's 233 ms", or nothing. */
export function besideGap(ms, kernel, graph, scale, threads) {
  const gap = gapMs(kernel, graph, scale, threads);
  return gap === undefined ? '' : `${(ms / gap).toFixed(2)} x GAP's ${gap.toFixed(gap < 20 ? 1 : 0)} ms`;
}
