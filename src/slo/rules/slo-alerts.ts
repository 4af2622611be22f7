import type { AlertSeverity } from '../burn-alerts.ts';
import { queryType } from '../promql/check.ts';
import type { RuleLabels, Slo, SloSpec } from '../spec/model.ts';
import { burnExpression, burnPairs, firingAlert, holders, holdingAlerts, minimumBadEvents } from './burn.ts';
import type { AlertingRule } from './groups.ts';
import {
  AT_RISK_ALERT,
  alertLabels,
  BUDGET_REMAINING,
  BURN_ALERT,
  MISSING_DATA_ALERT,
  PERIOD_BAD_EVENTS,
  SloSeries,
} from './identity.ts';
import { singleValue } from './query.ts';
import { SLI_EVENTS } from './recording.ts';
import { durationText, indented, literal, percentText, series } from './text.ts';
import { templates, type Wording } from './wording.ts';

/** The alerts on an objective's budget and on its data. */
export function sloAlerts(spec: SloSpec, slo: Slo): readonly AlertingRule[] {
  return [
    ...burnAlert(spec, slo, 'page'),
    ...burnAlert(spec, slo, 'ticket'),
    ...(slo.silenced.includes('ticket') ? [] : [atRiskAlert(spec, slo)]),
    // Whoever wants no tickets still wants to know that nobody could file one.
    missingDataAlert(spec, slo),
  ];
}

/** Labels of an alert as a rule has them, where they are templates. */
export function labelTemplates(labels: RuleLabels): RuleLabels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, literal(value)]));
}

function burnAlert(spec: SloSpec, slo: Slo, severity: AlertSeverity): readonly AlertingRule[] {
  const expr = burnExpression(spec, slo, severity);
  if (expr === undefined) return [];
  return [
    {
      alert: BURN_ALERT,
      expr,
      labels: labelTemplates(alertLabels(spec, slo, severity)),
      annotations: burnAnnotations(spec, slo, severity, templates),
    },
  ];
}

function atRiskAlert(spec: SloSpec, slo: Slo): AlertingRule {
  const own = new SloSeries(spec, slo);
  const minimum = minimumBadEvents(spec, slo);
  const conditions = [
    `${own.select(BUDGET_REMAINING)} < ${spec.alerts.atRiskRemaining}`,
    ...(minimum > 0 ? [`and\nround(${own.select(PERIOD_BAD_EVENTS)}) >= ${minimum}`] : []),
    ...holders(spec, slo)
      .filter(({ silenced }) => !silenced.includes('ticket'))
      .map((holder) => `unless on ()\n${firingAlert(spec, holder, AT_RISK_ALERT, 'ticket')}`),
    ...holdingAlerts(spec, slo, 'ticket').map((alert) => `unless on ()\n${alert}`),
  ];
  return {
    alert: AT_RISK_ALERT,
    expr: conditions.join('\n'),
    labels: labelTemplates(alertLabels(spec, slo, 'ticket')),
    annotations: atRiskAnnotations(spec, slo, templates),
  };
}

function missingDataAlert(spec: SloSpec, slo: Slo): AlertingRule {
  const data = dataOf(spec, slo);
  const absent = data.includes('\n') ? `absent(\n${indented(data)}\n)` : `absent(${data})`;
  return {
    alert: MISSING_DATA_ALERT,
    expr: [absent, ...uncountedCalls(spec, slo)].join('\nor\n'),
    for: durationText(spec.alerts.missingDataMs),
    labels: labelTemplates(alertLabels(spec, slo, 'ticket')),
    annotations: missingDataAnnotations(spec, slo, templates),
  };
}

/** Whether an objective can be without events while its policy has calls: where the code sets no such objective. */
export function mayBeUncounted({ indicator }: Slo): boolean {
  return indicator.kind === 'policy' && indicator.sli !== 'availability';
}

/** No event of the objective while its policy has calls. The labels are those that `absent()` gets from its rule. */
function uncountedCalls(spec: SloSpec, slo: Slo): readonly string[] {
  const { indicator } = slo;
  if (indicator.kind !== 'policy' || !mayBeUncounted(slo)) return [];
  const calls = series(SLI_EVENTS, { ...spec.selector, policy: indicator.policy, sli: 'availability' });
  return [`${new SloSeries(spec, slo).total('5m')} == 0\nand on ()\nsum(increase(${calls}[5m])) > 0`];
}

/** What is there as long as there is data, be it of no events. */
function dataOf(spec: SloSpec, slo: Slo): string {
  const { indicator } = slo;
  if (indicator.kind !== 'ratio') return new SloSeries(spec, slo).total('5m');
  const ratio = singleValue(indicator.badRatio, '5m', 'max');
  // An idle service's query gives NaN, and one without data nothing; but a scalar gives NaN for both.
  return queryType(indicator.badRatio) === 'scalar' ? `${ratio} >= 0` : ratio;
}

/** What the alert on a burn rate says. */
export function burnAnnotations(
  spec: SloSpec,
  slo: Slo,
  severity: AlertSeverity,
  wording: Wording,
): RuleLabels {
  const period = durationText(slo.periodMs);
  const pairs = burnPairs(slo, severity).map(
    ({ factor, longWindow, shortWindow }) => `${factor} over ${longWindow} and ${shortWindow}`,
  );
  const minimum = minimumBadEvents(spec, slo);
  const events = minimum > 1 ? `, with at least ${minimum} bad events` : '';
  return annotations(spec, slo, wording, [
    severity === 'page' ? 'burns its error budget far too fast' : 'burns its error budget too fast',
    `The burn rate is ${wording.number}; at 1 the error budget would last for the period of ${period}.`,
    `The objective is ${percentText(slo.objective)}.`,
    `This alert fires above ${pairs.join(', or above ')}${events}.`,
  ]);
}

/** What the alert on a budget that is nearly used up says. */
export function atRiskAnnotations(spec: SloSpec, slo: Slo, wording: Wording): RuleLabels {
  const period = durationText(slo.periodMs);
  return annotations(spec, slo, wording, [
    'has little of its error budget left',
    wording.choose(
      'below 0',
      `The error budget of ${period} is overspent.`,
      `${wording.percent} of the error budget of ${period} is left, less than ${percentText(spec.alerts.atRiskRemaining)}.`,
    ),
    `The objective is ${percentText(slo.objective)}.`,
  ]);
}

/** What the alert on missing data says. */
export function missingDataAnnotations(spec: SloSpec, slo: Slo, wording: Wording): RuleLabels {
  const time = durationText(spec.alerts.missingDataMs);
  const missing = [
    `Prometheus has had no events to judge it by for ${time}, so that nobody knows whether the objective is met.`,
    'Is the service up, is it scraped, and do the labels match?',
  ].join(' ');
  const uncounted = [
    `For ${time} the policy has had calls, but none of them was counted for this objective, so that nobody knows`,
    `whether it is met. Does the code set slo.${slo.sli} for the policy?`,
  ].join(' ');
  const text = mayBeUncounted(slo) ? wording.choose('is 0', uncounted, missing) : missing;
  return annotations(spec, slo, wording, ['has no data', text]);
}

function annotations(
  { service }: SloSpec,
  { name, description, runbook }: Slo,
  { text }: Wording,
  [what = '', ...sentences]: readonly string[],
): RuleLabels {
  const about = description === undefined || description.trim() === '' ? [] : [text(description.trim())];
  return {
    summary: `${text(service)}: ${text(name)} ${what}`,
    description: [...sentences, ...about].join(' '),
    ...(runbook === undefined || runbook === '' ? {} : { runbook_url: text(runbook) }),
  };
}
