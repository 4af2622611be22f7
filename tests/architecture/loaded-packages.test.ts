import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findEntries } from '../../scripts/entries.ts';
import { type Import, importsOf, readSourceTree, type SourceTree } from './source-tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What only spec files, rules and the command need: an application that makes calls never loads it. */
const forTools = [
  'yaml',
  'commander',
  're2js',
  'string-width',
  '@prometheus-io/lezer-promql',
  '@lezer/common',
];

/** Reads what a file imports, once. */
function reader(tree: SourceTree): (path: string) => readonly Import[] {
  const known = new Map<string, readonly Import[]>();
  return (path) => {
    const imports = known.get(path) ?? importsOf(path, tree.get(path) ?? '');
    known.set(path, imports);
    return imports;
  };
}

/** The packages that are loaded with a file of `src/`, each with the chain of files that leads to it. */
function loadedPackages(
  imports: (path: string) => readonly Import[],
  entry: string,
): ReadonlyMap<string, string> {
  const packages = new Map<string, string>();
  const trails = new Map([[entry, entry]]);
  for (const [path, trail] of trails) {
    for (const { to, isPackage, erased } of imports(path)) {
      if (erased) continue;
      const known = isPackage ? packages : trails;
      if (!known.has(to)) known.set(to, `${trail} -> ${to}`);
    }
  }
  return packages;
}

function toolsLoaded(imports: (path: string) => readonly Import[], entry: string): string[] {
  const packages = loadedPackages(imports, entry);
  return forTools.flatMap((name) => packages.get(name) ?? []);
}

describe('an application', () => {
  const tree = readSourceTree(`${root}src`);
  const imports = reader(tree);
  const entries = Object.entries(findEntries(root)).filter(([name]) => name !== 'slo');

  it.each(entries)('that imports the entry %s loads nothing that is for tools', (_, file) => {
    const path = file.replace(/^src\//, '');
    expect(tree.has(path)).toBe(true);
    expect(toolsLoaded(imports, path)).toEqual([]);
  });

  it('is seen to load what its entry needs', () => {
    expect([...loadedPackages(imports, 'index.ts').keys()]).toEqual(
      expect.arrayContaining(['opossum', 'p-retry', 'pino', 'prom-client', 'zod']),
    );
  });
});

describe('the check', () => {
  it('tells by which way a package is reached, and lets types alone', () => {
    const tree: SourceTree = new Map([
      ['index.ts', "export { a } from './slo/a.ts';\nexport type { B } from './slo/b.ts';"],
      ['slo/a.ts', "const load = () => import('./c.ts');"],
      ['slo/b.ts', "import 'commander';"],
      [
        'slo/c.ts',
        "import { parse } from 'yaml';\nimport type { Command } from 'commander';\nimport '../index.ts';",
      ],
    ]);
    expect(toolsLoaded(reader(tree), 'index.ts')).toEqual(['index.ts -> slo/a.ts -> slo/c.ts -> yaml']);
  });
});
