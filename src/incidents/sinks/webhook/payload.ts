import type { IncidentJson } from '../../incident/document.ts';
import type { Severity } from '../../incident/severity.ts';
import type { DigestEntry, Notification, NotificationKind } from '../../notification.ts';
import { truncate } from '../../redact.ts';
import { alertKey, markedSummary } from '../told.ts';

/** The body of a webhook about an incident, after the payload structure that Standard Webhooks 1.0.0 recommends. */
export interface WebhookPayload {
  readonly type: `incident.${NotificationKind}`;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: {
    /** The same for all messages about one incident. A drill's begins with `drill/`. */
    readonly dedupKey: string;
    readonly severity: Severity;
    readonly summary: string;
    /** Whether texts and lists of `incident` were cut, so that the body stays small. */
    readonly shortened: boolean;
    readonly incident: IncidentJson;
    /** Other incidents that the message tells of too, where many began at once. */
    readonly digest?: readonly DigestEntry[];
  };
}

/** What the specification recommends to stay below, in bytes. */
const MAX_BYTES = 20_000;

/** How long texts (in characters) and lists may be; the first bounds that make the body small enough hold. */
const bounds = [
  [2_000, 50],
  [500, 20],
  [200, 10],
  [100, 5],
  [60, 2],
  [40, 1],
] as const;

/** Texts that tell what it is about. */
const IDENTITY = new Set(['id', 'dedupKey', 'policy', 'incident', 'instance', 'service']);

/** Entries of the timeline that are sent; those between the first and the latest are named. */
const MAX_ENTRIES = 12;

/** The body for `notification`; the same on each try. */
export function bodyOf(notification: Notification): string {
  const whole = JSON.stringify(payloadOf(notification, false));
  if (Buffer.byteLength(whole) <= MAX_BYTES) return whole;
  const payload = payloadOf(notification, true);
  let body = whole;
  for (const [maxText, maxList] of bounds) {
    body = JSON.stringify(payload, (key, value: unknown) => {
      if (typeof value === 'string') return truncate(value, IDENTITY.has(key) ? 300 : maxText);
      return Array.isArray(value) && key !== 'timeline' ? value.slice(-maxList) : value;
    });
    if (Buffer.byteLength(body) <= MAX_BYTES) break;
  }
  return body;
}

function payloadOf(notification: Notification, isShortened: boolean): WebhookPayload {
  const { kind, at, severity, incident, digest } = notification;
  const summary = markedSummary(notification);
  const timeline = shortened(incident.timeline);
  return {
    type: `incident.${kind}`,
    timestamp: new Date(at).toISOString(),
    data: {
      dedupKey: alertKey(notification),
      severity,
      summary,
      shortened: isShortened,
      incident: { ...incident, timeline },
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

/** The first entry and the latest ones, with what lies between them named. */
function shortened(timeline: IncidentJson['timeline']): IncidentJson['timeline'] {
  const [first, second] = timeline;
  const leftOut = timeline.length - MAX_ENTRIES;
  if (leftOut <= 0 || first === undefined || second === undefined) return timeline;
  const gap = { at: second.at, kind: 'left-out', text: `${leftOut + 1} entries left out here` } as const;
  return [first, gap, ...timeline.slice(leftOut + 2)];
}
