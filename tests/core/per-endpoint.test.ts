import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PolicyOptions } from '../../src/index.ts';
import { parseExposition } from '../metrics/exposition.ts';
import { flush, follow, hanging, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const endpoints = ['a', 'b'].map((name) => ({ name, target: name }));

/** A policy over two endpoints, the first of which never answers, nor heeds that it is given up. */
async function servedOf(options: PolicyOptions<string>, calls: number, perSecond: number) {
  const hub = testHub();
  const policy = hub.policy('db', {
    failover: { endpoints },
    attemptTimeoutMs: 500,
    attemptBudget: { ratio: 1, floor: 1_000 },
    ...options,
  });
  const results: ReturnType<typeof follow>[] = [];
  for (let at = 0; at < calls; at += 1) {
    results.push(follow(policy.execute(({ target }) => (target === 'a' ? hanging() : target))));
    await vi.advanceTimersByTimeAsync(1_000 / perSecond);
  }
  await vi.advanceTimersByTimeAsync(2_000);
  return { hub, policy, served: results.filter(({ now }) => now.status === 'fulfilled').length };
}

describe('what one endpoint takes is not taken from another', () => {
  test.each([
    ['places of a bulkhead', { bulkhead: { maxConcurrent: 10, maxQueue: 10 } }],
    ['an adaptive limit', { adaptiveLimit: { initialLimit: 10, maxLimit: 10 } }],
  ])('%s', async (_what, options) => {
    const { served } = await servedOf(options, 500, 50);
    // Those that began at the endpoint that hangs before it was left went on to the other.
    expect(served).toBe(500);
  });

  test('a share that a throttle turns away', async () => {
    const policy = testHub().policy('db', {
      failover: { endpoints, ejection: false },
      attemptBudget: { ratio: 1, floor: 1_000 },
      throttle: { multiplier: 1 },
      circuitBreaker: false,
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const operation = ({ target }: { readonly target: string }) => {
      if (target === 'a') throw new Error('down');
      return target;
    };
    const results = [];
    for (let at = 0; at < 20; at += 1) results.push(await policy.execute(operation));
    expect(results.every((result) => result === 'b')).toBe(true);
    expect(policy.stats().rejections.throttled).toBeGreaterThan(0);
  });
});

test('what was set by hand holds for each, those included that are called later; gauges add up', async () => {
  const hub = testHub();
  const policy = hub.policy('db', {
    failover: { endpoints, balance: 'balanced' },
    bulkhead: { maxConcurrent: 10 },
  });
  for (const limit of policy.limits) if (limit.name === 'bulkhead.maxConcurrent') limit.set(1);
  const calls = [1, 2, 3].map(() => follow(policy.execute(hanging)));
  await flush();
  expect(calls.map(({ now }) => now.status)).toEqual(['pending', 'pending', 'rejected']);
  const { value } = parseExposition(await hub.registry.metrics());
  expect(value('breakwater_bulkhead_in_use', { policy: 'db' })).toBe(2);
});
