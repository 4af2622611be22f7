import { join } from 'node:path';
import { build } from 'esbuild';
import { smallZod } from '../../small-zod.ts';

/** Bundles a program of this folder, small so that it starts fast, and gives its path. */
export async function bundle(program: string, folder: string): Promise<string> {
  const outfile = join(folder, program.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [join(import.meta.dirname, program)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: [smallZod],
  });
  return outfile;
}
