import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PolicyOptions } from '../../src/index.ts';
import { failing, repeat, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function options(): PolicyOptions {
  return {
    circuitBreaker: { consecutiveFailures: 2 },
    cacheFallback: { staleIfErrorMs: 60_000, freshForMs: 60_000, coalesce: true },
  };
}

test('two policies of one options object share neither state nor remembered values', async () => {
  const hub = testHub();
  const shared = options();
  const first = hub.policy('first', shared);
  const second = hub.policy('second', shared);

  await first.execute(() => 'of the first', { cacheKey: 'key' });
  expect(await second.execute(() => 'of the second', { cacheKey: 'key' })).toBe('of the second');

  await repeat(2, () => first.execute(failing()));
  expect(first.circuit.state).toBe('open');
  expect(second.circuit.state).toBe('closed');
  expect(second.circuit.breaker.opened).toBe(false);
  expect(second.circuit.window.failures).toBe(0);
  expect(shared).toEqual(options());
});

test("nor do two policies that start from one hub's defaults", async () => {
  const hub = testHub({ defaults: options() });
  const first = hub.policy('first');
  const second = hub.policy('second');
  await repeat(2, () => first.execute(failing()));
  await first.execute(() => 1, { cacheKey: 'key' }).catch(() => {});
  expect(first.circuit.state).toBe('open');
  expect(second.circuit.state).toBe('closed');
});

test('changing the options object later changes nothing', async () => {
  const circuitBreaker = { consecutiveFailures: 2 };
  const policy = testHub().policy('database', { circuitBreaker });
  circuitBreaker.consecutiveFailures = 1;
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
});
