import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The package's public entries: the name under `dist/` and the source file it is built from. */
export type Entries = Readonly<Record<string, string>>;

/** The package's commands: built as ES modules only, for Node runs them by themselves. */
export const commands: Entries = { cli: 'src/cli/main.ts' };

/** The `bin` that fits `commands`. */
export const bin: Readonly<Record<string, string>> = { breakwater: 'dist/cli.js' };

/** What `package.json` says about one subpath, as far as a build is concerned. */
type Exports = Readonly<Record<string, unknown>>;

/**
 * The public entries that the source tree has: the main one, `incidents`, `slo`, and one for each folder of
 * `src/integrations/`.
 */
export function findEntries(root: string): Entries {
  const integrations = join(root, 'src', 'integrations');
  const names = existsSync(integrations) ? readdirSync(integrations).sort() : [];
  return {
    index: 'src/index.ts',
    incidents: 'src/incidents/index.ts',
    slo: 'src/slo/index.ts',
    ...Object.fromEntries(names.map((name) => [name, `src/integrations/${name}/index.ts`])),
  };
}

/** The `exports` that fit `entries`. */
export function exportsFor(entries: Entries): Exports {
  const subpaths = Object.keys(entries).map((name) => [
    name === 'index' ? '.' : `./${name}`,
    {
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    },
  ]);
  return { ...Object.fromEntries(subpaths), './package.json': './package.json' };
}

/** Where `package.json` and the entries disagree, one sentence each; none when they agree. */
export function exportProblems(declared: Exports, entries: Entries): string[] {
  const expected = exportsFor(entries);
  const missing = Object.keys(expected).filter((subpath) => !(subpath in declared));
  const unknown = Object.keys(declared).filter((subpath) => !(subpath in expected));
  const wrong = Object.keys(expected).filter(
    (subpath) =>
      subpath in declared && JSON.stringify(declared[subpath]) !== JSON.stringify(expected[subpath]),
  );
  return [
    ...missing.map((subpath) => `package.json does not export '${subpath}', which the source tree has`),
    ...unknown.map((subpath) => `package.json exports '${subpath}', which no source file stands for`),
    ...wrong.map(
      (subpath) => `package.json exports '${subpath}' otherwise than as ${JSON.stringify(expected[subpath])}`,
    ),
  ];
}
