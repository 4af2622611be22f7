import type { ChangeOf } from '../incident/changes/change.ts';
import type { IncidentJson } from '../incident/document.ts';
import { isReopeningAt } from '../incident/reopening.ts';
import type { Severity } from '../incident/severity.ts';
import { isOpen } from '../incident/status.ts';
import { messages } from '../messages.ts';
import { UpdateLimit, type UpdateLimitSettings } from '../quiet/update-limit.ts';
import type { Upstream } from '../quiet/upstream.ts';

/** How a notification ended at a sink. */
export type DeliveredNotification = Pick<ChangeOf<'notified'>, 'notification' | 'kind' | 'sink' | 'result'>;

/** Why nobody is told now. */
export type Hold = Omit<ChangeOf<'held-back'>, 'type' | 'at'>;

/** An incident that was told of in the digest of another one, which stands for it while that is open. */
export interface ToldInDigest {
  readonly carrier: string;
  readonly sinks: readonly string[];
  /** On the monotonic clock. */
  overAt: number | undefined;
}

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
  /** What told of it in a digest: another incident, since when that is over, and the sinks. */
  digest: ToldInDigest | undefined = undefined;
  /** Whether others were told of in its digest. */
  carries = false;
  /** The route that it was told by, and how severe it was then; `undefined` before. */
  route: number | undefined = undefined;
  toldAs: Severity | undefined = undefined;
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
    this.digest = undefined;
    this.carries = false;
    this.route = undefined;
    this.toldAs = undefined;
    this.pending = undefined;
    this.hold = undefined;
    this.counted = false;
    this.upstream = undefined;
    this.level = 0;
    this.escalateAt = Number.POSITIVE_INFINITY;
    this.remindAt = Number.POSITIVE_INFINITY;
  }

  /**
   * When people are to be told something of an open incident, on the monotonic clock. Wall-clock times are set against it.
   *
   * @param resolveAfterMs how long what it waits for must be over
   */
  nextAt(now: number, wall: number, resolveAfterMs: number): number {
    const overAt = this.told ? this.digest?.overAt : this.upstream?.overAt;
    return Math.min(
      this.escalateAt,
      now + (this.remindAt - wall),
      this.holdEndsAt(now, wall),
      overAt === undefined ? Number.POSITIVE_INFINITY : overAt + resolveAfterMs,
    );
  }

  /** When what holds back what is pending ends, on the monotonic clock. */
  holdEndsAt(now: number, wall: number): number {
    const until = this.pending === undefined ? undefined : this.hold?.until;
    return until === undefined ? Number.POSITIVE_INFINITY : now + Math.max(1, until - wall);
  }

  /** What an incident's document says of it, for one that another process tended. Times of the document are wall-clock. */
  restore(document: IncidentJson, now: number, wall: number, afterMs: number) {
    const { status, severity, drill, heldBack, notifications } = document;
    const { escalations, updates, timeline, steps } = document;
    // After a relapse whoever was told knows it still.
    const reopening = steps.findLast((_, at) => isReopeningAt(steps, at));
    const since = reopening?.at ?? '';
    const told = notifications.filter(({ at }) => at >= since);
    if (!isOpen(status)) {
      for (const { sink } of told.at(-1)?.sinks ?? []) this.former.add(sink);
      const isUntold = told.length === 0 && heldBack !== null && severity === 'Critical' && !drill;
      if (isUntold) this.add(messages.notToldBefore(heldBack.text, messages.isOverNow), true);
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
