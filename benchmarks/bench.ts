import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'tsup';
import { type BenchOptions, parseCommandLine, subjectNames, UsageError } from './support/cli.ts';
import { type Environment, environmentOf } from './support/environment.ts';
import { commitResults } from './support/readme.ts';
import type { SubjectResult } from './support/result.ts';
import { asText } from './support/table.ts';

/*
 * `npm run bench`: builds the benchmarks as the package itself is built, runs each in a process of its own, and
 * prints what they found.
 */

const root = join(import.meta.dirname, '..');
const built = join(root, 'node_modules', '.cache', 'breakwater-bench');

try {
  await run(parseCommandLine(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(
    `${error.message}\nUsage: npm run bench -- [subject...] [--json] [--short] [--seed n] [--write]\n`,
  );
  process.exitCode = 2;
}

async function run(options: BenchOptions): Promise<void> {
  await buildBenchmarks();
  const results: SubjectResult[] = [];
  const environments = new Map<string, Environment>();
  for (const subject of options.subjects) {
    const result = await runSubject(subject, options);
    results.push(result);
    environments.set(subject, environmentOf(root, commandOf(subject, options)));
    if (!options.json) process.stdout.write(`\n${subject}: ${asText(result)}`);
  }
  if (options.json) {
    const entries = results.map(({ files, ...result }) => ({
      ...result,
      environment: environments.get(result.subject),
    }));
    process.stdout.write(`${JSON.stringify(entries, undefined, 2)}\n`);
  }
  if (options.write) commitResults(join(root, 'benchmarks'), results, environments, subjectNames);
}

/** The same compiler, target and module format as the package's own build: see `tsup.config.ts`. */
async function buildBenchmarks(): Promise<void> {
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
    outDir: built,
    outExtension: () => ({ js: '.mjs' }),
    clean: true,
    silent: true,
  });
}

async function runSubject(subject: string, { size, seed }: BenchOptions): Promise<SubjectResult> {
  const args = [
    // All calls of cockatiel listen to one signal, and Node warns from the eleventh on.
    '--disable-warning=MaxListenersExceededWarning',
    join(built, 'main.mjs'),
    subject,
    '--seed',
    String(seed),
    ...(size === 'short' ? ['--short'] : []),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`The benchmark '${subject}' failed`);
  return JSON.parse(output);
}

function commandOf(subject: string, { seed, size }: BenchOptions): string {
  const flags = [...(seed === 1 ? [] : [`--seed ${seed}`]), ...(size === 'short' ? ['--short'] : [])];
  return ['npm run bench --', subject, ...flags].join(' ');
}
