import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PUBLIC = ['dist/src/index.d.ts', 'dist/src/map/summary.d.ts'].map((file) => join(ROOT, file));
const CONSUMER = join(ROOT, 'test/types/public.ts');

const strict: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
};

const files = new Map<string, ts.SourceFile | undefined>();

/** Programs share what they have parsed. */
function programOf(roots: string[], options: ts.CompilerOptions): ts.Program {
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (file, how, ...rest) => {
    const key = `${file} ${JSON.stringify(how)}`;
    if (!files.has(key)) files.set(key, parse(file, how, ...rest));
    return files.get(key);
  };
  return ts.createProgram(roots, options, host);
}

/** Of our own files, declarations among them; not of the libraries of TypeScript and Node.js, which are others' and large. */
function problemsOf(program: ts.Program): string[] {
  const own = program
    .getSourceFiles()
    .filter((file) => /\/(dist|test\/types)\//.test(file.fileName.slice(ROOT.length)));
  expect(own.length).toBeGreaterThan(10);
  const problems = own
    .filter(({ fileName }) => !fileName.slice(ROOT.length).includes('node_modules'))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
  return [...program.getOptionsDiagnostics(), ...problems].map((problem) => {
    const text = ts.flattenDiagnosticMessageText(problem.messageText, '\n');
    const { file, start } = problem;
    if (file === undefined) return text;
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
    return `${file.fileName}:${line + 1}: ${text}`;
  });
}

test.each([
  [
    'NodeNext, the least lib',
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
    },
  ],
  [
    'a bundler, with DOM',
    {
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      target: ts.ScriptTarget.ESNext,
      lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'],
    },
  ],
])('a strict program that checks libraries compiles: %s', (_, options) => {
  const program = programOf([CONSUMER], { ...strict, ...options });
  expect(problemsOf(program)).toEqual([]);
  // Typed arrays take parameters since TypeScript 5.7; with 5.2, which the reference names, they must not.
  const late = program
    .getSourceFiles()
    .filter(({ fileName, text }) => fileName.startsWith(join(ROOT, 'dist')) && /Array<ArrayBuffer/.test(text));
  expect(late.map(({ fileName }) => fileName)).toEqual([]);
});

test('`require` gives what `import` does', () => {
  const script =
    "const { createEngine, AthanorError } = require('athanor'); console.log(typeof createEngine, typeof AthanorError, typeof require('athanor/map/summary').default)";
  const found = execFileSync(process.execPath, ['--no-warnings', '-e', script], { cwd: ROOT }).toString();
  expect(found.trim()).toBe('function function function');
});

test('the package says where it was tested and where it is at home', () => {
  const packed = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(packed).toMatchObject({ os: ['linux'], engines: { node: '>=20.19 <21 || >=22.12' } });
  for (const field of ['homepage', 'bugs', 'repository']) expect(JSON.stringify(packed[field])).toMatch(/https:\/\//);
});

/** Every symbol that a program can name, or reach by a dot, with the text that an editor shows. */
function publicSymbols(program: ts.Program): Map<string, string> {
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  const seen = new Set<ts.Symbol>();
  const visit = (symbol: ts.Symbol, path: string): void => {
    const own = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
    const declarations = own.declarations ?? [];
    const isOurs = declarations.some((declaration) =>
      declaration.getSourceFile().fileName.startsWith(join(ROOT, 'dist')),
    );
    if (seen.has(own) || !isOurs) return;
    seen.add(own);
    found.set(path, ts.displayPartsToString(own.getDocumentationComment(checker)).trim());
    for (const member of [...(own.members?.values() ?? []), ...(own.exports?.values() ?? [])]) {
      const [declaration] = member.declarations ?? [];
      const isHidden =
        declaration !== undefined &&
        (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
      const isNamed = !/^(__|#|prototype$)/.test(member.name) && (member.flags & ts.SymbolFlags.TypeParameter) === 0;
      if (isNamed && !isHidden) visit(member, `${path}.${member.name}`);
    }
    // Types that are written where they are used.
    const literals = (node: ts.Node): void => {
      if (ts.isTypeLiteralNode(node)) {
        for (const { name } of node.members) {
          const member = name && checker.getSymbolAtLocation(name);
          if (member !== undefined) visit(member, `${path}{${member.name}}`);
        }
      }
      if (!ts.isClassElement(node) && !ts.isTypeElement(node)) ts.forEachChild(node, literals);
    };
    for (const declaration of declarations) ts.forEachChild(declaration, literals);
  };
  for (const file of PUBLIC) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    for (const symbol of checker.getExportsOfModule(module)) visit(symbol, symbol.name);
  }
  return found;
}

test('every public symbol says in an editor what it is; none is an inner part', () => {
  const symbols = publicSymbols(
    programOf(PUBLIC, {
      ...strict,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
    }),
  );
  expect(symbols.size).toBeGreaterThan(300);
  expect([...symbols].filter(([, text]) => text === '').map(([path]) => path)).toEqual([]);
  const inner = [...symbols.keys()].filter((path) =>
    /^(Engine|Graph)\.(core|ref|create)$|Core|Caretaker|Publisher|Slab/.test(path),
  );
  expect(inner).toEqual([]);
});

/** Types of parameters and results that a program cannot name. */
test('every type that a public method takes or returns is exported', () => {
  const program = programOf(PUBLIC, {
    ...strict,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  });
  const checker = program.getTypeChecker();
  const exported = new Set<ts.Symbol>();
  for (const file of PUBLIC) {
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)) {
      exported.add((symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol);
    }
  }
  const missing = new Set<string>();
  const look = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node)) {
      const named = checker.getSymbolAtLocation(node.typeName);
      const symbol = named && (named.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(named) : named;
      const isOurs = symbol?.declarations?.some((one) => one.getSourceFile().fileName.startsWith(join(ROOT, 'dist')));
      const isParameter = symbol !== undefined && (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0;
      if (symbol !== undefined && isOurs === true && !isParameter && !exported.has(symbol)) missing.add(symbol.name);
    }
    const isHidden =
      ts.canHaveModifiers(node) &&
      (ts.getModifiers(node) ?? []).some(
        (one) => one.kind === ts.SyntaxKind.ProtectedKeyword || one.kind === ts.SyntaxKind.PrivateKeyword,
      );
    if (!isHidden) ts.forEachChild(node, look);
  };
  for (const symbol of exported) for (const declaration of symbol.declarations ?? []) look(declaration);
  expect([...missing]).toEqual([]);
});
