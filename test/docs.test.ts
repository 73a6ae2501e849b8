import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../dist/src/base/errors.js';
import { OPTION_PATHS } from '../dist/src/engine/options.js';

const root = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

test('every option and every error code stands in the reference', () => {
  const reference = read('docs/reference.md');
  for (const path of OPTION_PATHS) expect(reference).toContain(`\`${path}\``);
  for (const code of ERROR_CODES) expect(reference).toContain(`\`${code}\``);
});

const pages = ['README.md', ...readdirSync(resolve(root, 'docs')).map((file) => `docs/${file}`)].filter((file) =>
  file.endsWith('.md'),
);
const examples = pages.flatMap((page) =>
  [...read(page).matchAll(/```js\n(.*?)```/gs)].map(([, source], i) => [page, i + 1, source!] as const),
);

test.each(examples)('%s: example %i prints what it says', async (_page, _i, source) => {
  // Behind each call, or, where a loop prints, in the lines below it.
  const promised = [...source.matchAll(/(?:console\.log\(.*|^)\/\/ (.*)$/gm)].map(([, printed]) => printed);
  expect(promised.length).toBeGreaterThan(1);
  const entry = resolve(root, 'dist/src/index.js');
  const code = source.replace("'athanor'", JSON.stringify(entry));
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
  // A typed array is printed with its name and length, which the README leaves out.
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\w+\(\d+\) /, '')),
  ).toEqual(promised);
});

test('scripts and files that the docs name are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const file of [...pages, 'CONTRIBUTING.md', 'ARCHITECTURE.md']) {
    const text = read(file);
    for (const [, script] of text.matchAll(/`npm run ([\w:]+)/g))
      expect(scripts, `${file}: ${script}`).toHaveProperty(script!);
    for (const [, path] of text.matchAll(/`(?:node )?((?:bench|test|src|examples|docs)\/[\w./-]+\.(?:mjs|ts|md))/g)) {
      expect(() => read(path!), `${file}: ${path}`).not.toThrow();
    }
    for (const [, path] of text.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g))
      expect(existsSync(resolve(root, dirname(file), path!)), `${file} links to ${path}`).toBe(true);
  }
});

test('files and functions that the walk of an event names are there', () => {
  const steps = read('ARCHITECTURE.md').split('## The walk of an event')[1]!.split('\n## ')[0]!;
  const cells = steps.split('\n').flatMap((line) => line.split('|').slice(2, 3));
  let found = 0;
  for (const cell of cells) {
    const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
    let text = '';
    for (const name of names) {
      if (name.endsWith('.ts')) text = read(`src/${name}`);
      else expect(text, `${name} in ${cell}`).toMatch(new RegExp(`\\b${name}\\b`));
      found++;
    }
  }
  expect(found).toBeGreaterThan(20);
});
