import { OBJECTIVE } from '../rules/identity.ts';
import type { SloSpec } from '../spec/model.ts';
import { datasource } from './json.ts';
import { quoted, series } from './promql-text.ts';

/**
 * What can be chosen above the dashboard: the data source, the service and its policies.
 *
 * With a spec the service is the spec's, by the label that the rules give; without one it is a job of Prometheus.
 */
export function variables(spec: SloSpec | undefined): readonly object[] {
  const service =
    spec === undefined
      ? 'label_values(breakwater_build_info, job)'
      : `label_values(${series(OBJECTIVE, `service=${quoted(spec.service)}`)}, service)`;
  const policies =
    spec === undefined
      ? series('breakwater_calls_total', 'job="$service"')
      : series(OBJECTIVE, 'service="$service"');
  return [
    {
      name: 'datasource',
      label: 'Data source',
      description: 'The Prometheus that scrapes the service',
      type: 'datasource',
      query: 'prometheus',
      regex: '',
      multi: false,
      includeAll: false,
      hide: 0,
      refresh: 1,
      options: [],
      current: {},
    },
    {
      ...labelQuery('service', 'Service', service),
      description:
        spec === undefined ? 'A job that Prometheus scrapes' : 'The service that the objectives are of',
      multi: false,
      includeAll: false,
      current: {},
    },
    {
      ...labelQuery('policy', 'Policy', `label_values(${policies}, policy)`),
      description: 'Policies, each of which protects one dependency',
      multi: true,
      includeAll: true,
      allValue: '.*',
      current: { selected: true, text: ['All'], value: ['$__all'] },
    },
  ];
}

/** A variable whose values are those of a label, asked for again when the time range changes. */
function labelQuery(name: string, label: string, query: string) {
  return {
    name,
    label,
    type: 'query',
    datasource,
    definition: query,
    query: { query, refId: `${name}-variable` },
    regex: '',
    refresh: 2,
    sort: 1,
    hide: 0,
    skipUrlSync: false,
    options: [],
  };
}
