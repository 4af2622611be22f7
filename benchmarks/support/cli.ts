import { parseArgs } from 'node:util';
import type { Size } from './result.ts';

/** The benchmarks' names, in the order in which they are run and shown. */
export const subjectNames: readonly string[] = [
  'overhead',
  'rejection',
  'failure',
  'memory',
  'idle',
  'scrape',
  'http',
  'outage',
];

/** The seed of a run that names none, and of all committed results. */
export const DEFAULT_SEED = 1;

export const usage = `Usage: npm run bench -- [subject...] [options]

Subjects: ${subjectNames.join(', ')}; all of them by default.

  --json     print the results as JSON
  --short    show that the benchmarks work; the figures mean nothing
  --seed n   seed what is left to chance, ${DEFAULT_SEED} by default
  --write    also write the results to benchmarks/results/results.json and benchmarks/README.md,
             and draw benchmarks/results/outage.svg
  --help     print this
`;

/** What the command line asks for. */
export interface BenchOptions {
  readonly subjects: readonly string[];
  readonly help: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly size: Size;
  readonly seed: number;
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads `[subject...] [--json] [--write] [--short] [--seed n] [--help]`.
 * Without a subject it asks for all of them; one that is named twice is run once.
 *
 * @throws {UsageError} when something is unknown or wrong
 */
export function parseCommandLine(args: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(args);
  const unknown = positionals.filter((name) => !subjectNames.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `There is no benchmark ${unknown.join(', ')}; there are ${subjectNames.join(', ')}.`,
    );
  }
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed must be a whole number, not ${values.seed}.`);
  if (values.write && values.short) throw new UsageError('--write takes a full run: leave --short out.');
  if (values.write && seed !== DEFAULT_SEED) {
    throw new UsageError(`--write keeps results of seed ${DEFAULT_SEED}: leave --seed ${seed} out.`);
  }
  return {
    subjects: positionals.length === 0 ? subjectNames : [...new Set(positionals)],
    help: values.help,
    json: values.json,
    write: values.write,
    size: values.short ? 'short' : 'full',
    seed,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        seed: { type: 'string', default: String(DEFAULT_SEED) },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
