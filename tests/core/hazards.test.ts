import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Breakwater,
  bulkhead,
  chaos,
  circuitBreaker,
  failover,
  type HazardEvent,
  hazardCodes,
  type PolicyOptions,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { testHub } from '../support.ts';

let hub: Breakwater;
const events: HazardEvent[] = [];
const warnings: [object, string][] = [];

beforeEach(() => {
  vi.useFakeTimers();
  events.length = 0;
  warnings.length = 0;
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (fields: object, text: string) => warnings.push([fields, text]),
  };
  hub = testHub({ logger });
  hub.on('hazard', (event) => events.push(event));
});

afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

let made = 0;
function codesOf(options: PolicyOptions): readonly string[] {
  made += 1;
  return hub.policy(`policy ${made}`, options).hazards.map(({ code }) => code);
}

const endpoints = [
  { name: 'a', target: 1 },
  { name: 'b', target: 2 },
];

/** Each hazard that options can have, with options that trip it and some that just do not. */
const table: readonly [code: string, trips: () => PolicyOptions, spared: () => PolicyOptions][] = [
  [
    'ATTEMPT_TIMEOUT_OVER_TOTAL',
    () => ({ totalTimeoutMs: 5_000, attemptTimeoutMs: 5_001 }),
    () => ({ totalTimeoutMs: 5_000, attemptTimeoutMs: 5_000 }),
  ],
  [
    'ATTEMPT_TIMEOUT_OVER_TOTAL',
    () => ({ totalTimeoutMs: 5_000, retry: {} }),
    // The library's own attempt timeout: the total timeout does its work.
    () => ({ totalTimeoutMs: 5_000 }),
  ],
  [
    'WORST_CASE_OVER_TOTAL_TIMEOUT',
    () => ({ totalTimeoutMs: 1_999, attemptTimeoutMs: 1_000, retry: { maxRetries: 1, baseDelayMs: 0 } }),
    () => ({ totalTimeoutMs: 2_000, attemptTimeoutMs: 1_000, retry: { maxRetries: 1, baseDelayMs: 0 } }),
  ],
  [
    'WORST_CASE_OVER_TOTAL_TIMEOUT',
    () => ({ totalTimeoutMs: 3_999, attemptTimeoutMs: 1_000, retry: { maxRetries: 7, baseDelayMs: 0 } }),
    () => ({ totalTimeoutMs: 4_000, attemptTimeoutMs: 1_000, retry: { maxRetries: 7, baseDelayMs: 0 } }),
  ],
  [
    'WORST_CASE_OVER_TOTAL_TIMEOUT',
    () => ({ totalTimeoutMs: 1_999, attemptTimeoutMs: 1_000, failover: { endpoints } }),
    () => ({ totalTimeoutMs: 2_000, attemptTimeoutMs: 1_000, failover: { endpoints } }),
  ],
  [
    'QUEUE_OVER_TOTAL_TIMEOUT',
    () => ({ totalTimeoutMs: 12_000, bulkhead: { maxConcurrent: 1, maxQueue: 9, queueTimeoutMs: 12_000 } }),
    () => ({ totalTimeoutMs: 12_000, bulkhead: { maxConcurrent: 1, maxQueue: 9, queueTimeoutMs: 11_999 } }),
  ],
  [
    'QUEUE_OVER_TOTAL_TIMEOUT',
    () => ({ totalTimeoutMs: 12_000, rateLimit: { ratePerSecond: 1, maxWaitMs: 12_000 } }),
    () => ({ totalTimeoutMs: 12_000, rateLimit: { ratePerSecond: 1, maxWaitMs: 11_999 } }),
  ],
  [
    'LATENCY_OBJECTIVE_OVER_TIMEOUT',
    () => ({ attemptTimeoutMs: 900, slo: { latency: { objective: 0.9, thresholdMs: 900 } } }),
    () => ({ attemptTimeoutMs: 901, slo: { latency: { objective: 0.9, thresholdMs: 900 } } }),
  ],
  [
    'WINDOW_UNDER_TWO_ATTEMPTS',
    () => ({ circuitBreaker: { window: { type: 'time', ms: 19_999 } } }),
    () => ({ circuitBreaker: { window: { type: 'time', ms: 20_000 } } }),
  ],
  [
    // A run is bounded by what is around the circuit too.
    'WINDOW_UNDER_TWO_ATTEMPTS',
    () => ({ totalTimeoutMs: 2_000, circuitBreaker: { window: { type: 'time', ms: 3_999 } } }),
    () => ({ totalTimeoutMs: 2_000, circuitBreaker: { window: { type: 'time', ms: 4_000 } } }),
  ],
  [
    'WINDOW_UNDER_TWO_ATTEMPTS',
    () => ({
      attemptTimeoutMs: false,
      totalTimeoutMs: 30_000,
      circuitBreaker: { window: { type: 'time', ms: 1_000 } },
    }),
    // Nobody asked for the total timeout: the operation has a time of its own.
    () => ({ attemptTimeoutMs: false, circuitBreaker: { window: { type: 'time', ms: 1_000 } } }),
  ],
  [
    'WINDOW_UNDER_TWO_ATTEMPTS',
    () => ({
      strategies: [
        timeout({ timeoutMs: 9_000 }),
        timeout({ timeoutMs: 600 }),
        circuitBreaker({ window: { type: 'time', ms: 1_199 } }),
      ],
    }),
    () => ({
      strategies: [
        timeout({ timeoutMs: 9_000 }),
        timeout({ timeoutMs: 600 }),
        circuitBreaker({ window: { type: 'time', ms: 1_200 } }),
      ],
    }),
  ],
  [
    'ATTEMPT_TIMEOUT_OVER_TOTAL',
    () => ({
      strategies: [
        timeout({ timeoutMs: 60_000 }),
        timeout({ timeoutMs: 2_000 }),
        timeout({ timeoutMs: 10_000 }),
      ],
    }),
    () => ({
      strategies: [
        timeout({ timeoutMs: 60_000 }),
        timeout({ timeoutMs: 10_000 }),
        timeout({ timeoutMs: 2_000 }),
      ],
    }),
  ],
  [
    'RETRY_ON_RETRY',
    () => ({
      strategies: [timeout({ timeoutMs: 9_000 }), retry({ maxRetries: 1 }), retry({ maxRetries: 1 })],
    }),
    () => ({
      strategies: [timeout({ timeoutMs: 9_000 }), retry({ maxRetries: 1 }), retry({ maxRetries: 0 })],
    }),
  ],
  [
    'FAILOVER_IN_ONE_CIRCUIT',
    () => ({ strategies: [timeout({ timeoutMs: 9_000 }), circuitBreaker(), failover({ endpoints })] }),
    () => ({ strategies: [timeout({ timeoutMs: 9_000 }), failover({ endpoints }), circuitBreaker()] }),
  ],
  [
    'FAILOVER_SLOW_TO_NOTICE',
    () => ({ attemptTimeoutMs: 2_001, failover: { endpoints } }),
    () => ({ attemptTimeoutMs: 2_000, failover: { endpoints } }),
  ],
  [
    'FAILOVER_SLOW_TO_NOTICE',
    () => ({ failover: { endpoints }, attemptBudget: { ratio: 0.1 } }),
    () => ({ failover: { endpoints }, attemptBudget: { ratio: 0.1, periodMs: 20_000 } }),
  ],
  [
    'FAILOVER_SLOW_TO_NOTICE',
    () => ({ attemptTimeoutMs: 5_000, failover: { endpoints } }),
    // No call goes on, so that no budget is of use.
    () => ({ attemptTimeoutMs: 5_000, failover: { endpoints, maxFailovers: 0 } }),
  ],
  [
    'HEDGE_SLOW',
    () => ({ attemptTimeoutMs: 2_000, hedge: { delayMs: 1_000 } }),
    () => ({ attemptTimeoutMs: 2_000, hedge: { delayMs: 999 } }),
  ],
  [
    'NO_TIMEOUT',
    () => ({ totalTimeoutMs: false, attemptTimeoutMs: false }),
    () => ({ totalTimeoutMs: false }),
  ],
  [
    'CHAOS_WITHOUT_END',
    () => ({ chaos: { enabled: true, error: { rate: 0.1 } } }),
    () => ({ chaos: { enabled: true, forMs: 60_000, error: { rate: 0.1 } } }),
  ],
];

