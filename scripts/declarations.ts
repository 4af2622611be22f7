import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import type { Entries } from './entries.ts';

/** Where the declarations are put, one file for each source file. Not below `node_modules`: those are never bundled. */
const folder = '.declarations';

/**
 * Writes the type declarations of the source files that `entries` need, for a bundler to put together, and gives the
 * entries to begin at. It checks no types: `npm run typecheck` does, before the tests and before a release.
 *
 * @throws Error where a type cannot be declared
 */
export function writeDeclarations(root: string, entries: Entries): Entries {
  rmSync(join(root, folder), { recursive: true, force: true });
  const program = ts.createProgram(Object.values(entries), {
    ...optionsOf(root),
    noEmit: false,
    noCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: join(root, 'src'),
    outDir: join(root, folder),
  });
  const { diagnostics } = program.emit(undefined, writeDeclaration);
  if (diagnostics.length > 0) throw new Error(messageOf(root, diagnostics));
  return Object.fromEntries(
    Object.entries(entries).map(([name, source]) => [name, declarationOf(source)] as const),
  );
}

function declarationOf(source: string): string {
  return source.replace(/^src\//, `${folder}/`).replace(/\.ts$/, '.d.ts');
}

/** Declarations keep the `.ts` that imports end in, which is what bundlers do not find. */
function writeDeclaration(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text.replace(/((?:from |import\()['"]\.{1,2}\/[^'"]*)\.ts(?=['"])/g, '$1.js'));
}

function optionsOf(root: string): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  if (error !== undefined) throw new Error(messageOf(root, [error]));
  return ts.convertCompilerOptionsFromJson(config.compilerOptions, root).options;
}

function messageOf(root: string, diagnostics: readonly ts.Diagnostic[]): string {
  return ts.formatDiagnostics(diagnostics, {
    getCanonicalFileName: (path) => path,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  });
}
