import { describe, expect, test, vi } from 'vitest';
import { deadlines } from '../../src/core/deadlines.ts';
import type { Strategy } from '../../src/core/pipeline.ts';
import {
  type AdaptiveLimitOptions,
  adaptiveLimit,
  type Breakwater,
  type BulkheadOptions,
  bulkhead,
  type CacheFallbackOptions,
  type ChaosOptions,
  type CircuitBreakerOptions,
  cacheFallback,
  chaos,
  circuitBreaker,
  type FailoverOptions,
  failover,
  fallback,
  type HedgeOptions,
  hedge,
  type Policy,
  type PolicyOptions,
  type RateLimitOptions,
  type RetryOptions,
  rateLimit,
  retry,
  type ThrottleOptions,
  throttle,
  timeout,
} from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { testHub } from '../support.ts';
import { call, LATEST_MS, startCalls } from './calls.ts';
import { underFakeTime } from './fake-time.ts';

const retries: readonly RetryOptions[] = [
  { maxRetries: 2, baseDelayMs: 20 },
  { maxRetries: 1, baseDelayMs: 0 },
];
const hedges: readonly HedgeOptions[] = [
  { delayMs: 10, maxExtraLoad: 1 },
  { delayMs: 100, maxHedges: 3, maxExtraLoad: 1 },
  { percentile: 50, minDelayMs: 0 },
];
const endpoints = ['a', 'b', 'c'].map((name) => ({ name, target: name }));
const failovers: readonly FailoverOptions<string>[] = [
  { endpoints },
  { endpoints, balance: 'balanced', ejection: { consecutiveFailures: 1, baseEjectionMs: 50 } },
];
const throttles: readonly ThrottleOptions[] = [{ multiplier: 1, windowMs: 500 }, { mode: 'shadow' }];
const rateLimits: readonly RateLimitOptions[] = [
  { ratePerSecond: 20, burst: 1, maxWaitMs: 200 },
  { ratePerSecond: 5, burst: 2 },
  { ratePerSecond: 1, mode: 'shadow' },
];
const adaptiveLimits: readonly AdaptiveLimitOptions[] = [
  { initialLimit: 1, maxLimit: 2 },
  { algorithm: 'vegas', initialLimit: 2, mode: 'shadow' },
];
const bulkheads: readonly BulkheadOptions[] = [
  { maxConcurrent: 1, maxQueue: 3, queueTimeoutMs: 150, maxLeaseMs: 1_000 },
  { maxConcurrent: 2, maxQueue: 1 },
  { maxConcurrent: 1, mode: 'shadow' },
];
const circuits: readonly CircuitBreakerOptions[] = [
  { consecutiveFailures: 2, openMs: 100, halfOpenMaxMs: 80 },
  { consecutiveFailures: 1, openMs: 50, perKey: ({ cacheKey }) => cacheKey, maxKeys: 1 },
  { consecutiveFailures: 1, openMs: 50, probe: () => Promise.resolve(), mode: 'enforce' },
];
const caches: readonly CacheFallbackOptions[] = [{ coalesce: true }, { freshForMs: 50 }];
const faults: readonly ChaosOptions[] = [
  { enabled: true, error: { rate: 0.3 } },
  { enabled: true, latency: { rate: 0.3, ms: 70 }, abort: { rate: 0.3, afterMs: 20 } },
  { enabled: true, result: { rate: 1, result: () => 'bad' } },
];

const one = <T>(of: readonly T[]) => fc.constantFrom(...of);
const maybe = <T>(of: readonly T[]) => fc.constantFrom(false as const, ...of);

const standard: fc.Arbitrary<PolicyOptions<string>> = fc.record({
  totalTimeoutMs: fc.constantFrom(false as const, 150, 700),
  attemptTimeoutMs: fc.constantFrom(false as const, 60, 200),
  retry: maybe(retries),
  hedge: maybe(hedges),
  failover: maybe(failovers),
  throttle: maybe(throttles),
  rateLimit: maybe(rateLimits),
  adaptiveLimit: maybe(adaptiveLimits),
  bulkhead: maybe(bulkheads),
  circuitBreaker: maybe(circuits),
  cacheFallback: maybe(caches),
  fallback: fc.constantFrom(false as const, () => 'instead'),
  chaos: maybe(faults),
});

