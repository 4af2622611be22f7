import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { smallZod } from './small-zod.ts';

const root = join(import.meta.dirname, '..');

/**
 * Makes programs that Node runs by itself and that share one copy of the library, so that not each of them compiles and
 * loads some hundred files.
 *
 * @param files which they are, from the repository's root, and where they go: to a place within the repository, where what
 * they import is found
 */
export async function bundleTogether(
  files: Pick<BuildOptions, 'entryPoints' | 'outbase' | 'outdir'>,
): Promise<void> {
  await build({
    ...files,
    absWorkingDir: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [smallZod],
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
  });
}
