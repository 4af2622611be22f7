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
  /** What the circuit's window holds, with its failure rate; the rate is `undefined` while it is empty. */
  readonly window: {
    readonly attempts: number;
    readonly failures: number;
    readonly slow: number;
    readonly failureRate: number | undefined;
  };
}
