import type { Figures } from './figures.ts';
import { datasource } from './json.ts';
import { OPEN_INCIDENTS } from './open-incidents.ts';

/**
 * What is marked on the time axes. Grafana marks the time in which a query gives 1 or more, from its beginning to its
 * end.
 */
export function annotations({ ofService, ofPolicies, firingAlerts }: Figures): readonly object[] {
  const incidents = ofService('breakwater_incidents', OPEN_INCIDENTS);
  const circuits = ofPolicies('breakwater_circuit_state', 'state=~"open|forced-open"');
  return [
    annotation({
      name: 'Incidents',
      expr: `sum by (severity) (${incidents}) > 0`,
      iconColor: 'red',
      titleFormat: 'Incident open',
      textFormat: 'Severity {{severity}}',
      tagKeys: 'severity',
      enable: true,
    }),
    ...(firingAlerts === undefined
      ? []
      : [
          annotation({
            name: 'Budget alerts',
            expr: `max by (policy, sli, severity) (${firingAlerts})`,
            iconColor: 'orange',
            titleFormat: 'Error budget burns',
            textFormat: '{{policy}} {{sli}}: {{severity}}',
            tagKeys: 'policy,sli,severity',
            enable: true,
          }),
        ]),
    // Also seen in the state timeline; to be switched on where it helps to see it in all panels.
    annotation({
      name: 'Circuits open',
      expr: `max by (policy) (${circuits}) > 0`,
      iconColor: 'purple',
      titleFormat: 'Circuit open',
      textFormat: '{{policy}}',
      tagKeys: 'policy',
      enable: false,
    }),
  ];
}

/** What one annotation is made of. */
interface AnnotationSettings {
  readonly name: string;
  readonly expr: string;
  readonly iconColor: string;
  readonly titleFormat: string;
  readonly textFormat: string;
  /** Labels that become tags, with commas between them. */
  readonly tagKeys: string;
  /** Whether it is switched on when the dashboard opens. */
  readonly enable: boolean;
}

function annotation(settings: AnnotationSettings): object {
  return { ...settings, datasource, hide: false, step: '', useValueForTime: false };
}
