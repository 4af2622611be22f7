import { expect, test } from 'vitest';
import { failing, repeat, testHub } from '../support.ts';

test('a new breaker with default options needs ten attempts before a rate opens it', async () => {
  const policy = testHub().policy('database');
  await repeat(9, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  expect(policy.circuit.breaker.opened).toBe(false);
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});
