import { expect, test } from 'vitest';
import { testHub } from '../support.ts';

test('a synchronous function that returns undefined succeeds', async () => {
  const policy = testHub().policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
  const ran: number[] = [];
  const log = policy.wrap((at: number): void => void ran.push(at));
  expect(await log(1)).toBeUndefined();
  expect(await policy.execute(() => undefined)).toBeUndefined();
  expect(ran).toEqual([1]);
  expect(policy.circuit.state).toBe('closed');
  expect(policy.circuit.window).toEqual({ attempts: 2, failures: 0, slow: 0 });
  expect(policy.stats()).toMatchObject({ calls: { success: 2 }, attempts: { success: 2 } });
});
