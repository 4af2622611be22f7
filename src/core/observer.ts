import type { CircuitState } from './circuit.ts';
import type { Outcome, RejectionReason } from './outcome.ts';
import type { ExemplarLabels } from './tracing.ts';

/** How a call ended; the values of the label `outcome` of `calls_total`. */
export const callOutcomes = [
  'success',
  'fallback',
  'failure',
  'timeout',
  'rejected',
  'refused',
  'defect',
  'ignored',
] as const;
/** How a call ended. */
export type CallOutcome = (typeof callOutcomes)[number];

/** How an attempt ended; the values of the label `outcome` of `attempts_total`. */
export const attemptOutcomes = ['success', 'failure', 'timeout', 'refused', 'defect', 'ignored'] as const;
/** How an attempt ended. */
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** Why a retry was made; the values of the label `reason` of `retries_total`. */
export const retryReasons = ['error', 'timeout', 'result', 'retry_after'] as const;
/** Why a retry was made. */
export type RetryReason = (typeof retryReasons)[number];

/** Values of the label `reason` of `rejections_total`. */
export const rejectionReasons = [
  'circuit_open',
  'bulkhead_full',
  'rate_limited',
  'limit_reached',
  'throttled',
  'budget_spent',
] as const satisfies readonly RejectionReason[];

/** What the cache said; the values of the label `result` of `cache_requests_total`. */
export const cacheResults = ['hit', 'miss', 'stale', 'error'] as const;
/** What the cache said. */
export type CacheResult = (typeof cacheResults)[number];

/** What answered in a failed call's place; the values of the label `source` of `fallbacks_total`. */
export const fallbackSources = ['stale', 'fallback'] as const;
/** What answered in a failed call's place. */
export type FallbackSource = (typeof fallbackSources)[number];

/** Parts of the library in which something can fail without the caller being told. */
export const components = [
  'classify',
  'check',
  'cache-key',
  'cache-store',
  'fallback',
  'discard',
  'retry',
  'bulkhead',
  'hedge',
  'failover',
  'chaos',
  'stream',
  'adaptive-limit',
  'circuit-key',
  'circuit-probe',
  'circuit-listener',
  'update',
  'event-listener',
  'metrics',
  'tracing',
  'slo',
  'incidents',
  'sink',
  'integration',
] as const;
/** The part in which something failed that was kept from the caller. */
export type Component = (typeof components)[number];

/** Counts what a policy does. The port that `metrics/` fills; its methods must not throw and do array arithmetic only. */
export interface PolicyObserver {
  /** Whether it has a use for exemplars now; else it is given none. */
  readonly keepsExemplars: boolean;
  callStarted(): void;
  /**
   * `now` is the monotonic time of the end, so that nobody reads the clock again; `exemplar` what the call's trace is
   * found by.
   */
  callEnded(
    kind: CallOutcome,
    outcome: Outcome,
    durationMs: number,
    now: number,
    exemplar?: ExemplarLabels,
  ): void;
  attemptStarted(): void;
  attemptSettled(kind: AttemptOutcome, durationMs: number, exemplar?: ExemplarLabels): void;
  /** The operation really ended; `late` when it had been given up before. */
  attemptEnded(late: boolean): void;
  retried(reason: RetryReason): void;
  rejected(reason: RejectionReason): void;
  fellBack(source: FallbackSource): void;
  cacheAnswered(result: CacheResult): void;
  circuitMoved(from: CircuitState, to: CircuitState): void;
  failedInside(component: Component): void;
  /** A copy of all counts, for a difference to be made later. */
  copy(): Float64Array;
}
