import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CircuitBreakerOptions, PolicyOptions } from '../../src/index.ts';
import { readinessAnswer } from '../../src/web/documents.ts';
import { errorOf, failing, testHub } from '../support.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => void vi.useRealTimers());

const perKey = ({ metadata }: { readonly metadata: unknown }) =>
  typeof metadata === 'string' ? metadata : undefined;
const endpoints = ['a', 'b'].map((name) => ({ name, target: name }));

/** A policy that the process is not ready without. */
function required(options: PolicyOptions<string>, circuitBreaker: CircuitBreakerOptions = {}) {
  const hub = testHub();
  const policy = hub.policy('database', {
    readiness: 'required',
    circuitBreaker: { consecutiveFailures: 1, ...circuitBreaker },
    ...options,
  });
  const fail = (metadata?: string) => errorOf(policy.execute(failing(), { metadata }));
  const call = (metadata?: string) => policy.execute(() => 'fine', { metadata });
  const ready = () => readinessAnswer(hub).statusCode === 200;
  return { policy, fail, call, ready };
}

test('not ready while a health check holds the calls of every key, until that has succeeded', async () => {
  let healthy = false;
  const probe = { check: () => healthy, intervalMs: 1_000, failures: 1 };
  const { call, ready } = required({}, { perKey, probe, openMs: 1_000 });
  await call('x');
  await vi.advanceTimersByTimeAsync(2_500);
  expect(await errorOf(call('x'))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  expect(ready()).toBe(false);
  healthy = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ready()).toBe(true);
});

test('not ready while all endpoints are held open, however that was done', async () => {
  const { policy, call, ready } = required({ failover: { endpoints } });
  await call();
  expect(ready()).toBe(true);
  policy.circuit.breaker.open();
  expect(await errorOf(call())).toMatchObject({ code: 'CIRCUIT_OPEN' });
  expect(ready()).toBe(false);
  policy.circuit.reset();
  expect(ready()).toBe(true);
});

test('ready once the circuit of all endpoints is disabled, whatever theirs say', async () => {
  const { policy, fail, call, ready } = required({ failover: { endpoints } });
  await fail();
  expect(ready()).toBe(false);
  policy.circuit.disable();
  await expect(call()).resolves.toBe('fine');
  expect(ready()).toBe(true);
});

test('not ready while every key is turned away, and no call comes without one', async () => {
  const { fail, call, ready } = required({}, { perKey });
  for (const key of ['x', 'y', 'z']) await fail(key);
  expect(ready()).toBe(false);
  await call();
  expect(ready()).toBe(true);
  await fail();
  expect(ready()).toBe(false);
  await call('well');
  expect(ready()).toBe(true);
});

test('not ready while every key is turned away at every endpoint', async () => {
  const { fail, call, ready } = required({ failover: { endpoints } }, { perKey });
  await fail('x');
  expect(ready()).toBe(false);
  await call('y');
  expect(ready()).toBe(true);
});

test('always ready in shadow mode, and with a circuit that nobody has used', async () => {
  const shadow = required({}, { perKey, mode: 'shadow' });
  await shadow.fail('x');
  expect(shadow.ready()).toBe(true);
  expect(required({}, { perKey }).ready()).toBe(true);
  expect(required({ circuitBreaker: false }).ready()).toBe(true);
});
