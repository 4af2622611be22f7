import type { PolicyStats } from '../core/policy.ts';
import type { SloBurningEvent } from '../core/slo-events.ts';
import type { IncidentRecord } from './incident/record.ts';
import type { BurnFacts, FallbackState, Severity } from './incident/severity.ts';
import type { CountedCircuits } from './manager/circuit-counts.ts';
import { Telling } from './manager/telling.ts';
import type { IncidentSettings } from './options.ts';
import { FlapDetector } from './quiet/flapping.ts';

/** Calls that needed a fallback before one can say whether it serves. */
const CALLS_TO_JUDGE_BY = 5;
/** Calls before a share of them says anything. */
const CALLS_FOR_SHARE = 20;
/** From so many reopenings on it flaps, if too slowly to be seen in the latest states. */
const REOPENINGS_TO_FLAP = 3;
/** Share of the calls that need a fallback which it answers when it serves. */
const SERVING_SHARE = 0.9;

/** How long to wait for more of what has just begun, in milliseconds. */
const LOOK_SOON_MS = 1_000;

/** For how long the policy of an incident that was taken over may be made yet. */
const ORPHAN_MS = 3_600_000;

/** What keeps an incident open beside its policy's circuits. What a person or a drill began only they end. */
export type Cause =
  | `slo ${SloBurningEvent['sli']}`
  | `endpoint ${string}`
  | 'rejections'
  | 'person'
  | 'drill';

const ENDPOINT = 'endpoint ';

/** What the calls since the last look say. */
export interface Measured {
  readonly fallback: FallbackState;
  readonly calls: number;
  readonly served: number;
  readonly hurt: number;
  readonly hurtShare: number | undefined;
}

/** What a `Watch` goes by. */
export type WatchSettings = Pick<
  IncidentSettings,
  'resolveAfterMs' | 'reopenWithinMs' | 'reviewMs' | 'flapping' | 'updateLimit'
>;

/**
 * What is known of an open incident beside its document. It decides when the problem is over, whether it flaps and
 * whether the fallback serves; it is given the time and has no timers.
 */
export class Watch {
  readonly record: IncidentRecord;
  /** Who was told of it, and what is held back. */
  readonly telling: Telling;
  readonly #settings: WatchSettings;
  readonly #flaps: FlapDetector | undefined;
  /** By when each is over unless it is seen again; infinite where it ends by itself. */
  readonly #causes = new Map<Cause, number>();
  readonly #burning = new Map<string, Pick<SloBurningEvent, 'severity' | 'longBurnRate'>>();
  #exhausted = false;
  #circuitsClosed = true;
  #overSince: number | undefined = undefined;
  #closedAt: number | undefined = undefined;
  /** How often it was back by itself, each time within `reopenWithinMs`. */
  #reopenings = 0;
  /** When it began, on the monotonic clock. */
  startedAt: number;
  /** When it is looked at next, on the monotonic clock. */
  reviewAt: number;
  /** When its figures were recorded last, on the monotonic clock. */
  measuredAt = Number.NEGATIVE_INFINITY;
  /** From when on nothing is expected of a policy that was not seen, on the monotonic clock. */
  #orphanAt: number;
  /** How the circuits of keys and endpoints were when that was recorded last; `undefined` before it was. */
  counted: CountedCircuits | undefined = undefined;
  /** When the reason for the severity was recorded last, on the monotonic clock. */
  explainedAt = Number.NEGATIVE_INFINITY;
  /** Keys whose circuits were open when people were last told how many. */
  keysTold = 1;
  /** How many endpoints its policy has; `undefined` where none was ejected since this process tends it. */
  endpoints: number | undefined = undefined;
  /** Whether its policy was there since this process tends it; one that never was is not a removed one. */
  policySeen = false;
  /** Whether its policy was removed. */
  policyGone = false;
  /** What the severity rule decided last; `undefined` before it was asked. */
  ruled: Severity | undefined = undefined;
  /** What the rule had decided when a person set the severity: only for worse than that it is raised. */
  ruledBefore: Severity | undefined = undefined;
  #measured: Measured;
  #baseline: PolicyStats | undefined;

  /** @param now monotonic time */
  constructor(record: IncidentRecord, settings: WatchSettings, now: number, ageMs = 0) {
    this.record = record;
    this.telling = new Telling(settings.updateLimit);
    this.#settings = settings;
    this.#flaps = settings.flapping === false ? undefined : new FlapDetector(settings.flapping);
    this.startedAt = now - ageMs;
    this.#orphanAt = now + ORPHAN_MS;
    this.reviewAt = now + settings.reviewMs;
    this.#measured = { fallback: 'none', calls: 0, served: 0, hurt: 0, hurtShare: undefined };
  }

  /** Has it looked at shortly: what comes with it is seen together. */
  lookSoon(now: number): void {
    this.reviewAt = Math.min(this.reviewAt, now + LOOK_SOON_MS);
  }

