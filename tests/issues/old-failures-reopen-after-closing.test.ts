import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failing, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('failures from before the opening do not open the circuit after it has closed', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: {
      failureRate: 0.5,
      minimumThroughput: 10,
      window: { type: 'time', ms: 60_000 },
      openMs: 1_000,
    },
  });
  await repeat(10, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
  await vi.advanceTimersByTimeAsync(1_101);
  await policy.execute(() => 'probe');
  expect(policy.circuit.state).toBe('closed');
  expect(policy.circuit.window).toEqual({ attempts: 0, failures: 0, slow: 0 });
  await repeat(9, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
});

test('nor do failures in a row from before it', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 3, failureRate: false, openMs: 1_000 },
  });
  await repeat(3, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_101);
  await policy.execute(() => 'probe');
  await repeat(2, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});

test('nor, in a window of so many attempts, those that reset() put aside', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { failureRate: 0.5, minimumThroughput: 4, window: { type: 'count', size: 8 } },
  });
  await repeat(3, () => policy.execute(failing()));
  policy.circuit.reset();
  await repeat(3, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});
