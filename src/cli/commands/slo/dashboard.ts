import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { STANDARD_STREAM, writeOutput } from '../../files.ts';
import type { Finish } from './index.ts';
import { readSpecFile } from './spec-file.ts';

/** Adds `breakwater slo dashboard`. */
export function addDashboard(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('dashboard')
    .description('Write a Grafana dashboard: of a spec, or of whatever breakwater measures.')
    .argument('[file]', 'a spec; - reads stdin')
    .option('-o, --output <file>', 'where to write', STANDARD_STREAM)
    .addHelpText('after', '\nExample:\n  breakwater slo dashboard slo.yaml --output dashboard.json')
    .action(async (file: string | undefined, { output }: { readonly output: string }) => {
      const spec = file === undefined ? undefined : await readSpecFile(context, file);
      const { grafanaDashboard } = await import('../../../slo/dashboard/dashboard.ts');
      const text = `${JSON.stringify(grafanaDashboard(spec), undefined, 2)}\n`;
      await writeOutput(context, text, {
        file: output,
        overwrite: true,
        inputs: file === undefined ? [] : [file],
      });
      finish(0);
    });
}
