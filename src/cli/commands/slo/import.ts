import type { Command } from 'commander';
import { noteLines } from '../../../slo/spec/problems.ts';
import type { CommandContext } from '../../context.ts';
import { fileName, STANDARD_STREAM, writeOutput } from '../../files.ts';
import type { Finish } from './index.ts';
import { readSpecFile, SPEC_FILE } from './spec-file.ts';

/** Adds `breakwater slo import`. */
export function addImport(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('import')
    .description("Write a spec in breakwater's own format, from sloth or OpenSLO.")
    .argument('<file>', SPEC_FILE)
    .option('-o, --output <file>', 'where to write', STANDARD_STREAM)
    .addHelpText('after', '\nExample:\n  breakwater slo import sloth.yaml --output slo.yaml')
    .action(async (file: string, { output }: { readonly output: string }) => {
      const spec = await readSpecFile(context, file);
      const { writeSpec } = await import('../../../slo/spec/write.ts');
      const head = noteLines(spec.notes ?? [], fileName(file));
      await writeOutput(context, writeSpec(spec, { head }), {
        file: output,
        overwrite: true,
        inputs: [file],
      });
      finish(0);
    });
}
