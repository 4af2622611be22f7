import type { PolicyOptions } from 'breakwater';

/** What both dependencies are held to. A shop's own numbers: people wait for these answers. */
export const policyDefaults = {
  totalTimeoutMs: 2_000,
  attemptTimeoutMs: 500,
  retry: { maxRetries: 2, baseDelayMs: 50 },
  circuitBreaker: {
    consecutiveFailures: 5,
    minimumThroughput: 20,
    openMs: 1_500,
    openBackoffFactor: 1.5,
    maxOpenMs: 3_000,
  },
  cacheFallback: { staleIfErrorMs: 60_000 },
  slo: {
    availability: 0.99,
    latency: { objective: 0.95, thresholdMs: 250 },
    correctness: 0.9,
  },
} as const satisfies PolicyOptions;
