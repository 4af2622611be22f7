import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { edge, type Strategy } from '../../src/core/pipeline.ts';
import { bulkhead, circuitBreaker, failover, rateLimit } from '../../src/index.ts';
import { deferred, flush, follow, hanging, testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A layer that counts how often it is asked whether a circuit within would turn a call away. */
function countingAsks() {
  const asked = { times: 0 };
  const strategy: Strategy = {
    kind: 'bulkhead',
    describe: () => 'counts',
    bind: (inner) => ({
      outer: edge,
      enter: (passage, now) => inner.enter(passage, now),
      refuses(passage, now) {
        asked.times += 1;
        return inner.refuses?.(passage, now) === true;
      },
      settle(passage, outcome, now) {
        this.outer.settle(passage, outcome, now);
      },
    }),
  };
  return { asked, strategy };
}

describe.each([
  ['a bulkhead', () => bulkhead({ maxConcurrent: 3, maxQueue: 10 })],
  ['a rate limit', () => rateLimit({ ratePerSecond: 0.01, burst: 3, maxWaitMs: 1_000_000 })],
])('in the queue of %s', (_name, limit) => {
  test('those who wait are looked at once for all circuits that move together, and anew for each later move', async () => {
    const { asked, strategy } = countingAsks();
    const perKey = circuitBreaker({ perKey: ({ cacheKey }) => cacheKey });
    const policy = testHub().policy('dependency', { strategies: [limit(), strategy, perKey] });
    for (const cacheKey of ['a', 'b', 'c']) follow(policy.execute(hanging, { cacheKey }));
    const waiting = Array.from({ length: 5 }, () => follow(policy.execute(() => 1, { cacheKey: 'a' })));
    asked.times = 0;
    for (const circuit of policy.circuits) circuit.disable();
    await flush();
    expect(asked.times).toBeGreaterThanOrEqual(5);
    // One more where the first of them is asked for by its turn as well.
    expect(asked.times).toBeLessThanOrEqual(6);
    for (const { now } of waiting) expect(now.status).toBe('pending');
    for (const circuit of policy.circuits) circuit.forceOpen('maintenance');
    await flush();
    for (const { now } of waiting) expect(now).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
  });
});

test("nobody waits in a closed policy for an endpoint's place, also where the first call comes there after it closed", async () => {
  const hub = testHub();
  const endpoints = ['primary', 'standby'].map((name) => ({ name, target: name }));
  const policy = hub.policy('dependency', {
    strategies: [failover({ endpoints }), bulkhead({ maxConcurrent: 2, maxQueue: 5 })],
  });
  const primary = deferred();
  const standby = deferred();
  const caller = new AbortController();
  const operation = ({ endpoint }: { readonly endpoint: string | undefined }) =>
    endpoint === 'primary' ? primary.promise : standby.promise;
  const [first, second] = [1, 2].map(() => follow(policy.execute(operation, { signal: caller.signal })));
  policy.limits.find(({ name }) => name === 'bulkhead.maxConcurrent')?.set(1);
  hub.remove('dependency');
  primary.reject(new Error('down'));
  await flush();
  expect(first?.now.status).toBe('pending');
  expect(second?.now).toMatchObject({ reason: { code: 'CLOSED' } });
  // Nor is there a timer for the place of what was given up.
  caller.abort(new Error('never mind'));
  await flush();
  expect(first?.now).toMatchObject({ reason: { message: 'never mind' } });
  expect(vi.getTimerCount()).toBe(0);
  standby.resolve('late');
});
