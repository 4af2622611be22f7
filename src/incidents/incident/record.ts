import { checklistsOf } from '../checklists/checklists.ts';
import { redact } from '../redact.ts';
import { BoundedList } from './bounded-list.ts';
import type { ChangeOf, IncidentChange, IncidentTrigger } from './changes/change.ts';
import { describeChange, isOnTimeline } from './describe.ts';
import type { IncidentJson } from './document.ts';
import { Facts } from './facts.ts';
import { Investigation } from './investigation.ts';
import { isoTime } from './iso-time.ts';
import { Life } from './life.ts';
import type { Severity } from './severity.ts';
import { isOverHereOnly, ownDedupKey } from './shared-alert.ts';
import type { IncidentStatus } from './status.ts';
import { Timeline, type TimelineEntry } from './timeline.ts';
import { Work } from './work.ts';

/** One problem with one dependency, as its reader sees it. It goes on changing until it is closed. */
export interface Incident {
  /** Such as `INC-20260204-001-9f3a01bc`. */
  readonly id: string;
  readonly policy: string;
  /** The service and the instance that see it. */
  readonly service: string | undefined;
  readonly instance: string;
  /** A drill is played, not suffered: it counts in no figure. */
  readonly drill: boolean;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  /** Why it has this severity, one sentence. */
  readonly why: string;
  /** What is the matter, one sentence. */
  readonly summary: string;
  readonly trigger: IncidentTrigger;
  /** Under what those notified file it; the same in all its notifications. */
  readonly dedupKey: string;
  /** When it began, in milliseconds since the epoch: its first failure, or its detection where none is known. */
  readonly startedAt: number;
  /** When it was resolved, in milliseconds since the epoch; `undefined` while it is open. */
  readonly resolvedAt: number | undefined;
  /** Who resolved it; `undefined` where it resolved itself. */
  readonly resolvedBy: string | undefined;
  /** How long it lasted, from `startedAt` on; `undefined` while it is open. */
  readonly durationMs: number | undefined;
  /** What happened, oldest first, with what is missing named. */
  readonly timeline: readonly TimelineEntry[];
  /** The whole document. */
  toJSON(): IncidentJson;
}

/** Most lines of a timeline where nothing else is said. */
const MAX_TIMELINE_ENTRIES = 500;

/** Longest text of one line of the timeline, in characters: a summary, a reason and the words around them. */
const MAX_LINE_LENGTH = 1_200;

type Beginning = Omit<ChangeOf<'detected'>, 'type' | 'id' | 'by' | 'dependants' | 'usedBy'>;

/**
 * The document: the fold of an incident's changes. `apply` is the only way in which it changes. Whatever comes, in
 * whatever order, it throws nothing and stays bounded: what came too late or twice is on the timeline and moves nothing.
 */
export class IncidentRecord implements Incident {
  readonly id: string;
  severity: Severity = 'Low';
  why = '';
  #beginning: Beginning | undefined = undefined;
  #firstAt = 0;
  #applied = false;
  readonly #severityHistory = new BoundedList<IncidentJson['severityHistory'][number]>();
  readonly #life = new Life();
  readonly #facts = new Facts();
  readonly #investigation = new Investigation();
  readonly #work = new Work();
  readonly #timeline: Timeline;

  /** @param maxTimelineEntries at least 3 */
  constructor(id: string, maxTimelineEntries: number = MAX_TIMELINE_ENTRIES) {
    this.id = id;
    this.#timeline = new Timeline(maxTimelineEntries);
  }

  /** Takes the change in. Whether it moved or added anything. */
  apply(change: IncidentChange): boolean {
    if (!this.#applied) this.#firstAt = change.at;
    this.#applied = true;
    const effective = this.#take(change);
    if (!isOnTimeline(change)) return effective;
    const text = redact(describeChange(change), MAX_LINE_LENGTH);
    const { at, type: kind } = change;
    const byPerson = 'by' in change && change.by !== undefined;
    this.#timeline.add({ at, kind, text: effective ? text : `Without effect: ${text}` }, byPerson);
    return effective;
  }

  #take(change: IncidentChange): boolean {
    switch (change.type) {
      case 'detected':
        return this.#begin(change);
      case 'declared':
        this.#facts.tell();
        return this.#life.take(change);
      case 'reopened':
        if (!this.#life.take(change)) return false;
        this.#facts.reopen();
        this.#work.reopen();
        return true;
      case 'acknowledged':
      case 'mitigated':
      case 'closed':
        return this.#life.take(change);
      case 'resolved':
        return this.#resolve(change);
      case 'severity':
        return this.#setSeverity(change);
      case 'reviewed':
        this.why = change.why;
        return true;
      case 'noted':
      case 'observed':
      case 'hypothesis':
      case 'evidence':
      case 'hypothesis-judged':
      case 'reproduced':
      case 'mitigation':
      case 'mitigation-judged':
      case 'learned':
        return this.#investigation.take(change);
      case 'assigned':
      case 'action':
      case 'action-moved':
      case 'data-to-repair':
      case 'data-repaired':
      case 'decision-needed':
      case 'decided':
      case 'update':
      case 'affected':
      case 'war-room':
      case 'contacted':
      case 'checked':
      case 'runbook-step':
        return this.#work.take(change);
      default:
        return this.#facts.take(change);
    }
  }

  #begin(change: ChangeOf<'detected'>): boolean {
    if (this.#beginning !== undefined) return false;
    this.#beginning = change;
    this.#facts.begin(change);
    this.#life.take(change);
    const { at, severity: to, why, by } = change;
    if (this.#severityHistory.toJSON().length === 0) {
      this.severity = to;
      this.why = why;
    }
    this.#severityHistory.add(at, { at: isoTime(at), from: null, to, why, by: by ?? null });
    return true;
  }

  #resolve(change: ChangeOf<'resolved'>): boolean {
    if (change.by === undefined || !isOverHereOnly(this)) return this.#life.take(change);
    this.#life.confirm(change);
    return true;
  }

