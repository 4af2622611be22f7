import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AbortError } from 'p-retry';
import { expect, test, vi } from 'vitest';
import { errorOf, testHub } from '../support.ts';

function retrying() {
  return testHub().policy('upstream', {
    retry: { maxRetries: 3, baseDelayMs: 0 },
    circuitBreaker: { consecutiveFailures: 1 },
  });
}

test('a DOMException AbortError, thrown by the operation, is not retried', async () => {
  const policy = retrying();
  const aborted = new DOMException('This operation was aborted', 'AbortError');
  const operation = vi.fn(() => Promise.reject(aborted));
  expect(await errorOf(policy.execute(operation))).toBe(aborted);
  expect(operation).toHaveBeenCalledTimes(1);
  expect(policy.stats()).toMatchObject({ calls: { failure: 1 }, attempts: { failure: 1 } });
});

test.each([
  ['a timer', (signal: AbortSignal) => sleep(1_000, undefined, { signal })],
  ['an event', (signal: AbortSignal) => once(new EventEmitter(), 'never', { signal })],
  ['fetch', (signal: AbortSignal) => fetch('http://127.0.0.1:9/', { signal })],
])('nor is the abort of %s that the operation waited for under its own signal', async (_what, wait) => {
  const policy = retrying();
  const operation = vi.fn(() => {
    const controller = new AbortController();
    const waiting = wait(controller.signal);
    controller.abort();
    return waiting;
  });
  expect(await errorOf(policy.execute(operation))).toMatchObject({ name: 'AbortError' });
  expect(operation).toHaveBeenCalledTimes(1);
});

test("the abort of the caller's own signal, given to the call, says nothing about the dependency", async () => {
  const policy = retrying();
  const caller = new AbortController();
  const operation = vi.fn((signal: AbortSignal) => sleep(60_000, undefined, { signal }));
  const call = policy.execute(({ signal }) => operation(signal), { signal: caller.signal });
  caller.abort();
  expect(await errorOf(call)).toMatchObject({ name: 'AbortError' });
  expect(operation).toHaveBeenCalledTimes(1);
  expect(policy.stats()).toMatchObject({ calls: { ignored: 1 }, attempts: { ignored: 1 } });
  expect(policy.circuit.window.attempts).toBe(0);
});

test('a TimeoutError of AbortSignal.timeout() is the dependency being slow, and is retried', async () => {
  const policy = testHub().policy('upstream', { retry: { maxRetries: 2, baseDelayMs: 0 } });
  const operation = vi.fn(() => Promise.reject(new DOMException('The operation timed out.', 'TimeoutError')));
  expect(await errorOf(policy.execute(operation))).toMatchObject({ name: 'TimeoutError' });
  expect(operation).toHaveBeenCalledTimes(3);
});

test("p-retry's AbortError is permanent: not retried, but the dependency's failure", async () => {
  const policy = retrying();
  const operation = vi.fn(() => Promise.reject(new AbortError('no use')));
  expect(await errorOf(policy.execute(operation))).toMatchObject({ message: 'no use' });
  expect(operation).toHaveBeenCalledTimes(1);
  expect(policy.circuit.state).toBe('open');
});
