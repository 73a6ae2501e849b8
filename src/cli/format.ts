import { stripVTControlCharacters, styleText } from 'node:util';
import { fold } from './status-line.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 → '1,234,567'. */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** '1 node', '1,234 nodes'. */
export function formatThings(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`;
}

/** The first lines, and how many more there are. */
export function firstLines(lines: readonly string[], most: number): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most), `and ${formatCount(lines.length - most)} more`];
}

/** Three significant digits and a unit that a person reads: '1.42 million/s', '870/s'. */
export function formatRate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return '–';
  if (perSecond >= 999_500) return `${digits3(perSecond / 1e6)} million/s`;
  return `${whole.format(perSecond)}/s`;
}

/** Decimal units: '312 MB', '2.1 GB'. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${digits3(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${digits3(bytes / 1e6)} MB`;
  return `${digits3(bytes / 1e9)} GB`;
}

/** '0.042 ms', '3.1 ms', '1.2 s'; '–' where nothing was measured. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms >= 1000) return `${digits3(ms / 1000)} s`;
  return ms < 0.1 ? `${ms.toFixed(3)} ms` : `${digits3(ms)} ms`;
}

/** Event time as the data states it, to the minute: '2001-01-01 08:05'. */
export function formatMinute(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

function digits3(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

const BARS = '▁▂▃▄▅▆▇█';

/** One character a value, from 0 to the largest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(0, ...values);
  return values.map((value) => BARS[most === 0 ? 0 : Math.min(7, Math.floor((value / most) * 8))]).join('');
}

/** A horizontal bar of at most `width` characters. */
export function bar(value: number, most: number, width: number): string {
  return '█'.repeat(most <= 0 ? 0 : Math.max(1, Math.round((value / most) * width)));
}

export type Tint = 'bold' | 'dim' | 'cyan' | 'green' | 'red';

/** Colours for a terminal; plain text for files, pipes and those who set NO_COLOR. */
export function painter(stream: { isTTY?: boolean }): (tint: Tint, text: string) => string {
  const colour = stream.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  return colour ? (tint, text) => styleText(tint, text) : (_tint, text) => text;
}

/** Text of a file as a terminal may show it: what would move the cursor or change colours is spelled out. */
export function printable(text: string): string {
  return text.replace(CONTROL, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** For a terminal: lines broken between words, what is broken moved in to where the line's second column begins. */
export function fitted(text: string, stream: { isTTY?: boolean; columns?: number }): string {
  const { columns } = stream;
  if (stream.isTTY !== true || !columns) return text;
  return text
    .split('\n')
    .flatMap((line) => fold(line, columns, indentOf(stripVTControlCharacters(line))))
    .join('\n');
}

/** Labels are longer only where they are no labels. */
const LONGEST_LABEL = 24;

function indentOf(line: string): number {
  const label = /^\s*\S+(?: \S+)*\s{2,}/.exec(line)?.[0].length ?? 0;
  const margin = /^\s*/.exec(line)![0].length;
  return label > 0 && label <= LONGEST_LABEL ? label : margin + 2;
}
