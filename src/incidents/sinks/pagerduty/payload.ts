import type { Severity } from '../../incident/severity.ts';
import { isOpen } from '../../incident/status.ts';
import type { Notification } from '../../notification.ts';
import { boundedKey, plain } from '../safe-text.ts';
import { isTendedTo, type Told } from '../told.ts';
import type { PagerDutySeverity } from './options.ts';

/** What can be done to an alert. */
export type EventAction = 'trigger' | 'acknowledge' | 'resolve';

/** An event of PagerDuty's Events API v2: https://developer.pagerduty.com/docs/send-alert-event */
export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: EventAction;
  readonly dedup_key: string;
  readonly client: string;
  readonly client_url?: string;
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly payload: {
    readonly summary: string;
    readonly source: string;
    readonly severity: PagerDutySeverity;
    readonly timestamp: string;
    readonly component: string;
    readonly group?: string;
    readonly class: string;
    readonly custom_details: Readonly<Record<string, string>>;
  };
}

/** What the sink's options say of every event. */
export interface PagerDutySender {
  readonly routingKey: string;
  readonly client: string;
  readonly clientUrl: string | undefined;
  readonly severities: Readonly<Partial<Record<Severity, PagerDutySeverity>>>;
}

/** PagerDuty's limits in characters; where it documents none, one that keeps a body far below its 512 kB. */
const limits = { dedupKey: 255, summary: 1_024, name: 255, detail: 1_000 };

const defaultSeverities: Readonly<Record<Severity, PagerDutySeverity>> = {
  Critical: 'critical',
  High: 'error',
  Medium: 'warning',
  Low: 'info',
};

/**
 * What a notification does to its alert, in order. An update is told as a trigger, which an open alert takes as an entry
 * of its log; while somebody works on the incident, the alert is acknowledged right after. An incident that is over here
 * but not for its whole service does nothing: a trigger would begin a new alert.
 */
export function actionsOf(notification: Notification): readonly EventAction[] {
  const { kind, incident } = notification;
  if (kind === 'resolved') return ['resolve'];
  if (!isOpen(incident.status)) return [];
  return isTendedTo(notification) ? ['trigger', 'acknowledge'] : ['trigger'];
}

/** The event for a notification; the same on each try. */
export function eventOf(
  { severity, at, incident }: Notification,
  action: EventAction,
  told: Told,
  { routingKey, client, clientUrl, severities }: PagerDutySender,
): PagerDutyEvent {
  const group = plain(incident.service ?? '', limits.name);
  return {
    routing_key: routingKey,
    event_action: action,
    dedup_key: boundedKey(told.key, limits.dedupKey),
    client: plain(client, limits.name),
    ...(clientUrl === undefined ? {} : { client_url: clientUrl }),
    links: told.links.map(({ href, label }) => ({ href, text: label })),
    payload: {
      summary: plain(told.summary, limits.summary),
      source: nameOf(incident.instance),
      severity: severities[severity] ?? defaultSeverities[severity],
      timestamp: new Date(at).toISOString(),
      component: nameOf(incident.policy),
      ...(group === '' ? {} : { group }),
      class: incident.trigger,
      custom_details: Object.fromEntries(
        told.facts.map(({ key, text }) => [key, plain(text, limits.detail)]),
      ),
    },
  };
}

/** A name that is never empty, which PagerDuty would not take. */
function nameOf(text: string): string {
  return plain(text, limits.name) || 'unknown';
}
