import type { Command } from 'commander';
import type { CommandContext, ExitCode } from '../../context.ts';
import { addCheck } from './check.ts';
import { addDashboard } from './dashboard.ts';
import { addGate } from './gate.ts';
import { addImport } from './import.ts';
import { addInit } from './init.ts';
import { addRules } from './rules.ts';
import { addTest } from './test.ts';

/** How a command says what it came to. */
export type Finish = (code: ExitCode) => void;

const help = `
Exit codes: 0 done, or yes; 1 the file is wrong, or a release should wait; 2 it could not be done, or nobody can say.

Examples:
  breakwater slo init --metrics http://localhost:3000/metrics
  breakwater slo check slo.yaml
  breakwater slo rules slo.yaml --output rules.yaml
  breakwater slo test slo.yaml --rules rules.yaml --output rules.test.yaml && promtool test rules rules.test.yaml
  breakwater slo gate --prometheus http://localhost:9090`;

/** Adds `breakwater slo`. */
export function addSloCommands(program: Command, context: CommandContext, finish: Finish): void {
  const slo = program
    .command('slo')
    .description('Prometheus rules, their tests, a dashboard and a release gate from objectives.')
    .addHelpText('after', help);
  addInit(slo, context, finish);
  addCheck(slo, context, finish);
  addRules(slo, context, finish);
  addTest(slo, context, finish);
  addDashboard(slo, context, finish);
  addGate(slo, context, finish);
  addImport(slo, context, finish);
}
