import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { buildBenchmarks } from './support/build.ts';
import {
  type BenchOptions,
  DEFAULT_SEED,
  parseCommandLine,
  subjectNames,
  UsageError,
  usage,
} from './support/cli.ts';
import { environmentOf } from './support/environment.ts';
import { commitResults } from './support/readme.ts';
import { published } from './support/result.ts';
import { SubjectProcesses } from './support/subject-process.ts';
import { asText } from './support/table.ts';

/*
 * `npm run bench`: builds the benchmarks as the package itself is built, runs each in a process of its own, and
 * prints what they found.
 */

const root = join(import.meta.dirname, '..');
/** A folder of this run, so that another one in the same clone does not disturb it. */
const built = join(root, 'node_modules', '.cache', `breakwater-bench-${process.pid}`);
const processes = new SubjectProcesses(join(built, 'main.mjs'));

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The line of progress that was cut short.
    if (process.stderr.isTTY) process.stderr.write('\n');
    end(128 + constants.signals[signal]);
  });
}
// Whoever read the output, as `head` does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  end(0);
});

try {
  const options = parseCommandLine(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
} finally {
  removeBuilt();
}

async function run(options: BenchOptions): Promise<void> {
  const { subjects, size, json, write } = options;
  await buildBenchmarks(root, built);
  if (size === 'short' && !json) {
    process.stdout.write('Short run: shows that it works; its figures mean nothing.\n');
  }
  const entries: object[] = [];
  for (const subject of subjects) {
    const result = await processes.run(subject, ['--seed', String(options.seed), ...sizeFlags(options)]);
    if (result === undefined) {
      process.exitCode = 1;
      continue;
    }
    const environment = environmentOf(root, commandOf(subject, options));
    entries.push({ ...published(result), size, environment });
    // Each as soon as it is there, so that none is lost when a later one fails.
    if (write) {
      commitResults(join(root, 'benchmarks'), [result], new Map([[subject, environment]]), subjectNames);
    }
    if (!json) process.stdout.write(`\n${subject}: ${asText(result, size)}`);
  }
  if (json) process.stdout.write(`${JSON.stringify(entries, undefined, 2)}\n`);
}

function commandOf(subject: string, options: BenchOptions): string {
  const seedFlags = options.seed === DEFAULT_SEED ? [] : [`--seed ${options.seed}`];
  return ['npm run bench --', subject, ...seedFlags, ...sizeFlags(options)].join(' ');
}

function sizeFlags({ size }: BenchOptions): readonly string[] {
  return size === 'short' ? ['--short'] : [];
}

function end(code: number): never {
  processes.stop();
  removeBuilt();
  process.exit(code);
}

function removeBuilt(): void {
  rmSync(built, { recursive: true, force: true });
}
