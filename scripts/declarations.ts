import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entries } from './entries.ts';
import { tsc } from './typescript.ts';

/** Where the declarations are put, one file for each source file. Not below `node_modules`: those are never bundled. */
const folder = '.declarations';

/**
 * Writes the type declarations of the source files that `entries` need, for a bundler to put together, and gives the
 * entries to begin at. It checks no types: `npm run typecheck` does, before the tests and before a release.
 *
 * @throws Error where a type cannot be declared
 */
export function writeDeclarations(root: string, entries: Entries): Entries {
  const out = join(root, folder);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: '../src',
      outDir: '.',
    },
    files: Object.values(entries).map((source) => `../${source}`),
    include: [],
  };
  writeFileSync(join(out, 'tsconfig.json'), JSON.stringify(config));
  compile(root);
  for (const file of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.d.ts')) forBundlers(join(out, file));
  }
  return Object.fromEntries(
    Object.entries(entries).map(([name, source]) => [name, declarationOf(source)] as const),
  );
}

function compile(root: string): void {
  try {
    execFileSync(process.execPath, [join(root, tsc), '--project', join(root, folder)], { encoding: 'utf8' });
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    throw new Error(`The declarations could not be written:\n${said}`, { cause: error });
  }
}

/** Declarations keep the `.ts` that imports end in, which is what bundlers do not find. */
function forBundlers(path: string): void {
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/((?:from |import\()['"]\.{1,2}\/[^'"]*)\.ts(?=['"])/g, '$1.js'));
}

function declarationOf(source: string): string {
  return source.replace(/^src\//, `${folder}/`).replace(/\.ts$/, '.d.ts');
}
