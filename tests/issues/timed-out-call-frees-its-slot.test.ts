import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, errorOf, flush, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a timed-out operation is in flight until it really ends', async () => {
  const policy = testHub().policy('database', { attemptTimeoutMs: 100, circuitBreaker: false });
  const operations = [deferred(), deferred()];
  const calls = operations.map(({ promise }) => errorOf(policy.execute(() => promise)));
  await vi.advanceTimersByTimeAsync(120);
  await Promise.all(calls);
  expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 2, lateOutcomes: 0 });
  operations[0]?.resolve('late');
  await flush();
  expect(policy.stats()).toMatchObject({ attemptsInFlight: 1, lateOutcomes: 1 });
  operations[1]?.reject(new Error('late'));
  await flush();
  expect(policy.stats()).toMatchObject({
    attemptsInFlight: 0,
    lateOutcomes: 2,
    attempts: { timeout: 2, success: 0, failure: 0 },
  });
});

test('the gauge on /metrics says the same', async () => {
  const hub = testHub();
  const policy = hub.policy('database', { attemptTimeoutMs: 100 });
  const operation = deferred();
  const call = errorOf(policy.execute(() => operation.promise));
  await vi.advanceTimersByTimeAsync(120);
  await call;
  expect(await hub.registry.metrics()).toContain('breakwater_attempts_in_flight{policy="database"} 1');
  operation.resolve('late');
  await flush();
  expect(await hub.registry.metrics()).toContain('breakwater_attempts_in_flight{policy="database"} 0');
});
