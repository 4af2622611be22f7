import { type Command, Option } from 'commander';
import { adviceOn } from '../../../slo/spec/advice.ts';
import type { SloSpec } from '../../../slo/spec/model.ts';
import type { CommandContext } from '../../context.ts';
import { STANDARD_STREAM, writeOutput } from '../../files.ts';
import { printWarnings } from '../../warnings.ts';
import type { Finish } from './index.ts';
import { readSpecFile, SPEC_FILE } from './spec-file.ts';

interface RulesFlags {
  readonly output: string;
  readonly sloth?: true;
  readonly openslo?: true;
}

/** Adds `breakwater slo rules`. */
export function addRules(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('rules')
    .description('Write Prometheus recording and alerting rules, or another format.')
    .argument('<file>', SPEC_FILE)
    .option('-o, --output <file>', 'where to write', STANDARD_STREAM)
    .addOption(new Option('--sloth', 'write a sloth spec (prometheus/v1) instead').conflicts('openslo'))
    .addOption(new Option('--openslo', 'write OpenSLO v1 instead'))
    .addHelpText('after', '\nExample:\n  breakwater slo rules slo.yaml --output rules.yaml')
    .action(async (file: string, flags: RulesFlags) => {
      const spec = await readSpecFile(context, file);
      const { text, warnings } = await generate(spec, flags);
      await printWarnings(context, [...warnings, ...adviceOn(spec)]);
      await writeOutput(context, text, { file: flags.output, overwrite: true, inputs: [file] });
      finish(0);
    });
}

async function generate(
  spec: SloSpec,
  flags: RulesFlags,
): Promise<{ readonly text: string; readonly warnings: readonly string[] }> {
  if (flags.sloth) {
    const { writeSloth } = await import('../../../slo/spec/sloth/write.ts');
    return { text: writeSloth(spec), warnings: [] };
  }
  if (flags.openslo) {
    const { writeOpenSlo } = await import('../../../slo/spec/openslo/write.ts');
    return { text: writeOpenSlo(spec), warnings: [] };
  }
  const { prometheusRules } = await import('../../../slo/rules/rules.ts');
  return prometheusRules(spec);
}
