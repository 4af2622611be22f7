import { expect, test, vi } from 'vitest';
import { deadlines } from '../../src/core/deadlines.ts';
import { type LayerFamily, layerFamilies } from '../../src/core/layer-metrics.ts';
import {
  bulkhead,
  cacheFallback,
  circuitBreaker,
  hedge,
  rateLimit,
  retry,
  type Strategy,
  timeout,
} from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { testHub } from '../support.ts';
import { call, LATEST_MS, startCalls } from './calls.ts';
import { underFakeTime } from './fake-time.ts';

/** Layers to be put in any order, one limit outside or inside of another too. */
const layers: fc.Arbitrary<(() => Strategy)[]> = fc.shuffledSubarray(
  [
    () => bulkhead({ maxConcurrent: 1, maxQueue: 3, queueTimeoutMs: 120 }),
    () => bulkhead({ maxConcurrent: 2, maxQueue: 1, maxLeaseMs: 300 }),
    () => bulkhead({ maxConcurrent: 1, maxQueue: 1, mode: 'shadow' }),
    () => rateLimit({ ratePerSecond: 8, burst: 2, maxWaitMs: 200 }),
    () => rateLimit({ ratePerSecond: 8, burst: 2, mode: 'shadow' }),
    () => timeout({ timeoutMs: 500, scope: 'total' }),
    () => timeout({ timeoutMs: 90, scope: 'attempt' }),
    () => retry({ maxRetries: 2, baseDelayMs: 20 }),
    () => hedge({ delayMs: 30 }),
    () => circuitBreaker({ consecutiveFailures: 2, openMs: 100, halfOpenMaxMs: 80 }),
    () => cacheFallback({ coalesce: true }),
  ],
  { minLength: 1 },
);

const { bulkheadInUse, bulkheadQueued, rateLimitQueued } = layerFamilies;
const ours: ReadonlySet<LayerFamily> = new Set([bulkheadInUse, bulkheadQueued, rateLimitQueued]);

const unhandled = underFakeTime();

test('in any order of layers each call settles once, and nothing is left that waits or has a place', async () => {
  const reasons = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      layers,
      fc.array(call, { minLength: 1, maxLength: 20, size: 'max' }),
      fc.option(fc.nat({ max: 1_000 }), { nil: undefined, freq: 4 }),
      async (made, calls, disposedAtMs) => {
        const hub = testHub();
        const policy = hub.policy('dependency', { strategies: made.map((make) => make()) });
        hub.on('rejection', ({ reason }) => void reasons.add(reason));
        if (disposedAtMs !== undefined) setTimeout(() => policy.dispose(), disposedAtMs);
        const { followed } = startCalls(policy, calls);
        await vi.advanceTimersByTimeAsync(LATEST_MS * 6);

        expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
        expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
        for (const { family, read } of policy.samples) {
          if (ours.has(family)) expect([family.name, read()]).toEqual([family.name, 0]);
        }
        expect(deadlines.waiting).toBe(0);
        await hub.close();
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
  expect(await unhandled()).toEqual([]);
  for (const reason of ['bulkhead_full', 'rate_limited', 'circuit_open']) expect(reasons).toContain(reason);
}, 60_000);
