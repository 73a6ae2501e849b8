import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../dist/src/index.js';

const ROOT = resolve(import.meta.dirname, '..');
const MAX_LINES = 400;

/** Folders of src by row; those of one entry are siblings that do not import each other. */
const SHARED = [['base'], ['schema'], ['memory'], ['observe']];
const WRITE = [['ring'], ['schedule'], ['publish']];
const READ = [['project', 'spatial', 'graph', 'zones', 'catalog'], ['query'], ['map']];
const CONTROL = [['csr'], ['algorithms'], ['pool'], ['engine'], ['cli']];

function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

const sources = [...filesBelow('src', /\.ts$/), ...filesBelow('workers', /\.ts$/)];
const written = sources.filter((file) => !file.includes('generated'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/from '(\.[^']*)'/g)].map(([, path]) =>
    relative(ROOT, resolve(ROOT, dirname(file), path!)).replace(/\.js$/, '.ts'),
  );
}

function allowed(folder: string): Set<string> {
  const rows = [SHARED, WRITE, READ, CONTROL];
  const row = rows.find((candidate) => candidate.some((siblings) => siblings.includes(folder)))!;
  const names = new Set(row === CONTROL ? rows.slice(0, 3).flat(2) : row === SHARED ? [] : SHARED.flat());
  for (const siblings of row) {
    if (siblings.includes(folder)) break;
    for (const sibling of siblings) names.add(sibling);
  }
  return names.add(folder);
}

test('folders import only what stands left of them', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const [top, folder] = file.split('/');
    // The public face imports what it shows, the command line the public face, workers the pool.
    if (top === 'workers' || folder === 'index.ts') continue;
    const may = allowed(folder!);
    for (const path of importsOf(file)) {
      const [, to] = path.split('/');
      if (to === 'index.ts' ? folder !== 'cli' : !may.has(to!)) wrong.push(`${file} imports ${path}`);
      if (folder === 'cli' && to !== 'cli' && to !== 'index.ts')
        wrong.push(`${file} imports ${path}, past the public face`);
    }
  }
  expect(wrong).toEqual([]);
});

test('no file is an orphan', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    importsOf(file).forEach(visit);
  };
  for (const root of ['src/index.ts', 'src/cli/main.ts', ...filesBelow('workers', /\.ts$/)]) visit(root);
  expect(sources.filter((file) => !reached.has(file))).toEqual([]);
});

test('files stay short', () => {
  const all = [
    ...written,
    ...filesBelow('test', /\.(ts|mjs)$/),
    ...filesBelow('bench', /\.mjs$/),
    ...filesBelow('examples', /\.mjs$/),
  ];
  const long = all.filter((file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length > MAX_LINES + 1);
  expect(long).toEqual([]);
});

test('every error code that is thrown is documented, and memory is reserved in one place', () => {
  for (const file of written) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [code] of text.matchAll(/ATHANOR_[A-Z_]+/g)) {
      if (code !== 'ATHANOR_DATA') expect(ERROR_CODES, `${file}: ${code}`).toContain(code);
    }
    if (!file.startsWith('src/memory/')) expect(text, file).not.toMatch(/new SharedArrayBuffer/);
  }
});

function hasFlatc(): boolean {
  try {
    execFileSync('flatc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasFlatc())('generated code is what flatc makes of the schemas (skipped where flatc is missing)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'athanor-schema-'));
  try {
    const schema = join(ROOT, 'schemas/frame.fbs');
    execFileSync('flatc', ['--ts', '--gen-mutable', '--ts-flat-files', '-o', folder, schema]);
    for (const file of readdirSync(folder)) {
      const made = readFileSync(join(folder, file), 'utf8');
      expect(readFileSync(join(ROOT, 'src/schema/generated', file), 'utf8')).toBe(made);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the trees of the plane are what is derived from those of space', async () => {
  const script = join(ROOT, 'scripts/plane.mjs');
  const { planeFiles } = (await import(script)) as {
    planeFiles: () => Array<{ path: string; text: string }>;
  };
  for (const { path, text } of planeFiles()) expect(readFileSync(path, 'utf8'), path).toBe(text);
});
