import { type CircuitState, circuitStates } from '../core/circuit.ts';
import { wallNow } from '../core/clock.ts';
import type { PeriodCounts, PolicyCounts } from '../core/counts.ts';
import {
  type AttemptOutcome,
  attemptOutcomes,
  type CacheResult,
  type CallOutcome,
  type Component,
  cacheResults,
  callOutcomes,
  components,
  type FallbackSource,
  fallbackSources,
  type PolicyObserver,
  type RetryReason,
  rejectionReasons,
  retryReasons,
} from '../core/observer.ts';
import type { Outcome, RejectionReason } from '../core/outcome.ts';
import type { PolicyStats } from '../core/policy.ts';
import type { ExemplarLabels } from '../core/tracing.ts';
import type { DurationBuckets } from './buckets.ts';
import type { Exemplar, Exemplars } from './exemplars.ts';
import { type Sli, type SliCounts, type SliSink, slis } from './sli.ts';

/** Where in `PolicyRecorder.counts` each group of counts begins. */
const callsAt = 0;
const attemptsAt = callsAt + callOutcomes.length;
const retriesAt = attemptsAt + attemptOutcomes.length;
const rejectionsAt = retriesAt + retryReasons.length;
const fallbacksAt = rejectionsAt + rejectionReasons.length;
const cacheAt = fallbacksAt + fallbackSources.length;
/** From state times the number of states, plus to state. */
const transitionsAt = cacheAt + cacheResults.length;
/** Good and bad by turns, for each SLI. */
const slisAt = transitionsAt + circuitStates.length ** 2;
const lateAt = slisAt + 2 * slis.length;
const internalErrorsAt = lateAt + 1;
const callsInFlightAt = internalErrorsAt + 1;
const attemptsInFlightAt = callsInFlightAt + 1;
/** The sum in milliseconds, then the buckets. The histogram of the attempts follows that of the calls. */
const callDurationsAt = attemptsInFlightAt + 1;

const sliAt = (sli: Sli): number => slisAt + 2 * slis.indexOf(sli);
const availabilityAt = sliAt('availability');
const latencyAt = sliAt('latency');
const correctnessAt = sliAt('correctness');

/** Where the counts are that are no histogram's. */
export const layout = {
  calls: callsAt,
  attempts: attemptsAt,
  retries: retriesAt,
  rejections: rejectionsAt,
  fallbacks: fallbacksAt,
  cache: cacheAt,
  transitions: transitionsAt,
  slis: slisAt,
  late: lateAt,
  callsInFlight: callsInFlightAt,
  attemptsInFlight: attemptsInFlightAt,
} as const;

/** What a recorder shares with its hub, and what its policy asks of it. */
export interface RecorderParts {
  readonly buckets: DurationBuckets;
  /** Counts of what failed inside, one for each of `components`; the hub's, added to by all its policies. */
  readonly internalErrors: Float64Array;
  /** From where on a call is too slow for the latency SLI. Without it that SLI is not tracked. */
  readonly latencyThresholdMs?: number | undefined;
  /** Follows the SLI events. */
  readonly sliSink?: SliSink | undefined;
  /** Whether exemplars are exposed now. Default: they are not. */
  readonly keepsExemplars?: (() => boolean) | undefined;
}

/**
 * Counts everything that one policy does, in one typed array; whoever wants the numbers reads them there. No
 * method throws, and none allocates but for an exemplar.
 */
export class PolicyRecorder implements PolicyObserver, PolicyCounts {
  /** All counts, laid out as `layout` says, then the histograms. For reading. */
  readonly counts: Float64Array;
  /** Where the histogram of the calls' durations begins: its sum in milliseconds, then its buckets, not cumulated. */
  readonly callDurations = callDurationsAt;
  /** Where that of the attempts' durations begins. */
  readonly attemptDurations: number;
  readonly #buckets: DurationBuckets;
  readonly #internalErrors: Float64Array;
  readonly #latencyThresholdMs: number | undefined;
  readonly #sliSink: SliSink | undefined;
  readonly #keepsExemplars: (() => boolean) | undefined;
  /** The last one of each count, where the count is; made with the first. */
  #exemplars: (Exemplar | undefined)[] | undefined = undefined;
  /** Labels of what is being counted, if it is to be an exemplar. */
  #traced: ExemplarLabels | undefined = undefined;

