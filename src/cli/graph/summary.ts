import { formatBytes, formatMs, formatRate, formatThings, painter, printable } from '../format.js';
import type { BadRows } from '../source.js';
import { badRowLines } from '../summary.js';
import type { Answer } from './answers.js';

/** An answer and what it took, in milliseconds. */
export interface Timed {
  readonly answer: Answer;
  /** Of the snapshot: next to none where an earlier algorithm has built what this one needs. */
  readonly buildMs: number;
  readonly kernelMs: number;
}

/** Everything that a finished run has to say. */
export interface GraphOutcome {
  readonly source: string;
  readonly directed: boolean;
  readonly kind: string | undefined;
  readonly nodes: number;
  readonly edges: number;
  readonly load: { readonly rows: number; readonly edges: number; readonly seconds: number };
  readonly answers: readonly Timed[];
  readonly workers: number;
  readonly memoryBytes: { readonly reserved: number; readonly resident: number };
  readonly out: { readonly path: string; readonly rows: number } | undefined;
  readonly badRows: BadRows;
  readonly notes: readonly string[];
  readonly interrupted: boolean;
}

/** For programs: one object, documented in the README. */
export function toJson(outcome: GraphOutcome): string {
  const { source, directed, kind, nodes, edges, load, answers, workers, memoryBytes, out, badRows, notes } = outcome;
  return JSON.stringify({
    source,
    directed,
    kind,
    nodes,
    edges,
    load: { ...load, edgesPerSecond: load.edges / load.seconds },
    answers: Object.fromEntries(
      answers.map(({ answer, buildMs, kernelMs }) => [answer.key, { ...answer.values, buildMs, kernelMs }]),
    ),
    workers,
    memoryBytes,
    out,
    badRows: { count: badRows.count, first: badRows.first },
    notes,
    interrupted: outcome.interrupted,
  });
}

/** For people. */
export function toText(outcome: GraphOutcome, stream: { isTTY?: boolean } = process.stdout): string {
  const { source, directed, kind, nodes, edges, load, answers, workers, memoryBytes, out, badRows, notes } = outcome;
  const paint = painter(stream);
  const row = (label: string, value: string): string => `  ${paint('dim', label.padEnd(11))}${value}`;
  const nature = `${directed ? 'directed' : 'undirected'}${kind === undefined ? '' : `, edges of kind "${kind}" only`}`;
  const rate = paint('green', `${formatRate(load.edges / load.seconds)}`);
  const lines = [
    '',
    `${paint('bold', `athanor graph ${source}`)}${outcome.interrupted ? paint('red', '  interrupted') : ''}`,
    '',
    row('graph', `${formatThings(nodes, 'node')}, ${formatThings(edges, 'edge')}; ${nature}`),
    row('loaded', `${formatThings(load.edges, 'edge')} in ${load.seconds.toFixed(2)} s, ${rate}`),
    row(
      'memory',
      `${formatBytes(memoryBytes.resident)} resident, ${formatBytes(memoryBytes.reserved)} of address space   ${formatThings(workers, 'worker')}`,
    ),
  ];
  for (const { answer, buildMs, kernelMs } of answers) {
    const took = paint('dim', `snapshot ${formatMs(buildMs)}, algorithm ${formatMs(kernelMs)}`);
    lines.push('', `  ${paint('cyan', printable(answer.title))}   ${took}`);
    for (const line of answer.lines()) lines.push(`    ${printable(line)}`);
  }
  if (out !== undefined) lines.push('', `  ${formatThings(out.rows, 'row')} in ${out.path}`);
  lines.push(...badRowLines(badRows, paint));
  if (notes.length > 0) lines.push('', ...notes.map((note) => paint('dim', `  ${note}`)));
  lines.push('');
  return lines.join('\n');
}
