import type { EndpointEvent } from '../../core/events.ts';

/** An endpoint that failover does not use for long. */
export interface SustainedEjection {
  /** For how long, without having been back for as long as it was out. */
  readonly overMs: number;
  /** Whether that was not said before. */
  readonly isNews: boolean;
}

interface Ejected {
  /** When it was ejected first. */
  readonly since: number;
  /** Since it was ejected last, or came back. */
  at: number;
  isOut: boolean;
  /** For how long it was out, when it came back. */
  outMs: number;
  wasSaid: boolean;
}

/**
 * Tells an endpoint that stays away from one that failed for a moment: it is ejected for the second time, and has not been
 * back in between for as long as it was out before. Times are monotonic. Endpoints are a closed set.
 */
export class EjectionWatch {
  readonly #policies = new Map<string, Map<string, Ejected>>();

  /** An endpoint was ejected. `undefined` where that may be a blip. */
  ejected({ policy, endpoint }: EndpointEvent, now: number): SustainedEjection | undefined {
    const known = this.#policies.get(policy) ?? new Map<string, Ejected>();
    this.#policies.set(policy, known);
    const before = known.get(endpoint);
    if (before === undefined || (!before.isOut && now - before.at >= before.outMs)) {
      known.set(endpoint, { since: now, at: now, isOut: true, outMs: 0, wasSaid: false });
      return undefined;
    }
    if (!before.isOut) before.at = now;
    before.isOut = true;
    const isNews = !before.wasSaid;
    before.wasSaid = true;
    return { overMs: Math.max(0, now - before.since), isNews };
  }

  returned({ policy, endpoint }: EndpointEvent, now: number): void {
    const known = this.#policies.get(policy)?.get(endpoint);
    if (known === undefined || !known.isOut) return;
    known.isOut = false;
    known.outMs = Math.max(0, now - known.at);
    known.at = now;
  }

  /** The policy is gone, or a person resolved its incident: what goes on from here on is counted anew. */
  forget(policy: string): void {
    this.#policies.delete(policy);
  }
}
