import { basename, dirname, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { adviceOn } from '../../../slo/spec/advice.ts';
import type { CommandContext } from '../../context.ts';
import { STANDARD_STREAM, writeOutput } from '../../files.ts';
import { printWarnings } from '../../warnings.ts';
import type { Finish } from './index.ts';
import { readSpecFile, SPEC_FILE } from './spec-file.ts';

interface TestFlags {
  readonly rules: string;
  readonly output: string;
}

/** Adds `breakwater slo test`. */
export function addTest(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('test')
    .description('Write the file for "promtool test rules" that proves the rules of a spec.')
    .argument('<file>', SPEC_FILE)
    .option('--rules <file>', 'the rules that "breakwater slo rules" wrote', 'rules.yaml')
    .option('-o, --output <file>', 'where to write', STANDARD_STREAM)
    .addHelpText(
      'after',
      '\nExample:\n  breakwater slo test slo.yaml --rules rules.yaml --output rules.test.yaml\n  promtool test rules rules.test.yaml',
    )
    .action(async (file: string, flags: TestFlags) => {
      const spec = await readSpecFile(context, file);
      const { ruleTests } = await import('../../../slo/rules/tests.ts');
      const text = ruleTests(spec, rulesAsSeenFrom(context.cwd, flags));
      await printWarnings(context, adviceOn(spec));
      await writeOutput(context, text, { file: flags.output, overwrite: true, inputs: [file, flags.rules] });
      finish(0);
    });
}

/** promtool looks for the rules from where the tests are. */
function rulesAsSeenFrom(cwd: string, { rules, output }: TestFlags): string {
  if (output === STANDARD_STREAM) return rules;
  const tests = resolve(cwd, output);
  const path = relative(dirname(tests), resolve(cwd, rules));
  return path === '' ? basename(rules) : path.split(sep).join('/');
}
