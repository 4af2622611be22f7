import type { SloSpec } from '../../../slo/spec/model.ts';
import { noteLines, SpecError } from '../../../slo/spec/problems.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { fileName, readInput } from '../../files.ts';

/** What every command says of the file it reads. */
export const SPEC_FILE = 'a spec: own format, sloth prometheus/v1 or OpenSLO v1; - reads stdin';

/**
 * Reads a spec file of any of the formats, and prints what is noted of it.
 *
 * @throws {CommandFailure} with exit code 1 and each problem with file, line and column when the spec is wrong
 */
export async function readSpecFile(context: CommandContext, file: string): Promise<SloSpec> {
  const text = await readInput(context, file);
  const { readSpec } = await import('../../../slo/spec/read.ts');
  try {
    const spec = readSpec(text);
    await printNotes(context, noteLines(spec.notes ?? [], fileName(file)));
    return spec;
  } catch (error) {
    if (error instanceof SpecError) {
      throw new CommandFailure(`the spec cannot be used\n${error.report(fileName(file))}`, 1);
    }
    throw error;
  }
}

/** Prints notes on a file, as compilers do. */
export async function printNotes({ err }: CommandContext, lines: readonly string[]): Promise<void> {
  await err.write(lines.map((line) => `${line}\n`).join(''));
}