  /** Counts calls from here on. */
  measureFrom(stats: PolicyStats | undefined, hasFallback: boolean): void {
    this.#baseline = stats;
    this.#measured = {
      fallback: hasFallback ? 'untested' : 'none',
      calls: 0,
      served: 0,
      hurt: 0,
      hurtShare: undefined,
    };
  }

  /** Whether its policy was not there for long, as when it was renamed: nothing ends it by itself. True once. */
  isOrphan(now: number): boolean {
    if (this.policySeen || now < this.#orphanAt) return false;
    this.#orphanAt = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Takes note of whether all circuits are closed. Whether it began or ceased to flap thereby. */
  observe(allClosed: boolean, now: number): boolean {
    this.#circuitsClosed = allClosed;
    this.#settle(now);
    return this.#flaps?.observe(allClosed) ?? false;
  }

  /**
   * Something that keeps it open began.
   *
   * @param until by when it is over unless it is seen again, on the monotonic clock; for what another process saw begin
   */
  begin(cause: Cause, now: number, until = Number.POSITIVE_INFINITY): void {
    this.#causes.set(cause, until);
    this.#settle(now);
  }

  /** Ends what began before this process did and was not seen again in time. */
  lapse(now: number): void {
    for (const [cause, until] of [...this.#causes]) if (until <= now) this.end(cause, now);
  }

  /** Something that kept it open is over. */
  end(cause: Cause, now: number): void {
    this.#causes.delete(cause);
    this.#settle(now);
  }

  has(cause: Cause): boolean {
    return this.#causes.has(cause);
  }

  /** The burn alert of an objective fires, or, with `undefined`, does no more. */
  burn(sli: string, alert: Pick<SloBurningEvent, 'severity' | 'longBurnRate'> | undefined): void {
    if (alert === undefined) this.#burning.delete(sli);
    else this.#burning.set(sli, alert);
  }

  /** An error budget was spent. */
  exhaust(): void {
    this.#exhausted = true;
  }

  get burnFacts(): BurnFacts {
    const alerts = [...this.#burning.values()];
    return {
      alert: alerts.some(({ severity }) => severity === 'page')
        ? 'page'
        : alerts.length > 0
          ? 'ticket'
          : 'none',
      highestRate: Math.max(0, ...alerts.map(({ longBurnRate }) => longBurnRate)),
      exhausted: this.#exhausted,
    };
  }

  /** Names of the endpoints that are ejected. */
  get endpointsOut(): readonly string[] {
    return [...this.#causes.keys()].flatMap((cause) =>
      cause.startsWith(ENDPOINT) ? [cause.slice(ENDPOINT.length)] : [],
    );
  }

  get circuitOpen(): boolean {
    return !this.#circuitsClosed;
  }

  get isFlapping(): boolean {
    return this.#flaps?.isFlapping ?? false;
  }

  get changeRate(): number {
    return this.#flaps?.changeRate ?? 0;
  }

  /** Whether nothing that can be measured lasts any more. */
  get recovering(): boolean {
    return (
      this.#circuitsClosed &&
      [...this.#causes.keys()].every((cause) => cause === 'person' || cause === 'drill')
    );
  }

  /** When it will be over if nothing happens, on the monotonic clock. While it flaps it is not. */
  get resolveAt(): number {
    if (this.#overSince === undefined || this.isFlapping) return Number.POSITIVE_INFINITY;
    return this.#overSince + this.holdMs;
  }

  /**
   * How long it must be over before it resolves. One that keeps coming back stays open for as long as it could come
   * back in: else each end and each beginning would be told.
   */
  get holdMs(): number {
    const { resolveAfterMs, reopenWithinMs } = this.#settings;
    return this.comesBack ? Math.max(resolveAfterMs, reopenWithinMs) : resolveAfterMs;
  }

  /** Whether it flaps too slowly for the latest states to show it. */
  get comesBack(): boolean {
    return this.#flaps !== undefined && this.#reopenings >= REOPENINGS_TO_FLAP;
  }

  get reopenings(): number {
    return this.#reopenings;
  }

  /** It was back by itself, so many times more. */
  countReopenings(times: number): void {
    this.#reopenings += times;
  }

  /** It is over. Until it is reopened nothing is observed. */
  close(now: number): void {
    this.#closedAt = now;
  }

  /** How long it has been over; infinite where nobody knows. */
  closedForMs(now: number): number {
    return this.#closedAt === undefined ? Number.POSITIVE_INFINITY : now - this.#closedAt;
  }

  /** It is back. What went unobserved was well. */
  reopen(now: number): void {
    const { reviewMs } = this.#settings;
    this.#flaps?.observe(true, Math.floor(this.closedForMs(now) / reviewMs));
    this.#closedAt = undefined;
    this.#overSince = undefined;
    this.#causes.clear();
    this.#burning.clear();
    this.#exhausted = false;
    this.reviewAt = now + reviewMs;
  }

  /** Takes in the policy's counts, and says what they say about its callers and its fallback. */
  measure(stats: PolicyStats | undefined): Measured {
    if (stats !== undefined && this.#baseline === undefined) this.#baseline = stats;
    if (stats !== undefined && this.#baseline !== undefined) this.#judge(stats, this.#baseline);
    return this.#measured;
  }

  #judge(stats: PolicyStats, baseline: PolicyStats): void {
    const calls = endedCalls(stats) - endedCalls(baseline);
    const served = servedCalls(stats) - servedCalls(baseline);
    const hurt = hurtCalls(stats) - hurtCalls(baseline);
    const hurtShare = calls < CALLS_FOR_SHARE ? undefined : hurt / calls;
    if (served + hurt < CALLS_TO_JUDGE_BY && hurtShare === undefined) return;
    this.#baseline = stats;
    this.#measured = { fallback: this.#fallback(served, hurt), calls, served, hurt, hurtShare };
  }

  #fallback(served: number, hurt: number): FallbackState {
    const { fallback } = this.#measured;
    if (fallback === 'none' || served + hurt < CALLS_TO_JUDGE_BY) return fallback;
    return served >= SERVING_SHARE * (served + hurt) ? 'serving' : 'failing';
  }

  #settle(now: number): void {
    if (!this.#circuitsClosed || this.#causes.size > 0) this.#overSince = undefined;
    else this.#overSince ??= now;
  }
}

function endedCalls({ calls }: PolicyStats): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

function servedCalls({ calls }: PolicyStats): number {
  return calls.fallback ?? 0;
}

function hurtCalls({ calls }: PolicyStats): number {
  return (calls.failure ?? 0) + (calls.timeout ?? 0) + (calls.rejected ?? 0);
}
