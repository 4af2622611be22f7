import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, errorOf, hanging, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a call's timeout aborts its own signal and no other call's", async () => {
  const policy = testHub().policy('upstream', { attemptTimeoutMs: 100, circuitBreaker: false });
  const signals: AbortSignal[] = [];
  const first = errorOf(
    policy.execute(({ signal }) => {
      signals.push(signal);
      return hanging();
    }),
  );
  await vi.advanceTimersByTimeAsync(60);
  const answer = deferred();
  const second = policy.execute(({ signal }) => {
    signals.push(signal);
    return answer.promise;
  });
  await vi.advanceTimersByTimeAsync(60);
  expect(await first).toMatchObject({ code: 'TIMEOUT', scope: 'attempt' });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  answer.resolve('fine');
  expect(await second).toBe('fine');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});

test('a later call gets a signal that is not aborted', async () => {
  const policy = testHub().policy('upstream', { attemptTimeoutMs: 100, circuitBreaker: false });
  const first = errorOf(policy.execute(hanging));
  await vi.advanceTimersByTimeAsync(120);
  await first;
  expect(await policy.execute(({ signal }) => signal.aborted)).toBe(false);
});
