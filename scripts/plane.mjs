// Derives the trees of the plane from those of space: src/spatial/generated/*.ts from src/spatial/*.ts.
//
// The sources are written for three axes. A name that ends in Z (or is z, zs, dz) belongs to the third axis; whatever is
// about it alone is taken out: parameters, arguments, declarations, statements, operands of + & && ||. The constants of
// AXES, declared at the top of a file, get their value in the plane. Nothing else is different, so each kernel is as fast as
// if it had been written for its number of axes, and there is one source of truth.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'src/spatial');
const TARGET = join(SOURCE, 'generated');
const FILES = [
  'nodes',
  'choose',
  'split',
  'slabs',
  'tile-sort',
  'emission',
  'tree-builder',
  'packing',
  'growth',
  'burst',
  'shard-trees',
  'queries',
  'nearest-guess',
  'nearest',
];
const AXES = { DIM: '2', ENTRY: '3', ROW: '2', BOX: '4', MAX_X: '2', MAX_Y: '3' };
const OPERATORS = new Set([
  ts.SyntaxKind.PlusToken,
  ts.SyntaxKind.AmpersandToken,
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
]);

const isThird = (name) => /^(z|zs|dz)$|Z$/.test(name);

/** The plane's text of a file written for space. */
export function flatten(text) {
  const file = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  /** Text of the node without the third axis; undefined when nothing of it is left. */
  const reduce = (node) => {
    if (ts.isIdentifier(node) && isThird(node.text)) return undefined;
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text in AXES) {
      return `${node.name.text} = ${AXES[node.name.text]}`;
    }
    if (ts.isIfStatement(node)) {
      if (reduce(node.expression) === undefined) return undefined;
      return spliced(node);
    }
    if (ts.isBinaryExpression(node) && OPERATORS.has(node.operatorToken.kind)) {
      const left = reduce(node.left);
      const right = reduce(node.right);
      if (left === undefined) return right;
      if (right === undefined) return left;
      return spliced(node);
    }
    const mentionsThird = (child) =>
      (ts.isIdentifier(child) && isThird(child.text)) || ts.forEachChild(child, mentionsThird) === true;
    // Elsewhere the third axis may be one of several summands; in an index it is what the index is about.
    if (ts.isElementAccessExpression(node) && mentionsThird(node.argumentExpression)) return undefined;
    if (
      ts.isCallExpression(node) &&
      node.arguments.length > 0 &&
      node.arguments.every((a) => reduce(a) === undefined)
    ) {
      return undefined;
    }
    return spliced(node);
  };
  /** The node's own text with its children's in place; members of lists that are gone leave no trace. */
  const spliced = (node) => {
    const children = [];
    ts.forEachChild(node, (child) => void children.push(child));
    if (children.length === 0) return node.getText(file);
    let text = '';
    let at = node.getStart(file);
    for (let i = 0; i < children.length; i++) {
      const child = children[i];
      const reduced = reduce(child);
      if (reduced !== undefined) {
        text += file.text.slice(at, child.getStart(file)) + reduced;
        at = child.getEnd();
        continue;
      }
      if (!mayGo(node, child)) return undefined;
      // Comments above it go as well, and the comma behind or before it.
      text += file.text.slice(at, Math.max(at, child.getFullStart()));
      at = child.getEnd();
      if (isListed(node, child)) {
        const comma = /^\s*,/.exec(file.text.slice(at));
        if (comma !== null) at += comma[0].length;
        else text = text.replace(/,\s*$/, '');
      }
    }
    return text + file.text.slice(at, node.getEnd());
  };
  const isListed = (parent, child) =>
    ts.isParameter(child) ||
    (ts.isCallExpression(parent) && child !== parent.expression) ||
    ts.isNamedImports(parent) ||
    ts.isArrayLiteralExpression(parent) ||
    ts.isObjectLiteralExpression(parent);
  const mayGo = (parent, child) => ts.isStatement(child) || isListed(parent, child);
  return spliced(file);
}

/** File names and texts, as they stand under src/spatial/generated. */
export function planeFiles() {
  // All of them formatted at once, in a folder of their own: starting the formatter takes longer than its work.
  const folder = mkdtempSync(join(tmpdir(), 'plane-'));
  try {
    const own = join(folder, 'src/spatial');
    mkdirSync(own, { recursive: true });
    copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    for (const name of FILES) {
      const text = flatten(readFileSync(join(SOURCE, `${name}.ts`), 'utf8'))
        .replaceAll(
          /from '\.\/([^']*)'/g,
          (_, path) => `from '${FILES.includes(path.replace(/\.js$/, '')) ? './' : '../'}${path}'`,
        )
        .replaceAll("from '../../", "from '../../../")
        .replaceAll(/from '\.\.\/(base|memory)\//g, "from '../../$1/");
      const header = `// Derived from ../${name}.ts by scripts/plane.mjs: edit that one, then run \`npm run plane\`.\n`;
      writeFileSync(join(own, `${name}.ts`), header + text);
    }
    execFileSync(join(ROOT, 'node_modules/.bin/biome'), ['check', '--write', 'src'], { cwd: folder, stdio: 'pipe' });
    return FILES.map((name) => ({
      path: join(TARGET, `${name}.ts`),
      text: readFileSync(join(own, `${name}.ts`), 'utf8'),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.filename === process.argv[1]) {
  mkdirSync(TARGET, { recursive: true });
  for (const { path, text } of planeFiles()) writeFileSync(path, text);
}
