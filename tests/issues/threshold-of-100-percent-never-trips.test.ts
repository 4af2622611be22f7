import { expect, test } from 'vitest';
import { failing, repeat, testHub } from '../support.ts';

test('with a failure rate of 1 the circuit opens when every attempt fails', async () => {
  const policy = testHub().policy('database', { circuitBreaker: { failureRate: 1, minimumThroughput: 5 } });
  await repeat(4, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});

test('and a threshold is inclusive everywhere else too', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { failureRate: 0.2, minimumThroughput: 10, window: { type: 'count', size: 10 } },
  });
  await repeat(9, () => policy.execute(() => 'good'));
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('closed');
  await repeat(1, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});

test('a count window smaller than the default minimum can trip', async () => {
  const policy = testHub().policy('database', {
    circuitBreaker: { failureRate: 1, window: { type: 'count', size: 5 } },
  });
  await repeat(5, () => policy.execute(failing()));
  expect(policy.circuit.state).toBe('open');
});
