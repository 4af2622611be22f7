import type { notificationKinds } from './incident/changes/automatic.ts';
import type { IncidentJson } from './incident/document.ts';
import type { Severity } from './incident/severity.ts';
import type { IncidentStatus } from './incident/status.ts';
import { messageId } from './message-id.ts';

/** What happened to the incident. */
export type NotificationKind = (typeof notificationKinds)[number];

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
  /** Other incidents that it tells of too, where many began at once; absent where it tells of one. */
  readonly digest?: readonly DigestEntry[] | undefined;
}

/** An incident that a notification of another one tells of. */
export interface DigestEntry {
  readonly incident: string;
  readonly policy: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly summary: string;
}

/** What makes a notification. */
export interface NotificationParts {
  /** Default: a new one. */
  readonly id?: string | undefined;
  readonly kind: NotificationKind;
  readonly summary: string;
  readonly at: number;
  readonly digest?: readonly DigestEntry[] | undefined;
}

export function notificationOf(incident: IncidentJson, parts: NotificationParts): Notification {
  const { id = messageId(), kind, summary, at, digest } = parts;
  const { dedupKey, severity } = incident;
  return {
    id,
    kind,
    dedupKey,
    severity,
    summary,
    at,
    incident,
    ...(digest === undefined ? {} : { digest }),
  };
}
