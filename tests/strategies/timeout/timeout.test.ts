import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retry, timeout } from '../../../src/index.ts';
import { failing, follow, hanging, repeat, testHub } from '../../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an attempt's timeout is the dependency's failure: it is retried and feeds the breaker", async () => {
  const policy = testHub().policy('upstream', {
    attemptTimeoutMs: 100,
    retry: { maxRetries: 1, baseDelayMs: 50, jitter: 'none' },
    circuitBreaker: { consecutiveFailures: 5 },
  });
  const operation = vi.fn(hanging);
  const call = follow(policy.execute(operation));
  await vi.advanceTimersByTimeAsync(300);
  expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'attempt', timeoutMs: 100 } });
  expect(operation).toHaveBeenCalledTimes(2);
  expect(policy.circuit.window).toMatchObject({ attempts: 2, failures: 2 });
  expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, attempts: { timeout: 2 }, retries: 1 });
});

test('the total timeout bounds attempts and backoff', async () => {
  const policy = testHub().policy('upstream', {
    totalTimeoutMs: 250,
    attemptTimeoutMs: false,
    retry: { maxRetries: 5, baseDelayMs: 100, backoff: 'constant', jitter: 'none' },
    circuitBreaker: { consecutiveFailures: 100 },
  });
  const operation = vi.fn(({ attempt }: { attempt: number }) => (attempt < 2 ? failing()() : hanging()));
  const call = follow(policy.execute(operation));
  await vi.advanceTimersByTimeAsync(249);
  expect(call.now.status).toBe('pending');
  await vi.advanceTimersByTimeAsync(12);
  expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 250 } });
  expect(operation).toHaveBeenCalledTimes(2);
  expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, attempts: { failure: 1, ignored: 1 } });
  expect(policy.circuit.window).toMatchObject({ attempts: 1, failures: 1 });
});

test('a first attempt that has all the time of the total timeout and uses it up is a failure', async () => {
  const policy = testHub().policy('upstream', {
    totalTimeoutMs: 100,
    attemptTimeoutMs: false,
    circuitBreaker: { consecutiveFailures: 1 },
    retry: { maxRetries: 3, baseDelayMs: 0 },
  });
  follow(policy.execute(hanging));
  await vi.advanceTimersByTimeAsync(120);
  expect(policy.circuit.state).toBe('open');
  expect(policy.stats()).toMatchObject({ calls: { timeout: 1 }, retries: 0 });
});

describe("the caller's own deadline", () => {
  test('shorter than the attempt timeout: nobody can say, and the call counts as timed out', async () => {
    const policy = testHub().policy('upstream', {
      attemptTimeoutMs: 1_000,
      fallback: () => 'instead',
      circuitBreaker: { consecutiveFailures: 1 },
    });
    const call = follow(policy.execute(hanging, { timeoutMs: 100 }));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 100 } });
    expect(policy.circuit.window.attempts).toBe(0);
    expect(policy.stats()).toMatchObject({ calls: { timeout: 1, fallback: 0 }, attempts: { ignored: 1 } });
  });

  test('longer than the attempt timeout: attempts time out as ever, and a fallback may answer', async () => {
    const policy = testHub().policy('upstream', {
      attemptTimeoutMs: 100,
      retry: { maxRetries: 9, baseDelayMs: 0 },
      fallback: () => 'instead',
      circuitBreaker: { consecutiveFailures: 100 },
    });
    const call = follow(policy.execute(hanging, { timeoutMs: 250 }));
    await vi.advanceTimersByTimeAsync(300);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'instead' });
    expect(policy.stats()).toMatchObject({ attempts: { timeout: 2, ignored: 1 } });
    expect(policy.circuit.window).toMatchObject({ attempts: 2, failures: 2 });
  });

  test('never lengthens the total timeout', async () => {
    const policy = testHub().policy('upstream', { totalTimeoutMs: 100, attemptTimeoutMs: false });
    const call = follow(policy.execute(hanging, { timeoutMs: 60_000 }));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toMatchObject({ reason: { timeoutMs: 100 } });
  });

  test('also holds where the policy has no total timeout', async () => {
    const policy = testHub().policy('upstream', { totalTimeoutMs: false, attemptTimeoutMs: false });
    const call = follow(policy.execute(hanging, { timeoutMs: 100 }));
    await vi.advanceTimersByTimeAsync(120);
    expect(call.now).toMatchObject({ reason: { code: 'TIMEOUT', timeoutMs: 100 } });
  });
});

test('in an order of its own, timeout() around retry() bounds the call, and within it an attempt', async () => {
  const hub = testHub();
  const around = hub.policy('around', {
    strategies: [
      timeout({ timeoutMs: 150 }),
      retry({ maxRetries: 9, baseDelayMs: 20, jitter: 'none', backoff: 'constant' }),
    ],
  });
  const within = hub.policy('within', {
    strategies: [retry({ maxRetries: 1, baseDelayMs: 20, jitter: 'none' }), timeout({ timeoutMs: 50 })],
  });
  const calls = [follow(around.execute(hanging)), follow(within.execute(hanging))];
  await vi.advanceTimersByTimeAsync(200);
  expect(calls.map(({ now }) => now)).toMatchObject([
    { reason: { scope: 'total', timeoutMs: 150 } },
    { reason: { scope: 'attempt', timeoutMs: 50 } },
  ]);
  expect(around.stats().attempts).toMatchObject({ timeout: 1 });
  expect(within.stats().attempts).toMatchObject({ timeout: 2 });
});

test('an idle policy owns no timer, and a rejection has no stack to collect', async () => {
  const policy = testHub().policy('upstream', { circuitBreaker: { consecutiveFailures: 1 } });
  expect(vi.getTimerCount()).toBe(0);
  await policy.execute(() => 1);
  await vi.advanceTimersByTimeAsync(11);
  expect(vi.getTimerCount()).toBe(0);
  await repeat(1, () => policy.execute(failing()));
  const rejection = await policy.execute(() => 1).catch((error) => error);
  expect(rejection.stack.split('\n')).toHaveLength(1);
});

describe("a caller's deadline long enough for an attempt", () => {
  test.each([
    ['with a total timeout', {}],
    ['without one', { totalTimeoutMs: false }],
    ['for a shared run', { cacheFallback: { coalesce: true } }],
  ] as const)('is a failure, and a stale value answers: %s', async (_how, options) => {
    const policy = testHub().policy('dependency', {
      cacheFallback: {},
      attemptTimeoutMs: 50,
      retry: {},
      ...options,
    });
    await policy.execute(() => 'remembered', { cacheKey: 'key' });
    const call = follow(policy.execute(hanging, { cacheKey: 'key', timeoutMs: 60 }));
    await vi.advanceTimersByTimeAsync(100);
    expect(call.now).toEqual({ status: 'fulfilled', value: 'remembered' });
  });

  test('one equal to the attempt timeout is no shorter, so the circuit sees the failure', async () => {
    const policy = testHub().policy('dependency', { attemptTimeoutMs: 50 });
    const call = follow(policy.execute(hanging, { timeoutMs: 50 }));
    await vi.advanceTimersByTimeAsync(70);
    expect(call.now).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT' } });
    expect(policy.circuit.window).toMatchObject({ attempts: 1, failures: 1 });
  });
});