/** Makes one layer, anew for each run. */
const layer: fc.Arbitrary<() => Strategy> = fc.oneof(
  fc.constantFrom(40, 150).map((timeoutMs) => () => timeout({ timeoutMs })),
  one(retries).map((options) => () => retry(options)),
  one(hedges).map((options) => () => hedge(options)),
  one(failovers).map((options) => () => failover(options)),
  one(throttles).map((options) => () => throttle(options)),
  one(rateLimits).map((options) => () => rateLimit(options)),
  one(adaptiveLimits).map((options) => () => adaptiveLimit(options)),
  one(bulkheads).map((options) => () => bulkhead(options)),
  one(circuits).map((options) => () => circuitBreaker(options)),
  one(caches).map((options) => () => cacheFallback(options)),
  fc.constant(() => fallback(() => 'instead')),
  one(faults).map((options) => () => chaos(options)),
);

const unhandled = underFakeTime();

/** All gauges of the policy that say how much is under way. */
async function underWay(hub: Breakwater): Promise<Record<string, number>> {
  const families = await hub.registry.getMetricsAsJSON();
  const gauges = families.filter(({ name }) => /_(in_use|in_flight|queued)$/.test(name));
  return Object.fromEntries(
    gauges.flatMap(({ name, values = [] }) =>
      values.filter(({ value }) => value !== 0).map(({ value }) => [name, Number(value)]),
    ),
  );
}

async function expectTidy(
  hub: Breakwater,
  policy: Policy,
  calls: Parameters<typeof startCalls>[1],
  outcomes: Set<string>,
): Promise<void> {
  const ended: string[] = [];
  hub.on('call', ({ outcome }) => ended.push(outcome));
  const { followed, operations } = startCalls(policy, calls);
  // Several layers may run one operation after the other that lasts so long.
  await vi.advanceTimersByTimeAsync(LATEST_MS * 50);
  const stats = policy.stats();
  const attempts = Object.values(stats.attempts).reduce((a, b) => a + b, 0);
  expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
  expect(ended.length).toBe(calls.length);
  expect(stats).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
  if (policy.chaos === undefined) expect(attempts).toBe(operations.started);
  else expect(attempts).toBeGreaterThanOrEqual(operations.started);
  expect(await underWay(hub)).toEqual({});
  expect(deadlines.waiting).toBe(0);
  expect(deadlines.hasTimer).toBe(false);
  await hub.close();
  expect(vi.getTimerCount()).toBe(0);
  for (const outcome of ended) outcomes.add(outcome);
}

describe('with any of the strategies, each call settles once and nothing stays under way', () => {
  test('in the standard order', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(standard, fc.array(call, { minLength: 1, maxLength: 10 }), async (options, calls) => {
        const hub = testHub();
        await expectTidy(hub, hub.policy('dependency', options), calls, outcomes);
      }),
      { numRuns: 100 },
    );
    expect(outcomes.size).toBeGreaterThanOrEqual(6);
    expect(await unhandled()).toEqual([]);
  }, 60_000);

  test('in any other order, also several times', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(layer, { minLength: 1, maxLength: 7 }),
        fc.array(call, { minLength: 1, maxLength: 10 }),
        async (layers, calls) => {
          const hub = testHub();
          const strategies = layers.map((make) => make());
          // An operation gets one target.
          fc.pre(strategies.filter(({ kind }) => kind === 'failover').length <= 1);
          const policy = hub.policy('dependency', { strategies });
          await expectTidy(hub, policy, calls, outcomes);
        },
      ),
      { numRuns: 150 },
    );
    expect(outcomes.size).toBeGreaterThanOrEqual(6);
    expect(await unhandled()).toEqual([]);
  }, 60_000);
});
