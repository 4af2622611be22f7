import type { Figures } from '../figures.ts';
import type { Panel, Row } from '../json.ts';
import { timeSeries } from '../panels.ts';

/** A panel of events by one label. */
interface EventsPanel {
  readonly title: string;
  readonly description: string;
  readonly counter: string;
  readonly label: string;
}

const events: readonly EventsPanel[] = [
  {
    title: 'Retries by reason',
    description:
      'Attempts that were made because the one before had failed. **result**: the answer itself called for it. ' +
      '**retry_after**: the dependency said when to come again.',
    counter: 'breakwater_retries_total',
    label: 'reason',
  },
  {
    title: 'Rejections by reason',
    description:
      'Calls and attempts that were turned away without asking the dependency. **circuit_open**: its circuit was ' +
      'open. **budget_spent**: no more retries were allowed, so that an outage does not become a storm. The others ' +
      'are limits.',
    counter: 'breakwater_rejections_total',
    label: 'reason',
  },
  {
    title: 'Fallbacks by source',
    description:
      'Answers that were given in place of a failed call: **stale**, the last good answer from the cache, or ' +
      '**fallback**, what the application gave for the purpose.',
    counter: 'breakwater_fallbacks_total',
    label: 'source',
  },
  {
    title: 'Cache requests by result',
    description:
      'What the cache was asked for. **hit**: fresh enough to answer without a call. **stale**: old, but good ' +
      'enough to answer in place of a failure. **miss**: it had nothing.',
    counter: 'breakwater_cache_requests_total',
    label: 'result',
  },
];

/** What it takes to answer callers, and what protects the dependency. */
export function effortRow(figures: Figures): Row {
  const { ofPolicies } = figures;
  const rateOf = (counter: string): string =>
    `sum by (policy) (rate(${ofPolicies(counter)}[$__rate_interval]))`;
  return {
    title: 'Attempts, retries and fallbacks',
    panels: [
      timeSeries({
        title: 'Attempts per call',
        description:
          'How often the dependency is asked for each call. Above **1** calls are retried; below it, they are ' +
          'answered from the cache or turned away.',
        width: 8,
        height: 8,
        decimals: 2,
        min: 0,
        axisSoftMax: 1.5,
        noValue: 'nothing was called',
        queries: [
          {
            expr: `${rateOf('breakwater_attempts_total')} / (${rateOf('breakwater_calls_total')} > 0)`,
            legend: '{{policy}}',
          },
        ],
      }),
      ...events.map((panel) => eventsPanel(figures, panel)),
      timeSeries({
        title: 'In flight',
        description:
          'Calls that have not ended, and attempts whose operation still runs, also those that were given up. ' +
          'Attempts that stay while calls go are operations that ignore their signal.',
        width: 8,
        height: 8,
        decimals: 0,
        min: 0,
        axisSoftMax: 5,
        noValue: 'no policies',
        queries: [
          {
            expr: `sum by (policy) (${ofPolicies('breakwater_calls_in_flight')})`,
            legend: '{{policy}} calls',
          },
          {
            expr: `sum by (policy) (${ofPolicies('breakwater_attempts_in_flight')})`,
            legend: '{{policy}} attempts',
          },
        ],
      }),
    ],
  };
}

function eventsPanel({ ofPolicies }: Figures, { title, description, counter, label }: EventsPanel): Panel {
  return timeSeries({
    title,
    description,
    width: 8,
    height: 8,
    unit: 'suffix: /s',
    decimals: 2,
    min: 0,
    axisSoftMax: 1,
    noValue: 'nothing was called',
    queries: [
      {
        expr: `sum by (${label}) (rate(${ofPolicies(counter)}[$__rate_interval]))`,
        legend: `{{${label}}}`,
      },
    ],
  });
}
