import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deferred, errorOf, failing, flush, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('cache hits are not in the window', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { failureRate: 0.5, minimumThroughput: 4 },
    cacheFallback: { staleIfErrorMs: 60_000, freshForMs: 60_000 },
  });
  await repeat(2, () => policy.execute(() => 'good'));
  await policy.execute(() => 'remembered', { cacheKey: 'key' });
  await repeat(100, () => policy.execute(() => 'unused', { cacheKey: 'key' }));
  expect(policy.stats().cache).toMatchObject({ hit: 100 });
  expect(policy.circuit.window.attempts).toBe(3);
  await repeat(2, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});

test('calls in flight are not in the window', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { failureRate: 1, minimumThroughput: 2 },
  });
  const answer = deferred();
  const inFlight = Array.from({ length: 50 }, () => policy.execute(() => answer.promise));
  await repeat(2, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
  answer.resolve('fine');
  await Promise.all(inFlight);
});

test('rejections and released permits are not in the window', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { failureRate: 0.5, minimumThroughput: 4, openMs: 1_000, halfOpenProbes: 1 },
    retry: { maxRetries: 0 },
  });
  await repeat(4, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
  await repeat(100, () => policy.execute(() => 'unused'));
  expect(policy.stats().rejections).toMatchObject({ circuit_open: 100 });
  await vi.advanceTimersByTimeAsync(1_101);
  await policy.execute(() => 'probe');
  expect(policy.circuit.window).toEqual({ attempts: 0, failures: 0, slow: 0 });

  const controllers = Array.from({ length: 20 }, () => new AbortController());
  const given = controllers.map(({ signal }) =>
    errorOf(policy.execute(() => new Promise(() => {}), { signal })),
  );
  for (const controller of controllers) controller.abort(new Error('gave up'));
  await Promise.all(given);
  await repeat(5, () => policy.execute(() => Promise.reject(new TypeError('x is not a function'))));
  await flush();
  expect(policy.circuit.window.attempts).toBe(0);
});

test('a rejection by a policy within does not count against the policy around it', async () => {
  const hub = testHub();
  const inner = hub.policy('inner', { circuitBreaker: { consecutiveFailures: 1 } });
  const outer = hub.policy('outer', { circuitBreaker: { consecutiveFailures: 2 } });
  await repeat(1, () => outer.execute(() => inner.execute(failing())));
  expect(outer.circuit.window).toMatchObject({ attempts: 1, failures: 1 });
  await repeat(20, () => outer.execute(() => inner.execute(failing())));
  expect(outer.circuit.state).toBe('closed');
  expect(outer.circuit.window).toMatchObject({ attempts: 1, failures: 1 });
});