describe('hazards of options', () => {
  test.each(table)('%s', (code, trips, spared) => {
    expect(codesOf(trips())).toEqual([code]);
    expect(codesOf(spared())).toEqual([]);
  });

  test.each<[string, () => PolicyOptions]>([
    ['no options', () => ({})],
    ['retry with its defaults', () => ({ retry: {} })],
    ['failover with its defaults', () => ({ failover: { endpoints } })],
    ['hedge with its defaults', () => ({ hedge: {} })],
    ['retry and hedge with their defaults', () => ({ retry: {}, hedge: {} })],
    ['a bulkhead with a queue', () => ({ bulkhead: { maxConcurrent: 5, maxQueue: 50 } })],
    ['a rate limit', () => ({ rateLimit: { ratePerSecond: 5 } })],
    ['throttle and adaptive limit', () => ({ throttle: {}, adaptiveLimit: {} })],
    ['caches and fallbacks', () => ({ cacheFallback: {}, fallback: () => 0 })],
    ['chaos that is off', () => ({ chaos: { error: { rate: 1 } } })],
    ['a short total timeout', () => ({ totalTimeoutMs: 500 })],
    ['no total timeout', () => ({ totalTimeoutMs: false, retry: {} })],
    ['a window of a number of attempts', () => ({ circuitBreaker: { window: { type: 'count', size: 10 } } })],
    ['an operation with a time of its own', () => ({ attemptTimeoutMs: false, retry: {} })],
    [
      'the example of the design',
      () => ({
        totalTimeoutMs: 15_000,
        retry: { maxRetries: 3, baseDelayMs: 500 },
        circuitBreaker: { consecutiveFailures: 5, openMs: 30_000 },
        attemptTimeoutMs: 2_000,
        cacheFallback: { staleIfErrorMs: 3_600_000 },
        slo: { availability: 0.999, latency: { objective: 0.99, thresholdMs: 200 } },
      }),
    ],
    [
      'a breaker outside of retry',
      () => ({
        strategies: [
          circuitBreaker(),
          timeout({ timeoutMs: 1_000 }),
          retry({ maxRetries: 2, baseDelayMs: 5 }),
        ],
      }),
    ],
  ])('are none of %s', (_, options) => {
    expect(codesOf(options())).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('all have a test here', () => {
    const tested = new Set([...table.map(([code]) => code), 'CACHE_NEVER_KEYED']);
    expect([...tested].sort()).toEqual([...hazardCodes]);
  });

  test('are told once: logged, announced and kept, with what to do', () => {
    const policy = hub.policy('search', { totalTimeoutMs: 100, attemptTimeoutMs: 200 });
    const message =
      'An attempt may take 200 ms, longer than the 100 ms around it: the attempt timeout never fires, and one slow ' +
      'attempt leaves no time for another. Make attemptTimeoutMs a fraction of totalTimeoutMs.';
    expect(policy.hazards).toEqual([{ code: 'ATTEMPT_TIMEOUT_OVER_TOTAL', message }]);
    expect(events).toEqual([
      { policy: 'search', time: Date.now(), code: 'ATTEMPT_TIMEOUT_OVER_TOTAL', message },
    ]);
    expect(warnings).toEqual([
      [{ policy: 'search', hazard: 'ATTEMPT_TIMEOUT_OVER_TOTAL' }, `breakwater: ${message}`],
    ]);
    policy.examine();
    expect(events).toHaveLength(1);
  });

  test('are silenced by their code, others are not', () => {
    const policy = hub.policy('search', {
      totalTimeoutMs: 100,
      attemptTimeoutMs: 200,
      chaos: { enabled: true, error: { rate: 0 } },
      silenceHazards: ['ATTEMPT_TIMEOUT_OVER_TOTAL'],
    });
    expect(policy.hazards.map(({ code }) => code)).toEqual(['CHAOS_WITHOUT_END']);
    expect(events.map(({ code }) => code)).toEqual(['CHAOS_WITHOUT_END']);
  });

  test('may be silenced for all policies of a hub', async () => {
    const quiet = testHub({ defaults: { silenceHazards: ['NO_TIMEOUT'] } });
    expect(quiet.policy('p', { totalTimeoutMs: false, attemptTimeoutMs: false }).hazards).toEqual([]);
    await quiet.close();
  });

  test('that do not exist cannot be silenced', () => {
    const given: PolicyOptions = JSON.parse('{ "silenceHazards": ["HEDGE_SLOWLY", 7] }');
    expect(() => hub.policy('search', given)).toThrow(
      expect.objectContaining({
        problems: [
          {
            path: 'silenceHazards[0]',
            message: "is not the code of a hazard: 'HEDGE_SLOWLY'; did you mean 'HEDGE_SLOW'?",
          },
          { path: 'silenceHazards[1]', message: expect.stringContaining('is not the code of a hazard: 7') },
        ],
      }),
    );
  });
});

test('layers in an order of their own are looked at like the standard ones', () => {
  expect(
    codesOf({
      strategies: [
        timeout({ timeoutMs: 1_000 }),
        rateLimit({ ratePerSecond: 1, maxWaitMs: 2_000 }),
        bulkhead({ maxConcurrent: 1 }),
        chaos({ enabled: true, error: { rate: 0 } }),
      ],
    }),
  ).toEqual(['QUEUE_OVER_TOTAL_TIMEOUT', 'CHAOS_WITHOUT_END']);
});
