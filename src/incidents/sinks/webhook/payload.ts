import type { IncidentJson } from '../../incident/record.ts';
import type { Severity } from '../../incident/severity.ts';
import type { Notification, NotificationKind } from '../../notification.ts';

/** The body of a webhook about an incident, after the payload structure that Standard Webhooks 1.0.0 recommends. */
export interface WebhookPayload {
  readonly type: `incident.${NotificationKind}`;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly data: {
    /** The same for all messages about one incident. */
    readonly dedupKey: string;
    readonly severity: Severity;
    readonly summary: string;
    readonly incident: IncidentJson;
  };
}

/** Entries of the timeline that are sent, so that the body keeps to the 20 kB that the specification recommends. */
const MAX_ENTRIES = 12;

/** The body for `notification`; the same on each try. */
export function payloadOf({ kind, at, dedupKey, severity, summary, incident }: Notification): WebhookPayload {
  return {
    type: `incident.${kind}`,
    timestamp: new Date(at).toISOString(),
    data: { dedupKey, severity, summary, incident: { ...incident, timeline: shortened(incident.timeline) } },
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
