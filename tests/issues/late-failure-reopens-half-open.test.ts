import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, failing, flush, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a failure from before the opening does not open a half-open circuit again', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 2, openMs: 1_000 },
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
  });
  const early = deferred();
  const slow = policy.execute(() => early.promise);
  await repeat(2, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_101);
  expect(policy.circuit.state).toBe('half-open');

  early.reject(new Error('late'));
  await expect(slow).rejects.toThrow('late');
  await flush();
  expect(policy.circuit.state).toBe('half-open');

  expect(await policy.execute(() => 'probe')).toBe('probe');
  expect(policy.circuit.state).toBe('closed');
});

test('a failure from before the opening does not lengthen an open circuit', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 2, openMs: 1_000 },
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
  });
  const early = deferred();
  const slow = policy.execute(() => early.promise);
  await repeat(2, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(900);
  const before = policy.circuit.retryAfterMs;
  early.reject(new Error('late'));
  await expect(slow).rejects.toThrow('late');
  expect(policy.circuit.retryAfterMs).toBe(before);
});
