import { join } from 'node:path';
import { build } from 'tsup';

/** Builds the benchmarks with the compiler, target and format of the package's own build: see `tsup.config.ts`. */
export async function buildBenchmarks(root: string, outDir: string): Promise<void> {
  await build({
    config: false,
    entry: {
      main: join(root, 'benchmarks', 'main.ts'),
      'http-server': join(root, 'benchmarks', 'http', 'server.ts'),
    },
    format: 'esm',
    target: 'node20',
    splitting: true,
    skipNodeModulesBundle: true,
    outDir,
    outExtension: () => ({ js: '.mjs' }),
    silent: true,
  });
}
