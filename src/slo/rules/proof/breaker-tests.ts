import type { BreakerAlertSettings, RuleLabels, SloSpec } from '../../spec/model.ts';
import {
  BUDGET_SPENT_ALERT,
  breakerLabels,
  budgetSpentAnnotations,
  CIRCUIT_OPEN_ALERT,
  circuitOpenAnnotations,
  FALLBACK_ALERT,
  FLAPPING_ALERT,
  fallbackAnnotations,
  flappingAnnotations,
} from '../breakers.ts';
import { policiesOf } from '../policy-slis.ts';
import { durationText, series, wellFormed } from '../text.ts';
import { expanded, type Wording } from '../wording.ts';
import { counter } from './events.ts';
import type { AlertTest, InputSeries, RuleTest } from './test-file.ts';

const MINUTE_MS = 60_000;

type Describe = (spec: SloSpec, settings: BreakerAlertSettings, wording: Wording) => RuleLabels;

/** Tests of the alerts on breakers: all of them, none of them, and what is no outage. */
export function breakerTests(spec: SloSpec, stepMs: number): readonly RuleTest[] {
  const { breakers } = spec;
  const policies = policiesOf(spec);
  if (breakers === false || policies.length === 0) return [];
  const step = stepMs / MINUTE_MS;
  const flapMinutes = breakers.flappingWindowMs / MINUTE_MS;
  // Within less than two samples nothing can be counted.
  const flaps = flapMinutes >= 2 && Number.isInteger(flapMinutes);
  const counted = Math.min(flapMinutes, step);
  const openingsPerSample = Math.ceil(breakers.flappingOpenings / counted);
  const openings = openingsPerSample * counted;
  const waiting = (ms: number) => Math.max(1, Math.ceil(ms / stepMs));
  const last =
    1 + Math.max(...[breakers.openForMs, breakers.budgetSpentForMs, breakers.fallbackForMs].map(waiting));
  const samples = last * step;
  const firing = (steps: number, alertname: string, value: number, describe: Describe): AlertTest => ({
    eval_time: durationText(steps * stepMs),
    alertname,
    exp_alerts: policies.map((policy) => ({
      exp_labels: { ...breakerLabels(spec), policy: wellFormed(policy) },
      exp_annotations: describe(spec, breakers, expanded(value, policy)),
    })),
  });
  const silent = (steps: number, ...names: readonly string[]): readonly AlertTest[] =>
    names.map((alertname) => ({ eval_time: durationText(steps * stepMs), alertname, exp_alerts: [] }));
  const waitingAlerts = [CIRCUIT_OPEN_ALERT, BUDGET_SPENT_ALERT, FALLBACK_ALERT];
  const play = (
    name: string,
    input: (of: PolicySeries) => readonly InputSeries[],
    tests: readonly AlertTest[],
  ) => ({
    name: `breakers: ${name}`,
    interval: durationText(MINUTE_MS),
    input_series: policies.flatMap((policy) => input(new PolicySeries(spec, policy))),
    alert_rule_test: tests,
  });
  const fewOpenings = Math.floor(0.9 * (breakers.flappingOpenings - 1));
  const share = Math.floor(900 * breakers.fallbackShare);
  return [
    play(
      'open and probing, opening often, out of attempts, served by a fallback',
      (policy) => [
        // Open from the first look on, then half-open.
        policy.gauge(
          'breakwater_circuit_state',
          { state: 'open' },
          `0x${step - 1} 1x1 0x${samples - step - 2}`,
        ),
        policy.gauge(
          'breakwater_circuit_state',
          { state: 'half-open' },
          `0x${step + 1} 1x${samples - step - 2}`,
        ),
        policy.counter('breakwater_rejections_total', { reason: 'circuit_open' }, 1, samples),
        policy.counter('breakwater_rejections_total', { reason: 'budget_spent' }, 1, samples),
        policy.counter(
          'breakwater_circuit_transitions_total',
          { from: 'closed', to: 'open' },
          openingsPerSample,
          samples,
        ),
        policy.counter('breakwater_calls_total', { outcome: 'fallback' }, 100, samples),
      ],
      [
        ...silent(1, ...waitingAlerts),
        ...(flaps ? [firing(1, FLAPPING_ALERT, openings, flappingAnnotations)] : []),
        firing(1 + waiting(breakers.openForMs), CIRCUIT_OPEN_ALERT, 1, circuitOpenAnnotations),
        firing(1 + waiting(breakers.budgetSpentForMs), BUDGET_SPENT_ALERT, 0, budgetSpentAnnotations),
        firing(1 + waiting(breakers.fallbackForMs), FALLBACK_ALERT, 1, fallbackAnnotations),
      ],
    ),
    play(
      'a circuit in shadow mode, few openings, few fallbacks',
      (policy) => [
        policy.gauge('breakwater_circuit_state', { state: 'open' }, `1x${samples}`),
        policy.counter('breakwater_rejections_total', { reason: 'circuit_open' }, 0, samples),
        policy.counter('breakwater_rejections_total', { reason: 'budget_spent' }, 0, samples),
        policy.counter(
          'breakwater_circuit_transitions_total',
          { from: 'closed', to: 'open' },
          openingsPerSample,
          samples,
        ),
        policy.counter('breakwater_calls_total', { outcome: 'fallback' }, share, samples),
        policy.counter('breakwater_calls_total', { outcome: 'success' }, 1_000 - share, samples),
      ],
      silent(last, FLAPPING_ALERT, ...waitingAlerts),
    ),
    play(
      'closed, few openings',
      (policy) => [
        policy.gauge('breakwater_circuit_state', { state: 'closed' }, `1x${samples}`),
        policy.gauge('breakwater_circuit_state', { state: 'open' }, `0x${samples}`),
        policy.gauge('breakwater_circuit_state', { state: 'half-open' }, `0x${samples}`),
        policy.counter('breakwater_rejections_total', { reason: 'circuit_open' }, 1, samples),
        {
          ...policy.counter(
            'breakwater_circuit_transitions_total',
            { from: 'closed', to: 'open' },
            0,
            samples,
          ),
          values: counter([
            { samples: samples - 1, by: 0 },
            { samples: 1, by: fewOpenings },
          ]),
        },
      ],
      silent(last, FLAPPING_ALERT, ...waitingAlerts),
    ),
  ];
}

/** The series of one policy. */
class PolicySeries {
  readonly #labels: RuleLabels;

  constructor({ selector }: SloSpec, policy: string) {
    this.#labels = { ...selector, policy };
  }

  gauge(name: string, labels: RuleLabels, values: string): InputSeries {
    return { series: series(name, { ...this.#labels, ...labels }), values };
  }

  counter(name: string, labels: RuleLabels, perSample: number, samples: number): InputSeries {
    return this.gauge(name, labels, `0+${perSample}x${samples}`);
  }
}
