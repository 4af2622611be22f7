import { expect, test, vi } from 'vitest';
import { deadlines } from '../../src/core/deadlines.ts';
import type { PolicyOptions } from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { testHub } from '../support.ts';
import { call, LATEST_MS, startCalls } from './calls.ts';
import { underFakeTime } from './fake-time.ts';

const policyOptions: fc.Arbitrary<PolicyOptions> = fc.record({
  totalTimeoutMs: fc.constantFrom(false as const, 150, 700),
  attemptTimeoutMs: fc.constantFrom(false as const, 60, 200),
  retry: fc.constantFrom(
    false as const,
    { maxRetries: 3, baseDelayMs: 20 },
    { maxRetries: 1, baseDelayMs: 0 },
  ),
  circuitBreaker: fc.constantFrom(
    false as const,
    { consecutiveFailures: 2, openMs: 100, halfOpenMaxMs: 80 },
    { consecutiveFailures: 2, openMs: 100, mode: 'shadow' as const },
  ),
  cacheFallback: fc.constantFrom(
    false as const,
    { coalesce: true },
    { freshForMs: 50 },
    { coalesce: true, freshForMs: 50, clone: (value: unknown) => value },
  ),
  fallback: fc.constantFrom(
    false as const,
    () => 'instead',
    { answer: () => new Promise((resolve) => setTimeout(() => resolve('instead'), 30)), timeoutMs: 20 },
    () => {
      throw new Error('no fallback either');
    },
  ),
});

const unhandled = underFakeTime();

test('each call settles once, gauges return to zero, and the counters add up', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      policyOptions,
      fc.array(call, { minLength: 1, maxLength: 12 }),
      async (options, calls) => {
        const hub = testHub();
        const policy = hub.policy('dependency', options);
        const ended: string[] = [];
        hub.on('call', ({ outcome }) => ended.push(outcome));
        let attemptEvents = 0;
        hub.on('attempt', () => {
          attemptEvents += 1;
        });
        const { followed, operations } = startCalls(policy, calls);
        await vi.advanceTimersByTimeAsync(LATEST_MS * 6);

        const stats = policy.stats();
        const sum = (counts: Readonly<Record<string, number>>) =>
          Object.values(counts).reduce((a, b) => a + b, 0);
        expect(followed.map(({ times }) => times)).toEqual(calls.map(() => 1));
        expect(ended.length).toBe(calls.length);
        expect(sum(stats.calls)).toBe(calls.length);
        expect(sum(stats.attempts)).toBe(operations.started);
        expect(attemptEvents).toBe(operations.started);
        expect(stats).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0 });
        expect(stats.lateOutcomes).toBeLessThanOrEqual(operations.started);
        expect(deadlines.waiting).toBe(0);
        expect(deadlines.hasTimer).toBe(false);
        await hub.close();
        expect(vi.getTimerCount()).toBe(0);
        for (const outcome of ended) outcomes.add(outcome);
      },
    ),
    { numRuns: 250 },
  );
  expect(await unhandled()).toEqual([]);
  expect([...outcomes].sort()).toEqual(
    ['defect', 'failure', 'fallback', 'ignored', 'rejected', 'success', 'timeout'].sort(),
  );
}, 60_000);