  constructor(parts: RecorderParts) {
    this.attemptDurations = callDurationsAt + 1 + parts.buckets.size;
    this.counts = new Float64Array(this.attemptDurations + 1 + parts.buckets.size);
    this.#buckets = parts.buckets;
    this.#internalErrors = parts.internalErrors;
    this.#latencyThresholdMs = parts.latencyThresholdMs;
    this.#sliSink = parts.sliSink;
    this.#keepsExemplars = parts.keepsExemplars;
    parts.sliSink?.follow({
      availability: this.#sliCounts('availability'),
      latency: this.#sliCounts('latency'),
      correctness: this.#sliCounts('correctness'),
    });
  }

  callStarted(): void {
    add(this.counts, callsInFlightAt, 1);
  }

  get keepsExemplars(): boolean {
    return this.#keepsExemplars?.() === true;
  }

  callEnded(
    kind: CallOutcome,
    outcome: Outcome,
    durationMs: number,
    now: number,
    exemplar?: ExemplarLabels,
  ): void {
    this.#traced = exemplar;
    add(this.counts, callsInFlightAt, -1);
    this.#count(callsAt + callOutcomes.indexOf(kind));
    const elapsedMs = Math.max(durationMs, 0);
    this.#observe(callDurationsAt, elapsedMs);
    this.#judge(outcome, elapsedMs, now);
  }

  attemptStarted(): void {
    add(this.counts, attemptsInFlightAt, 1);
  }

  attemptSettled(kind: AttemptOutcome, durationMs: number, exemplar?: ExemplarLabels): void {
    this.#traced = exemplar;
    this.#count(attemptsAt + attemptOutcomes.indexOf(kind));
    this.#observe(this.attemptDurations, Math.max(durationMs, 0));
  }

  attemptEnded(late: boolean): void {
    add(this.counts, attemptsInFlightAt, -1);
    if (late) add(this.counts, lateAt, 1);
  }

  retried(reason: RetryReason): void {
    add(this.counts, retriesAt + retryReasons.indexOf(reason), 1);
  }

  rejected(reason: RejectionReason): void {
    add(this.counts, rejectionsAt + rejectionReasons.indexOf(reason), 1);
  }

  fellBack(source: FallbackSource): void {
    add(this.counts, fallbacksAt + fallbackSources.indexOf(source), 1);
  }

  cacheAnswered(result: CacheResult): void {
    add(this.counts, cacheAt + cacheResults.indexOf(result), 1);
  }

  circuitMoved(from: CircuitState, to: CircuitState): void {
    const row = circuitStates.indexOf(from) * circuitStates.length;
    add(this.counts, transitionsAt + row + circuitStates.indexOf(to), 1);
  }

