import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failing, follow, hanging, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a probe that hangs counts as failed after halfOpenMaxMs, and the next one can close the circuit', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 1, openMs: 1_000, halfOpenMaxMs: 500, openBackoffFactor: 1 },
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
  });
  await repeat(1, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_101);
  const probe = follow(policy.execute(hanging));
  expect(policy.circuit.state).toBe('half-open');
  await vi.advanceTimersByTimeAsync(499);
  expect(policy.circuit.state).toBe('half-open');
  await vi.advanceTimersByTimeAsync(2);
  expect(policy.circuit.state).toBe('open');
  expect(probe.now.status).toBe('pending');

  await vi.advanceTimersByTimeAsync(1_101);
  expect(await policy.execute(() => 'back')).toBe('back');
  expect(policy.circuit.state).toBe('closed');
});

test('so does one that nothing asks about meanwhile, and by default after openMs', async () => {
  const hub = testHub();
  const seen: string[] = [];
  hub.on('circuit', ({ from, to }) => seen.push(`${from} to ${to}`));
  const policy = hub.policy('database', {
    circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 },
    attemptTimeoutMs: false,
    totalTimeoutMs: false,
  });
  await repeat(1, () => policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_101);
  follow(policy.execute(hanging));
  await vi.advanceTimersByTimeAsync(1_001);
  expect(seen).toEqual(['closed to open', 'open to half-open', 'half-open to open']);
});
