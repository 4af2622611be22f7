import type { Circuit, CircuitWindowCounts } from './circuit.ts';

/** What the windows of circuits hold together. */
export function heldBy(circuits: readonly Circuit[]): CircuitWindowCounts {
  const sum = { attempts: 0, failures: 0, slow: 0 };
  for (const { window } of circuits) {
    sum.attempts += window.attempts;
    sum.failures += window.failures;
    sum.slow += window.slow;
  }
  return sum;
}

/** Counts of a policy since it was made. */
export interface PolicyStats {
  readonly calls: Readonly<Record<string, number>>;
  readonly attempts: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly rejections: Readonly<Record<string, number>>;
  readonly fallbacks: Readonly<Record<string, number>>;
  readonly cache: Readonly<Record<string, number>>;
  readonly lateOutcomes: number;
  readonly internalErrors: number;
  readonly callsInFlight: number;
  readonly attemptsInFlight: number;
  /** Estimated from the histogram's buckets, in milliseconds; `undefined` before the first call. */
  readonly latency: { readonly p50Ms: number | undefined; readonly p99Ms: number | undefined };
  /** What the windows of its circuits hold together, with their failure rate; the rate is `undefined` while it is empty. */
  readonly window: {
    readonly attempts: number;
    readonly failures: number;
    readonly slow: number;
    readonly failureRate: number | undefined;
  };
}