  #setSeverity({ at, to, why, by }: ChangeOf<'severity'>): boolean {
    const from = this.severity;
    this.severity = to;
    this.why = why;
    this.#severityHistory.add(at, { at: isoTime(at), from, to, why, by: by ?? null });
    return true;
  }

  get policy(): string {
    return this.#beginning?.policy ?? '';
  }

  get service(): string | undefined {
    return this.#beginning?.service;
  }

  get instance(): string {
    return this.#beginning?.instance ?? '';
  }

  get drill(): boolean {
    return this.#beginning?.drill ?? false;
  }

  get trigger(): IncidentTrigger {
    return this.#beginning?.trigger ?? 'person';
  }

  get dedupKey(): string {
    return this.#beginning?.dedupKey ?? ownDedupKey(this.id);
  }

  get summary(): string {
    return this.#beginning?.summary ?? 'How it began is not known.';
  }

  get startedAt(): number {
    return this.#beginning?.startedAt ?? this.#firstAt;
  }

  /** Whether its beginning is known. Changes of one whose is not may be a stray's: nobody tends it. */
  get begun(): boolean {
    return this.#beginning !== undefined;
  }

  /** Whether a notification has not come to its end at a sink. */
  get unsent(): boolean {
    return this.#facts.unsent;
  }

  /** Whether all circuits of its policy were closed, as it says; `undefined` where none has moved. */
  get allClosed(): boolean | undefined {
    return this.#facts.allClosed;
  }

  /** What was done to policies for it and is in force. */
  get controlsInForce(): IncidentJson['controls'] {
    return this.#facts.controlsInForce;
  }

  get status(): IncidentStatus {
    return this.#life.status;
  }

  get resolvedAt(): number | undefined {
    return this.#life.resolvedAt;
  }

  get resolvedBy(): string | undefined {
    return this.#life.resolvedBy;
  }

  get durationMs(): number | undefined {
    return this.#life.durationMs;
  }

  get timeline(): readonly TimelineEntry[] {
    return this.#timeline.entries();
  }

  /** Whether a measurement says anything new. */
  isNews(change: ChangeOf<'measured'>): boolean {
    return this.#facts.isNews(change);
  }

  /** What later incidents are compared with; `undefined` while it is open, and of a drill. */
  get past() {
    const { id, policy, trigger, summary, drill, resolvedAt, durationMs = null } = this;
    if (drill || resolvedAt === undefined) return undefined;
    const investigation = this.#investigation;
    return {
      id,
      policy,
      trigger,
      summary,
      drill,
      detectedAt: isoTime(this.#beginning?.at ?? this.#firstAt),
      resolvedAt: isoTime(resolvedAt),
      durationMs,
      impact: this.#facts.impact,
      /** Made only for those that are like it. */
      get hypotheses() {
        return investigation.toJSON().hypotheses;
      },
    };
  }

  toJSON(): IncidentJson {
    const document = {
      id: this.id,
      policy: this.policy,
      service: this.service ?? null,
      instance: this.instance,
      drill: this.drill,
      trigger: this.trigger,
      dedupKey: this.dedupKey,
      severity: this.severity,
      why: this.why,
      summary: this.summary,
      startedAt: isoTime(this.startedAt),
      detectedAt: isoTime(this.#beginning?.at ?? this.#firstAt),
      ...this.#life.toJSON(),
      severityHistory: this.#severityHistory.toJSON(),
      timeline: this.timeline.map(({ at, kind, text }) => ({ at: isoTime(at), kind, text })),
      ...this.#facts.toJSON(),
      ...this.#investigation.toJSON(),
      ...this.#work.toJSON(),
      leftOut: this.#leftOut(),
    };
    return { ...document, checklists: checklistsOf(document) };
  }

  #leftOut(): Readonly<Record<string, number>> {
    const counts = {
      timeline: this.#timeline.leftOut,
      steps: this.#life.leftOut,
      severityHistory: this.#severityHistory.leftOut,
      ...this.#facts.leftOut(),
      ...this.#investigation.leftOut(),
      ...this.#work.leftOut(),
    };
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  }
}
