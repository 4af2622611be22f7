import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll } from 'vitest';
import { findEntries } from '../../scripts/entries.ts';
import { bundleTogether } from '../bundle.ts';

const root = join(import.meta.dirname, '..', '..');
// Within the repository, where what is imported is found.
const folder = join(root, 'node_modules/.cache', `breakwater-examples-${process.pid}`);
const configuration = join(folder, 'tsconfig.json');
/** These begin other programs, which they find beside themselves. */
const inPlace = ['start.ts'];

await bundle();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * How a program of `examples/` is run without every one compiling and loading the several hundred files of the library: a
 * short one from a bundle that shares the library with the others, a large one from its own files, with the library in
 * one piece. Both are made once for each file of tests.
 */
export function runnable(path: string): {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const name = basename(path, '.ts');
  if (topics().includes(path)) return { args: [join(folder, 'examples', `${name}.mjs`)], env: {} };
  return { args: ['--import', 'tsx', path], env: { TSX_TSCONFIG_PATH: configuration } };
}

function topics(): readonly string[] {
  return readdirSync(join(root, 'examples'))
    .filter((name) => name.endsWith('.ts') && !inPlace.includes(name))
    .map((name) => `examples/${name}`);
}

async function bundle(): Promise<void> {
  const entries = findEntries(root);
  const programs = topics().map((path) => [path.replace(/\.ts$/, ''), path]);
  mkdirSync(folder, { recursive: true });
  await bundleTogether({ entryPoints: { ...entries, ...Object.fromEntries(programs) }, outdir: folder });
  const paths = Object.keys(entries).map((name) => [
    name === 'index' ? 'breakwater' : `breakwater/${name}`,
    [join(folder, `${name}.mjs`)],
  ]);
  const compilerOptions = { paths: Object.fromEntries(paths) };
  writeFileSync(configuration, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions }));
}
