import type { Figures } from '../figures.ts';
import type { Row } from '../json.ts';
import { OPEN_INCIDENTS } from '../open-incidents.ts';
import { timeSeries } from '../panels.ts';

/** Incidents, whom they were told to, and what failed on the way. */
export function incidentsRow({ ofService }: Figures): Row {
  return {
    title: 'Incidents',
    panels: [
      timeSeries({
        title: 'Open incidents by severity',
        description:
          'Incidents that are open. The severity follows from how critical the dependency is, and from whether a ' +
          'fallback still serves its callers.',
        width: 8,
        height: 8,
        decimals: 0,
        min: 0,
        axisSoftMax: 3,
        noValue: 'not reported',
        queries: [
          {
            expr: `sum by (severity) (${ofService('breakwater_incidents', OPEN_INCIDENTS)})`,
            legend: '{{severity}}',
          },
        ],
      }),
      timeSeries({
        title: 'Notifications by sink and result',
        description:
          'Messages about incidents, within each step. **failed**: all tries were in vain. **dropped**: too many ' +
          'were waiting.',
        width: 8,
        height: 8,
        decimals: 1,
        min: 0,
        axisSoftMax: 3,
        noValue: 'no sinks',
        queries: [
          {
            expr: `sum by (sink, result) (increase(${ofService('breakwater_incident_notifications_total')}[$__rate_interval]))`,
            legend: '{{sink}} {{result}}',
          },
        ],
      }),
      timeSeries({
        title: 'Errors kept from callers',
        description:
          'What failed inside of breakwater or in functions given to it, within each step, and was kept from the ' +
          'callers: a listener or a `classify` that throws, a cache’s store that does not answer. The log says more.',
        width: 8,
        height: 8,
        decimals: 1,
        min: 0,
        axisSoftMax: 3,
        noValue: 'not reported',
        queries: [
          {
            expr: `sum by (component) (increase(${ofService('breakwater_internal_errors_total')}[$__rate_interval]))`,
            legend: '{{component}}',
          },
        ],
      }),
    ],
  };
}
