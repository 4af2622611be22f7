import { type CallOutcome, callOutcomes } from '../../../core/observer.ts';
import type { Figures } from '../figures.ts';
import type { Colour, Row, ThresholdStep } from '../json.ts';
import { heatmap, timeSeries } from '../panels.ts';
import type { Thresholds } from '../thresholds.ts';

const outcomeColours: Readonly<Record<CallOutcome, Colour>> = {
  success: 'green',
  fallback: 'yellow',
  refused: 'blue',
  ignored: 'text',
  failure: 'red',
  timeout: 'orange',
  rejected: 'purple',
  defect: 'dark-red',
};

/** What callers got, and how long they waited. */
export function callsRow({ ofPolicies }: Figures, { latencySeconds }: Thresholds): Row {
  const calls = (outcomes = ''): string => {
    const selected =
      outcomes === ''
        ? ofPolicies('breakwater_calls_total')
        : ofPolicies('breakwater_calls_total', `outcome=~"${outcomes}"`);
    return `sum by (policy) (rate(${selected}[$__rate_interval]))`;
  };
  const buckets = ofPolicies('breakwater_call_duration_seconds_bucket');
  const quantile = (q: number): string =>
    `histogram_quantile(${q}, sum by (policy, le) (rate(${buckets}[$__rate_interval])))`;
  const noValue = 'nothing was called';
  return {
    title: 'Calls',
    panels: [
      timeSeries({
        title: 'Calls by outcome',
        description:
          'What callers got. **fallback**: the dependency failed, and an older or a substitute answer was given. ' +
          '**rejected**: turned away without asking the dependency. **refused**: the dependency answered that the ' +
          'request is wrong, which is no fault of its own. **defect**: the fault is on our side. **ignored**: the ' +
          'caller gave up.',
        width: 12,
        height: 9,
        unit: 'suffix: calls/s',
        decimals: 1,
        min: 0,
        noValue,
        stacked: true,
        colours: Object.fromEntries(callOutcomes.map((outcome) => [outcome, outcomeColours[outcome]])),
        queries: [
          {
            expr: `sum by (outcome) (rate(${ofPolicies('breakwater_calls_total')}[$__rate_interval]))`,
            legend: '{{outcome}}',
          },
        ],
      }),
      timeSeries({
        title: 'Calls that were answered',
        description:
          'The share of calls that got an answer: a live one, an older one in its place, or one that the request is ' +
          'wrong. Calls that their callers gave up do not count. This is the availability indicator.',
        width: 12,
        height: 9,
        unit: 'percentunit',
        decimals: 2,
        max: 1,
        axisSoftMin: 0.9,
        noValue,
        queries: [
          {
            expr: `${calls('success|fallback|refused')} / (${calls('success|fallback|refused|failure|timeout|rejected|defect')} > 0)`,
            legend: '{{policy}}',
          },
        ],
      }),
      heatmap({
        title: 'Call durations',
        description:
          'How long calls took as their callers saw it, with retries and waits: the darker a field, the more calls ' +
          'took as long as it says on the left.',
        width: 12,
        height: 9,
        unit: 's',
        noValue,
        expr: `sum by (le) (increase(${buckets}[$__rate_interval]))`,
      }),
      timeSeries({
        title: 'Call duration: median and 99th percentile',
        description:
          'Half of the calls took no longer than **p50**, and 99 of 100 no longer than **p99**; estimated from the ' +
          'histogram’s buckets.' +
          (latencySeconds.length === 0
            ? ''
            : ' Dashed: from where on a call is too slow for its latency objective.'),
        width: 12,
        height: 9,
        unit: 's',
        min: 0,
        noValue,
        thresholdLines: latencySeconds.length > 0,
        thresholds: [{ value: null, color: 'green' }, ...latencySeconds.map(tooSlow)],
        queries: [
          { expr: quantile(0.5), legend: '{{policy}} p50' },
          { expr: quantile(0.99), legend: '{{policy}} p99' },
        ],
      }),
    ],
  };
}

function tooSlow(value: number): ThresholdStep {
  return { value, color: 'orange' };
}
