import { burnWindowNames } from '../../windows.ts';
import { type Figures, OBJECTIVE_LABELS } from '../figures.ts';
import type { Colour, Panel, Row, ThresholdStep } from '../json.ts';
import { timeSeries } from '../panels.ts';
import { matrix } from '../tables.ts';
import type { DrawnAlert, Thresholds } from '../thresholds.ts';

const severityColours: Readonly<Record<DrawnAlert['severity'], Colour>> = { page: 'red', ticket: 'orange' };

/** What is left of the error budgets, and how fast it goes. */
export function budgetsRow(figures: Figures, { burnAlerts, atRiskRemaining }: Thresholds): Row {
  return {
    title: 'Error budgets',
    panels: [
      timeSeries({
        title: 'Error budget left',
        description:
          'The share of the error budget that is left, over a period that moves along with time: it goes down with ' +
          'each bad call and comes back as bad calls grow older than the period. The dashed lines are where an ' +
          'objective is at risk, and where it is missed.',
        width: 12,
        height: 9,
        unit: 'percentunit',
        decimals: 1,
        max: 1,
        axisSoftMin: 0,
        noValue: figures.noData,
        thresholdLines: true,
        thresholds: [
          { value: null, color: 'red' },
          { value: 0, color: 'orange' },
          { value: atRiskRemaining, color: 'green' },
        ],
        queries: [{ expr: figures.budgetRemaining, legend: '{{policy}} {{sli}}' }],
      }),
      matrix({
        title: 'Burn rate now, by window',
        description:
          'How fast the error budget goes. At **1** it lasts exactly for the period; at 10 it is gone in a tenth of ' +
          'it. The short windows say what happens now, the long ones what it has come to. A window in which nothing ' +
          'was called has no burn rate.',
        width: 12,
        height: 9,
        decimals: 2,
        min: 0,
        noValue: '-',
        thresholds: burnColours(burnAlerts),
        expr: `label_join(${figures.burnRates()}, "objective", " ", "policy", "sli")`,
        rowLabel: 'objective',
        columnLabel: 'window',
        columns: burnWindowNames,
        heading: 'Objective',
      }),
      ...burnAlerts.map((alert) => burnPanel(figures, alert)),
    ],
  };
}

/** What one alert sees: it fires while the line is above its factor. */
function burnPanel({ burnRates, noData }: Figures, alert: DrawnAlert): Panel {
  const { severity, longWindow, shortWindow, slos } = alert;
  const factor = rounded(alert.factor);
  const rates = burnRates([longWindow, shortWindow], slos);
  const objectives = `by (${OBJECTIVE_LABELS})`;
  return timeSeries({
    title: `Burn rate over ${longWindow} and ${shortWindow}: ${severity} above ${factor}`,
    description:
      `The lower of the burn rates over ${longWindow} and over ${shortWindow}. An alert (${severity}) fires while it ` +
      `is above the dashed line, ${factor}: the long window says that it matters, the short one that it still goes on. ` +
      'An alert also waits for a minimum number of bad calls.',
    width: 12,
    height: 8,
    decimals: 2,
    min: 0,
    axisSoftMax: Math.ceil(1.25 * alert.factor),
    noValue: noData,
    thresholdLines: true,
    thresholds: [
      { value: null, color: 'green' },
      { value: factor, color: severityColours[severity] },
    ],
    queries: [
      {
        // A window without calls has no burn rate, and then the alert does not fire either.
        expr: `min ${objectives} (${rates}) and (count ${objectives} (${rates}) == 2)`,
        legend: '{{policy}} {{sli}}',
      },
    ],
  });
}

/** From what burn rate on a number has the colour of the alert that it may raise. */
function burnColours(alerts: readonly DrawnAlert[]): readonly ThresholdStep[] {
  const lowest = (severity: DrawnAlert['severity']): readonly ThresholdStep[] => {
    const factors = alerts.flatMap((alert) => (alert.severity === severity ? rounded(alert.factor) : []));
    return factors.length === 0 ? [] : [{ value: Math.min(...factors), color: severityColours[severity] }];
  };
  const steps = [...lowest('ticket'), ...lowest('page')];
  return [{ value: null, color: 'green' }, ...steps.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))];
}

/** A factor as people write it: 0.9333 for 14 / 15. */
function rounded(factor: number): number {
  return Number(factor.toPrecision(4));
}
