import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bin, commands, exportProblems, exportsFor, findEntries } from '../../scripts/entries.ts';
import { VERSION } from '../../src/version.ts';

const root = new URL('../..', import.meta.url);

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8'));
}

const versions = z.record(z.string(), z.string()).optional();
const packageJson = z
  .object({
    version: z.string(),
    exports: z.record(z.string(), z.unknown()),
    bin: z.record(z.string(), z.string()),
  })
  .parse(readJson('package.json'));
const lockedPackages = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        resolved: z.string().optional(),
        optionalDependencies: versions,
      }),
    ),
  })
  .parse(readJson('package-lock.json')).packages;

describe('package.json', () => {
  it('has the version that the code tells', () => {
    expect(VERSION).toBe(packageJson.version);
  });

  it('exports exactly what the source tree has', () => {
    expect(exportProblems(packageJson.exports, findEntries(fileURLToPath(root)))).toEqual([]);
  });

  it('has the commands that are built, each with the line that makes a shell run it', () => {
    expect(packageJson.bin).toEqual(bin);
    expect(Object.values(bin)).toEqual(Object.keys(commands).map((name) => `dist/${name}.js`));
    for (const source of Object.values(commands)) {
      expect(readFileSync(new URL(source, root), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  it('is found to disagree where an export is missing, left over or wrong', () => {
    const entries = { index: 'src/index.ts', pg: 'src/integrations/pg/index.ts' };
    const { './pg': pg, ...withoutPg } = exportsFor(entries);
    expect(exportProblems(exportsFor(entries), entries)).toEqual([]);
    expect(exportProblems(withoutPg, entries)).toEqual([
      "package.json does not export './pg', which the source tree has",
    ]);
    expect(exportProblems({ ...exportsFor(entries), './redis': pg }, entries)).toEqual([
      "package.json exports './redis', which no source file stands for",
    ]);
    expect(exportProblems({ ...withoutPg, './pg': './dist/pg.js' }, entries)[0]).toContain(
      "exports './pg' otherwise",
    );
  });
});

describe('package-lock.json', () => {
  it('records no registry, so that it serves whichever one is configured', () => {
    const found = Object.entries(lockedPackages).filter(([, { resolved }]) => resolved !== undefined);
    expect(found.map(([path]) => path)).toEqual([]);
  });

  it('holds the optional packages of every platform, which npm ci insists on', () => {
    const missing = Object.entries(lockedPackages).flatMap(([owner, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(name, owner)),
    );
    expect(missing).toEqual([]);
  });
});

/** Whether the lock has a package where `owner` would find it. */
function isLocked(name: string, owner: string): boolean {
  for (
    let folder = owner;
    ;
    folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')
  ) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lockedPackages) return true;
    if (folder === '') return false;
  }
}
