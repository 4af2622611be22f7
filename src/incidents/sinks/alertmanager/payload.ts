import type { Severity } from '../../incident/severity.ts';
import { isOpen } from '../../incident/status.ts';
import type { Notification } from '../../notification.ts';
import { boundedKey, plain } from '../safe-text.ts';
import type { Told } from '../told.ts';

/** An alert as Alertmanager's v2 API takes it: https://prometheus.io/docs/alerting/latest/alerts_api */
export interface PostableAlert {
  /** They tell one alert from another. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** What the sink's options say of every alert. */
export interface AlertmanagerSender {
  readonly repeatMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly severities: Readonly<Partial<Record<Severity, string>>>;
  readonly generatorUrl: string | undefined;
}

/** How many intervals ahead an open alert ends unless it is sent again. */
const INTERVALS_AHEAD = 4;

/**
 * The alerts for a notification: the incident's own, and, since its severity is a label and so makes another alert, the
 * ends of those that it was under earlier severities.
 *
 * @param now when this try is made, in milliseconds since the epoch
 */
export function alertsOf(
  notification: Notification,
  told: Told,
  sender: AlertmanagerSender,
  { now, repeat }: { readonly now: number; readonly repeat: boolean },
): readonly PostableAlert[] {
  const { incident, severity, kind, at } = notification;
  const startsAt = Math.min(startOf(notification), now);
  const isOver = kind === 'resolved' || !isOpen(incident.status);
  const endsAt = isOver ? Math.max(startsAt, Math.min(at, now)) : now + sender.repeatMs * INTERVALS_AHEAD;
  const current = labelOf(severity, sender);
  // Repeating the ends would keep them in Alertmanager's memory for nothing.
  const earlier = repeat ? [] : earlierSeverities(notification, sender).filter((value) => value !== current);
  const alert = (value: string, end: number): PostableAlert => ({
    labels: labelsOf(notification, told, sender, value),
    annotations: annotationsOf(told),
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(end).toISOString(),
    ...(sender.generatorUrl === undefined ? {} : { generatorURL: sender.generatorUrl }),
  });
  return [
    alert(current, endsAt),
    ...earlier.map((value) => alert(value, Math.max(startsAt, Math.min(at, now)))),
  ];
}

/** When it began. Alertmanager refuses for good what begins after it ends, so a clock that goes back must not lead there. */
function startOf({ incident, at }: Notification): number {
  const begun = Date.parse(incident.declaredAt ?? incident.detectedAt);
  return Number.isNaN(begun) ? at : begun;
}

function earlierSeverities({ incident }: Notification, sender: AlertmanagerSender): readonly string[] {
  const values = incident.severityHistory.flatMap(({ from, to }) => (from === null ? [to] : [from, to]));
  return [...new Set(values.map((severity) => labelOf(severity, sender)))];
}

function labelOf(severity: Severity, { severities }: AlertmanagerSender): string {
  return severities[severity] ?? severity.toLowerCase();
}

/** Labels with an empty value are none to Alertmanager, and are left out. */
function labelsOf(
  { incident }: Notification,
  told: Told,
  sender: AlertmanagerSender,
  severity: string,
): Readonly<Record<string, string>> {
  const labels = {
    ...sender.labels,
    alertname: 'BreakwaterIncident',
    severity,
    policy: boundedKey(incident.policy, 200),
    service: boundedKey(incident.service ?? '', 200),
    instance: boundedKey(incident.instance, 200),
    dedup_key: boundedKey(told.key, 300),
    ...(incident.drill ? { drill: 'true' } : {}),
  };
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

function annotationsOf({ summary, facts, links }: Told): Readonly<Record<string, string>> {
  return {
    summary: plain(summary, 1_000),
    ...Object.fromEntries(facts.map(({ key, text }) => [key, text])),
    ...Object.fromEntries(links.map(({ key, href }) => [key, href])),
  };
}
