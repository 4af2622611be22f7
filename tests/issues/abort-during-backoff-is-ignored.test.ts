import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failing, flush, follow, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function retrying(hub = testHub()) {
  return hub.policy('upstream', {
    retry: { maxRetries: 3, baseDelayMs: 1_000, jitter: 'none' },
    circuitBreaker: false,
  });
}

test('the caller aborts during a backoff: the wait ends at once and no attempt starts after it', async () => {
  const policy = retrying();
  const controller = new AbortController();
  const operation = vi.fn(failing());
  const call = follow(policy.execute(operation, { signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(500);
  expect(operation).toHaveBeenCalledTimes(1);
  const reason = new Error('the user went away');
  controller.abort(reason);
  await flush();
  expect(call.now).toEqual({ status: 'rejected', reason });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(operation).toHaveBeenCalledTimes(1);
  expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, callsInFlight: 0, attemptsInFlight: 0 });
  expect(vi.getTimerCount()).toBe(0);
});

test('also in the second backoff', async () => {
  const policy = retrying();
  const controller = new AbortController();
  const operation = vi.fn(failing());
  const call = follow(policy.execute(operation, { signal: controller.signal }));
  await vi.advanceTimersByTimeAsync(1_500);
  expect(operation).toHaveBeenCalledTimes(2);
  controller.abort('gone');
  await flush();
  expect(call.now).toEqual({ status: 'rejected', reason: 'gone' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(operation).toHaveBeenCalledTimes(2);
});

test.each([1, 2])('also when a listener to retry %i aborts', async (at) => {
  const hub = testHub();
  const policy = retrying(hub);
  const controller = new AbortController();
  hub.on('retry', ({ retry }) => {
    if (retry === at) controller.abort('gone');
  });
  const operation = vi.fn(failing());
  const call = follow(policy.execute(operation, { signal: controller.signal }));
  await vi.advanceTimersByTimeAsync((at - 1) * 1_000 + 1);
  expect(call.now).toEqual({ status: 'rejected', reason: 'gone' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(operation).toHaveBeenCalledTimes(at);
  expect(vi.getTimerCount()).toBe(0);
});
