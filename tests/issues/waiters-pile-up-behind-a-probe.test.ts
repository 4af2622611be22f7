import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, failing, flush, follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('while a probe runs, all other calls are turned away at once', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { consecutiveFailures: 1, openMs: 1_000 },
    retry: { maxRetries: 3 },
  });
  follow(policy.execute(failing()));
  await vi.advanceTimersByTimeAsync(1_301);
  const answer = deferred();
  const probe = policy.execute(() => answer.promise);
  expect(policy.circuit.state).toBe('half-open');

  const operation = vi.fn(() => 'unused');
  const others = Array.from({ length: 100 }, () => follow(policy.execute(operation)));
  await flush();
  for (const other of others) {
    expect(other.now).toMatchObject({
      status: 'rejected',
      reason: { code: 'CIRCUIT_OPEN', retryAfterMs: 0 },
    });
  }
  expect(operation).not.toHaveBeenCalled();
  expect(policy.stats()).toMatchObject({ callsInFlight: 1 });

  answer.resolve('back');
  expect(await probe).toBe('back');
  expect(policy.circuit.state).toBe('closed');
  expect(await policy.execute(operation)).toBe('unused');
});
