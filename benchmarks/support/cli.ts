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

/** What the command line asks for. */
export interface BenchOptions {
  readonly subjects: readonly string[];
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
 * Reads `[subject...] [--json] [--write] [--short] [--seed n]`.
 * Without a subject it asks for all of them.
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
  return {
    subjects: positionals.length === 0 ? subjectNames : positionals,
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
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