  failedInside(component: Component): void {
    add(this.counts, internalErrorsAt, 1);
    add(this.#internalErrors, components.indexOf(component), 1);
  }

  /** The exemplars of `length` counts from `at` on; `undefined` while there are none at all. */
  exemplars(at: number, length: number): Exemplars | undefined {
    return this.#exemplars?.slice(at, at + length);
  }

  /** The counts by name, for `policy.stats()`. */
  stats(): Omit<PolicyStats, 'window'> {
    return this.#statsOf(this.counts);
  }

  copy(): Float64Array {
    return this.counts.slice();
  }

  between(from: Float64Array | undefined, to: Float64Array): PeriodCounts {
    const counts = from === undefined ? to : to.map((count, at) => count - (from[at] ?? 0));
    return {
      stats: this.#statsOf(counts),
      slis: Object.fromEntries(
        slis.map((sli) => {
          const at = sliAt(sli);
          return [sli, { good: counts[at] ?? 0, bad: counts[at + 1] ?? 0 }];
        }),
      ),
    };
  }

  #statsOf(counts: Float64Array): Omit<PolicyStats, 'window'> {
    const durations = callDurationsAt + 1;
    return {
      calls: byName(callOutcomes, counts, callsAt),
      attempts: byName(attemptOutcomes, counts, attemptsAt),
      retries: sum(counts, retriesAt, retryReasons.length),
      rejections: byName(rejectionReasons, counts, rejectionsAt),
      fallbacks: byName(fallbackSources, counts, fallbacksAt),
      cache: byName(cacheResults, counts, cacheAt),
      lateOutcomes: counts[lateAt] ?? 0,
      internalErrors: counts[internalErrorsAt] ?? 0,
      callsInFlight: counts[callsInFlightAt] ?? 0,
      attemptsInFlight: counts[attemptsInFlightAt] ?? 0,
      latency: {
        p50Ms: this.#buckets.quantileMs(0.5, counts, durations),
        p99Ms: this.#buckets.quantileMs(0.99, counts, durations),
      },
    };
  }

  /**
   * The SLI events of a call. A call that nobody can judge is in none, except that a caller who gave up past the
   * threshold had waited too long. What was answered in the operation's place is available, but not correct.
   */
  #judge(outcome: Outcome, elapsedMs: number, now: number): void {
    const sink = this.#sliSink;
    if (sink !== undefined && (now >= sink.stretchEnd || now < sink.stretchStart)) sink.turn(now);
    const { verdict, source } = outcome;
    const thresholdMs = this.#latencyThresholdMs;
    const answeredInstead = source === 'stale' || source === 'fallback';
    if (verdict === 'ignored' && !answeredInstead) {
      if (thresholdMs === undefined || elapsedMs <= thresholdMs) return;
      this.#sli(latencyAt, false);
      sink?.badEvent(now);
      return;
    }
    const refused = verdict === 'refused';
    const available = answeredInstead || refused || verdict === 'success';
    const inTime = available && (thresholdMs === undefined || elapsedMs <= thresholdMs);
    const correct = !answeredInstead && (refused || (verdict === 'success' && outcome.correct));
    this.#sli(availabilityAt, available);
    if (thresholdMs !== undefined) this.#sli(latencyAt, inTime);
    this.#sli(correctnessAt, correct);
    if (!inTime || !correct) sink?.badEvent(now);
  }

  #sli(at: number, good: boolean): void {
    this.#count(good ? at : at + 1);
  }

  /** Counts an event that may have an exemplar. */
  #count(at: number): void {
    add(this.counts, at, 1);
    if (this.#traced !== undefined) this.#keep(at, this.#traced, 1);
  }

  #keep(at: number, labelSet: ExemplarLabels, value: number): void {
    this.#exemplars ??= Array.from<Exemplar | undefined>({ length: this.counts.length });
    this.#exemplars[at] = { labelSet, value, timestamp: wallNow() / 1_000 };
  }

  #sliCounts(sli: Sli): SliCounts {
    const { counts } = this;
    const at = sliAt(sli);
    return {
      get good() {
        return counts[at] ?? 0;
      },
      get bad() {
        return counts[at + 1] ?? 0;
      },
    };
  }

  #observe(at: number, elapsedMs: number): void {
    const bucketAt = at + 1 + this.#buckets.indexOf(elapsedMs);
    add(this.counts, at, elapsedMs);
    add(this.counts, bucketAt, 1);
    if (this.#traced !== undefined) this.#keep(bucketAt, this.#traced, elapsedMs / 1_000);
  }
}

function add(counts: Float64Array, at: number, by: number): void {
  counts[at] = (counts[at] ?? 0) + by;
}

function sum(counts: Float64Array, at: number, length: number): number {
  return counts.subarray(at, at + length).reduce((total, count) => total + count, 0);
}

function byName(names: readonly string[], counts: Float64Array, at: number): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, counts[at + index] ?? 0]));
}
