import type { PolicyOptions } from 'breakwater';
import type { Runbook } from 'breakwater/incidents';

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

/** What to do when the price service is in trouble. */
export const quotesRunbook = {
  title: 'The price service fails',
  url: 'https://runbooks.example.com/quotes',
  steps: [
    {
      text: 'Ask the pricing team whether they changed something.',
      check: 'They have answered, or their on-call was paged.',
    },
    {
      text: 'Roll our own release back if it is the latest change.',
      command: 'kubectl rollout undo deployment/shop',
      check: 'kubectl rollout status deployment/shop says that it was rolled out.',
      twoPeople: true,
    },
  ],
} as const satisfies Runbook;
