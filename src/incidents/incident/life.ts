import { BoundedList } from './bounded-list.ts';
import type { ChangeOf } from './changes/change.ts';
import type { IncidentJson } from './document.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';
import { type IncidentStatus, isBefore, isOpen } from './status.ts';

/** What may move an incident on. */
export type StepChange = ChangeOf<
  'detected' | 'declared' | 'acknowledged' | 'mitigated' | 'resolved' | 'closed' | 'reopened'
>;

type Step = IncidentJson['steps'][number];

/**
 * An incident's steps. A step that is not possible any more, because somebody else was there first, moves nothing: of
 * two who resolve, the first did.
 */
export class Life {
  status: IncidentStatus = 'detected';
  #begun = false;
  readonly #firstAt = new Map<IncidentStatus, number>();
  resolvedAt: number | undefined = undefined;
  resolvedBy: string | undefined = undefined;
  durationMs: number | undefined = undefined;
  #closedAt: number | undefined = undefined;
  readonly #steps = new BoundedList<Step>();

  /** Takes the step if it is possible. Whether it was. */
  take(change: StepChange): boolean {
    if (change.type === 'reopened') return this.#reopen(change);
    if (change.type === 'detected') return this.#begin(change);
    if (!this.#allows(change.type)) return false;
    if (change.type === 'resolved') {
      this.resolvedAt = change.at;
      this.resolvedBy = change.by;
      this.durationMs = Math.max(0, change.durationMs);
    }
    if (change.type === 'closed') this.#closedAt = change.at;
    const reason = 'reason' in change ? change.reason : undefined;
    this.#move(change.type, change.at, change.by, reason, false);
    return true;
  }

  /** A person says that what resolved itself is over for all who share its alert. */
  confirm({ at, by, reason }: ChangeOf<'resolved'>): void {
    this.resolvedBy = by;
    this.#steps.add(at, {
      at: isoTime(at),
      status: 'resolved',
      by: by ?? null,
      reason: reason ?? null,
      reopening: false,
    });
  }

  /** The beginning may come after the steps that followed it, where two wrote at once. */
  #begin({ at, by }: ChangeOf<'detected'>): boolean {
    if (this.#begun) return false;
    this.#begun = true;
    this.#steps.add(at, {
      at: isoTime(at),
      status: 'detected',
      by: by ?? null,
      reason: null,
      reopening: false,
    });
    return true;
  }

  #allows(status: IncidentStatus): boolean {
    if (status === 'closed') return this.status === 'resolved';
    return isBefore(this.status, status);
  }

  /**
   * Back to work, also from `mitigated` where trouble that was over is back. A person's reopening says that somebody is
   * at it, one that nobody made does not.
   */
  #reopen({ at, by, reason }: ChangeOf<'reopened'>): boolean {
    const isRelapse = this.status === 'mitigated' && by === undefined;
    if (isOpen(this.status) && !isRelapse) return false;
    this.resolvedAt = undefined;
    this.resolvedBy = undefined;
    this.durationMs = undefined;
    this.#closedAt = undefined;
    const untold = this.#firstAt.has('declared') ? 'declared' : 'detected';
    this.#move(by === undefined ? untold : 'acknowledged', at, by, reason, true);
    return true;
  }

  #move(
    status: IncidentStatus,
    at: number,
    by: string | undefined,
    reason: string | undefined,
    reopening: boolean,
  ): void {
    this.status = status;
    if (!this.#firstAt.has(status)) this.#firstAt.set(status, at);
    this.#steps.add(at, { at: isoTime(at), status, by: by ?? null, reason: reason ?? null, reopening });
  }

  get leftOut(): number {
    return this.#steps.leftOut;
  }

  toJSON() {
    return {
      status: this.status,
      declaredAt: isoTimeOrNull(this.#firstAt.get('declared')),
      acknowledgedAt: isoTimeOrNull(this.#firstAt.get('acknowledged')),
      mitigatedAt: isoTimeOrNull(this.#firstAt.get('mitigated')),
      resolvedAt: isoTimeOrNull(this.resolvedAt),
      resolvedBy: this.resolvedBy ?? null,
      closedAt: isoTimeOrNull(this.#closedAt),
      durationMs: this.durationMs ?? null,
      steps: this.#steps.toJSON(),
    } satisfies Partial<IncidentJson>;
  }
}
