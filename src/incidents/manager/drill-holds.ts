import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { SloEvent, SloExhaustedEvent, SloFrozenEvent, SloThawedEvent } from '../../core/slo-events.ts';
import { burnWindows } from '../../slo/windows.ts';
import { messages } from '../messages.ts';
import { redact } from '../redact.ts';
import type { IncidentRegister } from '../register.ts';
import { type BurnWatch, shortWindowMs } from './burn-watch.ts';
import type { Ledger } from './ledger.ts';
import { newPartId } from './part-id.ts';
import type { SustainedRejections } from './rejection-watch.ts';

/** What `DrillHolds` works with. */
export interface DrillHoldsParts {
  readonly register: IncidentRegister;
  readonly ledger: Ledger;
  readonly burns: BurnWatch;
}

/** What of an error budget is announced. */
export type Announced = SloFrozenEvent | SloThawedEvent;

interface Held {
  readonly policies: ReadonlySet<string>;
  /** The last announcement of each policy; what was taken back meanwhile is left out. */
  readonly announcements: Map<string, Announced>;
  /** Whether anything was held. */
  any: boolean;
}

/**
 * What a drill does to error budgets and limits by holding circuits open. The budget is really spent, but nobody is paged
 * for it: not while the drill is played, and after it only if it still burns once the short window of the alert holds
 * real calls alone. A policy that has a real incident is not held: what happens to it may be real.
 */
export class DrillHolds {
  readonly #parts: DrillHoldsParts;
  /** By the drill's incident. */
  readonly #held = new Map<string, Held>();
  /** When the last drill of a policy ended, on the monotonic clock, while its failures may make an alert still. */
  readonly #endedAt = new Map<string, number>();
  readonly #spent = new Map<string, SloExhaustedEvent>();

  constructor(parts: DrillHoldsParts) {
    this.#parts = parts;
  }

  /** A drill's incident began that holds circuits of the policies open. */
  begin(incident: string, policies: readonly string[]): void {
    if (policies.length === 0) return;
    this.#held.set(incident, { policies: new Set(policies), announcements: new Map(), any: false });
  }

  /** Whether the drill's, or the last drill's, failures are why this is told, so that it is held back. */
  takes(event: SloEvent): boolean {
    const { policy } = event;
    if (event.status === 'recovered') this.#spent.delete(policy);
    if (event.status === 'recovered' || this.#parts.register.openOf(policy) !== undefined) return false;
    const announced = event.status === 'frozen' || event.status === 'thawed';
    const found = this.#find(policy);
    if (found === undefined) return !announced && this.#isAftermath(event);
    const [incident, held] = found;
    if (announced) {
      // Frozen and thawed again is as if nothing had been.
      if (!held.announcements.delete(policy)) held.announcements.set(policy, event);
    } else if (event.status === 'exhausted') this.#spent.set(policy, event);
    this.#note(incident, held, redact(event.summary));
    return true;
  }

  /** Whether rejections by limits of the policy are the drill's. */
  takesRejections({ policy, reason, rejected, calls, overMs }: SustainedRejections): boolean {
    const found = this.#parts.register.openOf(policy) === undefined ? this.#find(policy) : undefined;
    if (found === undefined) return false;
    this.#note(...found, messages.rejecting(policy, reason, rejected, calls, overMs));
    return true;
  }

  /** The budget that a drill spent, once it burns on without one. */
  takeSpent(policy: string): SloExhaustedEvent | undefined {
    const spent = this.#spent.get(policy);
    this.#spent.delete(policy);
    return spent;
  }

  /** The drill is over. What is to be announced after all, and the policies that are free again. */
  end(incident: string): {
    readonly announcements: readonly Announced[];
    readonly policies: readonly string[];
  } {
    const held = this.#held.get(incident);
    if (held === undefined) return { announcements: [], policies: [] };
    this.#held.delete(incident);
    const now = monotonicNow();
    for (const policy of held.policies) {
      this.#endedAt.set(policy, now);
      if (this.#parts.register.openOf(policy) === undefined) this.#parts.burns.resolved(policy, now);
    }
    const record = this.#parts.register.get(incident);
    if (held.any && record !== undefined) {
      const id = newPartId('n');
      const text = messages.drillSpent;
      this.#parts.ledger.record(record, { type: 'noted', at: wallNow(), id, text, deadEnd: false });
    }
    const announcements = [...held.announcements.values()].map((event) => ({
      ...event,
      summary: `${event.summary} ${messages.drillHeld(incident)}`,
    }));
    return { announcements, policies: [...held.policies] };
  }

  /** A policy is gone. */
  forget(policy: string): void {
    this.#endedAt.delete(policy);
    this.#spent.delete(policy);
  }

  #find(policy: string): readonly [string, Held] | undefined {
    return [...this.#held].find(([, { policies }]) => policies.has(policy));
  }

  /** The alert's short window holds failures of the drill still. */
  #isAftermath(event: Exclude<SloEvent, Announced>): boolean {
    const { policy } = event;
    const endedAt = this.#endedAt.get(policy);
    if (endedAt === undefined) return false;
    const windowMs = event.status === 'burning' ? shortWindowMs(event) : burnWindows['5m'];
    const now = monotonicNow();
    if (now >= endedAt + windowMs) {
      if (now >= endedAt + burnWindows['6h']) this.#endedAt.delete(policy);
      return false;
    }
    if (event.status === 'exhausted') this.#spent.set(policy, event);
    this.#parts.burns.resolved(policy, endedAt);
    return true;
  }

  #note(incident: string, held: Held, what: string): void {
    held.any = true;
    const record = this.#parts.register.get(incident);
    if (record === undefined) return;
    const text = messages.drillCauses(what);
    this.#parts.ledger.record(record, { type: 'held-back', at: wallNow(), because: 'drill', text });
  }
}
