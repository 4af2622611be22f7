import { expect, test } from 'vitest';
import { failing, repeat, testHub } from '../support.ts';

test('the window of a policy is that of all its circuits together', async () => {
  const endpoints = ['primary', 'standby'].map((name) => ({ name, target: name }));
  const policy = testHub().policy('p', { failover: { endpoints } });
  await repeat(3, () => policy.execute(failing()));
  await policy.execute(() => 1);
  expect(policy.circuit.window).toEqual({ attempts: 0, failures: 0, slow: 0 });
  expect(policy.stats().window).toEqual({ attempts: 7, failures: 6, slow: 0, failureRate: 6 / 7 });
});
