import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { flush, follow, hanging, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("the caller's abort rejects with its own reason and counts as ignored", async () => {
  const policy = testHub().policy('upstream', {
    attemptTimeoutMs: 1_000,
    circuitBreaker: { consecutiveFailures: 1 },
  });
  const controller = new AbortController();
  const timedOut = vi.fn();
  policy.circuit.breaker.on('timeout', timedOut);
  const call = follow(policy.execute(hanging, { signal: controller.signal }));
  const reason = new Error('the user went away');
  controller.abort(reason);
  await flush();
  expect(call.now).toEqual({ status: 'rejected', reason });
  expect(policy.stats()).toMatchObject({
    calls: { ignored: 1, timeout: 0 },
    attempts: { ignored: 1, timeout: 0 },
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(timedOut).not.toHaveBeenCalled();
  expect(policy.circuit.window.attempts).toBe(0);
  expect(policy.circuit.state).toBe('closed');
});

test('a default reason is the DOMException that the platform made', async () => {
  const policy = testHub().policy('upstream');
  const controller = new AbortController();
  const call = follow(policy.execute(hanging, { signal: controller.signal }));
  controller.abort();
  await flush();
  expect(call.now).toEqual({ status: 'rejected', reason: controller.signal.reason });
  expect(controller.signal.reason).toBeInstanceOf(DOMException);
});
