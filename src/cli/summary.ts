import type { EngineStats } from '../index.js';
import type { Comparison } from './comparison.js';
import {
  formatBytes,
  formatCount,
  formatMs,
  formatRate,
  formatThings,
  painter,
  printable,
  type Tint,
} from './format.js';
import type { Answers, BadRows } from './source.js';

/** Everything a finished run has to say. */
export interface Outcome {
  source: string;
  seconds: number;
  stats: EngineStats;
  answers: Answers;
  notes: readonly string[];
  badRows: BadRows | undefined;
  comparison: Comparison | undefined;
  /** What `--out` wrote. */
  out: { path: string; rows: number } | undefined;
  interrupted: boolean;
}

/** For programs: one object, documented in the README. */
export function toJson(outcome: Outcome): string {
  const { source, seconds, stats, answers, notes, badRows, comparison, out, interrupted } = outcome;
  return JSON.stringify({
    source,
    seconds,
    events: stats.applied,
    eventsPerSecond: stats.applied / seconds,
    latencyMs: stats.latencyMs,
    batchEvents: stats.batchEvents,
    frames: stats.frames,
    memoryBytes: stats.memoryBytes,
    answers: answers.values,
    badRows: badRows === undefined ? undefined : { count: badRows.count, first: badRows.first },
    check:
      comparison === undefined
        ? undefined
        : { ok: comparison.ok, compared: comparison.compared, mismatches: comparison.mismatches },
    out,
    notes,
    interrupted,
  });
}

/** For people. */
export function toText(outcome: Outcome, stream: { isTTY?: boolean } = process.stdout): string {
  const { source, seconds, stats, answers, notes, badRows, comparison, out } = outcome;
  const paint = painter(stream);
  const { p50, p95, p99, p999 } = stats.latencyMs;
  const { mean, p50: batch50, p99: batch99 } = stats.batchEvents;
  const row = (label: string, value: string): string => `  ${paint('dim', label.padEnd(11))}${value}`;
  const lines = [
    '',
    `${paint('bold', `athanor run ${source}`)}${outcome.interrupted ? paint('red', '  interrupted') : ''}`,
    '',
    row(
      'events',
      `${formatCount(stats.applied)} in ${seconds.toFixed(1)} s, ${paint('green', formatRate(stats.applied / seconds))}`,
    ),
    row(
      'latency',
      `p50 ${formatMs(p50)}   p95 ${formatMs(p95)}   p99 ${formatMs(p99)}   p99.9 ${formatMs(p999)}   publish → applied, last 10 s`,
    ),
    row(
      'batches',
      `mean ${mean.toFixed(0)}   p50 ${formatCount(batch50)}   p99 ${formatCount(batch99)} events   ${formatCount(stats.frames)} frames`,
    ),
    row(
      'memory',
      `${formatBytes(stats.memoryBytes.resident)} resident, ${formatBytes(stats.memoryBytes.reserved)} of address space`,
    ),
  ];
  for (const section of answers.sections) {
    lines.push('', `  ${paint('cyan', section.title)}`);
    for (const line of section.lines) lines.push(`    ${printable(line)}`);
  }
  if (out !== undefined) lines.push('', `  ${formatThings(out.rows, 'row')} in ${out.path}`);
  if (badRows !== undefined) lines.push(...badRowLines(badRows, paint));
  if (comparison !== undefined) {
    const verdict = comparison.ok
      ? paint('green', `${formatCount(comparison.compared)} answers agree with plain JavaScript`)
      : paint('red', `${formatCount(comparison.differing)} of ${formatCount(comparison.compared)} answers differ`);
    lines.push('', `  ${paint('cyan', 'Check')}`, `    ${verdict}`);
    for (const mismatch of comparison.mismatches) lines.push(`    ${printable(mismatch)}`);
  }
  if (notes.length > 0) lines.push('', ...notes.map((note) => paint('dim', `  ${printable(note)}`)));
  lines.push('');
  return lines.join('\n');
}

/** How many rows were bad, and the first of them; nothing where none was. */
export function badRowLines(badRows: BadRows, paint: (tint: Tint, text: string) => string): string[] {
  const { count, first } = badRows;
  if (count === 0) return [];
  const lines = ['', `  ${paint('red', formatThings(count, 'bad row'))}`];
  for (const { line, reason } of first) lines.push(`    line ${line}: ${printable(reason)}`);
  if (count > first.length) lines.push(`    and ${formatCount(count - first.length)} more`);
  return lines;
}
