import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, failing, flush, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a success from before the opening does not close a half-open circuit', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 2, openMs: 1_000, openBackoffFactor: 1 },
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
  });
  const early = deferred();
  const slow = policy.execute(() => early.promise);
  await repeat(2, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
  await vi.advanceTimersByTimeAsync(1_101);
  expect(policy.circuit.state).toBe('half-open');

  early.resolve('late');
  expect(await slow).toBe('late');
  await flush();

  expect(policy.circuit.state).toBe('half-open');
  expect(policy.circuit.breaker.halfOpen).toBe(true);
  await policy.execute(() => 'probe');
  expect(policy.circuit.state).toBe('closed');
});
