import type { Command } from 'commander';
import { errorBudgetMs } from '../../../slo/arithmetic.ts';
import { burnAlerts } from '../../../slo/burn-alerts.ts';
import { adviceOn } from '../../../slo/spec/advice.ts';
import { shiftedDecimal } from '../../../slo/spec/decimals.ts';
import { formatDuration } from '../../../slo/spec/durations.ts';
import type { Slo } from '../../../slo/spec/model.ts';
import { formatPercentage } from '../../../slo/spec/ratios.ts';
import type { CommandContext } from '../../context.ts';
import { type Cell, type Column, table } from '../../table.ts';
import { printWarnings } from '../../warnings.ts';
import type { Finish } from './index.ts';
import { readSpecFile, SPEC_FILE } from './spec-file.ts';

const columns: readonly Column[] = [
  { title: 'SLO' },
  { title: 'OBJECTIVE', align: 'right' },
  { title: 'PERIOD', align: 'right' },
  { title: 'BUDGET (MIN)', align: 'right' },
  { title: 'ALERTS' },
];

/** Adds `breakwater slo check`. */
export function addCheck(slo: Command, context: CommandContext, finish: Finish): void {
  slo
    .command('check')
    .description('Check a spec, and show its objectives, budgets and alerts.')
    .argument('<file>', SPEC_FILE)
    .addHelpText(
      'after',
      '\nThe budget is how many minutes of total outage the objective allows over its period.\n\nExample:\n  breakwater slo check slo.yaml',
    )
    .action(async (file: string) => {
      const spec = await readSpecFile(context, file);
      const { prometheusRules } = await import('../../../slo/rules/rules.ts');
      await printWarnings(context, [...prometheusRules(spec).warnings, ...adviceOn(spec)]);
      await context.out.write(table(context.out, columns, spec.slos.map(rowOf)));
      finish(0);
    });
}

function rowOf(slo: Slo): readonly Cell[] {
  return [
    { text: slo.name },
    { text: formatPercentage(slo.objective) },
    { text: formatDuration(slo.periodMs) },
    { text: minutesText(errorBudgetMs(slo.objective, slo.periodMs)) },
    { text: alertsText(slo) },
  ];
}

/** Exact where minutes have a short decimal: 43.2, and not 43.199999999999996. */
function minutesText(ms: number): string {
  return shiftedDecimal(Number((ms / 60_000).toPrecision(15)), 0);
}

function alertsText({ objective, periodMs, silenced }: Slo): string {
  const alerts = burnAlerts(objective, periodMs).alerts.filter(
    ({ severity }) => !silenced.includes(severity),
  );
  const texts = alerts.map(
    ({ severity, factor, longWindow, shortWindow }) =>
      `${severity} ${shiftedDecimal(Number(factor.toPrecision(6)), 0)}x ${longWindow}/${shortWindow}`,
  );
  return texts.length === 0 ? 'none' : texts.join(', ');
}
