import { rmSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';
import packageJson from './package.json' with { type: 'json' };
import { writeDeclarations } from './scripts/declarations.ts';
import { commands, exportProblems, findEntries } from './scripts/entries.ts';

/** What is published as ES modules only. CommonJS output carries it, so that it loads wherever CommonJS does. */
const esmOnly = ['is-network-error', 'leven', 'p-retry', 'p-timeout'];

const root = import.meta.dirname;
const entries = findEntries(root);
const problems = exportProblems(packageJson.exports, entries);
if (problems.length > 0) throw new Error(`The exports are wrong:\n  ${problems.join('\n  ')}`);

rmSync(new URL('dist', import.meta.url), { recursive: true, force: true });

const shared = {
  entry: { ...entries },
  target: 'node20',
  // One copy of the core for all entries: `breakwater` and `breakwater/fetch` share its module state.
  splitting: true,
  sourcemap: false,
  clean: false,
} satisfies Options;

export default defineConfig([
  { ...shared, entry: { ...entries, ...commands }, format: 'esm' },
  // With tree shaking, Rollup turns the shared chunks into CommonJS; what tsup does without it rewrites `?.`, `??`
  // and class fields into slow helpers.
  { ...shared, format: 'cjs', noExternal: esmOnly, treeshake: true },
  { ...shared, entry: { ...writeDeclarations(root, entries) }, format: ['esm', 'cjs'], dts: { only: true } },
]);
