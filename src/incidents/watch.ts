import type { PolicyStats } from '../core/policy.ts';
import type { IncidentRecord } from './incident/record.ts';
import type { FallbackState } from './incident/severity.ts';

/** Calls that needed a fallback before one can say whether it serves. */
const CALLS_TO_JUDGE_BY = 5;

/** Share of the calls that need a fallback which it answers when it serves. */
const SERVING_SHARE = 0.9;

/**
 * What is known of an open incident beside its document. It decides when the problem is over and whether the
 * fallback serves; it is given the time and has no timers.
 */
export class Watch {
  readonly record: IncidentRecord;
  readonly openedAt: number;
  readonly #resolveAfterMs: number;
  #closedSince: number | undefined = undefined;
  /** When it is looked at next, on the monotonic clock. */
  reviewAt: number;
  #fallback: FallbackState;
  #served = 0;
  #hurt = 0;
  #baseline: PolicyStats | undefined;

  /** @param now monotonic time */
  constructor(
    record: IncidentRecord,
    settings: { readonly resolveAfterMs: number; readonly reviewMs: number },
    hasFallback: boolean,
    stats: PolicyStats | undefined,
    now: number,
  ) {
    this.record = record;
    this.openedAt = now;
    this.#resolveAfterMs = settings.resolveAfterMs;
    this.reviewAt = now + settings.reviewMs;
    this.#fallback = hasFallback ? 'untested' : 'none';
    this.#baseline = stats;
  }

  /** Takes note of whether all circuits are closed. */
  observe(allClosed: boolean, now: number): void {
    if (!allClosed) this.#closedSince = undefined;
    else this.#closedSince ??= now;
  }

  /** Whether all circuits were closed when last looked at. */
  get recovering(): boolean {
    return this.#closedSince !== undefined;
  }

  /** When it will be over if nothing happens, on the monotonic clock. An incident that a person began is not. */
  get resolveAt(): number {
    if (this.#closedSince === undefined || this.record.trigger === 'person') return Number.POSITIVE_INFINITY;
    return this.#closedSince + this.#resolveAfterMs;
  }

  /** Takes in the policy's counts, and says what they say about its fallback. */
  measure(stats: PolicyStats | undefined): {
    readonly fallback: FallbackState;
    readonly served: number;
    readonly hurt: number;
  } {
    if (stats !== undefined && this.#baseline === undefined) this.#baseline = stats;
    if (stats !== undefined && this.#baseline !== undefined) this.#judge(stats, this.#baseline);
    return { fallback: this.#fallback, served: this.#served, hurt: this.#hurt };
  }

  #judge(stats: PolicyStats, baseline: PolicyStats): void {
    const served = servedCalls(stats) - servedCalls(baseline);
    const hurt = hurtCalls(stats) - hurtCalls(baseline);
    if (served + hurt < CALLS_TO_JUDGE_BY) return;
    this.#served = served;
    this.#hurt = hurt;
    this.#baseline = stats;
    if (this.#fallback !== 'none') {
      this.#fallback = served >= SERVING_SHARE * (served + hurt) ? 'serving' : 'failing';
    }
  }
}

function servedCalls({ calls }: PolicyStats): number {
  return calls.fallback ?? 0;
}

function hurtCalls({ calls }: PolicyStats): number {
  return (calls.failure ?? 0) + (calls.timeout ?? 0) + (calls.rejected ?? 0);
}
