import type { FamilyDefinition, FamilyShare, Labels, Owner } from './family.ts';

/** Severities of incidents, the worst first; the values of the label `severity`. */
export const incidentSeverities = ['Critical', 'High', 'Medium', 'Low'] as const;
export type IncidentSeverity = (typeof incidentSeverities)[number];

/** What became of a notification; the values of the label `result`. */
export const notificationResults = ['delivered', 'failed', 'dropped'] as const;
export type NotificationResult = (typeof notificationResults)[number];

/**
 * Counts incidents and their notifications. Statuses and sinks are closed sets given at the start, so that each
 * series exists at zero; what is not in them is not counted.
 */
export class IncidentCounters {
  readonly #statuses: readonly string[];
  readonly #sinks: readonly string[];
  readonly #incidents: Float64Array;
  readonly #notifications: Float64Array;
  /** Every combination of severity and status, with its count. */
  readonly incidents: readonly Owner[];
  /** Every combination of sink and result, with its count. */
  readonly notifications: readonly Owner[];

  constructor(statuses: readonly string[], sinks: readonly string[]) {
    this.#statuses = [...new Set(statuses)];
    this.#sinks = [...new Set(sinks)];
    this.#incidents = new Float64Array(incidentSeverities.length * this.#statuses.length);
    this.#notifications = new Float64Array(this.#sinks.length * notificationResults.length);
    this.incidents = counted(
      this.#incidents,
      incidentSeverities.flatMap((severity) => this.#statuses.map((status) => ({ severity, status }))),
    );
    this.notifications = counted(
      this.#notifications,
      this.#sinks.flatMap((sink) => notificationResults.map((result) => ({ sink, result }))),
    );
  }

  /** Incidents of `severity` in `status` became one more or one fewer. */
  incidentsChanged(severity: IncidentSeverity, status: string, by: 1 | -1): void {
    const column = this.#statuses.indexOf(status);
    if (column < 0) return;
    const at = incidentSeverities.indexOf(severity) * this.#statuses.length + column;
    this.#incidents[at] = (this.#incidents[at] ?? 0) + by;
  }

  /** Counts what became of a notification, once it has been delivered, has failed for good or was dropped. */
  notified(sink: string, result: NotificationResult): void {
    const row = this.#sinks.indexOf(sink);
    if (row < 0) return;
    const at = row * notificationResults.length + notificationResults.indexOf(result);
    this.#notifications[at] = (this.#notifications[at] ?? 0) + 1;
  }
}

/** One owner for each place in `counts`. */
function counted(counts: Float64Array, labels: readonly Labels[]): readonly Owner[] {
  return labels.map((own, at) => ({ labels: own, values: () => [counts[at] ?? 0] }));
}

/** The families of incidents; without samples while `counters` gives `undefined`. */
export function incidentFamilies(counters: () => IncidentCounters | undefined): readonly FamilyShare[] {
  const incidents: FamilyDefinition = {
    name: 'breakwater_incidents',
    type: 'gauge',
    help: 'Incidents by severity and status.',
    labelNames: ['severity', 'status'],
    aggregation: 'sum',
  };
  const notifications: FamilyDefinition = {
    name: 'breakwater_incident_notifications_total',
    type: 'counter',
    help: 'Notifications of incidents and announcements of error budgets by sink and what became of them.',
    labelNames: ['sink', 'result'],
    aggregation: 'sum',
  };
  return [
    { definition: incidents, series: [{ labels: {} }], owners: () => counters()?.incidents ?? [] },
    { definition: notifications, series: [{ labels: {} }], owners: () => counters()?.notifications ?? [] },
  ];
}
