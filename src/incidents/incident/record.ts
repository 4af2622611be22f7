import type { PolicyStats } from '../../core/policy.ts';
import { describeChange, type IncidentChange, type IncidentTrigger } from '../change.ts';
import { redact } from '../redact.ts';
import type { Severity } from './severity.ts';
import { Timeline, type TimelineEntry } from './timeline.ts';

/** Where an incident stands; the values of the label `status` of the gauge `incidents`. */
export const incidentStatuses = ['open', 'resolved'] as const;
/** Where an incident stands. */
export type IncidentStatus = (typeof incidentStatuses)[number];

/** One problem with one dependency, as its reader sees it. It goes on changing while it is open. */
export interface Incident {
  /** Such as `INC-20260204-001-9f3a01bc`. */
  readonly id: string;
  readonly policy: string;
  /** The service and the instance that see it. */
  readonly service: string | undefined;
  readonly instance: string;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  /** Why it has this severity, one sentence. */
  readonly why: string;
  /** What is the matter, one sentence. */
  readonly summary: string;
  readonly trigger: IncidentTrigger;
  /** Under what those notified file it; the same in all its notifications. */
  readonly dedupKey: string;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** When it was resolved, in milliseconds since the epoch; `undefined` while it is open. */
  readonly resolvedAt: number | undefined;
  /** Who resolved it; `undefined` where it resolved itself. */
  readonly resolvedBy: string | undefined;
  /** How long it lasted, on the monotonic clock; `undefined` while it is open. */
  readonly durationMs: number | undefined;
  /** What happened, oldest first, with what is missing named. */
  readonly timeline: readonly TimelineEntry[];
  /** The policy's counts when it began and when it was resolved. */
  readonly stats: { readonly atStart: PolicyStats | undefined; readonly atResolve: PolicyStats | undefined };
  toJSON(): IncidentJson;
}

/** An incident as it leaves the process. Times are ISO 8601 in UTC; what is not known is `null`. */
export interface IncidentJson {
  readonly id: string;
  readonly policy: string;
  readonly service: string | null;
  readonly instance: string;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  readonly why: string;
  readonly summary: string;
  readonly trigger: IncidentTrigger;
  readonly dedupKey: string;
  readonly startedAt: string;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
  readonly durationMs: number | null;
  readonly timeline: readonly {
    readonly at: string;
    readonly kind: TimelineEntry['kind'];
    readonly text: string;
  }[];
  readonly stats: { readonly atStart: PolicyStats | null; readonly atResolve: PolicyStats | null };
}

/** What an incident is from its first moment and stays. */
export interface IncidentIdentity {
  readonly id: string;
  readonly policy: string;
  readonly service: string | undefined;
  readonly instance: string;
  readonly dedupKey: string;
}

/** Longest text of one line of the timeline, in characters: a summary, a reason and the words around them. */
const MAX_LINE_LENGTH = 1_200;

/** The document: the fold of an incident's changes. `apply` is the only way in which it changes. */
export class IncidentRecord implements Incident {
  readonly id: string;
  readonly policy: string;
  readonly service: string | undefined;
  readonly instance: string;
  readonly dedupKey: string;
  status: IncidentStatus = 'open';
  severity: Severity = 'Low';
  why = '';
  summary = '';
  trigger: IncidentTrigger = 'person';
  startedAt = 0;
  resolvedAt: number | undefined = undefined;
  resolvedBy: string | undefined = undefined;
  durationMs: number | undefined = undefined;
  readonly #timeline: Timeline;
  #statsAtStart: PolicyStats | undefined = undefined;
  #statsAtResolve: PolicyStats | undefined = undefined;

  constructor(identity: IncidentIdentity, maxTimelineEntries: number) {
    this.id = identity.id;
    this.policy = identity.policy;
    this.service = identity.service;
    this.instance = identity.instance;
    this.dedupKey = identity.dedupKey;
    this.#timeline = new Timeline(maxTimelineEntries);
  }

  apply(change: IncidentChange): void {
    if (change.type === 'reviewed') {
      this.why = change.why;
      return;
    }
    if (change.type === 'declared') {
      this.startedAt = change.at;
      this.trigger = change.trigger;
      this.summary = change.summary;
      this.severity = change.severity;
      this.why = change.why;
      this.#statsAtStart = change.stats;
    } else if (change.type === 'severity') {
      this.severity = change.to;
      this.why = change.why;
    } else if (change.type === 'resolved') {
      this.status = 'resolved';
      this.resolvedAt = change.at;
      this.resolvedBy = change.by;
      this.durationMs = change.durationMs;
      this.#statsAtResolve = change.stats;
    }
    this.#timeline.add({
      at: change.at,
      kind: change.type,
      text: redact(describeChange(change), MAX_LINE_LENGTH),
    });
  }

  get timeline(): readonly TimelineEntry[] {
    return this.#timeline.entries();
  }

  get stats(): Incident['stats'] {
    return { atStart: this.#statsAtStart, atResolve: this.#statsAtResolve };
  }

  toJSON(): IncidentJson {
    return {
      id: this.id,
      policy: this.policy,
      service: this.service ?? null,
      instance: this.instance,
      status: this.status,
      severity: this.severity,
      why: this.why,
      summary: this.summary,
      trigger: this.trigger,
      dedupKey: this.dedupKey,
      startedAt: isoTime(this.startedAt),
      resolvedAt: this.resolvedAt === undefined ? null : isoTime(this.resolvedAt),
      resolvedBy: this.resolvedBy ?? null,
      durationMs: this.durationMs ?? null,
      timeline: this.timeline.map(({ at, kind, text }) => ({ at: isoTime(at), kind, text })),
      stats: { atStart: this.#statsAtStart ?? null, atResolve: this.#statsAtResolve ?? null },
    };
  }
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
