import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { afterAll, beforeAll } from 'vitest';
import { bundleTogether } from '../bundle.ts';

const root = join(import.meta.dirname, '..', '..');
// Within the repository, where what is imported is found.
const folder = join(root, 'node_modules/.cache', `breakwater-cli-${process.pid}-${threadId}`);

/** The command as a program that Node runs by itself, once `buildCommand()` has made it. */
export const main = join(folder, 'cli/main.mjs');

/** The module of the command that other modules import. */
export const program = join(folder, 'cli/program.mjs');

/** The library, for a program that imports it by its path. */
export const library = join(folder, 'index.mjs');

/** Builds the command once for a file of tests. */
export function buildCommand(): void {
  beforeAll(async () => {
    await bundleTogether({
      entryPoints: ['src/cli/main.ts', 'src/cli/program.ts', 'src/index.ts'],
      outbase: 'src',
      outdir: folder,
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}
