import { basename } from 'node:path';
import type { Command } from 'commander';
import { isBreakwaterError } from '../../../core/errors.ts';
import { noteLines, SpecError } from '../../../slo/spec/problems.ts';
import { addHeaders, durationOption, eachValue, httpAddress, needed, wordArgument } from '../../arguments.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { STANDARD_STREAM, writeOutput } from '../../files.ts';
import { get } from '../../http.ts';
import { withProgress } from '../../progress.ts';
import type { Finish } from './index.ts';
import { printNotes } from './spec-file.ts';

/** The metrics of thousands of policies are smaller, in bytes. */
const MAX_METRICS_BYTES = 64 * 1024 * 1024;

interface InitFlags {
  readonly metrics?: string;
  readonly service?: string;
  readonly output: string;
  readonly timeout: number;
  readonly header?: readonly string[];
  readonly force?: true;
}

/** Adds `breakwater slo init`. */
export function addInit(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('init')
    .description("Write a spec from a running application's metrics.")
    .option('-m, --metrics <url>', 'where the application serves its metrics')
    .option('-s, --service <name>', 'name of the service (default: that of the folder)', wordArgument)
    .option('-o, --output <file>', 'where to write; - for stdout', 'slo.yaml')
    .addOption(durationOption('-t, --timeout <duration>', 'how long to wait for the metrics', '10s'))
    .option('-H, --header <header>', "a header of the request, as 'Name: value'; may be repeated", eachValue)
    .option('-f, --force', 'replace the file if it is there')
    .addHelpText(
      'after',
      '\nExample:\n  breakwater slo init --metrics http://localhost:3000/metrics --service shop',
    )
    .action(async (flags: InitFlags) => {
      const { text, notes } = await specOf(context, flags);
      await printNotes(context, notes);
      await writeOutput(context, text, { file: flags.output, overwrite: flags.force === true, inputs: [] });
      if (flags.output !== STANDARD_STREAM) await context.err.write(`${flags.output} is written\n`);
      finish(0);
    });
}

async function specOf(
  context: CommandContext,
  flags: InitFlags,
): Promise<{ readonly text: string; readonly notes: readonly string[] }> {
  const { metrics, address } = await fetchMetrics(context, flags);
  const { specFileFromMetrics } = await import('../../../slo/spec/from-metrics.ts');
  try {
    const { spec, text } = specFileFromMetrics(metrics, {
      service: flags.service ?? (basename(context.cwd) || 'service'),
    });
    return { text, notes: noteLines(spec.notes ?? [], address) };
  } catch (error) {
    if (error instanceof SpecError) throw new CommandFailure(error.report(address), 1);
    // What else can be wrong is the name of the service.
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) throw new CommandFailure(error.message);
    throw error;
  }
}

async function fetchMetrics(
  context: CommandContext,
  flags: InitFlags,
): Promise<{ readonly metrics: string; readonly address: string }> {
  const { url, headers, shown } = httpAddress(needed(flags.metrics, '--metrics <url>'), '--metrics');
  headers.set('accept', 'text/plain;version=0.0.4');
  addHeaders(headers, flags.header ?? []);
  const request = { url, headers, timeoutMs: flags.timeout, maxBytes: MAX_METRICS_BYTES };
  const answer = await withProgress(context.err, `Waiting for ${shown}`, get(request));
  if (!answer.ok) throw new CommandFailure(`${shown} cannot be read: ${answer.problem}`);
  if (answer.status !== 200)
    throw new CommandFailure(`${shown} cannot be read: it answered HTTP ${answer.status}`);
  return { metrics: answer.body, address: shown };
}
