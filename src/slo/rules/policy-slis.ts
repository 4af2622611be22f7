import type { SloSpec } from '../spec/model.ts';
import type { RecordingRule } from './groups.ts';
import { labelsOf } from './identity.ts';
import { SLI_EVENTS } from './recording.ts';
import { series } from './text.ts';

export const LATENCY_P99 = 'sli:latency:p99';
export const SUCCESS_RATE = 'sli:availability:success_rate';

/** The policies of this library that a spec's objectives name. */
export function policiesOf({ slos }: SloSpec): readonly string[] {
  const policies = slos.flatMap(({ indicator }) => (indicator.kind === 'policy' ? [indicator.policy] : []));
  return [...new Set(policies)];
}

/** The 99th percentile of a policy's latency in seconds, and the share of its calls that were answered, over 5 m. */
export function policySliRules(spec: SloSpec, policy: string): readonly RecordingRule[] {
  const labels = labelsOf({ service: spec.service, policy }, spec.labels);
  const events = { ...spec.selector, policy, sli: 'availability' };
  const all = `sum(increase(${series(SLI_EVENTS, events)}[5m]))`;
  const good = `sum(increase(${series(SLI_EVENTS, { ...events, result: 'good' })}[5m]))`;
  const buckets = series('breakwater_call_duration_seconds_bucket', { ...spec.selector, policy });
  return [
    {
      record: LATENCY_P99,
      // Comparing drops the NaN of an idle policy.
      expr: `histogram_quantile(0.99, sum by (le) (rate(${buckets}[5m]))) >= 0`,
      labels,
    },
    { record: SUCCESS_RATE, expr: `(${good} or on () 0 * ${all})\n/\n(${all} > 0)`, labels },
  ];
}
