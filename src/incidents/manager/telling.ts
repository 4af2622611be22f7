import type { ChangeOf } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import { isOpen } from '../incident/status.ts';
import { UpdateLimit, type UpdateLimitSettings } from '../quiet/update-limit.ts';
import type { Upstream } from '../quiet/upstream.ts';

/** Why nobody is told now. */
export type Hold = Omit<ChangeOf<'held-back'>, 'type' | 'at'>;

/** What is to be told when nothing holds it back. */
export interface Pending {
  /** The latest thing to tell, one sentence. */
  readonly summary: string;
  /** How many things were to be told. */
  readonly count: number;
  /** Whether people must hear of it although the incident flaps or much was told of it. */
  readonly urgent: boolean;
}

/** Who was told of an incident, what is held back, and who is told next. */
export class Telling {
  /** Sinks that were told of it, each with the notification that opens it there; `undefined` where that did not arrive. */
  readonly sinks = new Map<string, string | undefined>();
  /** Once it is over: the sinks that were told so. */
  readonly former = new Set<string>();
  /** Whether people know of it, if only from a digest. */
  told = false;
  /** Whether nobody is to be told at all, as in a drill that is played in silence. */
  muted = false;
  pending: Pending | undefined = undefined;
  /** What holds it back, as it was recorded; `undefined` where nothing does. */
  hold: Hold | undefined = undefined;
  /** Whether it was asked already whether it is one of many. */
  counted = false;
  /** What it waits for, and since when that is over, on the monotonic clock. */
  upstream: (Upstream & { overAt: number | undefined }) | undefined = undefined;
  /** The level that was told last; 0 before the first. */
  level = 0;
  /** When the next level is told, on the monotonic clock. */
  escalateAt = Number.POSITIVE_INFINITY;
  /** When a status update is due, by the wall clock. */
  remindAt = Number.POSITIVE_INFINITY;
  readonly updates: UpdateLimit;

  constructor(updateLimit: UpdateLimitSettings) {
    this.updates = new UpdateLimit(updateLimit);
  }

  /** Adds something to be told. */
  add(summary: string, urgent: boolean): void {
    const { count, urgent: wasUrgent } = this.pending ?? { count: 0, urgent: false };
    this.pending = { summary, count: count + 1, urgent: urgent || wasUrgent };
  }

  /** Whether a sink has it open, or is about to. */
  knows(sink: string): boolean {
    return this.sinks.get(sink) !== undefined;
  }

  /** The notification that opens it at a sink did not arrive there. */
  missed(sink: string, notification: string): void {
    if (this.sinks.get(sink) === notification) this.sinks.set(sink, undefined);
  }

  /** Nobody takes it for open any more. */
  forget(): void {
    this.sinks.clear();
    this.former.clear();
    this.told = false;
    this.pending = undefined;
    this.hold = undefined;
    this.counted = false;
    this.upstream = undefined;
    this.level = 0;
    this.escalateAt = Number.POSITIVE_INFINITY;
    this.remindAt = Number.POSITIVE_INFINITY;
  }

  /** What an incident's document says of it, for one that another process tended. Times of the document are wall-clock. */
  restore(
    { status, notifications, escalations, updates, timeline, steps }: IncidentJson,
    now: number,
    wall: number,
    afterMs: number,
  ) {
    const reopening = steps.findLast((step) => step.reopening);
    const since = reopening?.at ?? '';
    const told = notifications.filter(({ at }) => at >= since);
    if (!isOpen(status)) {
      for (const { sink } of told.at(-1)?.sinks ?? []) this.former.add(sink);
      return;
    }
    for (const { id, kind, sinks } of told) {
      this.told = kind !== 'resolved';
      for (const { sink, result } of sinks) {
        if (kind === 'resolved') this.sinks.delete(sink);
        else if (kind === 'opened') {
          const missed = result === 'failed' || result === 'dropped';
          this.sinks.set(sink, missed ? undefined : id);
        }
      }
    }
    const last = escalations.findLast(({ at }) => at >= since);
    if (last !== undefined) {
      this.level = last.level;
      this.escalateAt = now + Date.parse(last.at) + afterMs - wall;
    }
    const update = updates.at(-1);
    const reminded = timeline.some(({ kind, at }) => kind === 'reminded' && at >= (update?.at ?? ''));
    if (update?.nextUpdateAt && !reminded) this.remindAt = Date.parse(update.nextUpdateAt);
  }
}
