import type { BreakerAlertSettings, RuleLabels, SloSpec } from '../spec/model.ts';
import type { AlertingRule } from './groups.ts';
import { labelsOf, severityLabels } from './identity.ts';
import { policiesOf } from './policy-slis.ts';
import { labelTemplates } from './slo-alerts.ts';
import { anyOf, durationText, percentText, series } from './text.ts';
import { templates, type Wording } from './wording.ts';

export const CIRCUIT_OPEN_ALERT = 'BreakwaterCircuitOpen';
export const FLAPPING_ALERT = 'BreakwaterCircuitFlapping';
export const BUDGET_SPENT_ALERT = 'BreakwaterAttemptBudgetSpent';
export const FALLBACK_ALERT = 'BreakwaterFallbackServing';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The alerts on the breakers of a spec's policies: tickets, since a breaker that does its work is a cause to look
 * into, and what callers suffer from it pages by their error budget.
 */
export function breakerAlerts(spec: SloSpec): readonly AlertingRule[] {
  const { breakers, selector } = spec;
  const policies = policiesOf(spec);
  if (breakers === false || policies.length === 0) return [];
  const labels = labelTemplates(breakerLabels(spec));
  const select = (name: string, ...matchers: readonly string[]) =>
    series(name, selector, `policy=~${anyOf(policies)}`, ...matchers);
  // A circuit in shadow mode opens too, but turns nothing away.
  const turnsAway = (withinMs: number) => {
    const rejections = select('breakwater_rejections_total', 'reason="circuit_open"');
    return `sum by (policy) (increase(${rejections}[${durationText(withinMs)}])) > 0`;
  };
  const states = select('breakwater_circuit_state', 'state=~"open|half-open"');
  const openings = select('breakwater_circuit_transitions_total', 'from="closed"', 'to="open"');
  const openFor = durationText(breakers.openForMs);
  const spent = select('breakwater_rejections_total', 'reason="budget_spent"');
  const calls = (...matchers: readonly string[]) =>
    `sum by (policy) (rate(${select('breakwater_calls_total', ...matchers)}[5m]))`;
  return [
    {
      alert: CIRCUIT_OPEN_ALERT,
      // By instance, from then until now: those that are open by turns do recover. While a circuit probes it is half-open,
      // and not well again. With little traffic it turns a call away but now and then.
      expr: [
        'count by (policy) (',
        `  min_over_time(sum without (state) (${states})[${openFor}:${lookEvery(breakers)}]) > 0`,
        '  and',
        `  sum without (state) (${states} offset ${openFor}) > 0`,
        ')',
        'and on (policy)',
        turnsAway(Math.max(HOUR_MS, breakers.openForMs)),
      ].join('\n'),
      labels,
      annotations: circuitOpenAnnotations(spec, breakers, templates),
    },
    {
      alert: FLAPPING_ALERT,
      // By instance: a fleet of them that opens once does not flap.
      expr: `max by (policy) (round(increase(${openings}[${durationText(breakers.flappingWindowMs)}]))) >= ${
        breakers.flappingOpenings
      }\nand on (policy)\n${turnsAway(breakers.flappingWindowMs)}`,
      labels,
      annotations: flappingAnnotations(spec, breakers, templates),
    },
    {
      alert: BUDGET_SPENT_ALERT,
      expr: `sum by (policy) (increase(${spent}[${durationText(spentWindowMs(breakers))}])) > 0`,
      for: durationText(breakers.budgetSpentForMs),
      labels,
      annotations: budgetSpentAnnotations(spec, breakers, templates),
    },
    {
      alert: FALLBACK_ALERT,
      expr: `${calls('outcome="fallback"')}\n/\n(${calls()} > 0)\n>= ${breakers.fallbackShare}`,
      for: durationText(breakers.fallbackForMs),
      labels,
      annotations: fallbackAnnotations(spec, breakers, templates),
    },
  ];
}

/** The labels of an alert on a breaker, without that of its policy, which its expression gives. */
export function breakerLabels(spec: SloSpec): RuleLabels {
  const { policy: _policy, ...labels } = labelsOf(
    { service: spec.service },
    spec.labels,
    severityLabels(spec, 'ticket'),
  );
  return labels;
}

/** How often states are looked at: 30 times while they must stay, at least once a minute. */
function lookEvery({ openForMs }: BreakerAlertSettings): string {
  return durationText(
    Math.min(MINUTE_MS, Math.max(1_000, Math.floor(openForMs / 30_000) * 1_000), openForMs),
  );
}

/** No longer than the alert waits, so that one rejection alone never fires it; from 2 m, to hold two scrapes. */
function spentWindowMs({ budgetSpentForMs }: BreakerAlertSettings): number {
  return Math.min(5 * MINUTE_MS, Math.max(2 * MINUTE_MS, budgetSpentForMs));
}

/** What the alert on an open circuit says. */
export function circuitOpenAnnotations(
  spec: SloSpec,
  { openForMs }: BreakerAlertSettings,
  wording: Wording,
): RuleLabels {
  return annotations(spec, wording, [
    'is open',
    `${wording.number} of its circuits have been open, or probing, for more than ${durationText(openForMs)},`,
    'and turn calls away. Its dependency does not recover by itself.',
  ]);
}

/** What the alert on a circuit that opens again and again says. */
export function flappingAnnotations(
  spec: SloSpec,
  { flappingOpenings, flappingWindowMs }: BreakerAlertSettings,
  wording: Wording,
): RuleLabels {
  return annotations(spec, wording, [
    'opens again and again',
    `It opened ${wording.number} times within ${durationText(flappingWindowMs)};`,
    `${flappingOpenings} are too many. Its dependency takes a probe, but not the load, or its thresholds are too tight.`,
  ]);
}

/** What the alert on a spent attempt budget says. */
export function budgetSpentAnnotations(
  spec: SloSpec,
  { budgetSpentForMs }: BreakerAlertSettings,
  wording: Wording,
): RuleLabels {
  return annotations(spec, wording, [
    'has spent its attempt budget',
    `For ${durationText(budgetSpentForMs)} calls have gone without a retry, since too many of them need one.`,
  ]);
}

/** What the alert on a fallback that serves for long says. */
export function fallbackAnnotations(
  spec: SloSpec,
  { fallbackForMs, fallbackShare }: BreakerAlertSettings,
  wording: Wording,
): RuleLabels {
  return annotations(spec, wording, [
    'is served by its fallback',
    `For ${durationText(fallbackForMs)} a fallback or a stale value has answered at least`,
    `${percentText(fallbackShare)} of its calls, now ${wording.percent}.`,
  ]);
}

function annotations(
  spec: SloSpec,
  { text, policy }: Wording,
  [what = '', ...sentences]: readonly string[],
): RuleLabels {
  const subject = what === 'is open' || what.startsWith('opens') ? `the circuit of ${policy}` : policy;
  return { summary: `${text(spec.service)}: ${subject} ${what}`, description: sentences.join(' ') };
}
