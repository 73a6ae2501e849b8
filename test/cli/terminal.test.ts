import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fitted } from '../../dist/src/cli/format.js';
import { Progress } from '../../dist/src/cli/progress.js';
import { cut, fold, StatusLine, widthOf } from '../../dist/src/cli/status-line.js';
import { fed, ROOT } from '../support/athanor.js';

const folder = mkdtempSync(join(tmpdir(), 'athanor-terminal-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a terminal of that width shows of a text: only what the command line uses is known; anything else fails. */
function screenOf(text: string, columns: number): string[] {
  const lines = [''];
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    const last = lines.length - 1;
    if (letter === '\r') at = 0;
    else if (letter === '\n') {
      lines.push('');
      at = 0;
    } else if (text.startsWith('\u001b[K', i)) {
      lines[last] = lines[last]!.slice(0, at);
      i += 2;
    } else if (letter === '\u001b') {
      throw new Error(`unknown sequence: ${JSON.stringify(text.slice(i, i + 8))}`);
    } else {
      if (at === columns) {
        lines.push('');
        at = 0;
      }
      const line = lines.at(-1)!.padEnd(at);
      lines[lines.length - 1] = line.slice(0, at) + letter + line.slice(++at);
    }
  }
  return lines;
}

function fake(columns: number) {
  let text = '';
  const stream = { isTTY: true, columns, write: (more: string) => (text += more) };
  return { stream, shown: () => screenOf(text, columns) };
}

test('lines stand above the status line in their order, and it stays the last', () => {
  const { stream, shown } = fake(20);
  const status = new StatusLine(stream);
  status.above('early\n');
  status.show('10 % some words that are too many');
  status.above('one\ntwo\n');
  status.show('20 %');
  status.above('a line that is longer than the terminal is wide\n');
  expect(shown()).toEqual(['early', 'one', 'two', 'a line that is longe', 'r than the terminal ', 'is wide', '20 %']);
  status.end();
  status.above('after\n');
  expect(shown().slice(-3)).toEqual(['20 %', 'after', '']);
});

test.each([200, 80, 40, 20, 8, 5])('the bar fits a terminal of %i columns, in one line', (columns) => {
  const { stream, shown } = fake(columns);
  const progress = new Progress(
    () => 0.5,
    () => '1.5 million/s  p50 2.1 ms  2001-01-01 03:05: 1,646 aloft',
    stream,
  );
  progress.write('told\n');
  progress.stop();
  expect(shown()).toHaveLength(3);
  expect(widthOf(shown()[1]!)).toBeLessThan(columns);
  expect(shown()[2]).toBe('');
});

test('texts are cut and folded between words', () => {
  expect(cut('one two three', 13)).toBe('one two three');
  expect(cut('one two three', 10)).toBe('one two…');
  expect(cut('incomprehensible', 8)).toBe('incompr…');
  expect(widthOf(cut('船船船船船船', 7))).toBeLessThanOrEqual(7);
  expect(fold('  memory     312 MB resident, 4 GB of address space', 30, 13)).toEqual([
    '  memory     312 MB resident,',
    '             4 GB of address',
    '             space',
  ]);
  expect(fold(`x ${'y'.repeat(40)} z`, 20, 2)).toEqual(['x', `  ${'y'.repeat(40)}`, '  z']);
  const narrow = fitted('  memory     312 MB resident, 4 GB of address space\n\n', { isTTY: true, columns: 30 });
  expect(narrow.split('\n')).toHaveLength(5);
  const file = '  memory     312 MB resident, 4 GB of address space';
  expect(fitted(file, { isTTY: false, columns: 30 })).toBe(file);
});

test('what a file says cannot move the cursor of whoever reads the summary', async () => {
  const text = 'id,x,y\n\u001b[2Jboo,1,2\nother,1,1\nbad,\u001b[31m,2\n';
  const args = [
    'run',
    '-',
    '--id',
    'id',
    '--x',
    'x',
    '--y',
    'y',
    '--quiet',
    '--nearest',
    '0,0,2',
    '--zone',
    'a=circle:0,0,9',
    '--watch',
  ];
  const { out, err } = await fed(text, ...args);
  expect(out + err).not.toContain('\u001b');
  expect(out).toContain('\\x1b[2Jboo');
  expect(out).toContain('x is "\\x1b[31m", not a number');
});

function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

/**
 * The command line on a terminal of 80 columns: what it wrote, and the exit code that its shell saw. The first signal is sent when
 * the bar is there, the second when the first has been answered.
 */
function onTerminal(args: string[], signals: NodeJS.Signals[] = []): Promise<{ text: string; code: number }> {
  const main = [process.execPath, join(ROOT, 'dist/src/cli/main.js'), ...args];
  const command = main.map((word) => `'${word}'`).join(' ');
  const shell = `stty cols 80 rows 24; ${command} & echo "pid=$!"; wait $!; echo "code=$?"`;
  const child = spawn('script', ['-qec', shell, '/dev/null'], {
    env: { ...process.env, NO_COLOR: '1', SHELL: '/bin/sh' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const marks = ['░', 'interrupted: '];
  let text = '';
  let sent = 0;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    const pid = /pid=(\d+)/.exec(text)?.[1];
    if (pid !== undefined && sent < signals.length && text.includes(marks[sent]!)) {
      process.kill(Number(pid), signals[sent++]!);
    }
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve({ text, code: Number(/code=(\d+)/.exec(text)?.[1]) }));
  });
}

describe.skipIf(!hasScript())('on a terminal (skipped where util-linux has no script)', () => {
  test('zone lines, the bar and the summary each have lines of their own, none longer than the terminal', async () => {
    const rows = Array.from({ length: 4000 }, (_, i) => `n${i % 7},${i % 10},${i % 3}`);
    const path = join(folder, 'rows.csv');
    writeFileSync(path, `id,x,y\n${rows.join('\n')}\n`);
    const zone = ['--zone', 'a=box:0,0,4,4', '--watch'];
    const { text, code } = await onTerminal(['run', path, '--id', 'id', '--x', 'x', '--y', 'y', ...zone]);
    expect(code).toBe(0);
    const screen = screenOf(text, 80);
    const told = screen.filter((line) =>
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}(enter|exit|cross) +a {2}n\d of rows/.test(line),
    );
    expect(told.length).toBeGreaterThan(10);
    const end = screen.findIndex((line) => line.includes('athanor run'));
    expect(screen.slice(end).filter((line) => /enter {3}a|%/.test(line))).toEqual([]);
    expect(screen.some((line) => line.startsWith(' ') && line.includes('100 %'))).toBe(true);
    // Every line that is folded ends between words: none fills the last column with the next going on in the first.
    for (const line of screen.slice(end)) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const line of screen.slice(end).filter((line) => line.length === 80)) expect(line).toMatch(/\S$/);
  });

  test.concurrent.each([
    [['SIGTERM'], 143, true],
    [['SIGHUP'], 129, true],
    [['SIGINT', 'SIGINT'], 130, false],
  ] as const)('%s: nothing is left to put back', async (signals, code, hasSummary) => {
    // The second comes while the check walks all moves again, or, where little was moved, behind the summary.
    const args = ['run', 'swarm', '--nodes', '100000', '--seconds', '60', ...(hasSummary ? [] : ['--check'])];
    const ended = await onTerminal(args, [...signals]);
    const screen = screenOf(ended.text, 80);
    expect(ended.code).toBe(code);
    if (hasSummary) expect(screen.some((line) => line.startsWith('athanor run swarm  interrupted'))).toBe(true);
    // The shell's line is at the beginning of one.
    expect(screen.some((line) => line.trim() === `code=${code}`)).toBe(true);
  });
});
