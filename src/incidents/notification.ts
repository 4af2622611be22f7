import type { Incident, IncidentJson } from './incident/record.ts';
import type { Severity } from './incident/severity.ts';
import { messageId } from './message-id.ts';

/** What happened to the incident. */
export type NotificationKind = 'opened' | 'updated' | 'resolved';

/** What a sink is asked to tell. */
export interface Notification {
  /** The message's own id: the same on each try, another for each message. */
  readonly id: string;
  readonly kind: NotificationKind;
  /** The incident's key: the same in all its messages. */
  readonly dedupKey: string;
  readonly severity: Severity;
  /** What to tell, one sentence. */
  readonly summary: string;
  /** When it happened, in milliseconds since the epoch. Not when it is sent. */
  readonly at: number;
  /** The incident as it was then. */
  readonly incident: IncidentJson;
}

export function notificationOf(
  incident: Incident,
  kind: NotificationKind,
  summary: string,
  at: number,
): Notification {
  return {
    id: messageId(),
    kind,
    dedupKey: incident.dedupKey,
    severity: incident.severity,
    summary,
    at,
    incident: incident.toJSON(),
  };
}
